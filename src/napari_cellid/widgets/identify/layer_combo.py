"""A list of layers whose long names can be told apart."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)
from superqt.utils import signals_blocked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image
    from qtpy.QtGui import QPaintEvent

#: names that begin with so many equal letters differ at their end
_LIKE = 8


class LayerCombo(QComboBox):
    """A list of layers, or none of them; narrow names are cut where they are alike."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # a long layer name must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.addItem("none", None)

    def set_layers(self, layers: Sequence[Image], current: Any) -> None:
        """List layers, and show one of them or None, without a signal."""
        with signals_blocked(self):
            self.clear()
            self.addItem("none", None)
            for layer in layers:
                self.addItem(layer.name, layer)
                tip = Qt.ItemDataRole.ToolTipRole
                self.setItemData(self.count() - 1, layer.name, tip)
            with suppress(ValueError):
                self.setCurrentIndex([None, *layers].index(current))
        self.view().setTextElideMode(self._cut())

    def shown_text(self) -> str:
        """The name as it fits into the field."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        # the styles of napari leave some room around the text
        width = field.width() - 2 * self.fontMetrics().horizontalAdvance(" ")
        metrics = self.fontMetrics()
        return str(metrics.elidedText(self.currentText(), self._cut(), width))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the list with the part of the name that fits."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def _cut(self) -> Qt.TextElideMode:
        """Where names are cut: at the start, if they begin alike."""
        names = [self.itemText(index) for index in range(1, self.count())]
        alike = len(names) > 1 and len({name[:_LIKE] for name in names}) == 1
        return Qt.TextElideMode.ElideLeft if alike else Qt.TextElideMode.ElideMiddle
