"""Buttons and status line for adding cells that were missed."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QWidget
from superqt.utils import signals_blocked

from napari_cellid.widgets._shared.layouts import small_text

_CLICK = "Click the middle of a missed cell; Esc or Insert ends."
_ADD = (
    "<qt>Add cells that were missed: a click on the middle of a cell outlines it. "
    "Ctrl+Z takes the last one away. (Insert)</qt>"
)
_POINTS = (
    "<qt>Add a cell at each point of the selected points layer, or of the only one: "
    "points in the middles of cells are enough.</qt>"
)


class AddCellBar(QWidget):
    """A button that stays pressed while clicks add cells, and one for points."""

    #: whether clicks are to add cells
    toggled = Signal(bool)
    points_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.button = QPushButton("Add cell")
        self.button.setCheckable(True)
        self.button.setToolTip(_ADD)
        self.points = QPushButton("Add cells at points")
        self.points.setToolTip(_POINTS)
        self.status = small_text()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button, 0, 0)
        layout.addWidget(self.points, 0, 1)
        layout.addWidget(self.status, 1, 0, 1, 2)
        for button in (self.button, self.points):
            # the keys of the dock work wherever the focus is, which stays there
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.button.toggled.connect(self.toggled)
        self.points.clicked.connect(self._request_points)
        self.show_status("")

    def show_on(self, on: bool) -> None:
        """Show whether clicks add cells, and what to do."""
        with signals_blocked(self.button):
            self.button.setChecked(on)
        self.show_status(_CLICK if on else "")

    def show_status(self, text: str) -> None:
        """Show a sentence, with what to do while clicks add cells."""
        if self.button.isChecked() and text != _CLICK:
            text = f"{text} {_CLICK}".strip()
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def _request_points(self) -> None:
        self.points_requested.emit()
