"""A small simulated study whose own model is tiny, so that trainings take a moment."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from simulated_study import make_request, make_study, small

from napari_cellid.config import DeviceConfig, SimulationConfig, VoteConfig
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.retrain import simulated_fields
from napari_cellid.retrain.active_model import activate_model
from napari_cellid.retrain.request import ClassifierRequest
from napari_cellid.simulation import field
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from napari_cellid.progress import Step
    from napari_cellid.simulation.field import SimulatedField

RULE = VoteConfig(rule="majority", min_annotators=1)


#: simulated fields by their settings
_kept: dict[str, SimulatedField] = {}


@pytest.fixture(scope="module")
def fields_are_simulated_once() -> Iterator[None]:
    """Simulate the fields of trainings and comparisons once: each has the same ones."""

    def simulate(config: SimulationConfig) -> Step[SimulatedField]:
        yield Progress("Simulating planes", 0, config.n_planes)
        key = config.model_dump_json()
        if key not in _kept:
            _kept[key] = run_to_end(field.simulate(config))
        return _kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated_fields, "simulate", simulate)
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, classifier_folder: Path) -> Path:
    """Four recordings of four animals, answered by three people."""
    folder = tmp_path_factory.mktemp("retrain") / "study"
    study = make_study(folder, [small(seed) for seed in range(4)], most=14)
    shutil.copytree(classifier_folder, study.models / "tiny")
    study.save_config(study.config.model_copy(update={"vote": RULE}))
    activate_model(study, "tiny", "classify")
    return folder


@pytest.fixture
def study(template: Path, tmp_path: Path) -> Study:
    """A copy of the study."""
    return Study.open(Path(shutil.copytree(template, tmp_path / "study")))


@pytest.fixture(scope="session")
def device() -> DeviceConfig:
    return DeviceConfig(device="cpu", precision="fp32")


@pytest.fixture
def quick() -> ClassifierRequest:
    """The last layer of the tiny model, for two epochs."""
    return make_request()
