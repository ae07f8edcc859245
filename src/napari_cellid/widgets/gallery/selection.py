"""The selected cells of the gallery and of the session, kept the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QItemSelection, QItemSelectionModel, QObject, Signal

from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.gallery.model import KEY_ROLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.widgets.gallery.model import GalleryModel, GalleryView
    from napari_cellid.widgets.session.session import StudySession

_FLAG = QItemSelectionModel.SelectionFlag


class GallerySelection(QObject):
    """Shows selected cells in the viewer, and selects cells that are shown elsewhere.

    Parameters
    ----------
    session
        Shows and selects cells for all docks.
    view
        Shows the cells of the gallery.
    model
        The cells that are listed.
    """

    #: the user selected other cells in the gallery
    changed = Signal()

    def __init__(
        self,
        session: StudySession,
        view: GalleryView,
        model: GalleryModel,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view, self._model = view, model
        self._updating = False
        view.selectionModel().selectionChanged.connect(self._on_selected)
        session.cell_changed.connect(self._on_cell)
        session.selection_changed.connect(self._on_session_selection)

    def keys(self) -> list[CellKey]:
        """The selected cells, in the order of the list."""
        indexes = sorted(self._view.selectedIndexes(), key=lambda index: index.row())
        return [index.data(KEY_ROLE) for index in indexes]

    def apply(self) -> None:
        """Make the session's next answer count for the selected cells.

        Raises
        ------
        InputError
            If the recording of a cell cannot be shown.
        """
        keys, session = self.keys(), self._session
        self._updating = True
        try:
            if len(keys) > 1:
                session.select(keys)
            elif keys and (session.selected or session.cell != keys[0]):
                session.select(())
                session.go_to(keys[0])
        finally:
            self._updating = False

    def restore(self) -> None:
        """Select the session's cells in a new list, without scrolling to them."""
        session = self._session
        current = () if session.cell is None else (session.cell,)
        self._show(session.selected or current, scroll=False)

    def _on_selected(self) -> None:
        self.changed.emit()
        if not self._updating and self.keys():
            with input_errors_shown():
                self.apply()

    def _on_cell(self, cell: CellKey | None) -> None:
        if not self._updating and not self._session.selected:
            self._show([] if cell is None else [cell])

    def _on_session_selection(self, keys: Sequence[CellKey]) -> None:
        if keys and not self._updating:
            self._show(keys)
        elif not keys:
            # several cells were answered: the next answer is for one cell again
            self._on_cell(self._session.cell)

    def _show(self, keys: Sequence[CellKey], *, scroll: bool = True) -> None:
        """Select these cells as far as they are listed."""
        model, selection_model = self._model, self._view.selectionModel()
        rows = [row for key in keys if (row := model.row_of(key)) is not None]
        # selected at once: each single change would be a signal
        selection = QItemSelection()
        for row in rows:
            selection.select(model.index(row), model.index(row))
        self._updating = True
        selection_model.select(selection, _FLAG.ClearAndSelect)
        if len(rows) == 1 and scroll:
            selection_model.setCurrentIndex(model.index(rows[0]), _FLAG.NoUpdate)
            self._view.scrollTo(model.index(rows[0]))
        self._updating = False
