"""Inferring what layers are: the red or green channel, planes or time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.io.channel_names import channel_colour, contradicting_name
from napari_cellid.widgets._shared.layer_axes import (
    axis_kinds,
    holds_channels,
    possible_channel_axes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.layers import Image

    from napari_cellid.widgets._shared.layer_axes import FirstAxis

COLOURS = ("red", "green")
#: a stack of more images is taken for a time series
_MAX_PLANES = 40


def infer_first_axis(layer: Image) -> tuple[FirstAxis, bool]:
    """Infer what the first axis of a layer (?, y, x) is.

    Names of axes, their file and units decide; without them a long axis is time.

    Returns
    -------
    The axis, and whether it is a mere assumption.
    """
    kind, unit = axis_kinds(layer)[0], layer.units[0]
    if kind == "time" or unit.dimensionality == {"[time]": 1}:
        return "time", False
    if kind == "planes" or unit.dimensionality == {"[length]": 1}:
        return "planes", False
    if layer.data.shape[0] > _MAX_PLANES:
        return "time", True
    scale = np.abs(layer.scale)
    # the distance of planes is set, and so is the pixel size
    certain = bool(scale[0] != 1 and scale[-1] != 1)
    return "planes", not certain


def infer_shared_first_axis(layers: Sequence[Image]) -> tuple[FirstAxis, bool]:
    """Infer what the first axis of several layers is; see `infer_first_axis`."""
    inferred = [infer_first_axis(layer) for layer in layers]
    certain = [kind for kind, assumed in inferred if not assumed]
    if certain:
        return certain[0], False
    # channels of one recording have the same planes, but maybe not the same frames
    if len({layer.data.shape[0] for layer in layers}) > 1:
        return "time", True
    return inferred[0]


def first_axis_in_doubt(layers: Sequence[Image]) -> bool:
    """Whether the first axis of a chosen layer (?, y, x) may hold the channels.

    Two layers of equally many images are two channels already.
    """
    stacks = [layer for layer in layers if layer.ndim == 3]
    if any(holds_channels(stack) for stack in stacks):
        return True
    counts = {layer.data.shape[0] if layer.ndim == 3 else 1 for layer in layers}
    if len(layers) > 1 and len(counts) == 1:
        return False
    _, assumed = infer_shared_first_axis(stacks)
    return assumed and any(possible_channel_axes(stack) for stack in stacks)


def infer_red_and_green(layers: Sequence[Image]) -> dict[str, Image | None]:
    """Infer which layer is red and which is green.

    Names decide, then metadata, then colour maps. If one channel is known and there is
    a single other layer of the same field, that is the other channel.
    """
    channels: dict[str, Image | None] = dict.fromkeys(COLOURS)
    for clue in (_by_name, _by_metadata, _by_colormap):
        # from the top of the list, where napari adds new layers
        for layer in reversed(layers):
            colour = clue(layer)
            if colour in channels and channels[colour] is None:
                used = any(other is layer for other in channels.values())
                channels[colour] = None if used else layer
    missing = [colour for colour in COLOURS if channels[colour] is None]
    if len(missing) == 1:
        channels[missing[0]] = infer_partner(layers, channels, missing[0])
    elif len(layers) == 1 and len(missing) == 2:
        channels["green"] = layers[0]
    return channels


def infer_partner(
    layers: Sequence[Image], channels: Mapping[str, Image | None], missing: str
) -> Image | None:
    """The other channel of a known one: the only other layer of the same field.

    Parameters
    ----------
    layers
        All that can be channels.
    channels
        One of the two is known.
    missing
        The colour of the other.
    """
    known = next((each for each in channels.values() if each is not None), None)
    rest = [layer for layer in layers if layer is not known]
    if known is None or len(rest) != 1:
        return None
    same_field = rest[0].data.shape[-2:] == known.data.shape[-2:]
    # a second red layer is not the green one
    return rest[0] if same_field and not _contradicts(rest[0], missing) else None


def doubtful_channels(channels: Mapping[str, Image | None]) -> list[str]:
    """A sentence for each layer whose name says that it is the other channel."""
    return [
        f"The layer {layer.name!r} is used as {colour}, but its name says the other "
        "colour. Choose another layer if the name is right."
        for colour, layer in channels.items()
        if layer is not None and contradicting_name(layer.name, colour)
    ]


def _contradicts(layer: Image, colour: str) -> bool:
    clues = (clue(layer) for clue in (_by_name, _by_metadata, _by_colormap))
    first = next((clue for clue in clues if clue is not None), None)
    return first is not None and first != colour


def _by_name(layer: Image) -> str | None:
    return channel_colour(layer.name)


def _by_metadata(layer: Image) -> str | None:
    for key, entry in layer.metadata.items():
        if "channel" in str(key).lower() and isinstance(entry, str):
            return channel_colour(entry)
    return None


def _by_colormap(layer: Image) -> str | None:
    # napari shows two channels in magenta and green by default
    name = {"magenta": "red"}.get(layer.colormap.name, layer.colormap.name)
    return name if name in COLOURS else None
