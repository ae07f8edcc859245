"""The result that the settings, the counts and Save of the Identify dock are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer
    from napari.utils.events import Event

    from napari_cellid.widgets.session.result_layer import ShownResult


class CurrentResult(QObject):
    """The layer of a result that was added or selected last.

    Parameters
    ----------
    viewer
        Has the layers.
    parent
        The dock; it deletes this object.
    """

    #: the labels layer; None if no result is left
    changed = Signal(object)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.layer: Labels | None = None
        self._connections = Connections(self)

    @property
    def result(self) -> ShownResult | None:
        """What the layer shows."""
        return result_of(self.layer)

    def follow(self) -> None:
        """Take the last result that the viewer has, and follow its layers from now."""
        layers = self._viewer.layers
        self._connections.connect(layers.events.inserted, self._on_inserted)
        self._connections.connect(layers.events.removed, self._on_removed)
        self._connections.connect(layers.selection.events.active, self._on_selected)
        for layer in layers:
            self._take(layer)

    def set_layer(self, layer: Labels | None) -> None:
        """Make the result of this layer the current one, even if it is already."""
        self.layer = layer
        self.changed.emit(layer)

    def _take(self, layer: Layer) -> None:
        if isinstance(layer, Labels) and result_of(layer) is not None:
            self.set_layer(layer)

    def _on_inserted(self, event: Event) -> None:
        self._take(event.value)

    def _on_removed(self) -> None:
        if self.layer is not None and self.layer not in self._viewer.layers:
            others = [layer for layer in self._viewer.layers if result_of(layer)]
            self.set_layer(others[-1] if others else None)

    def _on_selected(self) -> None:
        active = self._viewer.layers.selection.active
        if active is not self.layer and active is not None:
            self._take(active)
