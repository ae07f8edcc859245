"""Cells keep their numbers when they are outlined again."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.cells.matching import match_by_distance, match_by_overlap
from napari_cellid.cells.measure import COLUMNS, measure
from napari_cellid.io.tables import RETIRED_COLUMNS, no_retired
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.identity import KnownCells, NumberedCells, assign_cell_numbers

UM = 1.25


def cells_of(labels: np.ndarray, numbers: list[int] | None = None) -> pd.DataFrame:
    planes = MeanPlanes("r", np.ones(labels.shape, np.float32), None, UM)
    cells = measure(labels, planes)
    return cells if numbers is None else cells.assign(cell=numbers)


def known(
    labels: np.ndarray,
    numbers: list[int] | None = None,
    retired: pd.DataFrame | None = None,
    highest: int = 0,
) -> KnownCells:
    away = no_retired() if retired is None else retired
    return KnownCells(labels, cells_of(labels, numbers), away, highest)


def again(before: KnownCells, labels: np.ndarray) -> NumberedCells:
    return assign_cell_numbers(before, labels, cells_of(labels), UM)


def number_of(kept: NumberedCells) -> dict[int, int]:
    """The lasting number of each label."""
    return dict(zip(kept.cells["label"], kept.cells["cell"], strict=True))


def box(labels: np.ndarray, number: int, y: slice, x: slice, plane: int = 0) -> None:
    labels[plane, y, x] = number


def empty(planes: int = 1) -> np.ndarray:
    return np.zeros((planes, 60, 80), np.int32)


@pytest.fixture
def two() -> np.ndarray:
    labels = empty()
    box(labels, 1, slice(10, 20), slice(10, 20))
    box(labels, 2, slice(30, 40), slice(50, 60))
    return labels


def test_the_same_outlines_have_the_same_numbers(two: np.ndarray) -> None:
    kept = again(known(two, [7, 3]), two)
    assert number_of(kept) == {1: 7, 2: 3}
    assert kept.report.by_overlap == (3, 7)
    assert len(kept.retired) == 0
    assert list(kept.retired) == list(RETIRED_COLUMNS)


def test_labels_that_were_exchanged_do_not_matter(two: np.ndarray) -> None:
    exchanged = np.select([two == 1, two == 2], [2, 1]).astype(np.int32)
    kept = again(known(two, [7, 3]), exchanged)
    assert number_of(kept) == {2: 7, 1: 3}


def test_a_cell_that_comes_apart(two: np.ndarray) -> None:
    apart = two.copy()
    box(apart, 1, slice(10, 20), slice(10, 14))
    box(apart, 5, slice(10, 20), slice(14, 20))
    kept = again(known(two), apart)
    assert number_of(kept) == {1: 3, 5: 1, 2: 2}
    assert kept.report.new == (3,)
    assert kept.report.retired == ()


def test_cells_that_become_one(two: np.ndarray) -> None:
    before = empty()
    box(before, 1, slice(10, 20), slice(10, 14))
    box(before, 2, slice(10, 20), slice(14, 20))
    one = empty()
    box(one, 9, slice(10, 20), slice(10, 20))
    kept = again(known(before), one)
    assert number_of(kept) == {9: 2}
    assert kept.retired["cell"].tolist() == [1]
    assert kept.retired["label"].tolist() == [1]
    assert (kept.retired["y"].tolist(), kept.retired["x"].tolist()) == ([14.5], [11.5])


def test_equal_halves_are_settled_always_alike(two: np.ndarray) -> None:
    halves = two.copy()
    box(halves, 4, slice(10, 20), slice(10, 15))
    box(halves, 3, slice(10, 20), slice(15, 20))
    assert number_of(again(known(two), halves)) == {3: 1, 4: 3, 2: 2}


@pytest.mark.parametrize("shift", [1, 3, 5])
def test_outlines_that_moved(two: np.ndarray, shift: int) -> None:
    moved = np.roll(two, (shift, shift), (1, 2))
    assert number_of(again(known(two, [4, 8]), moved)) == {1: 4, 2: 8}


def test_a_small_cell_that_moved_beside_itself_is_found_by_distance() -> None:
    before, after = empty(), empty()
    box(before, 1, slice(10, 14), slice(10, 14))
    box(after, 1, slice(10, 14), slice(14, 18))
    # 4 px of 1.25 µm are 5 µm
    kept = again(known(before, [6]), after)
    assert number_of(kept) == {1: 6}
    assert kept.report.by_distance == (6,)
    box(after, 0, slice(10, 14), slice(14, 15))
    box(after, 1, slice(10, 14), slice(18, 19))
    # 5 px are 6.25 µm: too far
    kept = again(known(before, [6]), after)
    assert number_of(kept) == {1: 7}
    assert kept.retired["cell"].tolist() == [6]


def test_a_touch_is_no_overlap() -> None:
    before, after = empty(), empty()
    box(before, 1, slice(10, 20), slice(10, 20))
    box(after, 1, slice(10, 20), slice(19, 29))
    kept = again(known(before), after)
    assert number_of(kept) == {1: 2}
    assert kept.report.retired == (1,)


def test_planes_are_apart() -> None:
    before, after = empty(2), empty(2)
    box(before, 1, slice(10, 20), slice(10, 20), plane=0)
    box(after, 1, slice(10, 20), slice(10, 20), plane=1)
    kept = again(known(before), after)
    assert number_of(kept) == {1: 2}
    assert kept.retired["cell"].tolist() == [1]


def test_a_cell_comes_back_with_its_number(two: np.ndarray) -> None:
    without = np.where(two == 1, 0, two)
    gone = again(known(two, [7, 3]), without)
    assert gone.retired["cell"].tolist() == [7]
    before = KnownCells(without, gone.cells, gone.retired)
    back = again(before, np.roll(two, 1, 2))
    assert number_of(back) == {1: 7, 2: 3}
    assert back.report.returned == (7,)
    assert len(back.retired) == 0


def test_a_cell_that_is_there_goes_before_one_that_was_away() -> None:
    labels = empty()
    box(labels, 1, slice(10, 14), slice(10, 14))
    away = pd.DataFrame([[2, 1, 0, 11.5, 15.5, 25.0, "2026-01-01"]])
    away.columns = list(RETIRED_COLUMNS)
    moved = np.roll(labels, 4, 2)
    kept = again(known(labels, [1], away), moved)
    assert number_of(kept) == {1: 1}
    assert kept.retired["cell"].tolist() == [2]
    assert kept.retired["retired"].tolist() == ["2026-01-01"]


def test_new_numbers_were_never_used(two: np.ndarray) -> None:
    away = no_retired()
    away.loc[0] = [50, 1, 0, 55.0, 75.0, 20.0, "2026-01-01T00:00:00+00:00"]
    more = two.copy()
    box(more, 3, slice(50, 56), slice(5, 11))
    assert number_of(again(known(two, [7, 3], away), more))[3] == 51
    assert number_of(again(known(two, [7, 3], away, highest=99), more))[3] == 100
    assert number_of(again(known(two, [7, 3]), more))[3] == 8


def test_a_lost_label_image_leaves_the_places(two: np.ndarray) -> None:
    before = KnownCells(None, cells_of(two, [7, 3]), no_retired())
    kept = again(before, np.roll(two, 2, 1))
    assert number_of(kept) == {1: 7, 2: 3}
    assert kept.report.by_distance == (3, 7)


def test_pixels_of_another_size_are_not_compared(two: np.ndarray) -> None:
    wider = np.pad(two, ((0, 0), (0, 0), (0, 5)))
    kept = again(known(two, [7, 3]), wider)
    assert number_of(kept) == {1: 7, 2: 3}
    assert kept.report.by_overlap == ()
    assert kept.report.by_distance == (3, 7)


@pytest.mark.parametrize("which", ["before", "after", "both"])
def test_no_cells(two: np.ndarray, which: str) -> None:
    before = empty() if which != "after" else two
    after = empty() if which != "before" else two
    kept = again(known(before), after)
    assert len(kept.cells) == (2 if which == "before" else 0)
    assert len(kept.retired) == (2 if which == "after" else 0)
    assert list(kept.cells)[: len(COLUMNS)] == list(COLUMNS)


def test_huge_labels_and_labels_without_a_row(two: np.ndarray) -> None:
    huge = np.where(two == 2, 2_000_000_000, two).astype(np.int32)
    kept = again(known(huge, [7, 3]), huge)
    assert number_of(kept) == {1: 7, 2_000_000_000: 3}
    listed = cells_of(two, [7, 3]).iloc[[1]]
    kept = again(KnownCells(two, listed, no_retired()), two)
    assert number_of(kept) == {1: 4, 2: 3}


def test_the_report_is_a_sentence(two: np.ndarray) -> None:
    one = np.where(two == 1, 0, two)
    box(one, 3, slice(50, 56), slice(5, 11))
    assert str(again(known(two), one).report) == (
        "1 cell kept its number; 1 is new; 1 could not be found again (1)."
    )


# ---------------------------------------------------------------- whatever it may be

FIELD = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 50), st.integers(0, 70),
        st.integers(2, 14), st.integers(2, 14),
    ),
    max_size=12,
)  # fmt: skip


def painted(boxes: list[tuple[int, int, int, int, int]]) -> np.ndarray:
    labels = empty(2)
    for k, (plane, y, x, height, width) in enumerate(boxes, 1):
        labels[plane, y : y + height, x : x + width] = k
    return labels


@settings(deadline=None, max_examples=60)
@given(FIELD, FIELD, FIELD)
def test_invariants(first, second, third) -> None:
    images = [painted(boxes) for boxes in (first, second, third)]
    before = known(images[0])
    seen = set(before.cells["cell"])
    for labels in images[1:]:
        kept = again(before, labels)
        numbers = kept.cells["cell"]
        away = set(kept.retired["cell"])
        assert numbers.is_unique and (numbers > 0).all()
        assert kept.cells["label"].tolist() == np.unique(labels[labels > 0]).tolist()
        # nothing is dropped, nothing is both there and away
        assert set(numbers) | away >= seen
        assert not set(numbers) & away
        new = set(kept.report.new)
        assert not new & seen
        assert set(numbers) | away == seen | new
        seen |= new
        before = KnownCells(labels, kept.cells, kept.retired)
    kept = again(before, images[-1])
    pd.testing.assert_frame_equal(kept.cells, before.cells)


@settings(deadline=None, max_examples=60)
@given(FIELD)
def test_the_same_again_changes_nothing(boxes) -> None:
    labels = painted(boxes)
    first = known(labels)
    kept = again(first, labels)
    assert kept.cells["cell"].tolist() == first.cells["cell"].tolist()
    assert len(kept.retired) == 0


@settings(deadline=None, max_examples=60)
@given(FIELD, FIELD)
def test_matches_are_one_to_one(first, second) -> None:
    old, new = painted(first), painted(second)
    tables = cells_of(old), cells_of(new)
    for rows in (match_by_overlap(old, new, *tables), match_by_distance(*tables, 9.0)):
        for side, table in zip(rows, tables, strict=True):
            assert len(set(side.tolist())) == len(side)
            assert all(0 <= row < len(table) for row in side)


def test_ten_thousand_cells_are_quick() -> None:
    grid = np.kron(
        np.arange(1, 10_001, dtype=np.int32).reshape(100, 100), np.ones((20, 20), int)
    ).astype(np.int32)
    grid[np.arange(2000) % 20 > 12] = 0
    grid[:, np.arange(2000) % 20 > 12] = 0
    labels = np.pad(grid, 24)[None]
    cells = cells_of(labels)
    moved = np.roll(labels, (2, 1), (1, 2))
    after = cells_of(moved)
    started = time.thread_time()
    kept = assign_cell_numbers(
        KnownCells(labels, cells, no_retired()), moved, after, UM
    )
    seconds = time.thread_time() - started
    assert labels.shape == (1, 2048, 2048)
    assert kept.cells["cell"].tolist() == cells["cell"].tolist()
    assert seconds < 1.5
