"""Which cell of one label image is which of another: by overlap, and by distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    #: rows of the one and of the other table that are the same cells
    Pairs = tuple[NDArray[np.intp], NDArray[np.intp]]

#: intersection over union above which two outlines are the same cell
_SAME_CELL = 0.5
#: an overlap that is a smaller share than this of both cells is a touch
_LEAST_OVERLAP = 0.25


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Every pair of cells of two label images that share pixels.

    Parameters
    ----------
    first, second
        (pair,) label of the cell in each image, sorted by the first, then the second.
    intersection
        (pair,) pixels that both cells cover.
    first_area, second_area
        (pair,) pixels of each cell.
    """

    first: NDArray[Any]
    second: NDArray[Any]
    intersection: NDArray[np.intp]
    first_area: NDArray[np.intp]
    second_area: NDArray[np.intp]

    @property
    def iou(self) -> NDArray[np.float64]:
        """(pair,) intersection over union."""
        union = self.first_area + self.second_area - self.intersection
        return np.asarray(self.intersection / union, np.float64)


def count_overlaps(first: NDArray[Any], second: NDArray[Any]) -> Overlaps:
    """Count the pixels that the cells of two label images share.

    Parameters
    ----------
    first, second
        Label images of the same shape, 0 where there is no cell. Labels can be
        arbitrarily large.
    """
    in_first, in_second = first > 0, second > 0
    rows, first_area = np.unique(first[in_first], return_counts=True)
    columns, second_area = np.unique(second[in_second], return_counts=True)
    both = in_first & in_second
    row = np.searchsorted(rows, first[both])
    column = np.searchsorted(columns, second[both])
    n_columns = max(len(columns), 1)
    code, intersection = np.unique(row * n_columns + column, return_counts=True)
    row, column = np.divmod(code, n_columns)
    return Overlaps(
        first=rows[row],
        second=columns[column],
        intersection=intersection,
        first_area=first_area[row],
        second_area=second_area[column],
    )


def match_labels(
    before: NDArray[np.int32], after: NDArray[np.int32]
) -> NDArray[np.int64]:
    """For each label of `after`, the label of `before` that is the same cell.

    Two outlines are the same cell when their intersection over union is above one
    half, which is true of one partner at most.

    Returns
    -------
    (label,) the partner of each label from 0 to the largest, 0 where there is none.
    """
    partner = np.zeros(int(after.max(initial=0)) + 1, np.int64)
    overlaps = count_overlaps(before, after)
    same = overlaps.iou > _SAME_CELL
    partner[overlaps.second[same]] = overlaps.first[same]
    return partner


def changed_labels(before: NDArray[np.int32], after: NDArray[np.integer]) -> set[int]:
    """Labels of which at least one pixel changed, including labels that are gone."""
    differs = before != after
    if not differs.any():
        return set()
    touched = np.concatenate([before[differs], after[differs]])
    return {int(label) for label in np.unique(touched) if label > 0}


def match_by_overlap(
    old_labels: NDArray[np.int32],
    new_labels: NDArray[np.int32],
    old: pd.DataFrame,
    new: pd.DataFrame,
) -> Pairs:
    """Match cells that share pixels, one to one.

    Pairs whose intersection over union is above one half come first (a cell can have
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
    overlaps = count_overlaps(old_labels, new_labels)
    a, b = _rows_of(overlaps.first, old), _rows_of(overlaps.second, new)
    smaller = np.minimum(overlaps.first_area, overlaps.second_area)
    good = overlaps.intersection >= _LEAST_OVERLAP * smaller
    good &= (a >= 0) & (b >= 0)
    iou = overlaps.iou
    # of equal overlaps the one that is more alike, then the lower number: always the
    # same choice
    order = np.lexsort((b, a, -iou, -overlaps.intersection, iou <= _SAME_CELL))
    return _one_to_one(a, b, order[good[order]], (len(old), len(new)))


def match_by_distance(old: pd.DataFrame, new: pd.DataFrame, reach: float) -> Pairs:
    """Match cells whose centroids are close in the same plane, nearest first.

    Parameters
    ----------
    old, new
        Tables with `plane`, `y` and `x` (px).
    reach
        Largest distance of two centroids (px).

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
    rows = np.array(pairs, np.intp).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _rows_of(labels: NDArray[Any], cells: pd.DataFrame) -> NDArray[np.intp]:
    """Row of each label's cell in a table, -1 where it has none."""
    listed = cells["label"].to_numpy()
    if len(listed) == 0:
        return np.full(labels.shape, -1)
    order = np.argsort(listed)
    place = np.searchsorted(listed[order], labels).clip(max=len(listed) - 1)
    rows = order[place]
    return np.where(listed[rows] == labels, rows, -1)


def _points(cells: pd.DataFrame, apart: float) -> NDArray[np.float64]:
    points = cells[["plane", "y", "x"]].to_numpy(float)
    points[:, 0] *= apart
    return points
