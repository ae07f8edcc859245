"""Which cell of one outlining is which of another: by overlap, and by distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    #: rows of the one and of the other table that are the same cells
    Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]

#: an overlap that is a smaller share than this of both cells is a touch
_LEAST_OVERLAP = 0.25


def match_by_overlap(
    old_labels: NDArray[np.int32],
    new_labels: NDArray[np.int32],
    old: pd.DataFrame,
    new: pd.DataFrame,
) -> Pairs:
    """Match cells that share pixels, one to one.

    Pairs that share more than half of their common area come first (a cell can have
    only one such partner), then the largest overlaps of what is left. An overlap of
    less than a quarter of the smaller cell is no match.

    Parameters
    ----------
    old_labels, new_labels
        Of the same shape.
    old, new
        Their cell tables: `label` is read.

    Returns
    -------
    Rows of `old` and of `new`, counted from 0.
    """
    inside = (old_labels > 0) | (new_labels > 0)
    old_row, new_row = _rows(old_labels[inside], old), _rows(new_labels[inside], new)
    both = (old_row >= 0) & (new_row >= 0)
    codes = old_row[both] * max(len(new), 1) + new_row[both]
    code, shared = np.unique(codes, return_counts=True)
    a, b = np.divmod(code, max(len(new), 1))
    area_a = np.bincount(old_row[old_row >= 0], minlength=len(old))[a]
    area_b = np.bincount(new_row[new_row >= 0], minlength=len(new))[b]
    iou = shared / (area_a + area_b - shared)
    good = shared >= _LEAST_OVERLAP * np.minimum(area_a, area_b)
    # of equal overlaps the one that is more alike, then the lower number: always the
    # same choice
    order = np.lexsort((b, a, -iou, -shared, iou <= 0.5))
    return _one_to_one(a, b, order[good[order]], (len(old), len(new)))


def match_by_distance(old: pd.DataFrame, new: pd.DataFrame, reach: float) -> Pairs:
    """Match cells whose middles are near in the same plane, one to one, nearest first.

    Parameters
    ----------
    old, new
        Tables with `plane`, `y` and `x` (px).
    reach
        How far apart two middles may be (px).

    Returns
    -------
    Rows of `old` and of `new`, counted from 0.
    """
    if not (len(old) and len(new)):
        nothing = np.zeros(0, np.intp)
        return nothing, nothing
    # planes so far apart that nothing reaches from one to the next
    points = [_points(table, 4 * reach + 1) for table in (old, new)]
    near = cKDTree(points[0]).sparse_distance_matrix(
        cKDTree(points[1]), reach, output_type="ndarray"
    )
    order = np.lexsort((near["j"], near["i"], near["v"]))
    return _one_to_one(near["i"], near["j"], order, (len(old), len(new)))


def _one_to_one(
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    order: NDArray[np.intp],
    sizes: tuple[int, int],
) -> Pairs:
    """Take pairs in some order, each side once."""
    taken_a, taken_b = np.zeros(sizes[0], bool), np.zeros(sizes[1], bool)
    pairs = []
    for i, j in zip(a[order].tolist(), b[order].tolist(), strict=True):
        if not (taken_a[i] or taken_b[j]):
            taken_a[i] = taken_b[j] = True
            pairs.append((i, j))
    found = np.array(pairs, np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _rows(labels: NDArray[np.int32], cells: pd.DataFrame) -> NDArray[np.int64]:
    """Row of each pixel's cell in a table, -1 where it has none."""
    listed = cells["label"].to_numpy()
    if len(listed) == 0:
        return np.full(labels.shape, -1)
    # not a table from 0 on: labels may be as large as a painter likes
    order = np.argsort(listed)
    place = np.searchsorted(listed[order], labels).clip(max=len(listed) - 1)
    rows = order[place]
    return np.where(listed[rows] == labels, rows, -1)


def _points(cells: pd.DataFrame, apart: float) -> NDArray[np.float64]:
    points = cells[["plane", "y", "x"]].to_numpy(float)
    points[:, 0] *= apart
    return points
