"""Comparing, joining and measuring label images; arrays alone, no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: share of overlap (intersection over union) from which two outlines are one cell
_SAME = 0.5


def match(before: NDArray[np.int32], after: NDArray[np.int32]) -> NDArray[np.int64]:
    """For each label number of `after`, the one of `before` that is the same cell.

    Two outlines are the same cell when they share more than half of what they cover
    together, which no third can; 0 where there is none.
    """
    partner = np.zeros(int(after.max(initial=0)) + 1, np.int64)
    both = (before > 0) & (after > 0)
    pairs, shared = np.unique(
        np.stack([before[both], after[both]]), axis=1, return_counts=True
    )
    old_numbers, old_area = np.unique(before, return_counts=True)
    new_area = np.bincount(after.ravel())
    old, new = pairs
    union = old_area[np.searchsorted(old_numbers, old)] + new_area[new] - shared
    same = shared > _SAME * union
    partner[new[same]] = old[same]
    return partner


def changed_labels(before: NDArray[np.int32], after: NDArray[np.integer]) -> set[int]:
    """Labels of which at least one pixel changed, gone ones included."""
    differs = before != after
    if not differs.any():
        return set()
    touched = np.concatenate([before[differs], after[differs]])
    return {int(label) for label in np.unique(touched) if label > 0}
