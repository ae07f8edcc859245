"""Table model of the cells with a given outcome of the vote."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from napari_cellid.annotation.answer import CellKey, answer_text
from napari_cellid.widgets._shared.markup import as_rich_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtCore import QPersistentModelIndex

#: outcomes whose cells can be listed, and how they are called
STATUS_TITLES = {
    "disputed": "disputed",
    "too_few": "too few answers",
    "adjudicated": "settled",
    "consensus": "agreed on",
}
_COLUMNS = ("recording", "cell", "votes", "disagreement")
_TITLES = ("Recording", "Cell", "Votes", "Differ")
_TIPS = (
    "Name of the recording.",
    "Number of the cell.",
    "Number of annotators who gave each answer.",
    "Disagreement: 0 when all annotators agree, 1 when no two do.",
)
_ROOT = QModelIndex()


class DisputedModel(QAbstractTableModel):
    """Cells with their counted votes, one a row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = pd.DataFrame(columns=[*_COLUMNS, "status"])
        self._order = (3, Qt.SortOrder.DescendingOrder)
        self._rows: list[tuple[Any, ...]] = []
        self._votes: Callable[[str, int], Mapping[str, str]] = _no_votes
        #: what people see of each recording, by its name
        self.titles: Mapping[str, str] = {}

    def set_table(
        self, table: pd.DataFrame, votes: Callable[[str, int], Mapping[str, str]]
    ) -> None:
        """Show these rows of counted votes, sorted by the chosen column.

        Parameters
        ----------
        table
            From `count_votes`.
        votes
            Gives the answer of each annotator of a cell, as `Ratings.votes`.
        """
        self.beginResetModel()
        self._table, self._votes = table, votes
        self._sort()
        self.endResetModel()

    def key(self, row: int) -> CellKey:
        """Key of the cell in a row."""
        recording, cell, *_ = self._rows[row]
        return CellKey(recording, cell)

    def row_of(self, key: CellKey | None) -> int | None:
        """Row of a cell; None if it is not listed."""
        if key is None:
            return None
        keys = (row[:2] for row in self._rows)
        return next((k for k, pair in enumerate(keys) if pair == tuple(key)), None)

    def sort(
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        """Sort by a column."""
        self._order = (column, order)
        self.set_table(self._table, self._votes)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """Number of cells."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """Number of columns: recording, cell, votes, disagreement."""
        return 0 if parent.isValid() else len(_COLUMNS)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Text, tooltip or alignment of an item."""
        recording, cell, *_ = row = self._rows[index.row()]
        value = row[index.column()]
        if index.column() == 0:
            value = self.titles.get(recording, recording)
        if index.column() == 2:
            value = self._votes(recording, cell)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(index.column(), value)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 0:
            return as_rich_text(str(value))
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 2:
            lines = [f"{k}: {answer_text(v)}" for k, v in value.items()]
            return as_rich_text("\n".join(lines))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in (1, 3):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Titles and tooltips of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[section]
        return _TIPS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def _sort(self) -> None:
        column, order = self._order
        names = dict.fromkeys([_COLUMNS[column], "recording", "cell"])
        ascending = [order == Qt.SortOrder.AscendingOrder, *[True] * (len(names) - 1)]
        table = self._table.sort_values(list(names), ascending=ascending, kind="stable")
        columns = [table[name].tolist() for name in _COLUMNS]
        self._rows = list(zip(*columns, strict=True))


def _no_votes(recording: str, cell: int) -> Mapping[str, str]:
    return {}


def _text(column: int, value: Any) -> str:
    if column == 2:
        return ", ".join(
            f"{n} {answer_text(answer)}"
            for answer, n in Counter(value.values()).most_common()
        )
    return f"{value:.2f}" if column == 3 else str(value)
