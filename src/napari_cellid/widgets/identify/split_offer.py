"""The offer to split a layer that holds several channels, with one click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.widgets._shared.channel_split import splittable
from napari_cellid.widgets._shared.layer_axes import holds_channels
from napari_cellid.widgets._shared.layer_file import file_of
from napari_cellid.widgets._shared.layouts import action_button, small_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image


class SplitOffer(QWidget):
    """A sentence on a layer, and the button that splits it; hidden if there is none."""

    split_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: Image | None = None
        self.line = small_text()
        self.button = action_button("")
        self.button.setToolTip(
            "<qt>Puts one layer a channel in the place of this one. Its file is not "
            "changed.</qt>"
        )
        self.button.clicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.line)
        column.addWidget(self.button)
        self.hide()

    def show_for(self, layers: Sequence[Image], *, open_axis: bool) -> None:
        """Offer to split one of the layers that are chosen as channels.

        Parameters
        ----------
        layers
            The chosen layers.
        open_axis
            Whether nobody knows what an axis of theirs is. Without that only a layer is
            offered whose axes or file say that it holds channels.
        """
        layers = [layer for layer in layers if not layer.rgb]
        sure = [layer for layer in layers if holds_channels(layer)]
        likely = layers if open_axis else []
        chosen = [one for one in (*sure, *likely) if splittable(one)]
        self._layer = chosen[0] if chosen else None
        self.setVisible(self._layer is not None)
        if self._layer is None:
            return
        count = splittable(self._layer)
        self.line.setText(_sentence(self._layer, count))
        self.button.setText(f"Split into {count} channels")

    def _on_clicked(self) -> None:
        if self._layer is not None:
            self.split_requested.emit(self._layer)


def _sentence(layer: Image, count: int | None) -> str:
    file = file_of(layer)
    if file is not None and file.channels:
        return file.channel_text()
    if holds_channels(layer):
        return f"{layer.name} holds {count} channels in one layer."
    return f"The {count} images of {layer.name} may be its channels."
