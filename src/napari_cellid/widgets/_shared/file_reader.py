"""File > Open and drag and drop of napari, for the formats of microscopes."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.notifications import show_error, show_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.io.base import RecordingReader

#: what a reader of napari returns if there is nothing to show, or it shows it itself
NOTHING: list[tuple[Any, ...]] = [(None,)]


def get_reader(path: str | list[str]) -> Callable[..., Any] | None:
    """The function that opens a file or folder; None if it is left to other readers.

    Parameters
    ----------
    path
        The file or folder; of a list, which napari would stack, none is opened here.
    """
    from napari_cellid.io.napari_layers import reader_for_napari
    from napari_cellid.io.rois import hold_only_rois

    if not isinstance(path, str):
        return None
    if hold_only_rois(Path(path)):
        return _open_rois
    reader = reader_for_napari(Path(path))
    return None if reader is None else partial(_open, reader)


def _open(reader: RecordingReader, path: str) -> list[tuple[Any, ...]]:
    """Open the file; what is wrong with it, and what was assumed, is shown."""
    from napari_cellid.io.napari_layers import layers_of

    try:
        layers, notes = layers_of(reader, Path(path))
    except InputError as error:
        show_error(str(error))
        return NOTHING
    if notes:
        show_info(" ".join(notes))
    return list(layers)


def _open_rois(path: str) -> list[tuple[Any, ...]]:
    """Open a file of ROIs, which lie on the image that was opened last."""
    from napari_cellid.io.channel_names import recording_name
    from napari_cellid.io.napari_layers import roi_layer
    from napari_cellid.io.rois import read_rois

    try:
        file = read_rois(Path(path))
    except InputError as error:
        show_error(str(error))
        return NOTHING
    if file.notes:
        show_info(" ".join(file.notes))
    return [roi_layer(file, recording_name([Path(path)]), _place_of_images())]


def _place_of_images() -> dict[str, Any]:
    """Scale, position and units of y and x of the image that was opened last."""
    from napari import current_viewer
    from napari.layers import Image

    viewer = current_viewer()
    layers = [] if viewer is None else list(viewer.layers)
    images = [layer for layer in layers if isinstance(layer, Image)]
    if not images:
        return {}
    image = images[-1]
    return {
        "scale": tuple(image.scale[-2:]),
        "translate": tuple(image.translate[-2:]),
        "units": tuple(image.units[-2:]),
        "axis_labels": tuple(image.axis_labels[-2:]),
    }
