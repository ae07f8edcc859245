"""Connections to napari's events that end with the widget they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import LayerList
    from napari.layers import Layer
    from napari.utils.events import Event
    from qtpy.QtCore import QObject

#: an emitter of napari, and what it calls
_Pair = tuple[Any, "Callable[..., Any]"]


class Connections:
    """Connections that are cut when their owner is deleted.

    napari's events outlive a closed dock. If one of them called a method of a deleted
    Qt object, that would raise.
    """

    def __init__(self, owner: QObject) -> None:
        self._pairs: list[_Pair] = []
        owner.destroyed.connect(self.disconnect_all)

    def connect(self, emitter: Any, callback: Callable[..., Any]) -> None:
        """Call `callback` at each event until the owner is deleted."""
        emitter.connect(callback)
        self._pairs.append((emitter, callback))

    def disconnect_all(self, _: object = None) -> None:
        """End all connections."""
        _disconnect(self._pairs)


class LayerConnections:
    """Connections to events of layers, which are cut when a layer is removed.

    Parameters
    ----------
    layers
        The layers of a viewer.
    owner
        All connections are cut when it is deleted.
    """

    def __init__(self, layers: LayerList, owner: QObject) -> None:
        # by the id of the layer, so that no removed layer is kept alive
        self._pairs: dict[int, list[_Pair]] = {}
        self._own = Connections(owner)
        self._own.connect(layers.events.removed, self._on_removed)
        owner.destroyed.connect(self.disconnect_all)

    def connect(self, layer: Layer, names: str, callback: Callable[..., Any]) -> None:
        """Call `callback` at events of a layer, whose names are divided by spaces."""
        pairs = self._pairs.setdefault(id(layer), [])
        for name in names.split():
            emitter = getattr(layer.events, name)
            emitter.connect(callback)
            pairs.append((emitter, callback))

    def disconnect_all(self, _: object = None) -> None:
        """End all connections."""
        for pairs in self._pairs.values():
            _disconnect(pairs)
        self._pairs.clear()

    def _on_removed(self, event: Event) -> None:
        _disconnect(self._pairs.pop(id(event.value), []))


def _disconnect(pairs: list[_Pair]) -> None:
    for emitter, callback in pairs:
        emitter.disconnect(callback)
    pairs.clear()
