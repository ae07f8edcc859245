"""The transform of an image layer, and what the window shows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

#: a displacement smaller than this (px) cannot be seen and is none
SAME_PX = 0.1


def in_plane(layer: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Transform of a layer in (y, x): the matrix (2, 2) and the place of pixel (0, 0).

    Raises
    ------
    InputError
        If the transform mixes y or x with planes or time.
    """
    linear, origin = _transform(layer)
    shape = np.array(_array_shape(layer))
    # how far the last index of one axis moves the image along another one
    moved = np.abs(linear) * (shape - 1)
    steps = np.abs(np.diag(linear))
    steps[-2:] = np.abs(linear[-2:, -2:]).max()
    moved[np.diag_indices_from(moved)] = 0
    moved[-2:, -2:] = 0
    if (moved > SAME_PX * np.maximum(steps, 1e-9)[:, None]).any():
        raise InputError(
            f"The transform of the layer {layer.name!r} mixes its planes or time "
            "points with y and x, so that its images do not lie flat on the screen; "
            "set its rotation, shear and affine back."
        )
    return linear[-2:, -2:], origin[-2:]


def check_square(layer: Image, height: float, width: float, unit: str = "") -> None:
    """Refuse pixels whose sides differ by more than a hundredth.

    Raises
    ------
    InputError
        With the sides, and the unit after them.
    """
    if abs(height - width) > 0.01 * width:
        raise InputError(
            f"The layer {layer.name!r} has pixels of {height:.4g} x {width:.4g}{unit}, "
            "but square ones are needed; correct the layer's scale or resample the "
            "image."
        )


def check_displayed_axes(viewer: ViewerModel) -> None:
    """Check that the window shows the last two axes of the layers as the image.

    Raises
    ------
    InputError
        If it shows other ones.
    """
    dims = viewer.dims
    shown = sorted(dims.order[-2:])
    if dims.ndim > 2 and shown != [dims.ndim - 2, dims.ndim - 1]:
        names = " and ".join(str(axis + 1) for axis in shown)
        raise InputError(
            f"The window shows axes {names} of {dims.ndim} as the image, but the last "
            "two are read as y and x; roll the axes back with the button below the "
            "layer list, or add the image anew with y and x last."
        )


def plane_axis(layer: Image) -> dict[str, Any]:
    """Scale, translate, unit and label of the axis of planes, the third last."""
    linear, origin = _transform(layer)
    return {
        "scale": float(linear[-3, -3]),
        "translate": float(origin[-3]),
        "units": layer.units[-3],
        "axis_labels": layer.axis_labels[-3],
    }


def plane_depths(layer: Image) -> NDArray[np.float64]:
    """Places of the planes of a layer (…, plane, y, x), in µm if units are known."""
    linear, origin = _transform(layer)
    planes = np.arange(_array_shape(layer)[-3])
    unit = layer.units[-3]
    factor = (
        float((1 * unit).to("micrometer").magnitude)
        if unit.dimensionality == {"[length]": 1}
        else 1.0
    )
    depths: NDArray[np.float64] = (origin[-3] + linear[-3, -3] * planes) * factor
    return depths


def _transform(layer: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Matrix and origin of a layer from array to world, with all its transforms."""
    origin = np.array(layer.data_to_world(np.zeros(layer.ndim)), dtype=float)
    columns = [np.array(layer.data_to_world(k)) - origin for k in np.eye(layer.ndim)]
    # 1 + 1e-17 is no other place than 1
    return np.round(np.stack(columns, axis=1), 10), np.round(origin, 10)


def _array_shape(layer: Image) -> tuple[int, ...]:
    data = layer.data[0] if layer.multiscale else layer.data
    # the colours of a picture are no axis of its layer
    return tuple(data.shape[: layer.ndim])


def image_shape(layer: Image) -> tuple[int, int]:
    """Size (y, x) in pixels of the images of a layer."""
    rows, columns = _array_shape(layer)[-2:]
    return rows, columns
