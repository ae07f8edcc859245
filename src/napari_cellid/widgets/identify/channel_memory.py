"""What a user chose for the layers of a viewer, kept while its docks come and go."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_cellid.widgets._shared.layer_axes import FirstAxis

#: by the id of the viewer; an entry is removed when its viewer is deleted
_MEMORIES: dict[int, ChannelMemory] = {}


def memory_of(viewer: ViewerModel) -> ChannelMemory:
    """The memory of a viewer; the first call creates it."""
    # napari gives each dock another proxy of the viewer
    viewer = getattr(viewer, "__wrapped__", viewer)
    key = id(viewer)
    if key not in _MEMORIES:
        _MEMORIES[key] = ChannelMemory()
        weakref.finalize(viewer, _MEMORIES.pop, key, None)
    return _MEMORIES[key]


class ChannelMemory:
    """Channels, pixel sizes, diameters and axes that a user gave; no layer is kept.

    What was given for a layer holds for a recording of which it is a channel.
    """

    def __init__(self) -> None:
        self._channels: dict[str, weakref.ref[Image] | None] = {}
        self._sizes: weakref.WeakKeyDictionary[Image, float]
        self._sizes = weakref.WeakKeyDictionary()
        self._known: weakref.WeakKeyDictionary[Image, float]
        self._known = weakref.WeakKeyDictionary()
        self._diameters: weakref.WeakKeyDictionary[Image, tuple[float, str]]
        self._diameters = weakref.WeakKeyDictionary()
        self._axes: weakref.WeakKeyDictionary[Image, tuple[tuple[int, ...], FirstAxis]]
        self._axes = weakref.WeakKeyDictionary()

    def choose(self, colour: str, layer: Image | None) -> None:
        """Keep which layer is a channel; None for no such channel."""
        self._channels[colour] = None if layer is None else weakref.ref(layer)

    def channels(self, layers: Sequence[Image]) -> dict[str, Image | None]:
        """Layer of each colour that was chosen; of layers that are there still."""
        chosen = {
            colour: None if ref is None else ref()
            for colour, ref in self._channels.items()
            if ref is None or any(ref() is layer for layer in layers)
        }
        self._channels = {colour: self._channels[colour] for colour in chosen}
        return chosen

    def set_size(self, layers: Sequence[Image], size_um: float | None) -> None:
        """Keep the pixel size (µm) that was typed in for layers; None forgets it."""
        for layer in layers:
            self._sizes.pop(layer, None)
            if size_um:
                self._sizes[layer] = size_um

    def size(self, layers: Sequence[Image]) -> float | None:
        """The pixel size (µm) that was typed in for one of some layers."""
        sizes = [self._sizes[layer] for layer in layers if layer in self._sizes]
        return sizes[0] if sizes else None

    def set_known_size(self, layers: Sequence[Image], size_um: float | None) -> None:
        """Keep the pixel size (µm) that layers or their files say."""
        for layer in layers:
            self._known.pop(layer, None)
            if size_um:
                self._known[layer] = size_um

    def known_size(self, layers: Sequence[Image]) -> float | None:
        """The pixel size (µm) that one of some layers said at the last look."""
        sizes = [self._known[layer] for layer in layers if layer in self._known]
        return sizes[0] if sizes else None

    def set_diameter(
        self, layers: Sequence[Image], diameter_px: float | None, source: str
    ) -> None:
        """Keep the diameter (px) of somata, and its source; None forgets it."""
        for layer in layers:
            self._diameters.pop(layer, None)
            if diameter_px:
                self._diameters[layer] = diameter_px, source

    def diameter(self, layers: Sequence[Image]) -> tuple[float, str] | None:
        """The diameter (px) that was given for one of some layers, and its source."""
        given = [self._diameters[layer] for layer in layers if layer in self._diameters]
        return given[0] if given else None

    def set_first_axis(self, layers: Sequence[Image], axis: FirstAxis) -> None:
        """Keep what the first axis of layers is."""
        for layer in layers:
            self._axes[layer] = tuple(layer.data.shape), axis

    def first_axis(self, layers: Sequence[Image]) -> FirstAxis | None:
        """What the first axis of one of some layers is, if its shape is the same."""
        for layer in layers:
            shape, axis = self._axes.get(layer, (None, None))
            if shape == tuple(layer.data.shape):
                return axis
        return None
