"""With which options the file of the chosen layers is read again as it was shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.io.napari_layers import INDEX_KEY
from napari_cellid.widgets._shared.layer_axes import (
    SPLIT_AXIS_KEY,
    FirstAxis,
    source_path,
)

if TYPE_CHECKING:
    from napari.layers import Image


def read_again(
    red: Image | None, green: Image | None, first_axis: FirstAxis | None
) -> dict[str, str | int]:
    """Options of a reader for the file of two layers; a run records them.

    Parameters
    ----------
    red, green
        The layers that the user chose as channels.
    first_axis
        What the first axis of layers with three axes is.

    Returns
    -------
    Fields of `ReadOptions`: the index of each channel, and the axes where the user
    named them. Empty if the layers are not channels of one file.
    """
    chosen = {"red_channel": red, "green_channel": green}
    layers = [layer for layer in chosen.values() if layer is not None]
    if len({source_path(layer) for layer in layers}) != 1:
        return {}
    options: dict[str, str | int] = {
        option: layer.metadata[INDEX_KEY]
        for option, layer in chosen.items()
        if layer is not None and INDEX_KEY in layer.metadata
    }
    axis = layers[0].metadata.get(SPLIT_AXIS_KEY)
    if options and axis is not None:
        one = "T" if first_axis == "time" else "Z"
        others = {2: "", 3: one, 4: "TZ"}[layers[0].ndim]
        options["axes"] = f"{others[:axis]}C{others[axis:]}YX"
    return options
