"""The outline of one more cell, grown around a point that a person gave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage
from skimage.measure import regionprops

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_cellid.cells.middles import Middle

#: largest distance of a pixel from the middle, in median diameters
_REACH = 0.75
#: heights between the surroundings and the peak of the map at which an outline is tried
_LEVELS = (0.35, 0.45, 0.55, 0.65, 0.75)
#: a lower peak over the surroundings is no cell in the map
_LEAST_PEAK = 0.05
#: areas that an outline from the map may have, in median areas
_LEAST_AREA, _MOST_AREA = 0.35, 1.9
#: least part of its convex hull that a soma fills
_LEAST_SOLIDITY = 0.85
#: least ratio of its short axis to its long one
_LEAST_ROUNDNESS = 0.45
#: largest distance of the centroid from the middle, in median diameters
_OFF_MIDDLE = 0.4
#: largest part of the outline that may lie at the reach, where the map was cut off
_MOST_CUT = 0.25
#: how far (median diameters) around the point the peak of the map is looked for
_PEAK_REACH = 0.25
#: standard deviation of the smoothing of the map, in median diameters
_SMOOTHING = 0.06


@dataclass(frozen=True, eq=False)
class GrownCell:
    """Pixels of a new cell.

    Parameters
    ----------
    middle
        The point that was given.
    corner
        (plane, y, x) of the first pixel of `mask`.
    mask
        (y, x): pixels of the cell.
    source
        Whether the outline comes from the probability map, or is a disc of the usual
        size.
    """

    middle: Middle
    corner: tuple[int, int, int]
    mask: NDArray[np.bool_]
    source: Literal["map", "disc"]

    @property
    def pixels(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """(plane, y, x) indices of the pixels."""
        y, x = np.nonzero(self.mask)
        plane, top, left = self.corner
        return np.full_like(y, plane), y + top, x + left

    def without(self, labels: NDArray[np.int32]) -> GrownCell:
        """The cell without pixels of other cells, as far as it is still connected.

        Parameters
        ----------
        labels
            (plane, y, x) without a cell at the middle.
        """
        plane, top, left = self.corner
        height, width = self.mask.shape
        part = labels[plane, top : top + height, left : left + width]
        y, x = self.middle.pixel
        mask = _connected(self.mask & (part == 0), (y - top, x - left))
        return replace(self, mask=mask)


def grow_cell(
    labels: NDArray[np.int32],
    middle: Middle,
    diameter_px: float,
    probability: NDArray[np.float32] | None = None,
    others: Sequence[Middle] = (),
) -> GrownCell:
    """Outline a cell around its middle, without a pixel of another cell.

    The probability map is cut at the height between its peak at the middle and its
    surroundings at which its slope along the outline is steepest. Where that gives no
    outline of a soma, the cell is a disc of the usual diameter.

    Parameters
    ----------
    labels
        (plane, y, x), 0 where there is no cell.
    middle
        A point outside of all cells (`check_middles`).
    diameter_px
        Median diameter of the cells of the recording.
    probability
        (plane, y, x): probability that a pixel belongs to a cell; None without a map.
    others
        Middles of other new cells: a pixel belongs to the nearest middle.

    Returns
    -------
    The cell: connected, contains the middle, and reaches at most 0.75 diameters.
    """
    window = _Window(labels, middle, diameter_px, others)
    mask = None if probability is None else window.outline_in(probability)
    corner = middle.plane, window.rows.start, window.columns.start
    if mask is None:
        return GrownCell(middle, corner, window.disc(), "disc")
    return GrownCell(middle, corner, mask, "map")


class _Window:
    """The free pixels within reach of a middle.

    Parameters
    ----------
    labels, middle, diameter_px, others
        As for `grow_cell`.
    """

    def __init__(
        self,
        labels: NDArray[np.int32],
        middle: Middle,
        diameter_px: float,
        others: Sequence[Middle],
    ) -> None:
        self._diameter, self._plane = diameter_px, middle.plane
        reach = int(np.ceil(_REACH * diameter_px)) + 1
        y, x = middle.pixel
        height, width = labels.shape[1:]
        self.rows = slice(max(y - reach, 0), min(y + reach + 1, height))
        self.columns = slice(max(x - reach, 0), min(x + reach + 1, width))
        self._at = y - self.rows.start, x - self.columns.start
        self._distance = self._distance_to(middle)
        self._free = labels[self._plane, self.rows, self.columns] == 0
        for other in others:
            if other.plane == middle.plane and _near(other, middle, 2 * reach):
                self._free &= self._distance <= self._distance_to(other)
        self._within = self._free & (self._distance <= _REACH * diameter_px)
        # its own pixel, whose centre can be nearer to the middle of a small neighbour
        self._within[self._at] = True

    def disc(self) -> NDArray[np.bool_]:
        """A disc of the usual size, without pixels of other cells."""
        return _connected(
            self._within & (self._distance <= self._diameter / 2), self._at
        )

    def outline_in(self, probability: NDArray[np.float32]) -> NDArray[np.bool_] | None:
        """The outline with the steepest slope in the map; None if none is a soma's."""
        part = probability[self._plane, self.rows, self.columns].astype(np.float64)
        height = ndimage.gaussian_filter(part, _SMOOTHING * self._diameter)
        near = self._within & (self._distance <= _PEAK_REACH * self._diameter)
        near[self._at] = True
        peak, surroundings = height[near].max(), np.percentile(height[self._free], 10)
        if peak - surroundings < _LEAST_PEAK:
            return None
        slope = np.hypot(*np.gradient(height))
        best, steepest = None, 0.0
        for level in _LEVELS:
            mask = self._above(height, surroundings + level * (peak - surroundings))
            if mask is None or not self._is_soma(mask):
                continue
            steepness = float(slope[_edge(mask)].mean())
            if steepness > steepest:
                best, steepest = mask, steepness
        return best

    def _above(
        self, height: NDArray[np.float64], level: float
    ) -> NDArray[np.bool_] | None:
        mask = self._within & (height >= level)
        if not mask[self._at]:
            return None
        filled = ndimage.binary_fill_holes(_connected(mask, self._at)) & self._within
        # thin bridges to neighbours that nobody has outlined
        opened = ndimage.binary_opening(filled, iterations=1)
        if opened[self._at]:
            filled = opened
        return _connected(filled, self._at)

    def _is_soma(self, mask: NDArray[np.bool_]) -> bool:
        (region,) = regionprops(mask.astype(np.uint8))
        area = region.area / (np.pi / 4 * self._diameter**2)
        off = np.hypot(*np.subtract(region.centroid, self._at)) / self._diameter
        cut = self._distance[_edge(mask)] > _REACH * self._diameter - 1
        return bool(
            _LEAST_AREA <= area <= _MOST_AREA
            and off <= _OFF_MIDDLE
            and region.solidity >= _LEAST_SOLIDITY
            and region.axis_minor_length >= _LEAST_ROUNDNESS * region.axis_major_length
            and cut.mean() <= _MOST_CUT
        )

    def _distance_to(self, middle: Middle) -> NDArray[np.float64]:
        y, x = np.ogrid[self.rows, self.columns]
        return np.asarray(np.hypot(y - middle.y, x - middle.x))


