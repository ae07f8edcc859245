"""What the axes of an image layer are, and its array (time, plane, y, x)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, get_args

import dask.array as da
import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layer_file import file_of

if TYPE_CHECKING:
    from napari.layers import Image

#: what the first axis of an image (?, y, x) can be
FirstAxis = Literal["planes", "time"]
AxisKind = Literal["planes", "time", "channels"]
#: size of the blocks into which an array in memory is divided (bytes)
_BLOCK_BYTES = 16 << 20
#: so many images along an axis without a name may be channels
_CHANNEL_COUNTS = range(2, 5)
_LETTERS: dict[str, AxisKind] = {"T": "time", "Z": "planes"}
_NAMES: dict[AxisKind, re.Pattern[str]] = {
    "time": re.compile(r"t|times?|frames?|timepoints?", re.IGNORECASE),
    "planes": re.compile(r"z|planes?|depth|slices?", re.IGNORECASE),
    "channels": re.compile(r"c|ch|channels?|colou?rs?", re.IGNORECASE),
}
#: key of a layer's metadata: the file of the layer that it was split from
SOURCE_KEY = "napari_cellid source"
#: and the axis along which it was split, where its file does not name its axes
SPLIT_AXIS_KEY = "napari_cellid split axis"
HOW_TO_SPLIT = (
    "press Split in the dock, or choose there, under 'First axis is' or 'First axes "
    "are', which one holds the channels"
)


def axis_name_kind(label: str) -> AxisKind | None:
    """What an axis is by its name; None if the name does not say."""
    for kind, pattern in _NAMES.items():
        if pattern.fullmatch(label):
            return kind
    return None


def axis_kinds(layer: Image) -> tuple[AxisKind | None, ...]:
    """What the axes of a layer are, by their names or else by its file.

    Channels of a file may lie in its images in any way, so that no axis is called so.
    """
    named = tuple(axis_name_kind(label) for label in layer.axis_labels)
    file = None if any(named) else file_of(layer)
    if file is None or file.channels or len(file.leading) != layer.ndim - 2:
        return named
    return (*(_LETTERS[letter] for letter in file.leading), None, None)


def holds_channels(layer: Image) -> bool:
    """Whether a layer holds several channels, by the names of its axes or its file."""
    if "channels" in (axis_name_kind(label) for label in layer.axis_labels[:-2]):
        return True
    file = file_of(layer)
    return file is not None and bool(file.channels)


def has_time(layer: Image, first_axis: FirstAxis | None) -> bool:
    """Whether the first axis of a layer is time."""
    return layer.ndim == 4 or (layer.ndim == 3 and first_axis == "time")


def possible_channel_axes(layer: Image) -> tuple[int, ...]:
    """Leading axes of a layer that may hold channels: short ones that nothing names."""
    scale, kinds = np.abs(layer.scale), axis_kinds(layer)
    return tuple(
        axis
        for axis, length in enumerate(layer.data.shape[: layer.ndim - 2])
        if length in _CHANNEL_COUNTS
        and kinds[axis] is None
        # the distance of planes is set, and so is the pixel size
        and not (scale[axis] != 1 and scale[-1] != 1)
    )


def layer_array(
    layer: Image, first_axis: FirstAxis | None, *, axes_known: bool = False
) -> da.Array:
    """Lazy array (time, plane, y, x) of a layer, as it is in memory or in its file.

    Parameters
    ----------
    layer
        Two to four axes.
    first_axis
        What the first of three axes is.
    axes_known
        Whether somebody said that four axes are time, plane, y and x.

    Raises
    ------
    InputError
        If its axes are others, or cannot be told.
    """
    if layer.rgb:
        raise InputError(
            f"The layer {layer.name!r} is a colour picture (RGB), but one image a "
            "channel is needed; right-click it in napari's layer list, choose Split "
            "RGB, then choose its red and green part."
        )
    # level 0 is the one with all pixels
    data = layer.data[0] if layer.multiscale else layer.data
    if data.ndim > 4:
        raise InputError(
            f"The layer {layer.name!r} has {data.ndim} axes; time, plane, y and x are "
            f"the most. If one of them are the channels, {HOW_TO_SPLIT}."
        )
    _check_names(layer)
    if data.ndim == 3 and first_axis not in get_args(FirstAxis):
        file = file_of(layer)
        if file is not None and file.channels:
            raise InputError(f"{file.channel_text()} Please {HOW_TO_SPLIT}.")
        raise InputError(
            f"The layer {layer.name!r} has three axes; say under 'First axis is' "
            "whether the first one is planes, time or channels."
        )
    doubt = possible_channel_axes(layer) or holds_channels(layer)
    if data.ndim == 4 and not axes_known and doubt:
        shape = " x ".join(map(str, data.shape))
        raise InputError(
            f"The layer {layer.name!r} has {shape} values and does not say whether an "
            "axis holds the channels; choose under 'First axes are' what they are."
        )
    array = _lazy(data)
    if array.ndim == 2:
        return array[None, None]
    if array.ndim == 3:
        return array[:, None] if first_axis == "time" else array[None]
    return array


def source_path(layer: Image) -> str | None:
    """Path of the file of a layer, also of one that was split; None if it has none."""
    path = layer.source.path or layer.metadata.get(SOURCE_KEY)
    return None if path is None else str(path)


def _check_names(layer: Image) -> None:
    """Refuse a layer whose axes are named otherwise than they would be read."""
    kinds = axis_kinds(layer)
    if "channels" in kinds[:-2]:
        raise InputError(
            f"The layer {layer.name!r} holds all channels; {HOW_TO_SPLIT}."
        )
    if any(kinds[-2:]) or (len(kinds) == 4 and (kinds[0], kinds[1]) in _EXCHANGED):
        names = ", ".join(layer.axis_labels)
        raise InputError(
            f"The axes of the layer {layer.name!r} are called {names}, but time, "
            "plane, y, x is the order that is read; add the image anew with its axes "
            "in this order."
        )


#: names of the first two of four axes that contradict time, plane
_EXCHANGED = (
    ("planes", "time"),
    ("planes", None),
    (None, "time"),
    ("planes", "planes"),
    ("time", "time"),
)


def _lazy(data: Any) -> da.Array:
    if isinstance(data, da.Array):
        return data
    chunks: Any = getattr(data, "chunks", None)
    if not isinstance(chunks, tuple):
        frame = int(np.prod(data.shape[1:])) * np.dtype(data.dtype).itemsize
        first = max(1, min(data.shape[0], _BLOCK_BYTES // max(frame, 1)))
        chunks = (first, *data.shape[1:]) if data.ndim > 2 else data.shape
    # dask would otherwise read the whole array to make a name of its content
    return da.from_array(data, chunks=chunks, name=False)
