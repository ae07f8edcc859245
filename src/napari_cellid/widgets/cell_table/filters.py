"""The choice of the cells that are listed: classes, ranges, recording, animal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_cellid.cells.cell_filter import CellFilter
from napari_cellid.widgets._shared.layouts import CollapsibleSection
from napari_cellid.widgets.cell_table.class_boxes import ClassBoxes, count_values
from napari_cellid.widgets.cell_table.columns import ANSWER, PREDICTED
from napari_cellid.widgets.cell_table.range_sliders import RangeSliders

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


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
