"""Comparing, joining and measuring label images; arrays alone, no Qt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.measure import measure

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: share of overlap (intersection over union) from which two outlines are one cell
_SAME = 0.5
#: how far round a cell something can change its measures (µm): twice the width of
#: the surroundings that it is compared with, and some more
_REACH_UM = 16.0


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


def keep_hand_work(
    labels: NDArray[np.int32], hand: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Put what the user drew over new labels, and leave out what the user erased."""
    touched = hand != 0
    area = np.bincount(labels.ravel())
    inside = np.bincount(labels[touched], minlength=len(area))
    # mostly within what the user settled: the same cell, or one taken away
    kept = np.where(touched | (2 * inside >= area)[labels], 0, labels)
    drawn = hand > 0
    _, number = np.unique(hand[drawn], return_inverse=True)
    kept[drawn] = len(area) + number
    return _compact(kept)[1]


def measure_some(
    labels: NDArray[np.int32], planes: MeanPlanes, wanted: Collection[int]
) -> pd.DataFrame:
    """Rows of `measure` for some labels, at the cost of their neighbourhood alone.

    A label that the user painted on several planes counts where it is largest.
    """
    mask = np.isin(labels, list(wanted))
    if not mask.any():
        return measure(np.zeros_like(labels), planes)
    window = _window(mask, round(_REACH_UM / planes.pixel_size_um) + 1)
    # numbered without gaps, for a brush can be set to any large number
    numbers, small = _compact(labels[window])
    part = replace(
        planes,
        red=None if planes.red is None else planes.red[window],
        green=None if planes.green is None else planes.green[window],
    )
    table = measure(small, part)
    table["label"] = numbers[table["label"].to_numpy()]
    for name, axis in zip(("plane", "y", "x"), window, strict=True):
        table[name] += axis.start
    table = table[table["label"].isin(list(wanted))]
    table = table.sort_values("area_um2").drop_duplicates("label", keep="last")
    return table.sort_values("label", ignore_index=True)


def _compact(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number labels without gaps: the old number of each new one, and the labels."""
    numbers, small = np.unique(np.append(labels, 0), return_inverse=True)
    return numbers, small[:-1].reshape(labels.shape).astype(np.int32)


def _window(mask: NDArray[np.bool_], margin: int) -> tuple[slice, slice, slice]:
    """Box (plane, y, x) round a mask, wider by a margin along y and x."""
    box = []
    for axis, room in enumerate((0, margin, margin)):
        there = np.flatnonzero(mask.any(tuple({0, 1, 2} - {axis})))
        box.append(slice(max(int(there[0]) - room, 0), int(there[-1]) + room + 1))
    return box[0], box[1], box[2]
