"""Small read-only tables of numbers that are as high as their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_cellid.widgets._shared.markup import as_rich_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QWheelEvent

    from napari_cellid.report.table import TableItem

#: blue, which shows on light and dark themes beneath text of either colour
_SHADE = (0, 114, 178)
_MAX_ALPHA = 170
_PADDING = 8


class SmallTable(QTableWidget):
    """A read-only table that shows all its rows and has no scroll bar of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(24)
        head.setTextElideMode(Qt.TextElideMode.ElideRight)

    def show_rows(
        self,
        header: Sequence[str],
        rows: Sequence[tuple[str, Sequence[TableItem]]],
        tips: Sequence[str] = (),
    ) -> None:
        """Show rows.

        Parameters
        ----------
        header
            Title of each column of numbers.
        rows
            Name and cells of each row.
        tips
            Tooltip of each column; its title by default.
        """
        self.setRowCount(len(rows))
        self.setColumnCount(1 + len(header))
        self.setHorizontalHeaderLabels(["", *header])
        for column, tip in enumerate(tips or header, 1):
            self.horizontalHeaderItem(column).setToolTip(as_rich_text(tip))
        for row, (name, cells) in enumerate(rows):
            self.setItem(row, 0, _row_name(name))
            for column, cell in enumerate(cells, 1):
                self.setItem(row, column, _item(cell))
            self.setRowHeight(row, self.fontMetrics().height() + _PADDING)
        mode = QHeaderView.ResizeMode
        self.horizontalHeader().setSectionResizeMode(mode.Stretch)
        self.horizontalHeader().setSectionResizeMode(0, mode.ResizeToContents)
        self.updateGeometry()

    def text(self, row: int, column: int) -> str:
        """Text of a cell of the table; column 0 holds the names of the rows."""
        return str(self.item(row, column).text())

    def sizeHint(self) -> QSize:
        """As high as the rows."""
        height = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        height += sum(self.rowHeight(row) for row in range(self.rowCount()))
        return QSize(200, height)

    def minimumSizeHint(self) -> QSize:
        """The same as `sizeHint`, because nothing is scrolled."""
        return self.sizeHint()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the scroll area that holds the table."""
        event.ignore()


def _row_name(text: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(as_rich_text(text))
    return item


def _item(cell: TableItem) -> QTableWidgetItem:
    item = QTableWidgetItem(cell.text)
    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
    item.setToolTip(as_rich_text(cell.tip))
    if cell.shade is not None:
        shade = min(max(cell.shade, 0.0), 1.0)
        item.setBackground(QColor(*_SHADE, round(_MAX_ALPHA * shade)))
    return item
