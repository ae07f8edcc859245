"""The warning that the pixel size may be wrong, and the way to its field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.widgets._shared.layouts import action_button, small_text

if TYPE_CHECKING:
    from napari_cellid.identify.result import IdentifyResult


class PixelSizeWarning(QWidget):
    """Two sentences, and a button to the field in which the size is corrected."""

    correction_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = small_text()
        self.line.setStyleSheet("QLabel { font-weight: bold; }")
        self.button = action_button("Correct the pixel size")
        self.button.clicked.connect(self.correction_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.line)
        column.addWidget(self.button)
        self.hide()

    def show_for(self, run_result: IdentifyResult) -> None:
        """Say what contradicts the pixel size of a result, if something does."""
        doubt = run_result.pixel_size_doubt
        self.line.setText(doubt)
        self.setVisible(bool(doubt))
