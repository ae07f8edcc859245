"""A small simulated study, shared by the tests of cross-validation."""

import pytest

from napari_cellid.config.animals import AnimalsConfig
from napari_cellid.crossvalidation import baselines
from napari_cellid.crossvalidation.simulated_study import make_simulated_study
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.animals import Cohort

SMALL = {"height": 112, "width": 112, "n_planes": 1, "inhibitory_fraction": 0.35}


@pytest.fixture
def quick_baselines(monkeypatch):
    """A forest of few trees, and a small network that is trained for a moment."""
    monkeypatch.setattr(baselines, "_TREES", 60)
    monkeypatch.setattr(baselines, "_EPOCHS", 4)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory):
    """Four animals with two recordings each."""
    cohort = Cohort(seed=5, spread=AnimalsConfig(animals=4, recordings=2), fixed=SMALL)
    folder = tmp_path_factory.mktemp("simulated") / "study"
    return run_to_end(make_simulated_study(folder, cohort))
