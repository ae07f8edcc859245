"""The pixel size that layers say, by their scale or by their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layer_file import file_pixel_size
from napari_cellid.widgets._shared.layer_transform import check_square, in_plane

if TYPE_CHECKING:
    from napari.layers import Image


def known_pixel_size(red: Image | None, green: Image | None) -> float | None:
    """Pixel size (µm) of what is read of two layers; None if no scale is set.

    Raises
    ------
    InputError
        As `layer_pixel_size`.
    """
    reference = red if green is None else green
    if reference is None:
        return None
    size = layer_pixel_size(reference)
    if size is not None or red is None or red is reference:
        return size
    # the red layer knows the size of the green pixels if its own are as large
    own, other = (
        np.linalg.norm(in_plane(layer)[0], axis=0) for layer in (red, reference)
    )
    return layer_pixel_size(red) if np.allclose(own, other, rtol=1e-3) else None


def file_size_of(red: Image | None, green: Image | None) -> tuple[float, str] | None:
    """Pixel size (µm) by the files of two layers that have no scale, and its source."""
    sizes = [file_pixel_size(layer) for layer in (green, red) if layer is not None]
    return next((size for size in sizes if size is not None), None)


def layer_pixel_size(layer: Image) -> float | None:
    """Pixel size (µm) according to a layer's scale; None if no scale is set.

    Raises
    ------
    InputError
        If its pixels are not square, or their size is not that of a microscope.
    """
    sizes = []
    steps = np.linalg.norm(in_plane(layer)[0], axis=0)
    for scale, unit in zip(steps, layer.units[-2:], strict=True):
        length = unit.dimensionality == {"[length]": 1}
        # 1 without a unit is napari's default, and says nothing
        if scale == 1 and not length:
            return None
        um = (float(scale) * unit).to("micrometer").magnitude if length else scale
        sizes.append(float(um))
    height, width = sizes
    check_square(layer, height, width, " µm")
    if not 0.05 <= width <= 20:
        raise InputError(
            f"The scale of the layer {layer.name!r} means pixels of {width:.4g} µm, "
            "but 0.05 to 20 µm are usual in two-photon images; type the right pixel "
            "size in."
        )
    return width
