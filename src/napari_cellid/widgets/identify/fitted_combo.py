"""A list whose entry, while it is closed, is written so that it fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent


class FittedCombo(QComboBox):
    """Draws its chosen entry as a subclass shortens it."""

    def fitted_text(self, width: int) -> str:
        """The chosen entry in at most `width` px."""
        raise NotImplementedError

    def shown_text(self) -> str:
        """The chosen entry as the closed list shows it."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        # the styles of napari leave some room around the text
        room = 2 * self.fontMetrics().horizontalAdvance(" ")
        return self.fitted_text(field.width() - room)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the closed list with the text that fits."""
        painter = QStylePainter(self)
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
