"""The channels of a recording in red and green, one over the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.channels.normalise import contrast_limits
from napari_cellid.widgets._shared.layers import has_time

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.widgets._shared.layers import Channels


def colour_channels(channels: Channels, planes: MeanPlanes) -> None:
    """Show the layers of the channels together, where nobody has chosen a look yet.

    Layers that napari made of files are grey and cover one another, and debris leaves
    everything else in them black.

    Parameters
    ----------
    channels
        The layers.
    planes
        Mean images of them. The brightness of movies is left as it is: single frames
        are far brighter than their mean in places.
    """
    for colour, layer in (("red", channels.red), ("green", channels.green)):
        image = getattr(planes, colour)
        if layer is None or image is None or not _as_opened(layer):
            continue
        layer.colormap = colour
        layer.blending = "additive"
        if not has_time(layer, channels.third_axis):
            layer.contrast_limits = contrast_limits(image)


def _as_opened(layer: Image) -> bool:
    """Whether a layer looks as napari shows a file, so that nothing chosen is lost."""
    whole = tuple(layer.contrast_limits) == tuple(layer.contrast_limits_range)
    return bool(layer.colormap.name == "gray" and whole and layer.gamma == 1)
