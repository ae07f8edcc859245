"""The patch round a cell, with its contrast, zoom and outline controls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
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
from superqt.utils import signals_blocked

from napari_cellid.cells.patch_image import CHANNELS, DisplaySettings, PatchSource
from napari_cellid.channels.bleed_through import bleed_through
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.patch_canvas import FIELD_UM, PatchCanvas
from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.cells.patch_image import Channel
    from napari_cellid.channels.bleed_through import BleedThrough
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes

_NAMES: dict[Channel, str] = {"red": "Red", "green": "Green"}
#: upper end of the contrast sliders: above 1, for cells brighter than the plane's
#: display range
_MAX_CONTRAST = 1.6


class PatchView(QWidget):
    """A square of tissue round a cell, with its contrast, zoom and outline.

    The settings stay from cell to cell, so that cells can be compared.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = PatchCanvas()
        self.switches: dict[Channel, QCheckBox] = {}
        self.sliders: dict[Channel, QDoubleRangeSlider] = {}
        self.outline = QCheckBox("Outline")
        self.outline.setChecked(True)
        self.outline.setToolTip("<qt>Draw the outline of the cell.</qt>")
        self.subtract = QCheckBox("Subtract bleed-through")
        self.subtract.setToolTip(
            "<qt>Subtract the green light in the red channel, to see whether a nucleus "
            "itself is red. How much it is was estimated from the recording: the slope "
            "of red on green where nothing else is red.</qt>"
        )
        # an estimate takes seconds in a large recording
        self._estimating = Worker(self)
        self._estimate_asked = False
        self._field_width = QLabel()
        self._build()
        self._connect()
        self._set_source(None, None)

    def set_recording(
        self,
        planes: MeanPlanes | None,
        labels: NDArray[np.int32] | None,
        estimate: BleedThrough | None = None,
    ) -> None:
        """Show cells of this recording; None for no recording.

        Parameters
        ----------
        planes
            Mean images.
        labels
            (plane, y, x) of the same shape.
        estimate
            Bleed-through of the recording; None to estimate it when it is needed.
        """
        if planes is None or labels is None:
            self._set_source(None, None)
        else:
            self._set_source(PatchSource(planes, labels), estimate)

    def _set_source(
        self, source: PatchSource | None, estimate: BleedThrough | None
    ) -> None:
        self._estimating.cancel()
        self._estimate_asked = False
        self.canvas.set_source(source)
        self.canvas.set_bleed_through(estimate)
        available = () if source is None else source.channels
        for channel in CHANNELS:
            self.switches[channel].setEnabled(channel in available)
            self.sliders[channel].setEnabled(channel in available)
        self.subtract.setEnabled(len(available) == len(CHANNELS))
        self._on_display_settings()

    def show_cell(self, plane: int, y: float, x: float, label: int) -> None:
        """Show the patch round a position (px) and outline this label."""
        self.canvas.show_patch((plane, y, x), label)

    def clear(self, message: str = "") -> None:
        """Show a message instead of a cell."""
        self.canvas.message = message
        self.canvas.show_patch(None, 0)

    def toggle_channel(self, channel: Channel) -> None:
        """Switch a channel of the large image on or off."""
        self._toggle(self.switches[channel])

    def toggle_outline(self) -> None:
        """Switch the outline on or off."""
        self._toggle(self.outline)

    def zoom(self, steps: float) -> None:
        """Zoom in, or out where `steps` is negative."""
        self.canvas.zoom(steps)

    def reset(self) -> None:
        """Reset contrast, channels and zoom to their initial values."""
        for channel in CHANNELS:
            with signals_blocked(self.sliders[channel]):
                self.sliders[channel].setValue((0.0, 1.0))
            self.switches[channel].setChecked(True)
        self.subtract.setChecked(False)
        self.canvas.set_field_size(FIELD_UM)
        self._on_display_settings()

    def display_settings(self) -> DisplaySettings:
        """Channels, contrast and subtraction as they are set."""
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
            slider.setRange(0.0, _MAX_CONTRAST)
            slider.setValue((0.0, 1.0))
            slider.setToolTip(
                f"<qt>Contrast limits of the {channel} channel. They stay from cell "
                "to cell.</qt>"
            )
            rows.addWidget(switch, row, 0)
            rows.addWidget(slider, row, 1)
            self.switches[channel], self.sliders[channel] = switch, slider
        rows.setColumnStretch(1, 1)
        rows.addLayout(self._zoom_row(), 0, 2)
        reset = _button("Reset", "Reset contrast, channels and zoom", self.reset)
        rows.addWidget(reset, 1, 2, Qt.AlignmentFlag.AlignRight)
        switches = QHBoxLayout()
        switches.setSpacing(12)
        switches.addWidget(self.outline)
        switches.addWidget(self.subtract)
        switches.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(rows)
        layout.addLayout(switches)

    def _zoom_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(2)
        self._field_width.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._field_width.setMinimumWidth(
            self._field_width.fontMetrics().horizontalAdvance("400 µm")
        )
        row.addWidget(_button("−", "Zoom out", self._zoom_out))
        row.addWidget(self._field_width)
        row.addWidget(_button("+", "Zoom in", self._zoom_in))
        return row

    def _connect(self) -> None:
        for channel in CHANNELS:
            self.switches[channel].toggled.connect(self._on_display_settings)
            self.sliders[channel].valueChanged.connect(self._on_display_settings)
        self.subtract.toggled.connect(self._on_display_settings)
        self.outline.toggled.connect(self._on_outline)
        self.canvas.zoomed.connect(self._on_zoom)
        self._on_zoom(self.canvas.field_um)

    def _toggle(self, box: QCheckBox) -> None:
        if box.isEnabled():
            box.toggle()

    def _on_display_settings(self) -> None:
        self.canvas.set_display(self.display_settings())
        self._estimate()

    def _estimate(self) -> None:
        """Estimate the bleed-through, once, if it is to be subtracted."""
        source = self.canvas.source
        known = self.canvas.bleed_through is not None or self._estimate_asked
        if source is None or known or not self.canvas.display.subtract:
            return
        self._estimate_asked = True
        step = _estimate_bleed_through(source.planes)
        self._estimating.start_latest(step, partial(self._on_estimated, source))

    def _on_estimated(self, source: PatchSource, estimate: BleedThrough) -> None:
        if self.canvas.source is source:
            self.canvas.set_bleed_through(estimate)

    def _on_outline(self, on: bool) -> None:
        self.canvas.outline_visible = on
        self.canvas.update()

    def _zoom_in(self) -> None:
        self.zoom(1)

    def _zoom_out(self) -> None:
        self.zoom(-1)

    def _on_zoom(self, field_um: float) -> None:
        self._field_width.setText(f"{field_um:.0f} µm")


def _estimate_bleed_through(planes: MeanPlanes) -> Step[BleedThrough]:
    yield Progress("Estimating bleed-through")
    return bleed_through(planes)


def _button(text: str, tip: str, slot: Callable[..., None]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    # the keyboard focus stays with the answers
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.clicked.connect(slot)
    return button
