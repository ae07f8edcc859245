"""List model, delegate and view of the thumbnails of thousands of cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import (
    QAbstractListModel,
    QLineF,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.cells.none_of_these import is_none
from napari_cellid.cells.patch_image import OUTSIDE
from napari_cellid.config import NO_CLASS_TEXT
from napari_cellid.study.cell_selection import cell_keys
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets.gallery.thumbnails import ThumbnailPosition, ThumbnailStyle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.widgets._shared.patch_canvas import ChannelView
    from napari_cellid.widgets.gallery.thumbnails import ThumbnailCache

KEY_ROLE = Qt.ItemDataRole.UserRole
#: colour of the answer that a cell was given since the list was made
MARK_ROLE = Qt.ItemDataRole.UserRole + 1
#: radius of the cell (px of the thumbnail), were it a circle
RADIUS_ROLE = Qt.ItemDataRole.UserRole + 2
_NO_PARENT = QModelIndex()
_GAP, _STRIP = 3, 6
_SELECTED = QColor("#ffff66")
#: side of a thumbnail's field of view (µm): a cell and its neighbours
FIELD_UM = 40.0
_SIDE = 68
#: corners stand this many radii from the middle of a cell, and never nearer (px)
_ROOM, _SMALLEST_HALF = 1.35, 7.0


class GalleryModel(QAbstractListModel):
    """The cells of a gallery.

    Parameters
    ----------
    thumbnails
        Makes the thumbnails.
    """

    def __init__(
        self, thumbnails: ThumbnailCache, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self.keys: list[CellKey] = []
        #: what people see of each recording, by its name
        self.titles: Mapping[str, str] = {}
        self._positions: list[ThumbnailPosition] = []
        self._predictions: list[str] = []
        self._radii = np.zeros(0)
        self._row: dict[CellKey, int] = {}
        self._answered: set[CellKey] = set()
        #: answer of the annotator to a cell and its colour, both "" without an answer
        self.answer_of: Callable[[CellKey], tuple[str, str]] = _no_answer
        self.style = ThumbnailStyle(_SIDE, FIELD_UM, "both")
        thumbnails.ready.connect(self._on_ready)

    def set_cells(self, cells: pd.DataFrame, *, model_shown: bool) -> None:
        """Show these cells.

        Parameters
        ----------
        cells
            Cells of a study.
        model_shown
            Whether the tooltip shows the model's prediction.
        """
        self.beginResetModel()
        self.keys = cell_keys(cells)
        columns = (cells[name].tolist() for name in ("recording", "plane", "y", "x"))
        self._positions = [
            ThumbnailPosition(*position) for position in zip(*columns, strict=True)
        ]
        # cells of which no area is known get the smallest corners
        areas = cells["area_um2"].to_numpy(float) if "area_um2" in cells else ()
        self._radii = np.sqrt(np.nan_to_num(areas) / np.pi)
        self._row = {key: row for row, key in enumerate(self.keys)}
        self._predictions = (
            _prediction_texts(cells) if model_shown else [""] * len(cells)
        )
        self._answered.clear()
        self.endResetModel()

    def mark(self, key: CellKey) -> None:
        """Show the answer of a cell, which was just given or taken back."""
        self._answered.add(key)
        if key in self._row:
            index = self.index(self._row[key])
            self.dataChanged.emit(index, index)

    @property
    def n_answered(self) -> int:
        """Number of cells that were answered since the list was made."""
        return sum(bool(self._mark(key)[0]) for key in self._answered)

    def _mark(self, key: CellKey) -> tuple[str, str]:
        """Answer and colour of a cell that was answered since the list was made."""
        return self.answer_of(key) if key in self._answered else _no_answer(key)

    def set_style(self, side: int, picture: ChannelView) -> None:
        """Set the side of the thumbnails (px) and the channels they show."""
        self.style = ThumbnailStyle(side, FIELD_UM, picture)
        self._emit_all_changed()

    def row_of(self, key: CellKey | None) -> int | None:
        """Row of a cell; None if it is not listed."""
        return None if key is None else self._row.get(key)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        """Number of cells."""
        return 0 if parent.isValid() else len(self.keys)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """What the grid shows of a cell."""
        row = index.row()
        if role == Qt.ItemDataRole.DecorationRole:
            # Qt asks for visible cells only, so the others are not made
            return self._thumbnails.picture(self._positions[row], self.style)
        if role == KEY_ROLE:
            return self.keys[row]
        if role == RADIUS_ROLE:
            return float(self._radii[row]) * self.style.side / self.style.field_um
        if role == MARK_ROLE:
            return self._mark(self.keys[row])[1]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"Cell {self.keys[row].cell} of {self._title(row)}"
        return None

    def _title(self, row: int) -> str:
        name = self.keys[row].recording
        return self.titles.get(name, name)

    def _tip(self, row: int) -> str:
        key, position = self.keys[row], self._positions[row]
        answer = self._mark(key)[0]
        mark_text = f"\nanswered just now: {answer_text(answer)}" if answer else ""
        return as_rich_text(
            f"{self._title(row)}\ncell {key.cell}, plane {position.plane}"
            f"{self._predictions[row]}{mark_text}"
        )

    def _on_ready(self, recording: str) -> None:
        if any(position.recording == recording for position in self._positions):
            self._emit_all_changed()

    def _emit_all_changed(self) -> None:
        if self.keys:
            last = self.index(len(self.keys) - 1)
            self.dataChanged.emit(self.index(0), last)


class GalleryView(QListView):
    """The thumbnails in a grid; Ctrl and Shift select several cells."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # Qt then measures one thumbnail instead of thousands
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 120)
        self.setItemDelegate(_Delegate(self))
        self.set_side(_SIDE)

    def set_side(self, side: int) -> None:
        """Set the side of the thumbnails (px)."""
        self.itemDelegate().side = side
        self.setGridSize(QSize(side + 2 * _GAP, side + 2 * _GAP))
        self.verticalScrollBar().setSingleStep((side + 2 * _GAP) // 2)


class _Delegate(QStyledItemDelegate):
    """Paints one thumbnail, the mark of a new answer, and the selection frame."""

    side = _SIDE

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """The same for all."""
        del option, index
        return QSize(self.side + 2 * _GAP, self.side + 2 * _GAP)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Paint a cell."""
        rect = QRect(option.rect.topLeft(), QSize(self.side, self.side))
        rect.translate(_GAP, _GAP)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if picture is None:
            painter.fillRect(rect, QColor(*OUTSIDE))
        else:
            painter.drawPixmap(rect, picture)
        painter.save()
        if picture is not None:
            _corners(painter, rect, index.data(RADIUS_ROLE))
        if mark := index.data(MARK_ROLE):
            strip = rect.adjusted(0, rect.height() - _STRIP, 0, 0)
            painter.fillRect(strip, QColor(mark))
            painter.setPen(QColor(0, 0, 0, 160))
            painter.drawLine(strip.topLeft(), strip.topRight())
        if option.state & QStyle.StateFlag.State_Selected:
            # two colours, so that the frame shows on dark and on bright cells
            _frame(painter, rect, QColor("black"), 1)
            _frame(painter, rect.adjusted(-2, -2, 2, 2), _SELECTED, 2)
        painter.restore()


def _corners(painter: QPainter, rect: QRect, radius: float) -> None:
    """Four corners around the cell in the middle, which leave it in sight."""
    half = min(max(radius * _ROOM, _SMALLEST_HALF), rect.width() / 2 - 2)
    length = half * 0.45
    middle = QRectF(rect).center()
    lines = [
        QLineF(corner, corner - QPointF(step_x, step_y))
        for x in (-half, half)
        for y in (-half, half)
        for corner in [middle + QPointF(x, y)]
        for step_x, step_y in (
            (math.copysign(length, x), 0.0),
            (0.0, math.copysign(length, y)),
        )
    ]
    # two colours, so that the corners show on dark and on bright tissue
    for colour, width in ((QColor(0, 0, 0, 150), 3.0), (QColor("white"), 1.0)):
        painter.setPen(QPen(colour, width))
        painter.drawLines(lines)


def _frame(painter: QPainter, rect: QRect, colour: QColor, width: int) -> None:
    pen = QPen(colour, width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0, 0, -1, -1))


def _no_answer(_: CellKey) -> tuple[str, str]:
    return "", ""


def _prediction_texts(cells: pd.DataFrame) -> list[str]:
    names = cells["predicted"].mask(is_none(cells), NO_CLASS_TEXT)
    pairs = zip(names.tolist(), cells["confidence"].tolist(), strict=True)
    return [f"\nmodel: {name} ({p:.0%})" if name else "" for name, p in pairs]
