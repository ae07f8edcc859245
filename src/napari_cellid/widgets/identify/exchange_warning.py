"""The warning that red and green look exchanged, and the button that swaps them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.cells.channel_order import EXCHANGED_TEXT
from napari_cellid.widgets._shared.layouts import action_button, small_text

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_cellid.widgets._shared.channels import Channels
    from napari_cellid.widgets.session.result_layer import ShownResult


class ExchangeWarning(QWidget):
    """A sentence, and a button while the layers of the run are still chosen."""

    swap_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: list[weakref.ref[Image]] = []
        self._run: weakref.ref[object] | None = None
        self.line = small_text(EXCHANGED_TEXT)
        self.line.setStyleSheet("QLabel { font-weight: bold; }")
        self.button = action_button("Swap them and identify again")
        self.button.clicked.connect(self.swap_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.line)
        column.addWidget(self.button)
        self.hide()

    def set_run(self, channels: Channels, run_result: object) -> None:
        """Say of which layers a result is, so that these can be swapped."""
        self._layers = [
            weakref.ref(layer)
            for layer in (channels.red, channels.green)
            if layer is not None
        ]
        self._run = weakref.ref(run_result)

    def show_for(self, result: ShownResult | None, channels: Channels) -> None:
        """Warn of a result, while some layers are chosen as channels."""
        suspected = result is not None and result.run_result.channels_exchanged
        self.setVisible(suspected)
        chosen = [channels.red, channels.green]
        same_run = (
            result is not None
            and self._run is not None
            and self._run() is result.run_result
        )
        same_layers = [ref() for ref in self._layers] == chosen
        self.button.setVisible(suspected and same_run and same_layers)
