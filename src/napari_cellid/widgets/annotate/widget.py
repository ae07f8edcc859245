"""The dock widget in which a person says what each cell is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_info
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from napari_cellid.annotation.annotators import list_annotators
from napari_cellid.annotation.answer import answer_keys
from napari_cellid.colours import answer_colours
from napari_cellid.config import QueueConfig
from napari_cellid.study.other_annotations import (
    OtherAnnotations,
    other_annotations_text,
)
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.layouts import DockScrollArea
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets._shared.shortcuts import (
    CONTROL,
    NO_MODIFIER,
    SHIFT,
    Shortcuts,
)
from napari_cellid.widgets.annotate.annotator_name import remember_name, remembered_name
from napari_cellid.widgets.annotate.controller import Asking
from napari_cellid.widgets.annotate.offered_results import OfferedResults
from napari_cellid.widgets.annotate.panel import AnnotatePanel, own_answer_text
from napari_cellid.widgets.session.animals_dialog import edit_animals
from napari_cellid.widgets.session.cell_picking import CellPicker
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.config import StudyConfig

#: width of the dock (px) at first
_WIDTH = 440
_WHO = "Type your name above and press Enter; then the first cell comes."
_DONE = "All of these cells are answered."


class AnnotateWidget(QWidget):
    """Shows a study's cells one after another and keeps what a person says of them.

    Parameters
    ----------
    viewer
        Shows the recordings, goes along from cell to cell, and gets the keys.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.panel = AnnotatePanel()
        self.shortcuts = Shortcuts(self)
        self.picker = CellPicker(getattr(viewer, "__wrapped__", viewer), self)
        self.asking = Asking(self.session, self)
        self.offers = OfferedResults(viewer, self.session, self)
        self._opinions: OtherAnnotations | None = None
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(DockScrollArea(self.panel))
        self._connect()
        self._on_study()
        tabify_dock_later(self)

    def open_study(self, path: Path | str, annotator: str | None = None) -> None:
        """Open a study and begin, by default as the person known on this computer."""
        with input_errors_shown():
            self.session.open_study(path)
            self.begin(annotator or remembered_name())

    def begin(self, name: str) -> None:
        """Let this person annotate; nobody, without a name."""
        if not name or self.session.study is None:
            return
        with input_errors_shown():
            self.session.start_annotating(name)
            remember_name(self.session.annotator)
            # or the keys would be typed into the line with the name
            self.setFocus()

    def answer(self, answer: str) -> None:
        """Give an answer, as its button and its key do."""
        with input_errors_shown():
            self.asking.answer(answer)

    def step(self, by: int) -> None:
        """Go on (1) or back (-1) in the queue."""
        with input_errors_shown():
            self.asking.step(by)

    def undo(self) -> None:
        """Take the last answer back."""
        with input_errors_shown():
            self.asking.undo()

    def redo(self) -> None:
        """Give the answer again that was taken back last."""
        with input_errors_shown():
            self.asking.redo()

    def sizeHint(self) -> QSize:
        """As wide as a patch needs that shows what is to be judged."""
        hint = super().sizeHint()
        return QSize(max(hint.width(), _WIDTH), hint.height())

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the mouse in the image."""
        super().showEvent(event)
        self.picker.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Closed, or behind another tab: leave the mouse to napari."""
        self.picker.stop()
        super().hideEvent(event)

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        panel.study.opening.connect(self._choose_study)
        panel.study.naming.connect(self._name_animals)
        panel.study.offered.connect(self.offers.accept)
        self.offers.changed.connect(self._show_offers)
        self.offers.saved.connect(self._on_stored)
        panel.name.entered.connect(self.begin)
        # or keys would be typed into the line
        panel.name.kept.connect(self.setFocus)
        panel.blind.toggled.connect(session.set_blind)
        panel.recording.activated.connect(self._ask)
        panel.queue.valueChanged.connect(self._on_queue)
        panel.key_editor.changed.connect(self._change_keys)
        panel.key_editor.refused.connect(show_info)
        panel.buttons.answer_chosen.connect(self.answer)
        panel.back.clicked.connect(lambda: self.step(-1))
        panel.on.clicked.connect(lambda: self.step(1))
        panel.undo.clicked.connect(self.undo)
        panel.keys.toggled.connect(self.shortcuts.set_enabled)
        self.shortcuts.enabled_changed.connect(panel.show_keys)
        self.picker.clicked.connect(self._on_click)
        self.picker.rectangle_drawn.connect(self._on_frame)
        self.asking.counted.connect(self._show_tally)
        session.study_changed.connect(self._on_study)
        session.annotator_changed.connect(self._on_annotator)
        session.recording_changed.connect(self._on_recording)
        session.cell_changed.connect(self._on_cell)
        session.selection_changed.connect(self._show_cell)
        session.answered.connect(self._show_cell)
        session.blind_changed.connect(self._on_blind)

    def _name_animals(self) -> None:
        edit_animals(self.session, self)

    def _choose_study(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of a study")
        if chosen:
            self.open_study(chosen)

    def _on_study(self) -> None:
        session, panel = self.session, self.panel
        study = session.study
        path = None if study is None else study.path
        panel.study.show_study(path, len(session.cells()))
        panel.blind.setChecked(session.blind)
        panel.set_config(session.config)
        panel.set_recordings(session.recordings())
        if study is not None:
            panel.name.suggest(list_annotators(study.annotations))
            panel.name.prefill(remembered_name())
        self._bind_keys()
        self._on_annotator()
        self._on_recording()
        self._show_offers()

    def _on_annotator(self) -> None:
        session, panel = self.session, self.panel
        annotating = session.journal is not None
        panel.name.show_name(session.annotator)
        panel.show_open(session.study is not None, annotating)
        self.shortcuts.set_enabled(annotating)
        self._opinions = None
        if session.study is not None and annotating:
            self._opinions = OtherAnnotations(session.study, session.annotator)
            panel.choose_recording(session.own_answers, session.cells())
        self._ask()

    def _ask(self) -> None:
        config = self.panel.queue.value()
        if isinstance(config, QueueConfig) and self.session.study is not None:
            with input_errors_shown():
                self._show_something()
                self.asking.start(self.panel.recording.currentData(), config)

    def _on_queue(self) -> None:
        """Another order begins anew; another share of repeats does not."""
        config, before = self.panel.queue.value(), self.asking.config
        if not isinstance(config, QueueConfig):
            return
        if config.model_copy(update={"repeat_share": before.repeat_share}) == before:
            self.asking.ask_with(config)
        else:
            self._ask()

    def _show_something(self) -> None:
        """Show a recording also to those who have not said who they are."""
        name = self.panel.recording.currentData()
        if self.session.recording is None and name is not None:
            self.session.show_recording(name)

    def _on_stored(self, name: str) -> None:
        """Annotate what was just put into the study."""
        self.panel.recording.setCurrentIndex(self.panel.recording.findData(name))
        if self.session.journal is None:
            self.begin(remembered_name())
        else:
            self._ask()

    def _change_keys(self, config: StudyConfig) -> None:
        with input_errors_shown():
            self.session.save_config(config)

    def _bind_keys(self) -> None:
        acts = {
            (getattr(Qt.Key, f"Key_{letter}"), NO_MODIFIER): _calling(
                self.answer, answer
            )
            for answer, letter in answer_keys(self.session.config).items()
        }
        self.shortcuts.set_actions(
            acts
            | {
                (Qt.Key.Key_Left, NO_MODIFIER): lambda: self.step(-1),
                (Qt.Key.Key_Right, NO_MODIFIER): lambda: self.step(1),
                (Qt.Key.Key_Backspace, NO_MODIFIER): self.undo,
                (Qt.Key.Key_Z, CONTROL): self.undo,
                (Qt.Key.Key_Z, CONTROL | SHIFT): self.redo,
            }
        )

    def _on_recording(self) -> None:
        self.panel.patch.set_recording(self.session.planes, self.session.labels)
        if self.session.planes is not None and self.session.journal is None:
            self.panel.patch.clear(_WHO)

    def _on_cell(self, cell: CellKey | None) -> None:
        row = None if cell is None else self.session.row(cell)
        if row is not None:
            place = int(row["plane"]), float(row["y"]), float(row["x"])
            self.panel.patch.show_cell(*place, int(row["label"]))
        elif self.session.journal is not None:
            self.panel.patch.clear(_DONE)
        self._show_cell()

    def _on_blind(self, blind: bool) -> None:
        self.panel.blind.setChecked(blind)
        self._show_cell()

    def _on_click(self, position: Sequence[float], add: bool) -> None:
        session = self.session
        with input_errors_shown():
            cell = session.cell_at(position)
            if cell is None or session.journal is None:
                session.select(())
            elif add:
                # once more on the same cell takes it out again
                session.select(_toggled(session.selected, cell))
            else:
                session.go_to(cell, centre=False)

    def _on_frame(self, one: Sequence[float], other: Sequence[float]) -> None:
        if self.session.journal is not None:
            self.session.select(self.session.cells_within(one, other))

    def _show_offers(self) -> None:
        found = self.offers.results()
        more = self.session.study is not None
        self.panel.study.show_offers(found, more=more, busy=self.offers.worker.busy)

    def _show_tally(self) -> None:
        self.panel.counts.show_tally(self.asking.tally)

    def _show_cell(self, _: object = None) -> None:
        """Say which cell it is, what it is taken for, and what others say."""
        session, cell = self.session, self.session.cell
        row = None if cell is None else session.row(cell)
        if session.selected:
            n = len(session.selected)
            self.panel.show_cell(f"<b>{n} cells selected</b>: one answer for all")
        elif cell is None or row is None:
            self.panel.show_cell("")
        else:
            turn = self.asking.turn
            repeat = turn is not None and turn.cell == cell and turn.repeat
            own = None if repeat else session.own_answers.get(cell)
            colour = answer_colours(session.config).get(own or "", "")
            where = f"{cell.recording} · cell {cell.cell} · plane {row['plane']}"
            text = f"{where} · {own_answer_text(own, colour)}"
            self.panel.show_cell(text, self._opinion(cell))

    def _opinion(self, cell: CellKey) -> str:
        row = self.session.row(cell)
        if self.session.blind or self._opinions is None or row is None:
            return ""
        with input_errors_shown():
            said = self._opinions.of_cell(cell)
            return other_annotations_text(
                row, self.session.model_name(cell.recording), said
            )
        return ""


def _calling(act: Callable[[str], None], answer: str) -> Callable[[], None]:
    return lambda: act(answer)


def _toggled(cells: Sequence[CellKey], one: CellKey) -> list[CellKey]:
    if one in cells:
        return [cell for cell in cells if cell != one]
    return [*cells, one]
