"""Middles of cells that people give: in pixels of a recording, and checked."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from napari_cellid.errors import InputError
from napari_cellid.recording.data import SOMA_UM

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from napari_cellid.recording import MeanPlanes

#: two middles closer than this part of a diameter are one cell
_SAME_CELL = 0.4
#: with fewer cells their median is not the usual size
_ENOUGH_CELLS = 5


@dataclass(frozen=True)
class Middle:
    """Middle of a cell, in pixels; the centre of a pixel has whole numbers.

    Parameters
    ----------
    plane
        Index of the plane.
    y, x
        Row and column.
    """

    plane: int
    y: float
    x: float

    @property
    def pixel(self) -> tuple[int, int]:
        """(y, x) of the pixel that it lies in."""
        return floor(self.y + 0.5), floor(self.x + 0.5)

    def __str__(self) -> str:
        """Position for people."""
        return f"y {self.y:g}, x {self.x:g} in plane {self.plane}"


def as_middles(places: ArrayLike) -> list[Middle]:
    """Middles from rows of (y, x), or of (plane, y, x), in pixels.

    Raises
    ------
    InputError
        If there are none, they have another number of columns, or one is no place.
    """
    try:
        rows = np.asarray(places, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"The middles are no numbers ({error}).") from error
    if not rows.size:
        raise InputError("There are no middles of cells; give at least one.")
    if rows.ndim != 2 or rows.shape[1] not in (2, 3):
        raise InputError(
            f"The middles have the shape {rows.shape}, but rows of (y, x) or "
            "(plane, y, x) are needed."
        )
    if rows.shape[1] == 2:
        rows = np.insert(rows, 0, 0, axis=1)
    return [_middle(*row) for row in rows.tolist()]


def _middle(plane: float, y: float, x: float) -> Middle:
    if not (isfinite(y) and isfinite(x) and plane.is_integer()):
        raise InputError(
            f"{plane:g}, {y:g}, {x:g} (plane, y, x) is no middle of a cell; give y and "
            "x as numbers of pixels, and the plane as a whole number from 0."
        )
    return Middle(int(plane), y, x)


def median_diameter(cells: pd.DataFrame, planes: MeanPlanes) -> float:
    """Median diameter (px) of the cells of a recording; few cells: that of a soma.

    Parameters
    ----------
    cells
        Cell table.
    planes
        Mean images.
    """
    if len(cells) < _ENOUGH_CELLS:
        return planes.diameter_px or SOMA_UM / planes.pixel_size_um
    area = float(cells["area_um2"].median())
    return 2 * float(np.sqrt(area / np.pi)) / planes.pixel_size_um


def check_middles(
    middles: Sequence[Middle], labels: NDArray[np.int32], diameter_px: float
) -> None:
    """Refuse middles at which no cell can be added.

    Parameters
    ----------
    middles
        The middles.
    labels
        (plane, y, x), 0 where there is no cell.
    diameter_px
        Median diameter of the cells.

    Raises
    ------
    InputError
        If a middle is not finite, outside the image or inside a cell, or two of them
        are of the same cell.
    """
    for middle in middles:
        _check_inside(middle, labels.shape)
        if labels[(middle.plane, *middle.pixel)]:
            raise InputError(
                f"There is a cell at {middle} already, so none is added; give the "
                "middles of missed cells only."
            )
    _check_apart(middles, diameter_px)


def _check_inside(middle: Middle, shape: tuple[int, ...]) -> None:
    planes, height, width = shape
    if not (isfinite(middle.y) and isfinite(middle.x)):
        raise InputError(
            f"A middle at {middle} is not a place; give y and x as numbers of pixels."
        )
    if not 0 <= middle.plane < planes:
        last = "plane 0 only" if planes == 1 else f"planes 0 to {planes - 1}"
        raise InputError(
            f"A middle lies in plane {middle.plane}, but the recording has {last}; "
            "count planes from 0."
        )
    y, x = middle.pixel
    if not (0 <= y < height and 0 <= x < width):
        raise InputError(
            f"A middle at {middle} lies outside the image of {height} x {width} px "
            "(y, x); give places inside it, in pixels."
        )


def _check_apart(middles: Sequence[Middle], diameter_px: float) -> None:
    if len(middles) < 2:
        return
    # planes are set far apart, so that only middles of one plane are near
    far = 2 * diameter_px
    points = [(middle.plane * far, middle.y, middle.x) for middle in middles]
    pairs = sorted(cKDTree(points).query_pairs(_SAME_CELL * diameter_px))
    if pairs:
        first, second = (middles[k] for k in pairs[0])
        raise InputError(
            f"The middles at {first} and at {second} lie within one cell of the usual "
            f"diameter ({diameter_px:.3g} px); give each cell once."
        )
