"""Table model of the cells with a given outcome of the vote."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from napari_cellid.annotation.answer import CellKey, answer_text

if TYPE_CHECKING:
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

    def set_table(self, table: pd.DataFrame) -> None:
        """Show these rows of counted votes, sorted by the chosen column."""
        self.beginResetModel()
        self._table = table
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
        self.set_table(self._table)

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
        value = self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(index.column(), value)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 0:
            return str(value)
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == 2:
            return "\n".join(f"{k}: {answer_text(v)}" for k, v in parse_votes(value))
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


def parse_votes(text: str) -> list[tuple[str, str]]:
    """Split the text of the column `votes` into (annotator, answer)."""
    pairs = (vote.rpartition("=") for vote in text.split("; ") if vote)
    return [(name, answer) for name, _, answer in pairs]


def _count_answers(votes: str) -> Counter[str]:
    return Counter(answer for _, answer in parse_votes(votes))


def _text(column: int, value: Any) -> str:
    if column == 2:
        return ", ".join(
            f"{n} {answer_text(answer)}"
            for answer, n in _count_answers(value).most_common()
        )
    return f"{value:.2f}" if column == 3 else str(value)
