"""Which cell of one label image is which of another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_cellid.cells.matching import (
    changed_labels,
    count_overlaps,
    match_by_distance,
    match_by_overlap,
    match_labels,
)

IMAGE = arrays.arrays(
    np.int32, (1, 4, 5), elements=st.sampled_from([0, 0, 1, 2, 5, 2**31 - 1])
)


def squares(*corners: tuple[int, int], side: int = 8) -> np.ndarray:
    labels = np.zeros((1, 64, 64), np.int32)
    for number, (y, x) in enumerate(corners, 1):
        labels[0, y : y + side, x : x + side] = number
    return labels


@given(IMAGE, IMAGE)
def test_overlaps_are_those_of_every_pair_alone(first, second):
    overlaps = count_overlaps(first, second)
    counted = {
        (a, b): (int(((first == a) & (second == b)).sum()), int((first == a).sum()),
                 int((second == b).sum()))
        for a in np.unique(first[first > 0]).tolist()
        for b in np.unique(second[second > 0]).tolist()
        if ((first == a) & (second == b)).any()
    }  # fmt: skip
    pairs = list(zip(overlaps.first.tolist(), overlaps.second.tolist(), strict=True))
    assert pairs == sorted(counted)
    assert [counted[pair] for pair in pairs] == list(
        zip(
            overlaps.intersection, overlaps.first_area, overlaps.second_area,
            strict=True,
        )
    )  # fmt: skip
    union = [int(((first == a) | (second == b)).sum()) for a, b in pairs]
    assert overlaps.iou.tolist() == pytest.approx(overlaps.intersection / union)


def test_match_follows_overlap_not_numbers():
    before = squares((5, 5), (30, 30), (50, 5))
    after = squares((31, 30), (5, 40), (5, 6))
    assert match_labels(before, after).tolist() == [0, 2, 0, 1]


def test_match_of_halves_is_at_most_one():
    before = squares((10, 10), side=10)
    after = before.copy()
    after[0, 10:20, 15:20] = 2
    assert set(match_labels(before, after).tolist()) == {0}
    after[0, 10:20, 15] = 1
    assert match_labels(before, after).tolist() == [0, 1, 0]


@pytest.mark.parametrize("shape", [(1, 40, 40)])
def test_match_of_nothing(shape):
    nothing = np.zeros(shape, np.int32)
    assert match_labels(nothing, nothing).tolist() == [0]


def test_changed_labels_include_gone_and_overpainted_ones():
    before = squares((5, 5), (30, 30))
    after = before.copy()
    after[0, 30:38, 30:38] = 0
    after[0, 5, 5] = 7
    assert changed_labels(before, after) == {1, 2, 7}
    assert changed_labels(before, before) == set()


def test_a_small_piece_of_a_large_cell_overlaps_it() -> None:
    large, piece = squares((10, 10), side=20), squares((12, 12), side=4)
    table = pd.DataFrame({"label": [1]})
    # all of the smaller cell is shared, but a 25th of the larger one
    pairs = match_by_overlap(large, piece, table, table)
    assert [side.tolist() for side in pairs] == [[0], [0]]
    # less than a quarter of the smaller cell is a touch
    beside = squares((9, 30), side=4) + squares((9, 29), side=1)
    pairs = match_by_overlap(large, np.minimum(beside, 1), table, table)
    assert [side.tolist() for side in pairs] == [[], []]


def test_nearest_go_first() -> None:
    old = pd.DataFrame({"plane": [0, 0], "y": [0.0, 3.0], "x": [0.0, 0.0]})
    new = pd.DataFrame({"plane": [0, 0], "y": [2.0, 9.0], "x": [0.0, 0.0]})
    a, b = match_by_distance(old, new, 4.0)
    assert list(zip(a, b, strict=True)) == [(1, 0)]
    same = match_by_distance(old, old, 4.0)
    assert [side.tolist() for side in same] == [[0, 1], [0, 1]]
