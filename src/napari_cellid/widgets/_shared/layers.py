"""Adding layers to a viewer: their transforms, and images of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.channels.normalisation import contrast_limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Image, Layer
    from numpy.typing import NDArray


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


def add_channel_image(
    viewer: ViewerModel,
    image: NDArray[np.float32],
    name: str,
    colour: str,
    transform: Mapping[str, Any],
    metadata: Mapping[str, Any] | None = None,
) -> Image:
    """Add the mean image (plane, y, x) of a channel, in its colour and additive.

    A single plane is added as (y, x) if the transform has two axes.
    """
    from napari.layers import Image

    layer = Image(
        image[0] if len(transform["scale"]) == 2 else image,
        name=name,
        colormap=colour,
        blending="additive",
        contrast_limits=contrast_limits(image),
        metadata=dict(metadata or {}),
        **transform,
    )
    viewer.add_layer(layer)
    return layer
