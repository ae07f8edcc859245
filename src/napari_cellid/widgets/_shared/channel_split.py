"""A layer that holds several channels becomes one layer a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.napari_layers import INDEX_KEY, layers_of, reader_for_napari
from napari_cellid.widgets._shared.layer_axes import (
    SOURCE_KEY,
    SPLIT_AXIS_KEY,
    axis_name_kind,
    possible_channel_axes,
    source_path,
)
from napari_cellid.widgets._shared.layer_file import file_of, file_pixel_size
from napari_cellid.widgets._shared.layers import shared_units

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Image


#: more images than this along an axis are no channels
_MOST_CHANNELS = 8


def splittable(layer: Image) -> int | None:
    """Number of channels into which one click splits a layer; None if unknown.

    The names of its axes say it, or its file; otherwise the only axis that may hold
    channels.
    """
    file = file_of(layer)
    if file is not None and file.channels:
        return len(file.channels)
    axis = _channel_axis(layer)
    return None if axis is None else int(layer.data.shape[axis])


def split_layer(viewer: ViewerModel, layer: Image) -> list[Image]:
    """Replace a layer by one layer for each of its channels; see `splittable`.

    Channels of a file are read anew, with the names, the scale and the units of the
    file.

    Raises
    ------
    InputError
        If it is not known which axis holds the channels, or the file cannot be read.
    """
    file = file_of(layer)
    if file is not None and file.channels and not file.of_files:
        return _replace(viewer, layer, _parts_of_file(layer, file.path))
    axis = 0 if file is not None and file.channels else _channel_axis(layer)
    if axis is None:
        raise InputError(
            f"The layer {layer.name!r} does not say which axis holds its channels; "
            "choose it under 'First axis is' or 'First axes are'."
        )
    return split_channels(viewer, layer, axis)


def split_channels(viewer: ViewerModel, layer: Image, axis: int) -> list[Image]:
    """Replace a layer by one layer for each index of an axis, placed as it was.

    Parameters
    ----------
    viewer
        It has the layer.
    layer
        Its data are not copied.
    axis
        The axis that holds the channels; not y or x.

    Raises
    ------
    InputError
        If it has more images than a microscope has channels.
    """
    count = layer.data.shape[axis]
    if count > _MOST_CHANNELS:
        raise InputError(
            f"The layer {layer.name!r} has {count} images along this axis, but at most "
            f"{_MOST_CHANNELS} channels are usual; choose planes or time."
        )
    file = file_of(layer)
    names = file.channels if file is not None else ()
    if len(names) != count:
        names = ("",) * count
    parts = [
        _part(layer, axis, channel, name or f"channel {channel + 1}")
        for channel, name in enumerate(names)
    ]
    if file is None or not file.channels:
        # the file does not say it, so that a run has to
        for part in parts:
            part.metadata[SPLIT_AXIS_KEY] = axis
    return _replace(viewer, layer, parts)


def _channel_axis(layer: Image) -> int | None:
    """The axis that is called channels, or the only one that may hold them."""
    kinds = [axis_name_kind(label) for label in layer.axis_labels[:-2]]
    if "channels" in kinds:
        return kinds.index("channels")
    possible = possible_channel_axes(layer)
    return possible[0] if len(possible) == 1 else None


def _part(layer: Image, axis: int, channel: int, name: str) -> Image:
    """One channel along an axis of a layer."""
    from napari.layers import Image

    levels = list(layer.data) if layer.multiscale else [layer.data]
    rest = [k for k in range(layer.ndim) if k != axis]
    matrix = layer.affine.affine_matrix[np.ix_([*rest, -1], [*rest, -1])]
    index = (slice(None),) * axis + (channel,)
    data = [level[index] for level in levels]
    scale, units = layer.scale[rest], [layer.units[k] for k in rest]
    from_file = file_pixel_size(layer)
    # 1 is the scale of an axis that nobody has set
    if from_file is not None and (layer.scale[-2:] == 1).all():
        scale[-2:], units[-2:] = from_file[0], ["um", "um"]
    return Image(
        data if layer.multiscale else data[0],
        multiscale=layer.multiscale,
        name=f"{layer.name} {name}",
        scale=scale,
        translate=layer.translate[rest],
        rotate=layer.rotate[np.ix_(rest, rest)],
        affine=matrix,
        units=units,
        axis_labels=[layer.axis_labels[k] for k in rest],
        blending="additive",
        # napari lets nobody set the source of a layer
        metadata={SOURCE_KEY: source_path(layer), INDEX_KEY: channel},
    )


def _parts_of_file(layer: Image, path: Path) -> list[Image]:
    """The channels of a file, as this package opens it."""
    from napari.layers import Image

    reader = reader_for_napari(path)
    if reader is None:
        raise InputError(f"{path.name} cannot be read any more; open it anew.")
    parts = []
    for data, attributes, kind in layers_of(reader, path)[0]:
        if kind == "image":
            metadata = attributes["metadata"] | {SOURCE_KEY: source_path(layer)}
            parts.append(Image(data, **(attributes | {"metadata": metadata})))
    return parts


def _replace(viewer: ViewerModel, layer: Image, parts: list[Image]) -> list[Image]:
    """Put layers in the place of another one."""
    viewer.layers.remove(layer)
    for part in parts:
        # napari warns when layers in pixels and in µm are in one viewer
        part.units = shared_units(viewer, part.units, parts)
        viewer.add_layer(part)
    return parts
