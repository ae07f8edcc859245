"""A list of layers whose long names can be told apart."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QSizePolicy,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_cellid.widgets.identify.fitted_combo import FittedCombo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image

#: names that begin with so many equal letters differ at their end
_LIKE = 8


class LayerCombo(FittedCombo):
    """A list of layers, or none of them; narrow names are cut where they are alike."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # a long layer name must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.addItem("none", None)

    def set_layers(self, layers: Sequence[Image], current: Any) -> None:
        """List layers, and show one of them or None, without a signal."""
        with signals_blocked(self):
            self.clear()
            self.addItem("none", None)
            for layer in layers:
                self.addItem(layer.name, layer)
                tip = Qt.ItemDataRole.ToolTipRole
                self.setItemData(self.count() - 1, layer.name, tip)
            with suppress(ValueError):
                self.setCurrentIndex([None, *layers].index(current))
        self.view().setTextElideMode(self._cut())

    def fitted_text(self, width: int) -> str:
        """The name as it fits into the field."""
        text = self.currentText()
        return str(self.fontMetrics().elidedText(text, self._cut(), width))

    def _cut(self) -> Qt.TextElideMode:
        """Where names are cut: at the start, if they begin alike."""
        names = [self.itemText(index) for index in range(1, self.count())]
        alike = len(names) > 1 and len({name[:_LIKE] for name in names}) == 1
        return Qt.TextElideMode.ElideLeft if alike else Qt.TextElideMode.ElideMiddle