def _connected(mask: NDArray[np.bool_], at: tuple[int, int]) -> NDArray[np.bool_]:
    """The part of a mask that contains a pixel."""
    parts = ndimage.label(mask)[0]
    return np.asarray(parts == parts[at])


def _near(first: Middle, second: Middle, distance: float) -> bool:
    return max(abs(first.y - second.y), abs(first.x - second.x)) <= distance


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The outermost pixels of a mask."""
    return np.asarray(mask & ~ndimage.binary_erosion(mask))


def grow_cells(
    labels: NDArray[np.int32],
    middles: Sequence[Middle],
    diameter_px: float,
    probability: NDArray[np.float32] | None = None,
) -> Iterator[GrownCell]:
    """Outline several cells, of which none has a pixel of another one.

    Parameters
    ----------
    labels, diameter_px, probability
        As for `grow_cell`.
    middles
        Points outside of all cells (`check_middles`).
    """
    taken = labels.copy()
    for middle in middles:
        taken[(middle.plane, *middle.pixel)] = -1
    for k, middle in enumerate(middles):
        others = [*middles[:k], *middles[k + 1 :]]
        cell = grow_cell(taken, middle, diameter_px, probability, others)
        # any number but 0 keeps the next cell away
        taken[cell.pixels] = -1
        yield cell
