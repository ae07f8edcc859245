"""Intervals: they cover what they should, and fit what is compared."""

import numpy as np
import pytest

from napari_cellid.evaluation.bootstrap import (
    MIN_GROUPS,
    EvaluatedCells,
    enough_groups,
    metric_differences,
    metric_intervals,
)


def judged(truth, groups, **told):
    return EvaluatedCells(
        np.asarray(truth, np.int64),
        {name: np.asarray(one, np.int64) for name, one in told.items()},
        np.asarray(groups, object),
        3,
    )


def some(n=300, n_groups=10, right=0.8, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n)
    told = np.where(rng.random(n) < right, truth, (truth + 1) % 3)
    other = np.where(rng.random(n) < right - 0.3, truth, (truth + 2) % 3)
    groups = [f"animal {k % n_groups}" for k in range(n)]
    return judged(truth, groups, new=told, old=other)


def test_the_value_is_that_of_the_cells_and_within_its_interval():
    cells = some()
    for model, each in metric_intervals(cells).items():
        exact = float((cells.predicted[model] == cells.truth).mean())
        assert each["accuracy"].value == pytest.approx(exact)
        for one in each.values():
            assert one.low <= one.value <= one.high
            assert 0 <= one.low < one.high <= 1


def test_the_difference_is_that_of_the_values():
    cells = some()
    each = metric_intervals(cells)
    for name, one in metric_differences(cells, "new", "old").items():
        apart = each["new"][name].value - each["old"][name].value
        assert one.value == pytest.approx(apart)
        assert one.low > 0


def test_a_model_does_not_differ_from_itself():
    cells = some()
    same = judged(
        cells.truth, cells.groups, a=cells.predicted["new"], b=cells.predicted["new"]
    )
    for one in metric_differences(same, "a", "b").values():
        assert (one.value, one.low, one.high) == (0, 0, 0)


def test_pairs_make_the_interval_narrow():
    """Models that err on the same cells are told apart by few cells."""
    cells = some(n=200)
    better = cells.predicted["new"].copy()
    wrong = np.flatnonzero(better != cells.truth)[:6]
    better[wrong] = cells.truth[wrong]
    both = judged(cells.truth, cells.groups, new=better, old=cells.predicted["new"])
    width = {
        k: v["accuracy"].high - v["accuracy"].low
        for k, v in metric_intervals(both).items()
    }
    one = metric_differences(both, "new", "old")["accuracy"]
    assert one.high - one.low < 0.7 * min(width.values())


def test_groups_that_differ_widen_the_interval():
    truth = np.zeros(200, int)
    groups = np.repeat(np.arange(10), 20)
    told = np.where(groups < 5, 0, 1)
    by_group = metric_intervals(judged(truth, groups, m=told))["m"]["accuracy"]
    by_cell = metric_intervals(judged(truth, np.zeros(200), m=told))["m"]["accuracy"]
    assert by_group.value == by_cell.value == 0.5
    assert by_group.high - by_group.low > 2 * (by_cell.high - by_cell.low)


def test_groups_are_drawn_from_where_there_are_enough():
    assert enough_groups(some(n_groups=MIN_GROUPS).groups)
    assert not enough_groups(some(n_groups=MIN_GROUPS - 1).groups)


def test_the_same_seed_gives_the_same_interval():
    assert metric_intervals(some(), 3) == metric_intervals(some(), 3)
    assert metric_intervals(some(), 3) != metric_intervals(some(), 4)


def test_a_95_percent_interval_covers_the_truth_most_of_the_time():
    """Over cells that are independent it should hold in about 95 of 100 draws."""
    held = 0
    for seed in range(100):
        rng = np.random.default_rng([7, seed])
        truth = rng.integers(3, size=150)
        told = np.where(rng.random(150) < 0.8, truth, (truth + 1) % 3)
        one = metric_intervals(judged(truth, np.zeros(150), m=told))["m"]["accuracy"]
        held += one.low <= 0.8 <= one.high
    assert held >= 88


def test_no_cells_have_no_interval():
    empty = judged([], [], new=[], old=[])
    one = metric_intervals(empty)["new"]["accuracy"]
    assert np.isnan([one.value, one.low, one.high]).all()
