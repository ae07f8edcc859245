"""The patch that an expert looks at: is the nucleus red, is the ring green."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QDoubleRangeSlider

from napari_cellid.cells.patch_image import CHANNELS, DisplaySettings, PatchSource
from napari_cellid.widgets._shared.patch_canvas import FIELD_UM, PatchCanvas

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.cells.patch_image import Channel
    from napari_cellid.recording import MeanPlanes

_NAMES: dict[Channel, str] = {"red": "Red", "green": "Green"}
#: how far the contrast goes: beyond 1 for what is brighter than the plane's usual range
_MOST = 1.6


class PatchView(QWidget):
    """A square of tissue round a cell, with its contrast, zoom and outline.

    What is set stays from cell to cell: only then can cells be compared.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = PatchCanvas()
        self.switches: dict[Channel, QCheckBox] = {}
        self.sliders: dict[Channel, QDoubleRangeSlider] = {}
        self.outline = QCheckBox("Outline")
        self.outline.setChecked(True)
        self.outline.setToolTip("<qt>Draw the outline of the cell.</qt>")
        self.subtract = QCheckBox("Subtract leaked green")
        self.subtract.setToolTip(
            "<qt>Take away the green that leaks into the red channel, to see whether "
            "a nucleus is red of its own. How much leaks is estimated from the whole "
            "recording: the slope of red on green where nothing else is red.</qt>"
        )
        self._field = QLabel()
        self._build()
        self._connect()
        self.set_tissue(None)

    def set_recording(
        self, planes: MeanPlanes | None, labels: NDArray[np.int32] | None
    ) -> None:
        """Show cells of this recording from now on; None for no recording.

        Parameters
        ----------
        planes
            Mean images.
        labels
            (plane, y, x) of the same shape.
        """
        if planes is None or labels is None:
            self.set_tissue(None)
        else:
            self.set_tissue(PatchSource(planes, labels))

    def set_tissue(self, tissue: PatchSource | None) -> None:
        """Like `set_recording`, where the recording's patches are cut elsewhere too."""
        self.canvas.set_source(tissue)
        there = () if tissue is None else tissue.channels
        for channel in CHANNELS:
            self.switches[channel].setEnabled(channel in there)
            self.sliders[channel].setEnabled(channel in there)
        self.subtract.setEnabled(len(there) == len(CHANNELS))
        self._on_look()

    def show_cell(self, plane: int, y: float, x: float, label: int) -> None:
        """Show the patch round a place (px) and outline the label there."""
        self.canvas.show_patch((plane, y, x), label)

    def clear(self, message: str = "") -> None:
        """Show no cell, but words that say why."""
        self.canvas.message = message
        self.canvas.show_patch(None, 0)

    def toggle_channel(self, channel: Channel) -> None:
        """Switch a channel of the large picture on or off."""
        self._toggle(self.switches[channel])

    def toggle_outline(self) -> None:
        """Switch the outline on or off."""
        self._toggle(self.outline)

    def toggle_subtract(self) -> None:
        """Switch between the red as recorded and the red without leaked green."""
        self._toggle(self.subtract)

    def zoom(self, steps: float) -> None:
        """Zoom in, or out where `steps` is negative."""
        self.canvas.zoom(steps)

    def reset(self) -> None:
        """Bring contrast, channels and zoom back to how they were at first."""
        for channel in CHANNELS:
            blocker = QSignalBlocker(self.sliders[channel])
            self.sliders[channel].setValue((0.0, 1.0))
            blocker.unblock()
            self.switches[channel].setChecked(True)
        self.subtract.setChecked(False)
        self.canvas.set_field_size(FIELD_UM)
        self._on_look()

    def look(self) -> DisplaySettings:
        """How the channels are shown."""
        limits = {name: tuple(self.sliders[name].value()) for name in CHANNELS}
        return DisplaySettings(
            shown=frozenset(n for n in CHANNELS if self.switches[n].isChecked()),
            red=limits["red"],
            green=limits["green"],
            subtract=self.subtract.isChecked() and self.subtract.isEnabled(),
        )

    def _build(self) -> None:
        rows = QGridLayout()
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setVerticalSpacing(3)
        for row, channel in enumerate(CHANNELS):
            switch = QCheckBox(_NAMES[channel])
            switch.setChecked(True)
            switch.setToolTip(f"<qt>Show the {channel} channel.</qt>")
            slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)
            slider.setRange(0.0, _MOST)
            slider.setValue((0.0, 1.0))
            slider.setToolTip(
                f"<qt>Contrast of the {channel} channel: what is black, what is "
                "bright. It stays from cell to cell.</qt>"
            )
            rows.addWidget(switch, row, 0)
            rows.addWidget(slider, row, 1)
            self.switches[channel], self.sliders[channel] = switch, slider
        rows.setColumnStretch(1, 1)
        rows.addLayout(self._zoom_row(), 0, 2)
        reset = _button("Reset", "Contrast, channels and zoom as at first", self.reset)
        rows.addWidget(reset, 1, 2, Qt.AlignmentFlag.AlignRight)
        last = QHBoxLayout()
        last.setSpacing(12)
        last.addWidget(self.outline)
        last.addWidget(self.subtract)
        last.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(rows)
        layout.addLayout(last)

    def _zoom_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self._field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._field.setMinimumWidth(
            self._field.fontMetrics().horizontalAdvance("400 µm")
        )
        row.addWidget(_button("−", "Zoom out", lambda: self.zoom(-1)))
        row.addWidget(self._field)
        row.addWidget(_button("+", "Zoom in", lambda: self.zoom(1)))
        return row

    def _connect(self) -> None:
        for channel in CHANNELS:
            self.switches[channel].toggled.connect(self._on_look)
            self.sliders[channel].valueChanged.connect(self._on_look)
        self.subtract.toggled.connect(self._on_look)
        self.outline.toggled.connect(self._on_outline)
        self.canvas.zoomed.connect(self._on_zoom)
        self._on_zoom(self.canvas.field_um)

    def _toggle(self, box: QCheckBox) -> None:
        if box.isEnabled():
            box.toggle()

    def _on_look(self) -> None:
        self.canvas.set_display(self.look())

    def _on_outline(self, on: bool) -> None:
        self.canvas.outline_visible = on
        self.canvas.update()

    def _on_zoom(self, field_um: float) -> None:
        self._field.setText(f"{field_um:.0f} µm")


def _button(text: str, tip: str, act: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    # the keyboard stays with what answers
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.clicked.connect(lambda: act())
    return button
