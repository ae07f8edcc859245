"""What layers seem to be: red or green, planes or time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.io.channel_names import channel_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image

    from napari_cellid.widgets._shared.layers import ThirdAxis

COLOURS = ("red", "green")
#: more images than that in a stack are taken for time points
_MOST_PLANES = 40
_TIME = re.compile(r"t|times?|frames?|timepoints?", re.IGNORECASE)
_PLANE = re.compile(r"z|planes?|depth|slices?", re.IGNORECASE)


def guess_third_axis(layer: Image) -> tuple[ThirdAxis, bool]:
    """Guess what the first axis of (?, y, x) is, and whether that is mere assumption.

    Names of axes and units decide; without them a long axis is time.
    """
    label, unit = layer.axis_labels[0], layer.units[0]
    if _TIME.fullmatch(label) or unit.dimensionality == {"[time]": 1}:
        return "time", False
    if _PLANE.fullmatch(label) or unit.dimensionality == {"[length]": 1}:
        return "planes", False
    if layer.data.shape[0] > _MOST_PLANES:
        return "time", True
    scale = np.abs(layer.scale)
    # a distance of planes in a layer whose pixel size was set, too
    certain = bool(scale[0] != 1 and scale[-1] != 1)
    return "planes", not certain


def guess_first_axis(layers: Sequence[Image]) -> tuple[ThirdAxis, bool]:
    """Guess what the first axis of several (?, y, x) is; see `guess_third_axis`."""
    guesses = [guess_third_axis(layer) for layer in layers]
    certain = [kind for kind, assumed in guesses if not assumed]
    if certain:
        return certain[0], False
    # channels of one recording have the same planes, but not always the same frames
    if len({layer.data.shape[0] for layer in layers}) > 1:
        return "time", True
    return guesses[0]


def guess_channels(layers: Sequence[Image]) -> dict[str, Image | None]:
    """Guess which layer is red and which green: by name, metadata, then colour map.

    With one channel found, a single other layer of the same field is the other one.
    """
    found: dict[str, Image | None] = dict.fromkeys(COLOURS)
    for clue in (_by_name, _by_metadata, _by_colormap):
        for layer in reversed(layers):
            colour = clue(layer)
            if colour in found and found[colour] is None:
                others = [other for other in found.values() if other is layer]
                found[colour] = None if others else layer
    rest = [layer for layer in layers if layer not in found.values()]
    missing = [colour for colour in COLOURS if found[colour] is None]
    if len(missing) == 1 and len(rest) == 1:
        partner = next(layer for layer in found.values() if layer is not None)
        if rest[0].data.shape[-2:] == partner.data.shape[-2:]:
            found[missing[0]] = rest[0]
    elif len(layers) == 1 and len(missing) == 2:
        found["green"] = layers[0]
    return found


def _by_name(layer: Image) -> str | None:
    return channel_colour(layer.name)


def _by_metadata(layer: Image) -> str | None:
    for key, entry in layer.metadata.items():
        if "channel" in str(key).lower() and isinstance(entry, str):
            return channel_colour(entry)
    return None


def _by_colormap(layer: Image) -> str | None:
    name = {"magenta": "red"}.get(layer.colormap.name, layer.colormap.name)
    return name if name in COLOURS else None
