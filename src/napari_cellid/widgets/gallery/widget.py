"""The dock widget that shows all cells of a class side by side, to correct them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QItemSelection, QItemSelectionModel, QTimer
from qtpy.QtWidgets import QMessageBox, QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.annotation.answer import answer_text
from napari_cellid.colours import answer_colours
from napari_cellid.errors import InputError
from napari_cellid.study.cell_selection import (
    add_answer_column,
    count_cells_by_answer,
    select_cells,
)
from napari_cellid.study.votes import StudyVotes, decided_answers, read_votes
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.gallery.model import KEY_ROLE
from napari_cellid.widgets.gallery.panel import ORDERS, SOURCES, GalleryPanel, fill
from napari_cellid.widgets.gallery.thumbnails import Thumbnails
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import napari.viewer
    from qtpy.QtGui import QShowEvent

    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.recording import MeanPlanes

#: as many cells as this are answered without asking whether that is meant
_MANY = 50


class GalleryWidget(QWidget):
    """All cells of a class as small pictures: the odd one out is seen at once.

    Parameters
    ----------
    viewer
        Its open study is shown; a click goes to the cell.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.thumbnails = Thumbnails(self._read, self)
        self.panel = GalleryPanel(self.thumbnails)
        self.worker = Worker(self)
        self._consensus: Mapping[CellKey, str] = {}
        self._stale = True
        self._scrolled = 0
        self._following = False
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self._make_list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        # as high as the window, or napari would push it together
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        tabify_dock_later(self)

    def refresh(self) -> None:
        """Make the list anew, when this is seen."""
        self._stale = True
        if self.isVisible():
            self._soon.start(0)

    def _update(self) -> None:
        """Make the list anew, and stay about where it was scrolled to."""
        self._scrolled = self.panel.view.verticalScrollBar().value()
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Make the list that was not needed before."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def answer(self, answer: str) -> None:
        """Answer for the selected cells, in the annotator's journal."""
        keys = self.selected()
        if not keys:
            show_info("Select the cells that this answer is for, then give it again.")
            return
        if len(keys) > _MANY and not self._is_meant(len(keys), answer):
            return
        try:
            self._point_to(keys)
            self.session.answer(answer)
        except InputError as error:
            show_error(str(error))

    def selected(self) -> list[CellKey]:
        """The selected cells, in the order of the list."""
        indexes = sorted(self.panel.view.selectedIndexes(), key=lambda i: i.row())
        return [index.data(KEY_ROLE) for index in indexes]

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        panel.chosen.connect(self.refresh)
        panel.update_list.clicked.connect(self._update)
        panel.undo.clicked.connect(self._undo)
        panel.buttons.answer_chosen.connect(self.answer)
        panel.keys.answer_chosen.connect(self.answer)
        panel.view.selectionModel().selectionChanged.connect(self._on_selected)
        panel.keys.undo_requested.connect(self._undo)
        session.study_changed.connect(self._on_study)
        session.annotator_changed.connect(self.refresh)
        session.blind_changed.connect(self._on_blind)
        session.answered.connect(self._on_answered)
        session.cell_changed.connect(self._on_cell)
        session.selection_changed.connect(self._on_selection)

    def _make_list(self) -> None:
        """List the cells; read the votes first where they are wanted."""
        self._stale = False
        study, panel = self.session.study, self.panel
        panel.setEnabled(study is not None)
        if study is None:
            self._show_nothing(
                "No study is open.\n\nOpen one in the Annotate dock; then all cells of "
                "a class are shown here side by side."
            )
            return
        panel.set_config(self.session.config)
        panel.set_recordings(study.recordings)
        blind = self.session.blind
        fill(panel.source, {"own": SOURCES["own"]} if blind else SOURCES)
        fill(panel.order, {"place": ORDERS["place"]} if blind else ORDERS)
        if panel.source.currentData() == "consensus":
            panel.show_status("Reading answers…")
            if not self.worker.start(read_votes(study), self._on_votes):
                self._stale = True
        else:
            self._list_cells()

    def _on_votes(self, votes: StudyVotes) -> None:
        self._consensus = decided_answers(votes.count(self.session.config.vote))
        if self.panel.source.currentData() == "consensus":
            self._list_cells()

    def _list_cells(self) -> None:
        panel, session = self.panel, self.session
        source, answer = panel.source.currentData(), panel.answer.currentData()
        people = {"own": session.own_answers, "consensus": self._consensus}
        cells = add_answer_column(session.cells(), source, people.get(source, {}))
        recording = panel.recording.currentData()
        panel.set_counts(count_cells_by_answer(cells, recording))
        found = select_cells(cells, answer, panel.order.currentData(), recording)
        if session.planes is not None and session.recording is not None:
            self.thumbnails.give(session.recording.name, session.planes)
        panel.model.set_cells(found, model_shown=not session.blind)
        panel.show_message("" if len(found) else self._why_empty(source, answer))
        looked_at = () if session.cell is None else (session.cell,)
        self._show_selected(session.selected or looked_at, scroll=False)
        if self._scrolled:
            panel.view.doItemsLayout()
        # a new model keeps the place of the old one: a new list begins at the top
        panel.view.verticalScrollBar().setValue(self._scrolled)
        self._scrolled = 0
        self._show_status()

    def _why_empty(self, source: str, answer: str) -> str:
        if source == "own" and self.session.journal is None:
            return (
                "Say who you are in the Annotate dock; then the cells that you "
                "answered are shown here."
            )
        return f"No cell is “{answer_text(answer)}” {SOURCES[source]} so far."

    def _show_nothing(self, message: str) -> None:
        self.panel.model.set_cells(self.session.cells().iloc[:0], model_shown=False)
        self.panel.show_message(message)
        self.panel.show_status("")

    def _show_status(self) -> None:
        model, n = self.panel.model, len(self.selected())
        parts = [f"{len(model.keys)} cells"]
        if n:
            parts.append(f"{n} selected")
        if model.marks:
            parts.append(f"{len(model.marks)} answered just now")
        if self.session.blind:
            parts.append("blind: your own answers alone")
        self.panel.show_status(" · ".join(parts))

    def _on_study(self) -> None:
        self.thumbnails.clear()
        self.refresh()

    def _on_blind(self) -> None:
        self.refresh()

    def _on_answered(self, answer: Answer) -> None:
        if answer.role != "annotator":
            return
        colour = answer_colours(self.session.config).get(answer.answer or "", "")
        self.panel.model.mark(answer.key, answer.answer or "", colour)
        self._show_status()

    def _on_selected(self) -> None:
        """Let the viewer go along with what the user selects."""
        self._show_status()
        keys = self.selected()
        if self._following or not keys:
            return
        try:
            self._point_to(keys)
        except InputError as error:
            show_error(str(error))

    def _point_to(self, keys: Sequence[CellKey]) -> None:
        """Let the next answer be for these cells, wherever it is given."""
        self._following = True
        try:
            if len(keys) > 1:
                self.session.select(keys)
            elif self.session.selected or self.session.cell != keys[0]:
                self.session.select(())
                self.session.go_to(keys[0])
        finally:
            self._following = False

    def _on_cell(self, cell: CellKey | None) -> None:
        if not self._following and not self.session.selected:
            self._show_selected([] if cell is None else [cell])

    def _on_selection(self, keys: Sequence[CellKey]) -> None:
        if keys and not self._following:
            self._show_selected(keys)
        elif not keys:
            # several were answered: from now on an answer is for one cell again
            self._on_cell(self.session.cell)

    def _show_selected(self, keys: Sequence[CellKey], *, scroll: bool = True) -> None:
        """Select what was selected elsewhere, as far as it is listed."""
        model, view = self.panel.model, self.panel.view
        rows = [row for key in keys if (row := model.row_of(key)) is not None]
        selection = QItemSelection()
        for row in rows:
            selection.select(model.index(row), model.index(row))
        self._following = True
        view.selectionModel().select(
            selection, QItemSelectionModel.SelectionFlag.ClearAndSelect
        )
        if len(rows) == 1 and scroll:
            view.selectionModel().setCurrentIndex(
                model.index(rows[0]), QItemSelectionModel.SelectionFlag.NoUpdate
            )
            view.scrollTo(model.index(rows[0]))
        self._following = False

    def _undo(self) -> None:
        try:
            self.session.undo()
        except InputError as error:
            show_error(str(error))

    def _is_meant(self, count: int, answer: str) -> bool:
        reply = QMessageBox.question(
            self,
            "Answer for many cells?",
            f"Answer “{answer_text(answer)}” for {count} cells?",
        )
        return bool(reply == QMessageBox.StandardButton.Yes)

    def _read(self, recording: str) -> MeanPlanes:
        study = self.session.study
        if study is None:
            raise InputError("The study was closed; open it again.")
        return study.recording(recording).planes()
