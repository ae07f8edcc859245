"""The image layers that are chosen as channels, and the recording that they make."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError
from napari_cellid.io.channel_names import recording_name
from napari_cellid.io.napari_layers import NOTES_KEY
from napari_cellid.io.suite2p.folder import is_suite2p, root_folder, session_name
from napari_cellid.naming import utf8_text
from napari_cellid.recording import Recording
from napari_cellid.recording.diameter import with_diameter
from napari_cellid.widgets._shared.layer_axes import (
    HOW_TO_SPLIT,
    FirstAxis,
    has_time,
    layer_array,
    source_path,
)
from napari_cellid.widgets._shared.layer_transform import plane_axis
from napari_cellid.widgets._shared.layers import METADATA_KEY, STUDY_IMAGE
from napari_cellid.widgets._shared.layers_read_again import read_again
from napari_cellid.widgets._shared.placement import (
    check_same_depths,
    onto_grid,
    reference_grid,
)

if TYPE_CHECKING:
    import dask.array as da
    from napari.layers import Image


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
    diameter_px
        Diameter of a usual soma in px, if it sets the scale for the models.
    pixel_size_source
        "given", "layer scale" or what the file calls it, such as "OME metadata".
    notes
        Assumptions that were made, one sentence each.
    axes_known
        Whether the user said that four axes are time, plane, y and x.
    diameter_source
        "given" or "estimated from the image".
    """

    red: Image | None
    green: Image | None
    first_axis: FirstAxis | None
    pixel_size_um: float | None
    pixel_size_source: str = "given"
    diameter_px: float | None = None
    notes: tuple[str, ...] = ()
    axes_known: bool = False
    diameter_source: str = "given"

    @property
    def reference(self) -> Image | None:
        """The layer on whose pixels cells are outlined: green, if there is one."""
        return self.red if self.green is None else self.green

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
    red, green = channels.red, channels.green
    if red is None and green is None:
        raise InputError(
            "Neither a red nor a green channel is chosen; choose their layers at the "
            "top of the dock, or open a recording first (File > Open, or the simulated "
            "field under File > Open Sample)."
        )
    if red is not None and green is not None and red is green:
        raise InputError(
            f"The layer {red.name!r} is chosen as both red and green; choose two "
            f"layers. If both channels are in this one, {HOW_TO_SPLIT}."
        )
    arrays, notes = _arrays(channels)
    _check_same_field(arrays)
    recording = Recording(
        name=name_recording(channels),
        red=arrays["red"],
        green=arrays["green"],
        pixel_size_um=channels.pixel_size_um,
        pixel_size_source=channels.pixel_size_source,
        sources=tuple(
            # both channels may come from one file
            dict.fromkeys(utf8_text(str(path)) for path in source_paths(channels))
        ),
        notes=(*_file_notes(channels), *channels.notes, *notes),
        read_as=read_again(channels.red, channels.green, channels.first_axis),
    )
    depths = _plane_depths(channels, recording.n_planes)
    recording = replace(recording, plane_depths_um=depths)
    return with_diameter(recording, channels.diameter_px, channels.diameter_source)


def _plane_depths(channels: Channels, n_planes: int) -> tuple[float, ...] | None:
    """Depth (µm) of each plane; None where the layers do not say it."""
    transform = result_transform(channels)
    if n_planes < 2 or len(transform["scale"]) != 3:
        return None
    step, unit = abs(float(transform["scale"][0])), str(transform["units"][0])
    # 1 is the scale of an axis that nobody has set
    if unit not in ("micrometer", "micron", "um", "µm") or step == 1:
        return None
    return tuple(step * plane for plane in range(n_planes))


def result_transform(channels: Channels) -> dict[str, Any]:
    """Arguments of new layers (y, x) or (plane, y, x) that lie on what is read.

    Raises
    ------
    InputError
        If the layers cannot be read as they lie.
    """
    reference = channels.reference
    if reference is None:
        raise InputError("No image is chosen; choose the red or the green layer.")
    grid = reference_grid(reference)
    transform: dict[str, Any] = {
        "scale": tuple(grid.step),
        "translate": tuple(grid.origin),
        "units": grid.units,
        "axis_labels": grid.axis_labels,
    }
    for layer in (reference, *channels.layers):
        if layer.ndim - has_time(layer, channels.first_axis) == 3:
            leading = plane_axis(layer)
            return {key: (leading[key], *transform[key]) for key in transform}
    return transform


def name_recording(channels: Channels) -> str:
    """Name a recording after the files of its layers, or else after the layers."""
    layers = [layer for layer in (channels.red, channels.green) if layer is not None]
    for layer in layers:
        entry = layer.metadata.get(METADATA_KEY)
        if isinstance(entry, tuple) and entry[0] == STUDY_IMAGE:
            # its layer is named by the title of the recording
            return str(entry[1])
    paths = source_paths(channels)
    if paths and is_suite2p(paths[0]):
        return _as_stem(session_name(paths[0])) or "recording"
    if len(paths) < len(layers):
        # layers without files: their names, in a folder of a neutral name
        paths = [Path("recording") / f"{_as_stem(layer.name)}.tif" for layer in layers]
    return _as_stem(recording_name(paths)) or "recording"


def source_paths(channels: Channels) -> list[Path]:
    """Files of the chosen layers, where they have any."""
    layers = [layer for layer in (channels.red, channels.green) if layer is not None]
    return [Path(path) for path in map(source_path, layers) if path]


def results_folder(channels: Channels) -> Path | None:
    """Folder of the files, where their results may go; None if there are no files."""
    paths = source_paths(channels)
    if not paths:
        return None
    # what suite2p wrote stays as it is
    return (root_folder(paths[0]) if is_suite2p(paths[0]) else paths[0]).parent


def _file_notes(channels: Channels) -> tuple[str, ...]:
    """What was assumed while the files of the layers were opened."""
    said = [
        str(note)
        for layer in (channels.red, channels.green)
        if layer is not None
        for note in layer.metadata.get(NOTES_KEY, ())
    ]
    # both channels may come from one file
    return tuple(dict.fromkeys(said))


def _as_stem(name: str) -> str:
    """Make a name that a folder can have on every system."""
    return re.sub(r"[^\w +.-]+", "", name).strip(" .")


def _arrays(channels: Channels) -> tuple[dict[str, da.Array | None], list[str]]:
    """Arrays (time, plane, y, x) of both channels on one grid, and notes on that."""
    reference = channels.reference
    arrays: dict[str, da.Array | None] = {"red": None, "green": None}
    named = (("red", channels.red), ("green", channels.green))
    if reference is None:
        return arrays, []
    for name, layer in named:
        if layer is not None:
            arrays[name] = layer_array(
                layer, channels.first_axis, axes_known=channels.axes_known
            )
    grid = reference_grid(reference)
    notes = list(grid.notes)
    for name, layer in named:
        array = arrays[name]
        if layer is not None and array is not None:
            arrays[name], said = onto_grid(array, layer, reference, grid)
            notes += said
    stacks = [
        layer
        for layer in channels.layers
        if layer.ndim - has_time(layer, channels.first_axis) == 3
    ]
    for layer in stacks[1:]:
        check_same_depths(layer, stacks[0])
    return arrays, notes


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
