"""The current cell of a session, shown in the annotate panel."""

from __future__ import annotations

from contextlib import suppress
from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_cellid.channels.bleed_correction import recorded_estimate
from napari_cellid.colours import answer_colours
from napari_cellid.errors import InputError
from napari_cellid.study.other_annotations import other_annotations_text
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.annotate.panel import own_answer_text

if TYPE_CHECKING:
    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.widgets.annotate.controller import AnnotationController
    from napari_cellid.widgets.annotate.panel import AnnotatePanel
    from napari_cellid.widgets.session.session import StudySession

_TYPE_YOUR_NAME = (
    "Who answers? Type your name above, or keep the one that is there, and press "
    "Enter. Then the first cell is shown here."
)
_ALL_ANSWERED = (
    "All of these cells are answered.\n\nNext: another recording above; or, when your "
    "colleagues have answered, too, Agreement (Plugins > napari-cellid)."
)


class CellDisplay(QObject):
    """Shows the patch of the current cell, its answer, and what others say about it.

    Parameters
    ----------
    session
        Says which cell is current.
    controller
        Says whether the cell is asked about a second time.
    panel
        Shows the cell.
    """

    def __init__(
        self,
        session: StudySession,
        controller: AnnotationController,
        panel: AnnotatePanel,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._controller = controller
        self._panel = panel
        session.selection_changed.connect(self.show_text)
        session.answered.connect(self.show_text)
        session.votes_changed.connect(self.show_text)

    def show_recording(self) -> None:
        """Take the images of the session's recording."""
        session = self._session
        estimate = None
        # the run has estimated it; a record that cannot be read must not hide the cells
        with suppress(InputError):
            if session.recording is not None:
                estimate = recorded_estimate(session.recording.run())
        self._panel.patch.set_recording(session.planes, session.labels, estimate)
        if session.planes is not None and session.journal is None:
            self._panel.patch.clear(_TYPE_YOUR_NAME)

    def show_cell(self, cell: CellKey | None) -> None:
        """Show the patch of a cell and the text about it; None for no cell."""
        row = None if cell is None else self._session.row(cell)
        if row is not None:
            position = int(row["plane"]), float(row["y"]), float(row["x"])
            self._panel.patch.show_cell(*position, int(row["label"]))
        elif self._session.journal is not None:
            self._panel.patch.clear(_ALL_ANSWERED)
        self.show_text()

    def show_text(self, _: object = None) -> None:
        """Show the cell's number, its own answer, and what others say about it."""
        session, cell = self._session, self._session.cell
        row = None if cell is None else session.row(cell)
        if session.selected:
            n = len(session.selected)
            self._panel.show_cell(f"<b>{n} cells selected</b>: one answer for all")
        elif cell is None or row is None:
            self._panel.show_cell("")
        else:
            answer = None if self._is_repeat(cell) else session.own_answers.get(cell)
            colour = answer_colours(session.config).get(answer or "", "")
            name = session.title_of(cell.recording)
            title = f"{escape(name)} · cell {cell.cell}"
            if session.labels is not None and len(session.labels) > 1:
                title += f" · plane {row['plane']}"
            text = f"{title} · {own_answer_text(answer, colour)}"
            self._panel.show_cell(text, self._other_answers_text(cell))

    def _is_repeat(self, cell: CellKey) -> bool:
        # the earlier answer would suggest the second one
        item = self._controller.current
        return item is not None and item.cell == cell and item.repeat

    def _other_answers_text(self, cell: CellKey) -> str:
        session = self._session
        row = session.row(cell)
        if session.blind or session.journal is None or row is None:
            return ""
        with input_errors_shown():
            answers = session.other_answers(cell)
            model = session.model_name(cell.recording)
            return other_annotations_text(row, model, answers)
        # after an error, which was shown
        return ""
