"""Three pictures of one piece of tissue: both channels large, each alone small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_cellid.cells.patch_image import CHANNELS, OUTSIDE, DisplaySettings
from napari_cellid.io.overlay_png import scale_bar_um

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from qtpy.QtGui import QMouseEvent, QPaintEvent, QWheelEvent

    from napari_cellid.cells.patch_image import PatchSource

Picture = Literal["both", "red", "green"]
_CAPTIONS: dict[Picture, str] = {
    "both": "mCherry + GCaMP",
    "red": "mCherry",
    "green": "GCaMP",
}
_GAP, _MARGIN = 4, 8
#: pixels of a picture that are computed; beyond, it is stretched
_FINEST = 480
#: side of the tissue shown (µm): that of the classifier's patch, and how far one zooms
FIELD_UM, _NEAREST_UM, _WIDEST_UM = 118.0, 25.0, 400.0
_ZOOM_STEP = 1.2


class PatchCanvas(QWidget):
    """Paints a patch; the wheel zooms, a click on a small picture makes it large."""

    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tissue: PatchSource | None = None
        self.look = DisplaySettings()
        self.outlined = True
        self.field_um = FIELD_UM
        self.message = ""
        self._order: list[Picture] = ["both", "red", "green"]
        self._where: tuple[int, float, float] | None = None
        self._outline: list[NDArray[np.float64]] = []
        self._images: dict[Picture, QImage] = {}
        self.setMinimumSize(200, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            "<qt>The wheel zooms; a click on a small picture makes it the large "
            "one.</qt>"
        )

    def sizeHint(self) -> QSize:
        """Room for three pictures beside one another."""
        return QSize(420, 282)

    def set_tissue(self, tissue: PatchSource | None) -> None:
        """Show patches of this recording from now on."""
        self.tissue = tissue
        self.set_place(None, 0)

    def set_place(self, where: tuple[int, float, float] | None, label: int) -> None:
        """Show the patch round (plane, y, x) and outline a label; None for nothing."""
        self._where = where
        self._outline = []
        if where is not None and self.tissue is not None:
            self._outline = self.tissue.outline(where, label)
        self.refresh()

    def set_look(self, look: DisplaySettings) -> None:
        """Show the channels in another way."""
        self.look = look
        self.refresh()

    def zoom(self, steps: float) -> None:
        """Zoom in, or out where `steps` is negative."""
        self.set_field(self.field_um / _ZOOM_STEP**steps)

    def set_field(self, field_um: float) -> None:
        """Show a square of tissue of this side (µm), as far as one can zoom."""
        self.field_um = min(max(field_um, _NEAREST_UM), _WIDEST_UM)
        self.refresh()
        self.zoomed.emit(self.field_um)

    def refresh(self) -> None:
        """Make the pictures anew when they are painted next."""
        self._images.clear()
        self.update()

    def places(self) -> dict[Picture, QRect]:
        """Where each picture lies, the large one first."""
        width, height = self.width(), self.height()
        beside = min(height, (width - _GAP) * 2 // 3)
        beneath = min(width, (height - _GAP) * 2 // 3)
        large = max(beside, beneath)
        small = (large - _GAP) // 2
        if beside >= beneath:
            used = QSize(large + _GAP + small, large)
            steps = (QPointF(large + _GAP, 0), QPointF(large + _GAP, small + _GAP))
        else:
            used = QSize(large, large + _GAP + small)
            steps = (QPointF(0, large + _GAP), QPointF(small + _GAP, large + _GAP))
        left, top = (width - used.width()) // 2, (height - used.height()) // 2
        rects = [QRect(left, top, large, large)]
        rects += [
            QRect(left + int(step.x()), top + int(step.y()), small, small)
            for step in steps
        ]
        return dict(zip(self._order, rects, strict=True))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the three pictures."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._where is None or self.tissue is None:
            self._paint_nothing(painter)
        else:
            for picture, rect in self.places().items():
                self._paint(painter, picture, rect)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self.zoom(event.angleDelta().y() / 120)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make the picture that is clicked the large one."""
        if self._where is None:
            return
        for picture, rect in self.places().items():
            if rect.contains(event.pos()) and picture != self._order[0]:
                place = self._order.index(picture)
                self._order[0], self._order[place] = picture, self._order[0]
                self.refresh()
                return

    def _paint(self, painter: QPainter, picture: Picture, rect: QRect) -> None:
        if picture not in self._images:
            self._images[picture] = self._render(picture, rect.width())
        painter.drawImage(rect, self._images[picture])
        painter.save()
        painter.setClipRect(rect)
        if self.outlined:
            self._paint_outline(painter, rect)
        self._paint_middle(painter, rect)
        self._paint_caption(painter, picture, rect)
        if picture == self._order[0]:
            self._paint_scale_bar(painter, rect)
        painter.restore()

    def _render(self, picture: Picture, side: int) -> QImage:
        assert self.tissue is not None and self._where is not None
        size = min(round(side * self.devicePixelRatioF()), _FINEST)
        patch = self.tissue.cut(
            self._where,
            self.field_um,
            max(size, 8),
            channels=CHANNELS if picture == "both" else [picture],
            subtract=self.look.subtract,
        )
        if picture == "both":
            return as_image(patch.colours(self.look))
        return as_image(patch.grey(picture, self.look))

    def _paint_outline(self, painter: QPainter, rect: QRect) -> None:
        path = self._outline_path(rect)
        pen = QPen(QColor(0, 0, 0, 150), 2.2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        painter.drawPath(path)
        # dashes: what lies beneath stays in sight
        pen = QPen(QColor(255, 255, 255, 235), 1.2)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawPath(path)

    def _outline_path(self, rect: QRect) -> QPainterPath:
        assert self.tissue is not None and self._where is not None
        _, y, x = self._where
        scale = rect.width() * self.tissue.planes.pixel_size_um / self.field_um
        middle = QRectF(rect).center()
        path = QPainterPath()
        for line in self._outline:
            points = [
                QPointF(middle.x() + (px - x) * scale, middle.y() + (py - y) * scale)
                for py, px in line
            ]
            path.moveTo(points[0])
            for point in points[1:]:
                path.lineTo(point)
        return path

    def _paint_middle(self, painter: QPainter, rect: QRect) -> None:
        """Tell where the middle is by a tick at each edge, never over the cell."""
        painter.setPen(QPen(QColor(255, 255, 255, 150), 1))
        middle, length = QRectF(rect).center(), max(rect.width() / 40, 3)
        for dx, dy in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            edge = QPointF(
                middle.x() + dx * rect.width() / 2, middle.y() + dy * rect.height() / 2
            )
            painter.drawLine(edge, edge - QPointF(dx * length, dy * length))

    def _paint_caption(self, painter: QPainter, picture: Picture, rect: QRect) -> None:
        text = self._caption(picture)
        _write(painter, rect.adjusted(6, 4, -6, -4), text, Qt.AlignmentFlag.AlignTop)

    def _caption(self, picture: Picture) -> str:
        assert self.tissue is not None
        if picture != "both" and picture not in self.tissue.channels:
            return f"{_CAPTIONS[picture]}: not recorded"
        if self.look.subtract and picture == "red":
            return f"mCherry − {self.tissue.leak:.2g} × GCaMP"
        if self.look.subtract and picture == "both":
            return "mCherry (leak subtracted) + GCaMP"
        return _CAPTIONS[picture]

    def _paint_scale_bar(self, painter: QPainter, rect: QRect) -> None:
        length_um = scale_bar_um(self.field_um)
        length = round(rect.width() * length_um / self.field_um)
        bar = QRect(rect.left() + _MARGIN, rect.bottom() - _MARGIN - 3, length, 3)
        painter.fillRect(bar.adjusted(-1, -1, 1, 1), QColor(0, 0, 0, 150))
        painter.fillRect(bar, QColor("white"))
        over = rect.adjusted(_MARGIN, 0, 0, -_MARGIN - 6)
        _write(painter, over, f"{length_um:g} µm", Qt.AlignmentFlag.AlignBottom)

    def _paint_nothing(self, painter: QPainter) -> None:
        for rect in self.places().values():
            painter.fillRect(rect, QColor(*OUTSIDE))
        painter.setPen(QColor(200, 200, 200))
        large = next(iter(self.places().values())).adjusted(12, 12, -12, -12)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(large, int(flags), self.message)


def as_image(picture: NDArray[np.uint8]) -> QImage:
    """Make a picture (y, x, 3) an image of Qt."""
    height, width = picture.shape[:2]
    full = np.empty((height, width, 4), np.uint8)
    full[..., :3] = picture[..., ::-1]
    full[..., 3] = 255
    image = QImage(full.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    # a copy of its own: the array goes
    return image.copy()


def _write(painter: QPainter, rect: QRect, text: str, where: Qt.AlignmentFlag) -> None:
    """White letters with a dark edge, to be read on any tissue; cut where too long."""
    font = painter.font()
    font.setPixelSize(11)
    painter.setFont(font)
    shown = painter.fontMetrics().elidedText(
        text, Qt.TextElideMode.ElideRight, rect.width()
    )
    flags = where | Qt.AlignmentFlag.AlignLeft
    painter.setPen(QColor(0, 0, 0, 200))
    for dx, dy in _AROUND:
        painter.drawText(rect.translated(dx, dy), flags, shown)
    painter.setPen(QColor("white"))
    painter.drawText(rect, flags, shown)


_AROUND: Sequence[tuple[int, int]] = ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1))
