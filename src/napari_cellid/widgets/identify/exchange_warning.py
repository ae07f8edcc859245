"""The warning that red and green look exchanged, and the button that swaps them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari_cellid.cells.channel_order import EXCHANGED_TEXT
from napari_cellid.widgets.identify.result_warning import ResultWarning

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_cellid.widgets._shared.channels import Channels
    from napari_cellid.widgets.session.result_layer import ShownResult


class ExchangeWarning(ResultWarning):
    """A sentence, and a button while the layers of the run are still chosen."""

    def __init__(self) -> None:
        super().__init__("Swap them and identify again")
        self.line.setText(EXCHANGED_TEXT)
        self._layers: list[weakref.ref[Image]] = []
        self._run: weakref.ref[object] | None = None

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
