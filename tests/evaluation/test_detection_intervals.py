"""The interval of a difference in F1."""

import numpy as np
import pytest

from napari_cellid.evaluation.bootstrap import enough_groups
from napari_cellid.evaluation.detection import (
    DetectionCounts,
    count_detections,
    count_detections_by_tile,
    f1_difference,
)


def pieces(
    rng: np.random.Generator, chance: float, n: int = 40
) -> list[DetectionCounts]:
    hits = rng.binomial(10, chance, n)
    return [DetectionCounts(true_positives=int(h), n_found=10, n_true=10) for h in hits]


def test_the_same_network_twice_differs_by_nothing() -> None:
    one = pieces(np.random.default_rng(0), 0.7)
    found = f1_difference(one, one, ["m"] * len(one), 0.0)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_a_better_network_lies_above_zero_and_the_value_inside() -> None:
    rng = np.random.default_rng(1)
    new, old = pieces(rng, 0.85), pieces(rng, 0.7)
    value = (
        sum(one.true_positives for one in new) / 400
        - sum(one.true_positives for one in old) / 400
    )
    found = f1_difference(new, old, ["m"] * 40, value)
    assert 0 < found.low < value < found.high
    assert f1_difference(new, old, ["m"] * 40, value) == found


def test_animals_that_differ_widen_the_interval() -> None:
    animals = [f"m{k // 8}" for k in range(40)]
    assert enough_groups(animals)
    assert not enough_groups(animals[:32])
    # three animals gain, two lose; every piece of an animal alike
    gain = np.repeat([3, 3, 3, -2, -2], 8)
    new = [
        DetectionCounts(true_positives=5 + int(g), n_found=10, n_true=10) for g in gain
    ]
    old = [DetectionCounts(true_positives=5, n_found=10, n_true=10)] * 40
    value = float(gain.mean()) / 10
    over_animals = f1_difference(new, old, animals, value)
    over_pieces = f1_difference(new, old, ["m"] * 40, value)
    assert over_animals.low < over_pieces.low < value
    assert value < over_pieces.high < over_animals.high


def test_nothing_held_out_has_no_interval() -> None:
    found = f1_difference([], [], [], float("nan"))
    assert np.isnan([found.low, found.high]).all()


def test_pieces_add_up_where_no_cell_crosses() -> None:
    truth = np.zeros((1, 40, 40), np.int32)
    for k, (y, x) in enumerate([(2, 2), (2, 24), (24, 4), (26, 26)], 1):
        truth[0, y : y + 8, x : x + 8] = k
    found = truth.copy()
    found[found == 3] = 0
    parts = count_detections_by_tile(found, truth, None, 20)
    assert len(parts) == 4
    assert sum(parts, DetectionCounts()) == count_detections(found, truth)
    judged = np.ones(truth.shape, bool)
    judged[:, :, 20:] = False
    assert (
        sum(
            count_detections_by_tile(found, truth, judged, 20), DetectionCounts()
        ).true_positives
        == 1
    )


@pytest.mark.parametrize("side", [7, 13, 64])
def test_no_cell_counts_twice(side: int) -> None:
    truth = np.zeros((2, 60, 60), np.int32)
    truth[:, 5:15, 5:15], truth[:, 30:44, 20:40] = 1, 2
    parts = count_detections_by_tile(truth, truth, None, side)
    assert sum(one.n_true for one in parts) <= 4
    assert all(one.true_positives == one.n_found == one.n_true for one in parts)
