"""Showing the channels of a recording in red and green, additively."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.channels.normalisation import contrast_limits
from napari_cellid.widgets._shared.layer_axes import has_time

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.widgets._shared.channels import Channels


def display_in_colours(channels: Channels, planes: MeanPlanes) -> None:
    """Show the layers of the channels in their colours, unless the user changed them.

    Layers that napari makes of files are grey and hide one another, and bright debris
    leaves everything else in them black.

    Parameters
    ----------
    channels
        The layers.
    planes
        Mean images of the channels, which set the contrast limits. Those of movies are
        left as they are, because single frames are far brighter than their mean.
    """
    for colour, layer in (("red", channels.red), ("green", channels.green)):
        image = getattr(planes, colour)
        if layer is None or image is None or not _has_default_display(layer):
            continue
        layer.colormap = colour
        layer.blending = "additive"
        if not has_time(layer, channels.first_axis):
            layer.contrast_limits = contrast_limits(image)


def _has_default_display(layer: Image) -> bool:
    """Whether a layer looks as napari shows a file, so that no choice is lost."""
    full_range = tuple(layer.contrast_limits) == tuple(layer.contrast_limits_range)
    return bool(layer.colormap.name == "gray" and full_range and layer.gamma == 1)
