"""What is wrong with a result, said above its counts, and the button that mends it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.widgets._shared.layouts import action_button, small_text


class ResultWarning(QWidget):
    """A bold text above a button; hidden until something is wrong.

    Parameters
    ----------
    button
        Text of the button.
    """

    #: the button was clicked
    mending_requested = Signal()

    def __init__(self, button: str) -> None:
        super().__init__()
        self.line = small_text()
        self.line.setStyleSheet("QLabel { font-weight: bold; }")
        self.button = action_button(button)
        self.button.clicked.connect(self.mending_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.line)
        column.addWidget(self.button)
        self.hide()
