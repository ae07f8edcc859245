"""Qt model of a table of tens of thousands of cells, which numpy filters and sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from qtpy.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from qtpy.QtGui import QIcon

from napari_cellid.cells.cell_filter import (
    CellFilter,
    matching_cells,
    sorted_rows,
    with_categories,
)
from napari_cellid.study.cell_selection import cell_keys
from napari_cellid.widgets._shared.swatch import swatch
from napari_cellid.widgets.cell_table.columns import (
    ANSWER,
    PREDICTED,
    TEXTS,
    Column,
    columns_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import CellKey

_ROOT = QModelIndex()
_NO_ROWS = np.zeros(0, np.intp)
_COLOURED = (PREDICTED, ANSWER)
_RECORDING = "recording"


class CellTableModel(QAbstractTableModel):
    """The cells that a filter lists, sorted by a column.

    No proxy model of Qt is used: it would call Python for each comparison of two cells.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cells = pd.DataFrame({"recording": [], "cell": [], ANSWER: []})
        self._values: dict[str, NDArray[Any]] = {}
        self._answers = np.zeros(0, object)
        self._icons: dict[str, QIcon] = {}
        self._filter = CellFilter()
        self._order = ("cell", False)
        self._at: dict[CellKey, int] = {}
        self._place = _NO_ROWS
        #: what people see of each recording, by its name
        self.titles: Mapping[str, str] = {}
        self.columns: tuple[Column, ...] = ()
        self.keys: list[CellKey] = []
        #: position in `cells` of each row that is listed
        self.rows = _NO_ROWS

    @property
    def cells(self) -> pd.DataFrame:
        """All cells, listed or not, with the answers of now."""
        values = self._cells[ANSWER].to_numpy(object)
        if not np.array_equal(values, self._answers):
            self._cells = with_categories(
                self._cells.assign(**{ANSWER: self._answers}), [ANSWER]
            )
        return self._cells

    @property
    def listed(self) -> NDArray[np.bool_]:
        """Which of `cells` (cell,) are listed."""
        listed = np.zeros(len(self._cells), bool)
        listed[self.rows] = True
        return listed

    @property
    def order(self) -> tuple[str, bool]:
        """Name of the column by which the cells are sorted; largest value first."""
        return self._order

    def set_cells(
        self, cells: pd.DataFrame, answers: Mapping[CellKey, str], *, blind: bool
    ) -> None:
        """Show other cells, filtered and sorted as those before.

        Parameters
        ----------
        cells
            A cell table with `recording`.
        answers
            Answers of the annotator.
        blind
            Whether what a model says is not shown.
        """
        self.beginResetModel()
        self.keys = cell_keys(cells)
        self._at = {key: at for at, key in enumerate(self.keys)}
        self._answers = self._list_answers(answers)
        cells = cells.assign(**{ANSWER: self._answers})
        self._cells = with_categories(cells, TEXTS)
        self.columns = columns_of(self._cells, blind=blind)
        self._values = {
            column.name: self._cells[column.name].to_numpy(object)
            for column in self.columns
        }
        self._values[ANSWER] = self._answers
        if self._order[0] not in self._cells:
            self._order = ("cell", False)
        self._list()
        self.endResetModel()

    def set_colours(self, colours: Mapping[str, str]) -> None:
        """Show these colours (#rrggbb) beside classes and answers."""
        self._icons = {
            name: QIcon(swatch(colour)) for name, colour in colours.items() if name
        }
        self._emit_changed(0, len(self.rows) - 1)

    def set_filter(self, wanted: CellFilter) -> None:
        """List other cells."""
        self._filter = wanted
        self.beginResetModel()
        self._list()
        self.endResetModel()

    def set_answers(self, answers: Mapping[CellKey, str]) -> None:
        """Show other answers; the rows keep their places until they are listed anew."""
        self._answers[:] = self._list_answers(answers)
        self._emit_changed(0, len(self.rows) - 1)

    def set_answer(self, key: CellKey, answer: str) -> None:
        """Show the answer to one cell."""
        at = self._at.get(key)
        if at is None:
            return
        self._answers[at] = answer
        if (row := self.row_of(key)) is not None:
            self._emit_changed(row, row)

    def key(self, row: int) -> CellKey:
        """The cell of a row."""
        return self.keys[int(self.rows[row])]

    def row_of(self, key: CellKey) -> int | None:
        """Row of a cell; None if it is not listed."""
        at = self._at.get(key)
        row = -1 if at is None else int(self._place[at])
        return None if row < 0 else row

    def sort(
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        """Sort by a column."""
        if not 0 <= column < len(self.columns):
            return
        self._order = (
            self.columns[column].name,
            order == Qt.SortOrder.DescendingOrder,
        )
        # a reset: Qt would keep an index for each item of each selected cell
        self.beginResetModel()
        self._list()
        self.endResetModel()

    def texts(self, column: Column) -> list[str]:
        """All texts that a column of texts can show, as wide as with their colours."""
        if column.name in _COLOURED:
            return [f"mmm {column.text(name)}" for name in self._icons]
        values = self._cells[column.name].unique()
        return [self._text(column, value) for value in values]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """Number of cells that are listed."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Text, colour or alignment of an item."""
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            return None if column.is_text else right
        if role == Qt.ItemDataRole.DisplayRole:
            value = self._values[column.name][self.rows[index.row()]]
            return self._text(column, value)
        if role == Qt.ItemDataRole.DecorationRole and column.name in _COLOURED:
            value = self._values[column.name][self.rows[index.row()]]
            return self._icons.get(value)
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Titles and tooltips of the columns."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"<qt>{self.columns[section].tip}</qt>"
        return None

    def _list(self) -> None:
        """Filter and sort."""
        cells = self.cells
        rows = np.flatnonzero(matching_cells(cells, self._filter))
        name, descending = self._order
        if name == _RECORDING and self.titles:
            # in the order of what is seen
            shown = cells[name].astype(str).map(lambda one: self.titles.get(one, one))
            cells = with_categories(cells.assign(**{name: shown}), [name])
        self.rows = sorted_rows(cells, rows, name, descending=descending)
        self._place = np.full(len(cells), -1, np.intp)
        self._place[self.rows] = np.arange(len(self.rows))

    def _text(self, column: Column, value: Any) -> str:
        if column.name == _RECORDING:
            value = self.titles.get(value, value)
        return column.text(value)

    def _list_answers(self, answers: Mapping[CellKey, str]) -> NDArray[np.object_]:
        every = np.full(len(self.keys), "", object)
        # there are often far fewer answers than cells
        for key, answer in answers.items():
            if (at := self._at.get(key)) is not None:
                every[at] = answer
        return every

    def _emit_changed(self, first: int, last: int) -> None:
        if self.columns and 0 <= first <= last:
            self.dataChanged.emit(
                self.index(first, 0), self.index(last, len(self.columns) - 1)
            )
