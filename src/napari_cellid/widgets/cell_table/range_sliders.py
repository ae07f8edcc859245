"""The ranges of the numbers of cells, narrowed with sliders."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget
from superqt import QDoubleRangeSlider
from superqt.utils import signals_blocked

from napari_cellid.retrain.verdict import decimal_text
from napari_cellid.widgets._shared.layouts import plain_label
from napari_cellid.widgets.cell_table.columns import CONFIDENCE, RANGES

if TYPE_CHECKING:
    import pandas as pd

_DIGITS = {"area_um2": 0}


class RangeSliders(QWidget):
    """For each number of a cell a slider with two handles."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sliders: dict[str, QDoubleRangeSlider] = {}
        self._limits: dict[str, tuple[float, float]] = {}
        self._texts: dict[str, QLabel] = {}
        self._titles: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, (name, title) in enumerate(RANGES.items()):
            slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)
            slider.setToolTip(
                "<qt>Cells outside are hidden, here and in the image. Cells without "
                "this number are hidden, too, once a handle was moved.</qt>"
            )
            self.sliders[name] = slider
            self._titles[name], self._texts[name] = QLabel(title), plain_label()
            for column, part in enumerate(
                (self._titles[name], slider, self._texts[name])
            ):
                grid.addWidget(part, row, column)
            slider.valueChanged.connect(partial(self._on_moved, name))

    def set_cells(self, cells: pd.DataFrame, *, blind: bool) -> None:
        """Take the range of each number; handles that were moved stay there."""
        for name, slider in self.sliders.items():
            values = cells[name].to_numpy(float) if name in cells else np.zeros(0)
            values = values[np.isfinite(values)]
            known = len(values) > 0 and not (blind and name == CONFIDENCE)
            for part in (slider, self._titles[name], self._texts[name]):
                part.setVisible(known)
            if known:
                self._set_limits(name, float(values.min()), float(values.max()))
            else:
                self._limits.pop(name, None)

    def ranges(self) -> dict[str, tuple[float, float]]:
        """The ranges that were narrowed."""
        ranges = {}
        for name, (low, high) in self._limits.items():
            value = self.sliders[name].value()
            # a handle at the end means no limit: it may stand a little before it
            near = 1e-6 * (high - low)
            lower = -np.inf if value[0] <= low + near else float(value[0])
            upper = np.inf if value[1] >= high - near else float(value[1])
            if (lower, upper) != (-np.inf, np.inf):
                ranges[name] = (lower, upper)
        return ranges

    def show_all(self) -> None:
        """Move all handles to the ends."""
        for name, limits in self._limits.items():
            with signals_blocked(self.sliders[name]):
                self.sliders[name].setValue(limits)
            self._show(name)

    def _set_limits(self, name: str, low: float, high: float) -> None:
        slider, moved = self.sliders[name], self.ranges().get(name)
        # a slider needs some range
        high = high if high > low else low + 1.0
        self._limits[name] = (low, high)
        with signals_blocked(slider):
            slider.setRange(low, high)
            lower, upper = moved or (low, high)
            slider.setValue((max(lower, low), min(upper, high)))
        self._show(name)

    def _on_moved(self, name: str, _: object) -> None:
        self._show(name)
        self.changed.emit()

    def _show(self, name: str) -> None:
        low, high = self.sliders[name].value()
        digits = _DIGITS.get(name, 2)
        self._texts[name].setText(
            f"{decimal_text(low, digits)} to {decimal_text(high, digits)}"
        )
