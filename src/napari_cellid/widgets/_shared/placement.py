"""Where image layers lie on the screen, and the grid of pixels that is read there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np

from napari_cellid.channels.resampling import covered_part, resample_onto
from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layer_transform import (
    SAME_PX,
    check_square,
    image_shape,
    in_plane,
    plane_depths,
)

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

#: least part of the field that the other channel must cover: the rest has no values
_LEAST_COVERED = 0.9
_SAME_PLACE = (
    "if both show the same field, give them one place: right-click the layer that lies "
    "right, choose Copy all to clipboard, then right-click the other one and choose "
    "Apply scale/transforms from clipboard"
)


@dataclass(frozen=True, eq=False)
class Grid:
    """The pixels that are read of a layer, upright as the screen shows them.

    Parameters
    ----------
    name
        Name of the layer.
    shape
        (y, x) in pixels.
    step, origin
        (y, x) in world coordinates: the edges of a pixel, and the centre of the first.
    transposed
        Whether rows and columns of the layer's array are swapped on the screen.
    flipped
        (y, x): whether the array, after swapping, is flipped along the axis.
    units, axis_labels
        Of y and x.
    """

    name: str
    shape: tuple[int, int]
    step: NDArray[np.float64]
    origin: NDArray[np.float64]
    transposed: bool
    flipped: tuple[bool, bool]
    units: tuple[Any, ...]
    axis_labels: tuple[str, ...]

    def upright(self, array: da.Array) -> da.Array:
        """Turn an array (..., y, x) of the layer as the screen shows it."""
        if self.transposed:
            array = array.swapaxes(-1, -2)
        for axis, flipped in zip((-2, -1), self.flipped, strict=True):
            array = da.flip(array, axis) if flipped else array
        return array

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence if the screen shows the array in another orientation."""
        ways = ["rows and columns swapped"] if self.transposed else []
        names = ("flipped upside down", "flipped left to right")
        ways += [way for way, yes in zip(names, self.flipped, strict=True) if yes]
        if not ways:
            return ()
        return (
            f"The layer {self.name!r} was read as the window shows it: "
            f"{' and '.join(ways)} against its array.",
        )


def reference_grid(layer: Image) -> Grid:
    """The grid of a layer that is moved, scaled, flipped or turned by quarters only.

    Raises
    ------
    InputError
        If it lies otherwise, or its pixels are not square.
    """
    linear, origin = in_plane(layer)
    rows, columns = image_shape(layer)
    step = np.abs(linear).max(axis=0)
    slack = SAME_PX * step
    transposed = bool(
        abs(linear[0, 1]) * columns > slack[0] and abs(linear[0, 0]) * rows < slack[0]
    )
    if transposed:
        linear, (rows, columns) = linear[:, ::-1], (columns, rows)
    across = np.abs([linear[1, 0] * rows, linear[0, 1] * columns])
    step = np.abs(np.diag(linear))
    if (across > SAME_PX * step.max()).any():
        raise InputError(
            f"The layer {layer.name!r} is turned or sheared, and the cells would be "
            "outlined on pixels that were never recorded; set its rotation, shear and "
            "affine back, or turn the image itself and add it anew."
        )
    check_square(layer, *step)
    signs = np.sign(np.diag(linear))
    last = np.array([rows - 1, columns - 1])
    # the first pixel on the screen is the last one of an axis that is flipped
    start = origin + np.where(signs < 0, np.diag(linear) * last, 0)
    order = slice(None, None, -1) if transposed else slice(None)
    return Grid(
        name=layer.name,
        shape=(rows, columns),
        step=step,
        origin=start,
        transposed=transposed,
        flipped=(bool(signs[0] < 0), bool(signs[1] < 0)),
        units=tuple(layer.units[-2:]),
        axis_labels=tuple(layer.axis_labels[-2:][order]),
    )


def onto_grid(
    array: da.Array, layer: Image, reference: Image, grid: Grid
) -> tuple[da.Array, tuple[str, ...]]:
    """Read a layer on the grid of another one, where the screen shows the two.

    Parameters
    ----------
    array
        (time, plane, y, x) of the layer, lazy.
    layer, reference
        The layer, and the one whose grid is `grid`.
    grid
        The pixels to read.

    Returns
    -------
    The array on the grid, and a sentence if it had to be resampled for that. Where the
    layer does not reach, it is NaN.

    Raises
    ------
    InputError
        If the layer covers less than 90 % of the grid, or cannot be compared with it.
    """
    linear, origin = in_plane(layer)
    own = in_plane(reference)
    factor = _unit_factors(layer, grid)
    if factor is not None:
        linear, origin = linear * factor[:, None], origin * factor
    if _same_place(layer, (linear, origin), own):
        return grid.upright(array), ()
    if factor is None:
        raise InputError(
            f"The layer {layer.name!r} is scaled in {layer.units[-1]} and "
            f"{grid.name!r} in {grid.units[-1]}, so that nobody can tell how they lie "
            f"to one another; {_SAME_PLACE}."
        )
    inverse = np.linalg.inv(linear)
    # from pixels of the grid to pixels of the layer
    matrix = np.asarray(inverse @ np.diag(grid.step), np.float64)
    offset = np.asarray(inverse @ (grid.origin - origin), np.float64)
    covered = covered_part(matrix, offset, image_shape(layer), grid.shape)
    part = float(covered.mean())
    if part < _LEAST_COVERED:
        raise InputError(
            f"The layer {layer.name!r} covers {part:.0%} of {grid.name!r} as they lie "
            f"on the screen, but {_LEAST_COVERED:.0%} are needed; {_SAME_PLACE}."
        )
    outside = "" if part == 1 else f" It does not reach {1 - part:.1%} of the field."
    note = (
        f"The layer {layer.name!r} lies otherwise than {grid.name!r}; it was resampled "
        f"onto it as the window shows the two.{outside}"
    )
    return resample_onto(array, matrix, offset, grid.shape), (note,)


def check_same_depths(layer: Image, reference: Image) -> None:
    """Check that plane k of two stacks (…, plane, y, x) lies at one depth.

    Raises
    ------
    InputError
        If the slider would show other planes together than those of equal number.
    """
    first, second = plane_depths(layer), plane_depths(reference)
    if len(first) != len(second):
        return
    distances = np.abs(np.diff(second))
    near = 0.5 * (float(distances.min()) if len(distances) else 1.0)
    if np.abs(first - second).max() > near:
        raise InputError(
            f"The planes of {layer.name!r} lie at other depths than those of "
            f"{reference.name!r} ({first[0]:.4g} to {first[-1]:.4g} against "
            f"{second[0]:.4g} to {second[-1]:.4g}); {_SAME_PLACE}."
        )


def _same_place(layer: Image, first: Any, second: Any) -> bool:
    """Whether the corners of a layer lie at one place under two transforms."""
    rows, columns = image_shape(layer)
    corners = np.array([(0, 0), (0, columns), (rows, 0), (rows, columns)], float).T
    places = [linear @ corners + origin[:, None] for linear, origin in (first, second)]
    step = float(np.abs(second[0]).max())
    return bool(np.abs(places[0] - places[1]).max() <= SAME_PX * step)


def _unit_factors(layer: Image, grid: Grid) -> NDArray[np.float64] | None:
    """Factors (y, x) from the units of a layer to those of a grid; None if unlike."""
    pairs = list(zip(layer.units[-2:], grid.units, strict=True))
    if any(unit.dimensionality != other.dimensionality for unit, other in pairs):
        return None
    return np.array([float((1 * unit).to(other).magnitude) for unit, other in pairs])
