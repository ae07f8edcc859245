"""Files and folders as layers for napari: one for each channel, and labels.

A file is opened here only if it says more than napari's own reader would use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.assemble import channel_colours
from napari_cellid.io.base import Certainty, ReadOptions
from napari_cellid.io.channel_names import recording_name
from napari_cellid.io.registry import available_readers, read_head
from napari_cellid.io.stack import (
    ImageStack,
    StackReader,
    VoxelSize,
)

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import RecordingReader
    from napari_cellid.io.roi_file import RoiFile

#: napari's LayerData: data, attributes, type of layer
LayerData = tuple[Any, dict[str, Any], str]
#: key of a layer's metadata: what was assumed while its file was read
NOTES_KEY = "napari_cellid notes"
#: under which an image layer has the index of its channel, if its file has several
INDEX_KEY = "napari_cellid index"
#: and under which a labels layer has its ROIs, with their overlaps
ROIS_KEY = "napari_cellid ROIs"
_AXES = ("time", "plane", "y", "x")
#: percentiles of the image in the middle that are black and white
_RANGE = (1.0, 99.8)
#: sizes of pixels and distances of planes that a microscope has
_SIZES_UM = (1e-3, 1e4)
#: readers whose files napari opens, too: these must say more than napari uses
_GENERAL = ("tiff",)


def reader_for_napari(path: Path) -> RecordingReader | None:
    """The reader of a file or folder, by a quick look; None if it is left to napari."""
    try:
        head = read_head(path)
        readers = available_readers().values()
        sure = [(reader.certainty(path, head), reader) for reader in readers]
    except InputError:
        return None
    certainty, best = max(sure, key=lambda each: each[0])
    if certainty == Certainty.NO:
        return None
    if best.name in _GENERAL and not _says_more(best, path):
        return None
    return best


def layers_of(reader: RecordingReader, path: Path) -> tuple[list[LayerData], list[str]]:
    """Layers of a file or folder, and the notes on how it was read.

    Parameters
    ----------
    reader
        As `reader_for_napari` gives it.
    path
        The file or folder.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    stack, name = _opened(reader, path)
    several = len(stack.channels) > 1
    # layers of one name would only be told apart by the numbers that napari adds
    shown = [
        each or (f"channel {number}" if several else "")
        for number, each in enumerate(stack.names, 1)
    ]
    images = zip(stack.channels, shown, channel_colours(stack), strict=True)
    layers = [_image(stack, *image, name) for image in images]
    if several and isinstance(reader, StackReader):
        for index, (_, attributes, _) in enumerate(layers):
            attributes["metadata"][INDEX_KEY] = index
    if stack.rois is not None:
        shape = stack.rois.rois.shape
        layers.append(roi_layer(stack.rois, name, _place(stack, (1, *shape))))
    return layers, [*stack.notes, *_colour_notes(stack)]


def _opened(reader: RecordingReader, path: Path) -> tuple[ImageStack, str]:
    """All channels of a file, or the two of its recording; the name of the latter."""
    if isinstance(reader, StackReader):
        stack = reader.open_stack(path, ReadOptions())
        return stack, recording_name([stack.path])
    recording = reader.read(None, None, path, ReadOptions())
    both = {"red": recording.red, "green": recording.green}
    channels = {name: array for name, array in both.items() if array is not None}
    size = recording.pixel_size_um
    stack = ImageStack(
        path=path,
        channels=tuple(channels.values()),
        names=tuple(channels),
        voxel=VoxelSize(size, size, None, recording.pixel_size_source),
        depths_um=recording.plane_depths_um,
        frame_rate_hz=recording.frame_rate_hz,
        notes=recording.notes,
    )
    return stack, recording.name


def _colour_notes(stack: ImageStack) -> list[str]:
    """Say which colours were assumed, or that they are not known."""
    if _colours_open(stack):
        return [
            f"{stack.path.name}: which of its {len(stack.channels)} channels is red, "
            "and which green, is not said; choose them in the Identify dock."
        ]
    by_format = [
        f"{name} as {colour}"
        for name, colour in zip(stack.names, stack.colours, strict=False)
        if colour
    ]
    if not by_format:
        return []
    shown = " and ".join(by_format)
    return [f"{stack.path.name}: {shown}, {stack.colour_source}."]


