"""The dock widget that shows all cells of a class as thumbnails, to correct them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.cells.none_of_these import is_none
from napari_cellid.colours import answer_colours
from napari_cellid.report.table import count_text
from napari_cellid.study.cell_selection import (
    add_answer_column,
    count_cells_by_answer,
    select_cells,
)
from napari_cellid.study.cells_index import current_recording
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.notifications import input_errors_shown, show_info
from napari_cellid.widgets.gallery.panel import SOURCES, GalleryPanel
from napari_cellid.widgets.gallery.selection import GallerySelection
from napari_cellid.widgets.gallery.thumbnails import ThumbnailCache
from napari_cellid.widgets.session.many_answers import may_answer
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import napari.viewer
    from qtpy.QtGui import QShowEvent

    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.recordings import StudyRecording

_NO_STUDY = (
    "No study is open.\n\nOpen one in the Annotate dock; then all cells of a class are "
    "shown here side by side."
)


class GalleryWidget(QWidget):
    """Shows all cells of a class as thumbnails, so that wrong ones stand out.

    Parameters
    ----------
    viewer
        Its open study is shown; a click on a thumbnail shows the cell there.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.thumbnails = ThumbnailCache(self._find_recording, self)
        self.panel = GalleryPanel(self.thumbnails)
        self.selection = GallerySelection(
            self.session, self.panel.view, self.panel.model, self
        )
        self.worker = self.session.reading
        self.panel.model.answer_of = self._own_answer
        self._stale = True
        self._scroll_position = 0
        self._list_timer = QTimer(self, singleShot=True)
        self._list_timer.timeout.connect(self._make_list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        layout.addWidget(HelpLine(viewer, "gallery"))
        # as high as the window, or napari would push it together
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        tabify_dock_later(self)

    def refresh(self) -> None:
        """Make the list anew once the dock is visible."""
        self._stale = True
        if self.isVisible():
            # a timer, so that several signals of one change make one list
            self._list_timer.start(0)

    def showEvent(self, event: QShowEvent) -> None:
        """Make the list that was not needed while the dock was hidden."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def answer(self, answer: str) -> None:
        """Answer for the selected cells, in the annotator's journal."""
        n_cells = len(self.selected())
        if not n_cells:
            show_info("Select the cells that this answer is for, then give it again.")
            return
        if not may_answer(self, n_cells, answer):
            return
        with input_errors_shown():
            self.selection.apply()
            self.session.answer(answer)

    def selected(self) -> list[CellKey]:
        """The selected cells, in the order of the list."""
        return self.selection.keys()

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        panel.selection_changed.connect(self.refresh)
        panel.update_list.clicked.connect(self._update_list)
        panel.undo.clicked.connect(self._undo)
        panel.buttons.answer_chosen.connect(self.answer)
        panel.keys.answer_chosen.connect(self.answer)
        panel.keys.undo_requested.connect(self._undo)
        self.selection.changed.connect(self._show_status)
        session.study_changed.connect(self._on_study)
        session.cells_changed.connect(self._on_study)
        session.config_changed.connect(self._on_config)
        session.votes_changed.connect(self._on_votes)
        session.annotator_changed.connect(self.refresh)
        session.blind_changed.connect(self._on_blind)
        session.answered.connect(self._on_answered)

    def _update_list(self) -> None:
        """Make the list anew, and keep the scroll position."""
        self._scroll_position = self.panel.view.verticalScrollBar().value()
        self.refresh()

    def _make_list(self) -> None:
        """List the cells; for the consensus, count the votes first."""
        self._stale = False
        study, panel = self.session.study, self.panel
        panel.setEnabled(study is not None)
        if study is None:
            self._show_message(_NO_STUDY)
            return
        panel.set_config(self.session.config)
        panel.set_recordings(self.session.titles)
        panel.set_blind(self.session.blind)
        consensus = panel.source.currentData() == "consensus"
        if consensus and self.session.votes is None:
            panel.show_status("Reading answers…")
            self._stale = True
            self.session.load_votes()
        else:
            self._list_cells()

    def _on_votes(self) -> None:
        # a list that is there stays while somebody works with it
        if self._stale:
            self.refresh()

    def _list_cells(self) -> None:
        panel, session = self.panel, self.session
        source = panel.source.currentData()
        answers: Mapping[CellKey, str] = {}
        if source != "model":
            own = source == "own"
            answers = session.own_answers if own else session.decided_answers()
        cells = add_answer_column(session.cells(), source, answers)
        panel.list_none(source == "model" and bool(is_none(cells).any()))
        answer, recording = panel.answer.currentData(), panel.recording.currentData()
        panel.set_counts(count_cells_by_answer(cells, recording))
        rows = select_cells(cells, answer, panel.order.currentData(), recording)
        if session.planes is not None and session.recording is not None:
            self.thumbnails.set_planes(session.recording.name, session.planes)
        panel.model.set_cells(rows, model_shown=not session.blind)
        panel.show_message("" if len(rows) else self._empty_text(source, answer))
        self.selection.restore()
        if self._scroll_position:
            # before the layout the scroll bar has no range
            panel.view.doItemsLayout()
        # a new list would keep the scroll position of the old one: begin at the top
        panel.view.verticalScrollBar().setValue(self._scroll_position)
        self._scroll_position = 0
        self._show_status()

    def _empty_text(self, source: str, answer: str) -> str:
        if source == "own" and self.session.journal is None:
            return (
                "Type your name in the Annotate dock; then the cells that you answered "
                "are shown here."
            )
        return f"No cell is “{self.panel.text_of(answer)}” {SOURCES[source]} so far."

    def _show_message(self, message: str) -> None:
        """Show a message instead of cells."""
        self.panel.model.set_cells(self.session.cells().iloc[:0], model_shown=False)
        self.panel.show_message(message)
        self.panel.show_status("")

    def _show_status(self) -> None:
        model, n_selected = self.panel.model, len(self.selected())
        parts = [count_text(len(model.keys), "cell")]
        if n_selected:
            parts.append(f"{n_selected} selected")
        if n_answered := model.n_answered:
            parts.append(f"{n_answered} answered just now")
        if self.session.blind:
            parts.append("blind: your own answers alone")
        self.panel.show_status(" · ".join(parts))

    def _on_study(self) -> None:
        self.thumbnails.clear()
        self.refresh()

    def _on_blind(self) -> None:
        self.refresh()

    def _on_config(self, before: StudyConfig) -> None:
        config = self.session.config
        if (before.answers, before.vote) == (config.answers, config.vote):
            # the list stays, with other keys and colours
            self.panel.set_config(config)
            self.panel.view.viewport().update()
        else:
            self.refresh()

    def _on_answered(self, answer: Answer) -> None:
        if answer.role == "annotator":
            self.panel.model.mark(answer.key)
            self._show_status()

    def _own_answer(self, cell: CellKey) -> tuple[str, str]:
        answer = self.session.own_answers.get(cell, "")
        return answer, answer_colours(self.session.config).get(answer, "")

    def _undo(self) -> None:
        with input_errors_shown():
            self.session.undo()

    def _find_recording(self, name: str) -> StudyRecording | None:
        study = self.session.study
        if study is None:
            return None
        return current_recording(study, name, self.session.cells())
