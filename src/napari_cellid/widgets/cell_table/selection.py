"""The selected cells of the table, its plots and the image, kept the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QItemSelection, QItemSelectionModel, QObject, Signal

from napari_cellid.widgets._shared.notifications import input_errors_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.widgets.cell_table.model import CellTableModel
    from napari_cellid.widgets.cell_table.panel import CellTablePanel
    from napari_cellid.widgets.cell_table.source import CellSource

_FLAG = QItemSelectionModel.SelectionFlag


class TableSelection(QObject):
    """Remembers which cells are selected, also those that are not listed just now.

    Parameters
    ----------
    panel
        Its table and plots show the selection.
    """

    #: other cells are selected
    changed = Signal()

    def __init__(self, panel: CellTablePanel, parent: QObject) -> None:
        super().__init__(parent)
        self._model, self._view = panel.model, panel.view
        self._plot = panel.contrasts
        self._source: CellSource | None = None
        self._keys: list[CellKey] = []
        # position in the plot of each cell of the table, -1 for cells not in it
        self._place = np.zeros(0, np.intp)
        self._plotted = np.zeros(0, np.intp)
        self._updating = False
        self._view.selectionModel().selectionChanged.connect(self._on_selected)
        # Qt forgets the selection of a table that is sorted or filtered anew
        self._model.modelReset.connect(self.restore)
        self._plot.chosen.connect(self._on_plot)

    def set_source(self, source: CellSource | None) -> None:
        """Show what is chosen in another image; nothing is selected at first."""
        self._source, self._keys = source, []
        if source is not None:
            source.chosen.connect(self.show)

    def keys(self) -> list[CellKey]:
        """The selected cells that are listed, in the order of the table."""
        return _keys_at(self._model, self._rows())

    def set_plotted(self, positions: NDArray[np.intp]) -> None:
        """Say which cells are in the plot, by their positions in the table's cells."""
        self._plotted = positions
        self._place = np.full(len(self._model.keys), -1, np.intp)
        self._place[positions] = np.arange(len(positions))
        self._mark()

    def show(self, keys: Sequence[CellKey]) -> None:
        """Select cells that were chosen elsewhere, and scroll to a single one."""
        self._keys = list(keys)
        self.restore()
        rows = self._rows()
        if len(rows) == 1:
            index = self._model.index(int(rows[0]), 0)
            self._view.selectionModel().setCurrentIndex(index, _FLAG.NoUpdate)
            self._view.scrollTo(index)
        self.changed.emit()

    def restore(self) -> None:
        """Select the cells in the table as it is now listed."""
        selection, last = QItemSelection(), len(self._model.columns) - 1
        for first, end in _runs(self._rows()):
            selection.select(self._model.index(first, 0), self._model.index(end, last))
        self._updating = True
        self._view.selectionModel().select(selection, _FLAG.ClearAndSelect)
        self._updating = False
        self._mark()

    def _rows(self) -> NDArray[np.intp]:
        """Rows of the selected cells that are listed, from the top."""
        rows = (self._model.row_of(key) for key in self._keys)
        return np.array(sorted(row for row in rows if row is not None), np.intp)

    def _on_selected(self, *_: Any) -> None:
        if self._updating:
            return
        # by ranges: of each selected cell there is an index for each column
        ranges = self._view.selectionModel().selection()
        rows = {row for one in ranges for row in range(one.top(), one.bottom() + 1)}
        self._choose(_keys_at(self._model, np.array(sorted(rows), np.intp)))

    def _on_plot(self, positions: NDArray[np.intp], add: bool) -> None:
        keys = [self._model.keys[at] for at in self._plotted[positions]]
        self._choose(list(dict.fromkeys([*self._keys, *keys])) if add else keys)
        self.restore()

    def _choose(self, keys: list[CellKey]) -> None:
        """Take over what was selected here, and show it in the image."""
        self._keys = keys
        self._mark()
        if self._source is not None:
            with input_errors_shown():
                self._source.choose(keys)
        self.changed.emit()

    def _mark(self) -> None:
        """Mark the cells in the plot."""
        if len(self._place) != len(self._model.keys):
            # the plot is being filled again
            return
        places = self._place[self._model.rows[self._rows()]]
        self._plot.select(places[places >= 0])


def _keys_at(model: CellTableModel, rows: NDArray[np.intp]) -> list[CellKey]:
    return [model.keys[at] for at in model.rows[rows].tolist()]


def _runs(rows: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First and last row of each run of neighbouring rows, which are sorted."""
    if not len(rows):
        return []
    parts = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts]
