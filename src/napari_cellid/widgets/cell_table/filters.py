"""The choice of the cells that are listed: classes, ranges, recording, animal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QDoubleRangeSlider
from superqt.utils import signals_blocked

from napari_cellid.annotation.answer import answer_text
from napari_cellid.cells.cell_filter import CellFilter
from napari_cellid.config import NO_CLASS, NO_CLASS_TEXT
from napari_cellid.retrain.verdict import decimal_text
from napari_cellid.widgets._shared.layouts import CollapsibleSection, plain_label
from napari_cellid.widgets._shared.swatch import swatch
from napari_cellid.widgets.cell_table.columns import (
    ANSWER,
    CONFIDENCE,
    PREDICTED,
    RANGES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_COLUMNS = 2
_DIGITS = {"area_um2": 0}
#: what the boxes say for cells without a class or an answer
_NOTHING = {PREDICTED: "without class", ANSWER: "not answered"}


class ClassBoxes(QWidget):
    """A tick for each class or answer, which shows and hides its cells."""

    changed = Signal()

    def __init__(self, column: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = column
        self.boxes: dict[str, QCheckBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)

    def set_counts(self, counts: Mapping[str, int], colours: Mapping[str, str]) -> None:
        """List classes with their numbers of cells; ticks stay as they are."""
        if list(counts) != list(self.boxes):
            self._list(list(counts))
        for name, box in self.boxes.items():
            box.setText(f"{_text(self._column, name)} ({counts[name]})")
            if name in colours:
                box.setIcon(QIcon(swatch(colours[name])))

    def hidden(self) -> frozenset[str]:
        """The classes that are not ticked."""
        return frozenset(
            name for name, box in self.boxes.items() if not box.isChecked()
        )

    def show_all(self) -> None:
        """Tick all."""
        for box in self.boxes.values():
            with signals_blocked(box):
                box.setChecked(True)

    def _list(self, names: list[str]) -> None:
        hidden = self.hidden()
        for box in self.boxes.values():
            # at once, or the old ones would still show through the new ones
            box.setParent(None)
            box.deleteLater()
        self.boxes = {name: self._box(name, name not in hidden) for name in names}
        for k, box in enumerate(self.boxes.values()):
            self._grid.addWidget(box, k // _COLUMNS, k % _COLUMNS)

    def _box(self, name: str, checked: bool) -> QCheckBox:
        box = QCheckBox()
        box.setChecked(checked)
        box.setToolTip("<qt>Shows or hides these cells, here and in the image.</qt>")
        # a long name must not widen the whole dock
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.toggled.connect(self.changed)
        return box


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


class FilterPanel(QWidget):
    """All that says which cells are listed."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.predicted, self.answers = ClassBoxes(PREDICTED), ClassBoxes(ANSWER)
        self.answers_title = QLabel("My answers")
        self.ranges = RangeSliders()
        self.places = {"recording": _box("recordings"), "animal": _box("animals")}
        #: what people see of each recording, by its name
        self.titles: Mapping[str, str] = {}
        self.reset = QPushButton("Show all cells")
        self.section = CollapsibleSection(
            "More filters",
            [
                self.answers_title,
                self.answers,
                self.ranges,
                *self.places.values(),
                self.reset,
            ],
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.predicted)
        column.addWidget(self.section)
        for part in (self.predicted, self.answers, self.ranges):
            part.changed.connect(self._on_changed)
        for box in self.places.values():
            box.activated.connect(self._on_changed)
        self.reset.clicked.connect(self._show_all)

    def set_cells(
        self, cells: pd.DataFrame, colours: Mapping[str, str], *, blind: bool
    ) -> None:
        """Offer the classes, ranges, recordings and animals of a table."""
        self.predicted.setVisible(not blind)
        self.predicted.set_counts(
            {} if blind else count_values(cells, PREDICTED, colours), colours
        )
        self.set_answers(cells, colours)
        self.ranges.set_cells(cells, blind=blind)
        for name, box in self.places.items():
            values = list(cells[name].cat.categories) if name in cells else []
            named = {str(value): str(value) for value in values if value}
            if name == "recording":
                named = {key: self.titles.get(key, key) for key in named}
            _set_places(box, named)

    def set_answers(self, cells: pd.DataFrame, colours: Mapping[str, str]) -> None:
        """Offer the answers that were given."""
        counts = count_values(cells, ANSWER, colours)
        # nothing to choose from before the first answer
        counts = counts if len(counts) > 1 else {}
        self.answers.set_counts(counts, colours)
        self.answers_title.setVisible(bool(counts))

    def value(self) -> CellFilter:
        """The filter."""
        hidden = {PREDICTED: self.predicted.hidden(), ANSWER: self.answers.hidden()}
        for name, box in self.places.items():
            chosen = box.currentData()
            every = [box.itemData(k) for k in range(1, box.count())]
            if chosen is not None:
                # also what has no name, such as cells of an animal that has none
                hidden[name] = frozenset({*every, ""} - {chosen})
        return CellFilter(hidden, self.ranges.ranges())

    def _on_changed(self, _: object = None) -> None:
        self.changed.emit()

    def _show_all(self) -> None:
        self.predicted.show_all()
        self.answers.show_all()
        self.ranges.show_all()
        for box in self.places.values():
            box.setCurrentIndex(0)
        self.changed.emit()


def count_values(
    cells: pd.DataFrame, column: str, order: Mapping[str, str]
) -> dict[str, int]:
    """Number of cells of each class, in the order of the colours, then by name."""
    if column not in cells:
        return {}
    counts = {str(k): int(n) for k, n in cells[column].value_counts().items() if n}
    known = [name for name in order if name in counts and name]
    others = sorted(name for name in counts if name not in order)
    empty = [""] if "" in counts else []
    return {name: counts[name] for name in [*known, *others, *empty]}


def _text(column: str, name: str) -> str:
    if not name:
        return _NOTHING[column]
    if column == PREDICTED and name == NO_CLASS:
        return NO_CLASS_TEXT
    return answer_text(name)


def _set_places(box: QComboBox, names: Mapping[str, str]) -> None:
    """List recordings or animals, by name what is shown; one alone is no choice."""
    chosen = box.currentData()
    with signals_blocked(box):
        while box.count() > 1:
            box.removeItem(1)
        for name, title in names.items():
            box.addItem(title, name)
        box.setCurrentIndex(max(box.findData(chosen), 0))
    box.setVisible(len(names) > 1)


def _box(things: str) -> QComboBox:
    box = QComboBox()
    box.addItem(f"All {things}", None)
    # a long name must not widen the whole dock
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return box
