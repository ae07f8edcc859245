"""A box for each class or answer, with the number of its cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QCheckBox, QGridLayout, QSizePolicy, QWidget
from superqt.utils import signals_blocked

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import NO_CLASS, NO_CLASS_TEXT
from napari_cellid.widgets._shared.swatch import swatch
from napari_cellid.widgets.cell_table.columns import ANSWER, PREDICTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_COLUMNS = 2
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


def count_values(
    cells: pd.DataFrame, column: str, order: Mapping[str, str]
) -> dict[str, int]:
    """Number of cells of each class, in the order of the colours, then by name.

    Cells that are none of these, or have nothing, come last.
    """
    if column not in cells:
        return {}
    counts = {str(k): int(n) for k, n in cells[column].value_counts().items() if n}
    last = [name for name in (NO_CLASS, "") if name in counts]
    known = [name for name in order if name in counts and name not in last]
    others = sorted(name for name in counts if name not in {*order, *last})
    return {name: counts[name] for name in [*known, *others, *last]}


def _text(column: str, name: str) -> str:
    if not name:
        return _NOTHING[column]
    if column == PREDICTED and name == NO_CLASS:
        return NO_CLASS_TEXT
    return answer_text(name)
