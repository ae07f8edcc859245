"""Images and text for painting with Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QColor, QImage, QPainter

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: where the dark edge of letters is drawn (px)
_EDGE_OFFSETS = ((-1, 0), (1, 0), (0, -1), (0, 1), (1, 1))


def to_qimage(rgb: NDArray[np.uint8]) -> QImage:
    """Copy an RGB image (y, x, 3) into an image of Qt."""
    height, width = rgb.shape[:2]
    # RGB32 is a number, whose lowest byte (blue) comes first in memory
    bgra = np.empty((height, width, 4), np.uint8)
    bgra[..., :3] = rgb[..., ::-1]
    bgra[..., 3] = 255
    image = QImage(bgra.data, width, height, 4 * width, QImage.Format.Format_RGB32)
    # a copy, for QImage does not keep the array alive
    return image.copy()


def draw_text(
    painter: QPainter, rect: QRect, text: str, alignment: Qt.AlignmentFlag
) -> None:
    """Draw white text with a dark edge, legible on any image; elide long text."""
    font = painter.font()
    font.setPixelSize(11)
    painter.setFont(font)
    elided = painter.fontMetrics().elidedText(
        text, Qt.TextElideMode.ElideRight, rect.width()
    )
    flags = alignment | Qt.AlignmentFlag.AlignLeft
    painter.setPen(QColor(0, 0, 0, 200))
    for dx, dy in _EDGE_OFFSETS:
        painter.drawText(rect.translated(dx, dy), flags, elided)
    painter.setPen(QColor("white"))
    painter.drawText(rect, flags, elided)
