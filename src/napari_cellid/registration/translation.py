"""Translation of an image by a part of a pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: pixels that a cubic B-spline reaches beyond the edge
_ROOM = 2


def translated(
    image: NDArray[np.float32], shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Show at (y, x) what an image has at (y, x) + shift, by cubic splines.

    The same as `scipy.ndimage.shift(image, -shift, order=3, cval=nan)`, in less than
    half of its time: all pixels lie at one place between the pixels beside them, so
    that four weights along each axis are enough.

    Parameters
    ----------
    image
        (y, x).
    shift
        (y, x) in px.

    Returns
    -------
    (y, x), NaN where the image has nothing.
    """
    moved = ndimage.spline_filter(image, 3, output=np.float32, mode="mirror")
    shown = []
    for axis, step in enumerate(shift.tolist()):
        n = image.shape[axis]
        first, end = max(0, int(np.ceil(-step))), min(n, int(np.floor(n - step)))
        moved = _interpolated(moved, step, (first, max(end, first)), axis)
        shown.append(slice(first, max(end, first)))
    result = np.full(image.shape, np.nan, np.float32)
    result[tuple(shown)] = moved
    return result


def _interpolated(
    splines: NDArray[np.float32], step: float, places: tuple[int, int], axis: int
) -> NDArray[np.float32]:
    """Values at some places plus a step along one axis."""
    whole = int(np.floor(step))
    part = step - whole
    weights = np.array(
        [
            (1 - part) ** 3,
            4 - 6 * part**2 + 3 * part**3,
            1 + 3 * part + 3 * part**2 - 3 * part**3,
            part**3,
        ],
        np.float32,
    )
    room = [(0, 0), (0, 0)]
    room[axis] = (_ROOM, _ROOM)
    # mirrored as the spline is
    padded = np.moveaxis(np.pad(splines, room, mode="reflect"), axis, 0)
    first, end = (place + whole - 1 + _ROOM for place in places)
    total = sum(
        weight / 6 * padded[first + k : end + k] for k, weight in enumerate(weights)
    )
    return np.moveaxis(np.asarray(total, np.float32), 0, axis)
