"""A small square that shows a colour, in a button or beside a name."""

from __future__ import annotations

from qtpy.QtGui import QColor, QPainter, QPixmap

#: side of the square (px)
SWATCH_SIZE = 12


def swatch(colour: str) -> QPixmap:
    """Draw a square of a colour, with a grey edge that shows on any theme."""
    pixmap = QPixmap(SWATCH_SIZE, SWATCH_SIZE)
    pixmap.fill(QColor(colour))
    painter = QPainter(pixmap)
    painter.setPen(QColor("gray"))
    painter.drawRect(0, 0, SWATCH_SIZE - 1, SWATCH_SIZE - 1)
    painter.end()
    return pixmap
