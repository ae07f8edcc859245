"""Simulated cells that are mixed in."""

import numpy as np

from napari_cellid.config import Scheme, StudyConfig
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.replay import simulate_replay_cells, simulated_names
from napari_cellid.study.classes import rename_class

ORDER = ("glia", "excitatory", "inhibitory")
NAMES = {name: name for name in ORDER}


def test_as_many_of_each_class_and_the_same_for_a_seed(monkeypatch):
    monkeypatch.setattr("napari_cellid.retrain.simulated_fields._FIELD_UM", 140.0)
    card = load_card(SHIPPED_MODELS / "inception_v3")
    said = []
    cells = run_to_end(
        simulate_replay_cells(9, ORDER, NAMES, card, seed=4), said.append
    )
    assert np.bincount(cells.target).tolist() == [3, 3, 3]
    assert {one.stage for one in said} == {"Simulating cells"}
    again = run_to_end(simulate_replay_cells(9, ORDER, NAMES, card, seed=4))
    np.testing.assert_array_equal(cells.cut(np.arange(9)), again.cut(np.arange(9)))
    other = run_to_end(simulate_replay_cells(9, ORDER, NAMES, card, seed=5))
    assert not np.array_equal(cells.cut(np.arange(9)), other.cut(np.arange(9)))
    # red nuclei are what inhibitory cells have not: the middle pixels tell the order
    middle = cells.cut(np.arange(9))[:, 0, 47:54, 47:54].mean((1, 2))
    assert middle[cells.target == 2].mean() < middle[cells.target != 2].mean()


def test_only_the_three_classes_can_be_simulated():
    paper = StudyConfig()
    assert simulated_names(ORDER, paper) == NAMES
    assert simulated_names(("PV", "SST"), paper) is None
    assert simulated_names(ORDER[:2], paper) is None


def test_simulated_cells_are_named_by_what_they_show_and_never_by_their_name():
    """Where red marks interneurons, simulated red and green cells are inhibitory."""
    config = StudyConfig.of_scheme(Scheme(name="red-interneurons"))
    assert simulated_names(config.class_names, config) == {
        "excitatory": "inhibitory",
        "inhibitory": "excitatory",
        "glia": "inhibitory without GCaMP",
    }
    # the paper's names where nobody has said what red marks
    unknown = [one.model_dump() | {"markers": ""} for one in StudyConfig().classes]
    assert simulated_names(ORDER, StudyConfig(classes=unknown)) is None


def test_renamed_classes_are_still_simulated():
    config = rename_class(StudyConfig(), "glia", "astrocyte")
    assert simulated_names(ORDER, config) == NAMES
    renamed = ("astrocyte", "excitatory", "inhibitory")
    assert simulated_names(renamed, config) == NAMES | {"glia": "astrocyte"}
