"""Simulated cells that are mixed in."""

import numpy as np

from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.replay import can_replay, simulate_replay_cells

ORDER = ("glia", "excitatory", "inhibitory")


def test_as_many_of_each_class_and_the_same_for_a_seed(monkeypatch):
    monkeypatch.setattr("napari_cellid.retrain.simulated_fields._FIELD_UM", 140.0)
    card = load_card(SHIPPED_MODELS / "inception_v3")
    said = []
    cells = run_to_end(simulate_replay_cells(9, ORDER, card, seed=4), said.append)
    assert np.bincount(cells.target).tolist() == [3, 3, 3]
    assert {one.stage for one in said} == {"Simulating cells"}
    again = run_to_end(simulate_replay_cells(9, ORDER, card, seed=4))
    np.testing.assert_array_equal(cells.cut(np.arange(9)), again.cut(np.arange(9)))
    other = run_to_end(simulate_replay_cells(9, ORDER, card, seed=5))
    assert not np.array_equal(cells.cut(np.arange(9)), other.cut(np.arange(9)))
    # red nuclei are what inhibitory cells have not: the middle pixels tell the order
    middle = cells.cut(np.arange(9))[:, 0, 47:54, 47:54].mean((1, 2))
    assert middle[cells.target == 2].mean() < middle[cells.target != 2].mean()


def test_only_the_three_classes_can_be_simulated():
    assert can_replay(ORDER)
    assert not can_replay(("PV", "SST"))
    assert not can_replay(ORDER[:2])
