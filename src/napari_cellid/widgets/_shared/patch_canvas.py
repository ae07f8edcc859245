"""Three views of the patch of a cell: both channels large, each channel alone small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_cellid.cells.patch_image import CHANNELS, OUTSIDE, DisplaySettings
from napari_cellid.io.overlay_png import scale_bar_um
from napari_cellid.widgets._shared.qt_drawing import draw_text, to_qimage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtGui import QMouseEvent, QPaintEvent, QWheelEvent

    from napari_cellid.cells.patch_image import PatchSource
    from napari_cellid.channels.bleed_through import BleedThrough

ChannelView = Literal["both", "red", "green"]
_CAPTIONS: dict[ChannelView, str] = {
    "both": "red + green",
    "red": "red",
    "green": "green",
}
_GAP, _MARGIN = 4, 8
#: largest side of a view that is computed (px); larger ones are stretched
_MAX_SIDE = 480
#: side of the field shown (µm): that of the classifier's patch, and the zoom's limits
FIELD_UM, _MIN_FIELD_UM, _MAX_FIELD_UM = 118.0, 25.0, 400.0
_ZOOM_STEP = 1.2


class PatchCanvas(QWidget):
    """Paints a patch; the wheel zooms, a click on a small view makes it large."""

    #: side of the field shown (µm)
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source: PatchSource | None = None
        #: of the recording; None until it is known
        self.bleed_through: BleedThrough | None = None
        self.display = DisplaySettings()
        self.outline_visible = True
        self.field_um = FIELD_UM
        self.message = ""
        self._order: list[ChannelView] = ["both", "red", "green"]
        self._centre: tuple[int, float, float] | None = None
        self._outline: list[NDArray[np.float64]] = []
        self._images: dict[ChannelView, QImage] = {}
        self.setMinimumSize(200, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            "<qt>The wheel zooms; a click on a small picture makes it the large "
            "one.</qt>"
        )

    def sizeHint(self) -> QSize:
        """Room for the large view and the two small ones beside it."""
        return QSize(420, 282)

    def set_source(self, source: PatchSource | None) -> None:
        """Set the recording from which patches are cut, and show no patch yet."""
        self.source, self.bleed_through = source, None
        self.show_patch(None, 0)

    def set_bleed_through(self, estimate: BleedThrough | None) -> None:
        """Set what is subtracted of red if the display settings ask for it."""
        self.bleed_through = estimate
        self.refresh()

    def show_patch(self, centre: tuple[int, float, float] | None, label: int) -> None:
        """Show the patch around (plane, y, x) and outline a label; None clears."""
        self._centre = centre
        self._outline = []
        if centre is not None and self.source is not None:
            self._outline = self.source.outline(centre, label)
        self.refresh()

    def set_display(self, display: DisplaySettings) -> None:
        """Set brightness and channels of the views."""
        self.display = display
        self.refresh()

    def zoom(self, steps: float) -> None:
        """Zoom in, or out if `steps` is negative."""
        self.set_field_size(self.field_um / _ZOOM_STEP**steps)

    def set_field_size(self, field_um: float) -> None:
        """Show a square field of this side (µm), within the limits of the zoom."""
        self.field_um = min(max(field_um, _MIN_FIELD_UM), _MAX_FIELD_UM)
        self.refresh()
        self.zoomed.emit(self.field_um)

    def refresh(self) -> None:
        """Compute the views again when they are painted next."""
        self._images.clear()
        self.update()

    def view_rects(self) -> dict[ChannelView, QRect]:
        """Rectangle of each view in the widget, the large one first."""
        width, height = self.width(), self.height()
        # side of the large view with the small ones to its right, or below it
        side_right = min(height, (width - _GAP) * 2 // 3)
        side_below = min(width, (height - _GAP) * 2 // 3)
        large = max(side_right, side_below)
        small = (large - _GAP) // 2
        if side_right >= side_below:
            total = QSize(large + _GAP + small, large)
            offsets = (QPoint(large + _GAP, 0), QPoint(large + _GAP, small + _GAP))
        else:
            total = QSize(large, large + _GAP + small)
            offsets = (QPoint(0, large + _GAP), QPoint(small + _GAP, large + _GAP))
        corner = QPoint((width - total.width()) // 2, (height - total.height()) // 2)
        rects = [QRect(corner, QSize(large, large))]
        rects += [QRect(corner + offset, QSize(small, small)) for offset in offsets]
        return dict(zip(self._order, rects, strict=True))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the three views."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._centre is None or self.source is None:
            self._paint_message(painter)
        else:
            for view, rect in self.view_rects().items():
                self._paint(painter, view, rect)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        # a notch of a wheel is 120; touchpads send fractions of it
        self.zoom(event.angleDelta().y() / 120)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make the view that is clicked the large one."""
        if self._centre is None:
            return
        for view, rect in self.view_rects().items():
            if rect.contains(event.pos()) and view != self._order[0]:
                index = self._order.index(view)
                self._order[0], self._order[index] = view, self._order[0]
                self.refresh()
                return

    def _paint(self, painter: QPainter, view: ChannelView, rect: QRect) -> None:
        if view not in self._images:
            self._images[view] = self._render(view, rect.width())
        painter.drawImage(rect, self._images[view])
        painter.save()
        painter.setClipRect(rect)
        if self.outline_visible:
            self._paint_outline(painter, rect)
        self._paint_centre_ticks(painter, rect)
        self._paint_caption(painter, view, rect)
        if view == self._order[0]:
            self._paint_scale_bar(painter, rect)
        painter.restore()

    def _render(self, view: ChannelView, side: int) -> QImage:
        assert self.source is not None and self._centre is not None
        # in pixels of the screen, which can be smaller than those of Qt
        size = min(round(side * self.devicePixelRatioF()), _MAX_SIDE)
        patch = self.source.cut(
            self._centre,
            self.field_um,
            max(size, 8),
            channels=CHANNELS if view == "both" else [view],
            bleed_through=self._subtracted_slope() or 0.0,
        )
        if view == "both":
            return to_qimage(patch.colours(self.display))
        return to_qimage(patch.grey(view, self.display))

    def _paint_outline(self, painter: QPainter, rect: QRect) -> None:
        path = self._outline_path(rect)
        # dark below white, so that the line shows on bright tissue, too
        pen = QPen(QColor(0, 0, 0, 150), 2.2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(pen)
        painter.drawPath(path)
        # dashes, so that the image below stays visible
        pen = QPen(QColor(255, 255, 255, 235), 1.2)
        pen.setDashPattern([3, 3])
        painter.setPen(pen)
        painter.drawPath(path)

    def _outline_path(self, rect: QRect) -> QPainterPath:
        assert self.source is not None and self._centre is not None
        _, y, x = self._centre
        scale = rect.width() * self.source.planes.pixel_size_um / self.field_um
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

    def _paint_centre_ticks(self, painter: QPainter, rect: QRect) -> None:
        """Mark the centre by a tick at each edge, so that nothing covers the cell."""
        painter.setPen(QPen(QColor(255, 255, 255, 150), 1))
        middle, length = QRectF(rect).center(), max(rect.width() / 40, 3)
        for dx, dy in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            edge = QPointF(
                middle.x() + dx * rect.width() / 2, middle.y() + dy * rect.height() / 2
            )
            painter.drawLine(edge, edge - QPointF(dx * length, dy * length))

    def _paint_caption(self, painter: QPainter, view: ChannelView, rect: QRect) -> None:
        text = self._caption(view)
        draw_text(painter, rect.adjusted(6, 4, -6, -4), text, Qt.AlignmentFlag.AlignTop)

    def _caption(self, view: ChannelView) -> str:
        assert self.source is not None
        if view != "both" and view not in self.source.channels:
            return f"{_CAPTIONS[view]}: not recorded"
        if self.display.subtract and view == "red":
            if self.bleed_through is None:
                return "red (estimating…)"
            if self.bleed_through.slope is None:
                return "red (no estimate)"
            return f"red − {self.bleed_through.slope:.2g} × green"
        if view == "both" and self._subtracted_slope() is not None:
            return "red (corrected) + green"
        return _CAPTIONS[view]

    def _subtracted_slope(self) -> float | None:
        """Grey values of red per grey value of green; None if red is as recorded."""
        if not self.display.subtract or self.bleed_through is None:
            return None
        return self.bleed_through.slope

    def _paint_scale_bar(self, painter: QPainter, rect: QRect) -> None:
        length_um = scale_bar_um(self.field_um)
        length = round(rect.width() * length_um / self.field_um)
        bar = QRect(rect.left() + _MARGIN, rect.bottom() - _MARGIN - 3, length, 3)
        painter.fillRect(bar.adjusted(-1, -1, 1, 1), QColor(0, 0, 0, 150))
        painter.fillRect(bar, QColor("white"))
        over = rect.adjusted(_MARGIN, 0, 0, -_MARGIN - 6)
        draw_text(painter, over, f"{length_um:g} µm", Qt.AlignmentFlag.AlignBottom)

    def _paint_message(self, painter: QPainter) -> None:
        for rect in self.view_rects().values():
            painter.fillRect(rect, QColor(*OUTSIDE))
        painter.setPen(QColor(200, 200, 200))
        large = next(iter(self.view_rects().values())).adjusted(12, 12, -12, -12)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(large, int(flags), self.message)