def _colours_open(stack: ImageStack) -> bool:
    """Whether somebody has to say which of several channels are red and green."""
    known = {"red", "green"} <= set(channel_colours(stack))
    return len(stack.channels) > 1 and not known


def _says_more(reader: RecordingReader, path: Path) -> bool:
    """Whether a file names its axes, channels or sizes."""
    try:
        stack, _ = _opened(reader, path)
    except InputError:
        # napari opens what cannot be a recording, such as a photograph
        return False
    return (
        stack.voxel.x_um is not None
        or len(stack.channels) > 1
        or stack.frame_rate_hz is not None
    )


def _image(
    stack: ImageStack, data: da.Array, channel: str, colour: str | None, name: str
) -> LayerData:
    # a request to choose is no note on a run: it has then been followed
    assumed = () if _colours_open(stack) else tuple(_colour_notes(stack))
    said = (*stack.notes, *assumed)
    same = not channel or channel == colour
    shown = f"{colour} ({channel})" if colour and not same else colour or channel
    attributes = {
        "name": f"{name} {shown}".strip(),
        "colormap": colour or "gray",
        "blending": "additive",
        "contrast_limits": _contrast(data),
        "metadata": {"channel": colour or channel, NOTES_KEY: said},
        **_place(stack, data.shape),
    }
    return _squeezed(data), attributes, "image"


def roi_layer(file: RoiFile, name: str, place: dict[str, Any]) -> LayerData:
    """Labels that show ROIs; their metadata hold the ROIs themselves.

    Parameters
    ----------
    file
        The ROIs.
    name
        Name of their recording.
    place
        Scale, units and the like of the layer's axes.
    """
    labels = file.rois.label_image()
    features = file.rois.table.reset_index(drop=True)
    # a row of napari's features belongs to the label in its column "index"
    features.insert(0, "index", np.arange(1, len(features) + 1))
    attributes = {
        "name": f"{name} ROIs of {file.program}",
        "opacity": 0.6,
        "features": features,
        "metadata": {ROIS_KEY: file, NOTES_KEY: file.notes},
        **place,
    }
    return labels if len(labels) > 1 else labels[0], attributes, "labels"


def _squeezed(data: da.Array) -> da.Array:
    """The array without time and planes where there is one of them."""
    n_times, n_planes = data.shape[:2]
    data = data if n_planes > 1 else data[:, 0]
    return data if n_times > 1 else data[0]


def _contrast(data: da.Array) -> tuple[float, float]:
    """Black and white of the image in the middle."""
    n_times, n_planes = data.shape[:2]
    image = np.asarray(data[n_times // 2, n_planes // 2])
    low, high = np.nanpercentile(image, _RANGE)
    low, high = (
        float(v) if np.isfinite(v) else float(k) for k, v in enumerate((low, high))
    )
    return low, max(high, low + 1)


def _place(stack: ImageStack, shape: tuple[int, ...]) -> dict[str, Any]:
    """Scale, units and names of the axes that have more than one element."""
    size = _usable(stack.voxel.square(stack.path.name))
    rate, depths = stack.frame_rate_hz, stack.plane_depths_um()
    step = _usable(abs(depths[1] - depths[0]) if depths else None)
    scale = (1 / rate if rate else 1.0, step or 1.0, size or 1.0, size or 1.0)
    units = (
        "s" if rate else "pixel",
        "um" if step else "pixel",
        *(("um", "um") if size else ("pixel", "pixel")),
    )
    kept = [axis for axis in range(4) if axis > 1 or shape[axis] > 1]
    return {
        "scale": tuple(scale[axis] for axis in kept),
        "units": tuple(units[axis] for axis in kept),
        "axis_labels": tuple(_AXES[axis] for axis in kept),
    }


def _usable(size_um: float | None) -> float | None:
    """A size that a window can show; None for what a header makes up."""
    low, high = _SIZES_UM
    return size_um if size_um is not None and low <= size_um <= high else None
