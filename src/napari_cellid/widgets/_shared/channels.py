"""The image layers that are chosen as channels, and the recording that they make."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import dask.array as da
import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.channel_names import recording_name
from napari_cellid.naming import utf8_text
from napari_cellid.recording import Recording

if TYPE_CHECKING:
    from napari.layers import Image

#: what the first axis of an image (?, y, x) can be
FirstAxis = Literal["planes", "time"]
#: size of the blocks into which an array in memory is divided (bytes)
_BLOCK_BYTES = 16 << 20
_CHANNEL_AXIS = re.compile(r"c|ch|channels?|colou?rs?", re.IGNORECASE)
_HOW_TO_SPLIT = (
    "split them: right-click the layer in napari's layer list and choose Split Stack, "
    "then choose the two new layers"
)


@dataclass(frozen=True, eq=False)
class Channels:
    """The image layers that the user chose as channels, and what is known of them.

    Parameters
    ----------
    red, green
        Image layers; None if there is no such channel.
    first_axis
        What the first axis of layers with three axes is; None if there are none.
    pixel_size_um
        None if it is not known.
    pixel_size_source
        "given" or "layer scale".
    notes
        Assumptions that were made, one sentence each.
    """

    red: Image | None
    green: Image | None
    first_axis: FirstAxis | None
    pixel_size_um: float | None
    pixel_size_source: str = "given"
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[Image, ...]:
        """The chosen layers, the one with most axes first."""
        layers = [layer for layer in (self.green, self.red) if layer is not None]
        return tuple(sorted(layers, key=lambda layer: -layer.ndim))


def recording_from_layers(channels: Channels) -> Recording:
    """Make a recording of the chosen image layers, without reading them yet.

    Raises
    ------
    InputError
        If the layers cannot be the channels of one recording.
    """
    red, green, first_axis = channels.red, channels.green, channels.first_axis
    if red is None and green is None:
        raise InputError(
            "No image is chosen; open a recording in napari (File > Open, or the "
            "simulated field under File > Open Sample) and choose its red and green "
            "layer."
        )
    if red is not None and green is not None and red is green:
        raise InputError(
            f"The layer {red.name!r} is chosen as both red and green; choose two "
            f"layers. If both channels are in this one, {_HOW_TO_SPLIT}."
        )
    arrays = {
        name: None if layer is None else _array(layer, first_axis)
        for name, layer in (("red", red), ("green", green))
    }
    _check_same_field(arrays)
    return Recording(
        name=name_recording(channels),
        red=arrays["red"],
        green=arrays["green"],
        pixel_size_um=channels.pixel_size_um,
        pixel_size_source=channels.pixel_size_source,
        sources=tuple(
            # both channels may come from one file
            dict.fromkeys(utf8_text(str(path)) for path in source_paths(channels))
        ),
        notes=channels.notes,
    )


def layer_pixel_size(layer: Image) -> float | None:
    """Pixel size (µm) according to a layer's scale; None if no scale is set.

    Raises
    ------
    InputError
        If its pixels are not square, or their size is not that of a microscope.
    """
    sizes = []
    for scale, unit in zip(np.abs(layer.scale[-2:]), layer.units[-2:], strict=True):
        length = unit.dimensionality == {"[length]": 1}
        # 1 without a unit is napari's default, and says nothing
        if scale == 1 and not length:
            return None
        um = (float(scale) * unit).to("micrometer").magnitude if length else scale
        sizes.append(float(um))
    height, width = sizes
    if abs(height - width) > 0.01 * width:
        raise InputError(
            f"The layer {layer.name!r} has pixels of {height:.4g} x {width:.4g} µm, "
            "but square ones are needed; correct the layer's scale or resample the "
            "image."
        )
    if not 0.05 <= width <= 20:
        raise InputError(
            f"The scale of the layer {layer.name!r} means pixels of {width:.4g} µm, "
            "but 0.05 to 20 µm are usual in two-photon images; type the right pixel "
            "size in."
        )
    return width


def has_time(layer: Image, first_axis: FirstAxis | None) -> bool:
    """Whether the first axis of a layer is time."""
    return layer.ndim == 4 or (layer.ndim == 3 and first_axis == "time")


def name_recording(channels: Channels) -> str:
    """Name a recording after the files of its layers, or else after the layers."""
    layers = [layer for layer in (channels.red, channels.green) if layer is not None]
    paths = source_paths(channels)
    if len(paths) < len(layers):
        # layers without files: their names, in a folder of a neutral name
        paths = [Path("recording") / f"{_as_stem(layer.name)}.tif" for layer in layers]
    name = _as_stem(recording_name(paths))
    return name or "recording"


def source_paths(channels: Channels) -> list[Path]:
    """Files of the chosen layers, where they have any."""
    layers = (channels.red, channels.green)
    paths = [layer.source.path for layer in layers if layer is not None]
    return [Path(path) for path in paths if path]


def _as_stem(name: str) -> str:
    """Make a name that a folder can have on every system."""
    return re.sub(r"[^\w +.-]+", "", name).strip(" .")


def _array(layer: Image, first_axis: FirstAxis | None) -> da.Array:
    """Lazy array (time, plane, y, x) of a layer."""
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
            f"the most. If one of them are the channels, {_HOW_TO_SPLIT}."
        )
    if any(_CHANNEL_AXIS.fullmatch(label) for label in layer.axis_labels[:-2]):
        raise InputError(
            f"The layer {layer.name!r} holds all channels along one of its axes; "
            f"{_HOW_TO_SPLIT}."
        )
    if data.ndim == 3 and first_axis not in get_args(FirstAxis):
        raise InputError(
            f"The layer {layer.name!r} has three axes; say whether the first one is "
            "planes or time."
        )
    array = _lazy(data)
    if array.ndim == 2:
        return array[None, None]
    if array.ndim == 3:
        return array[:, None] if first_axis == "time" else array[None]
    return array


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


def _check_same_field(arrays: dict[str, da.Array | None]) -> None:
    red, green = arrays["red"], arrays["green"]
    if red is None or green is None:
        return
    if red.shape[1] != green.shape[1] and red.shape[2:] == green.shape[2:]:
        raise InputError(
            f"The red layer has {red.shape[1]} planes and the green one "
            f"{green.shape[1]}; if their images are time points, choose so under "
            "'First axis is', else choose layers of the same planes."
        )
