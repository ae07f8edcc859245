"""Adding layers to a viewer: their transforms, and images of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.channels.normalisation import contrast_limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Layer
    from numpy.typing import NDArray

#: key of a layer's metadata under which this plugin keeps what the layer shows
METADATA_KEY = "napari_cellid"
#: under that key, with the name of the recording, for the images of an open study
STUDY_IMAGE = "study"


def transform_of(layer: Layer) -> dict[str, Any]:
    """Transforms, units and axis labels of a layer, as arguments of a new layer."""
    return {
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine.affine_matrix,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
    }


def set_transform(layer: Layer, transform: Mapping[str, Any]) -> None:
    """Give a layer those transforms, units and labels that it does not have yet."""
    before = transform_of(layer)
    for name, value in transform.items():
        if not _same(before[name], value):
            setattr(layer, name, value)


def _same(first: Any, second: Any) -> bool:
    if isinstance(second, np.ndarray):
        return np.array_equal(first, second)
    # units and labels, too, which are objects of pint or texts
    return [str(each) for each in first] == [str(each) for each in second]


def lie_alike(first: Layer, second: Layer) -> bool:
    """Whether equal pixels of two layers lie at one place of the picture."""
    pixels = ((0, 0), (0, 100), (100, 0))
    return all(
        np.allclose(_place_of(first, pixel), _place_of(second, pixel))
        for pixel in pixels
    )


def _place_of(layer: Layer, pixel: tuple[int, int]) -> NDArray[np.float64]:
    """(y, x) of a pixel in world coordinates."""
    return np.asarray(layer.data_to_world((0,) * (layer.ndim - 2) + pixel))[-2:]


def has_default_display(layer: Image) -> bool:
    """Whether a layer looks as napari shows a file, so that no choice is lost."""
    full_range = tuple(layer.contrast_limits) == tuple(layer.contrast_limits_range)
    return bool(layer.colormap.name == "gray" and full_range and layer.gamma == 1)


def transform_in_um(
    pixel_size_um: float | None, n_planes: int, plane_step_um: float = 1.0
) -> dict[str, Any]:
    """Scale, units and axis labels of (plane, y, x), or (y, x) if there is one plane.

    Parameters
    ----------
    pixel_size_um
        Edge of a pixel in µm.
    n_planes
        Number of planes.
    plane_step_um
        Distance of the planes in µm; it does not matter if one plane is seen at a time.
    """
    size = pixel_size_um
    if n_planes == 1:
        return {"scale": (size, size), "units": ("um",) * 2, "axis_labels": ("y", "x")}
    return {
        "scale": (plane_step_um, size, size),
        "units": ("um",) * 3,
        "axis_labels": ("plane", "y", "x"),
    }


def shared_units(
    viewer: ViewerModel, units: Sequence[Any], own: Sequence[Layer] = ()
) -> tuple[Any, ...]:
    """Units of the axes of new layers: those of the other layers, or else their own.

    Images that say no pixel size are in pixels. napari warns when layers in pixels and
    in µm are in one viewer, although it draws by the numbers of the scale alone.

    Parameters
    ----------
    viewer
        It has the other layers.
    units
        Units that the new layers would have alone.
    own
        Layers that do not count.
    """
    shared = list(units)
    for layer in viewer.layers:
        if not any(layer is one for one in own):
            n = min(len(shared), layer.ndim)
            shared[-n:] = layer.units[-n:]
    return tuple(shared)


def channel_image(
    image: NDArray[np.float32],
    name: str,
    colour: str,
    transform: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
) -> Image:
    """A layer of the mean image (plane, y, x) of a channel, in its colour and additive.

    A single plane is shown as (y, x) if the transform has two axes.
    """
    from napari.layers import Image

    return Image(
        image[0] if len(transform["scale"]) == 2 else image,
        name=name,
        colormap=colour,
        blending="additive",
        contrast_limits=contrast_limits(image),
        metadata=dict(metadata or {}),
        **transform,
    )


def show_other_image(
    layer: Image,
    image: NDArray[np.float32],
    name: str,
    transform: Mapping[str, Any],
    metadata: Mapping[str, Any],
) -> None:
    """Show the mean image (plane, y, x) of another recording in a layer.

    Its colour map, gamma and opacity stay as the user has set them; the contrast is
    that of the image.
    """
    layer.data = image[0] if len(transform["scale"]) == 2 else image
    layer.name, layer.metadata = name, dict(metadata)
    set_transform(layer, transform)
    limits, before = contrast_limits(image), layer.contrast_limits_range
    # first a range that holds both, because napari cuts the limits to it
    layer.contrast_limits_range = min(limits[0], before[0]), max(limits[1], before[1])
    layer.contrast_limits = limits
    layer.contrast_limits_range = limits
    layer.visible = True
