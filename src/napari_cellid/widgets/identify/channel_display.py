"""Showing the channels of a recording in red and green, additively."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.channels.normalisation import contrast_limits
from napari_cellid.widgets._shared.layer_axes import has_time
from napari_cellid.widgets._shared.layers import has_default_display

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.widgets._shared.channels import Channels

#: number of axes of images one above or after the other
_IMAGE_STACK = 3


def show_in_colours(channels: Channels) -> None:
    """Show chosen layers in the colours of their channels, before anything is read.

    A layer that looks as napari shows a file gets colour and contrast; one that is red
    or green gets the colour of its channel. Other colours are somebody's choice.
    """
    for colour, layer in (("red", channels.red), ("green", channels.green)):
        if layer is None or layer.rgb:
            continue
        if has_default_display(layer):
            layer.blending = "additive"
            if not has_time(layer, channels.first_axis) and layer.ndim <= _IMAGE_STACK:
                layer.contrast_limits = contrast_limits(_middle_image(layer))
            layer.colormap = colour
        elif layer.colormap.name in ("red", "green") and layer.colormap.name != colour:
            layer.colormap = colour


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
        if layer is None or image is None or not has_default_display(layer):
            continue
        layer.colormap = colour
        layer.blending = "additive"
        if not has_time(layer, channels.first_axis):
            layer.contrast_limits = contrast_limits(image)


def _middle_image(layer: Image) -> NDArray[np.float32]:
    """The image in the middle of a layer (y, x) or (?, y, x)."""
    data = layer.data[0] if layer.multiscale else layer.data
    image = data[data.shape[0] // 2] if layer.ndim == _IMAGE_STACK else data
    return np.asarray(image, np.float32)
