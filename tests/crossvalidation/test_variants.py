"""Variants of the input, and what cannot be compared: one sentence each."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pytest
from safetensors.torch import save_file

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.batch.schedulers import HereScheduler
from napari_cellid.classification.networks import (
    ClassifierConfig,
    build_network,
)
from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig
from napari_cellid.config.evaluation import EvaluationConfig
from napari_cellid.crossvalidation.cells import collect_cells
from napari_cellid.crossvalidation.experiment import (
    Experiment,
    run_experiment,
)
from napari_cellid.crossvalidation.experiment_file import save_experiment
from napari_cellid.crossvalidation.methods import plan_methods, variant_methods
from napari_cellid.crossvalidation.summary import summarise
from napari_cellid.errors import InputError
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.progress import run_to_end
from napari_cellid.study.study import Study

pytestmark = pytest.mark.usefixtures("narrow_networks")

CONFIG = EvaluationConfig(
    folds=2, seeds=1, groups="animal", cells=24, end_to_end=False
)  # fmt: skip
TRAINING = ClassifierTrainingConfig(epochs=1, input_size=32, replay=0)
DEVICE = DeviceConfig(device="cpu", precision="fp32")


def _experiment(folder, study, methods):
    experiment = Experiment(
        folder, study.path, collect_cells(study, CONFIG), CONFIG, TRAINING,
        tuple(methods), ("majority",), ("paper",),
    )  # fmt: skip
    save_experiment(experiment)
    return experiment


def test_every_variant_is_trained_and_tested(simulated, tmp_path):
    (plan,) = plan_methods(["resnet18_69"], {"resnet18": "random"})
    variants = variant_methods(plan, [plan])
    assert [one.name for one in variants] == [
        "resnet18_69, 25 px", "resnet18_69, 51 px", "resnet18_69, no blue",
        "resnet18_69, cell masked", "resnet18 from scratch",
    ]  # fmt: skip
    experiment = _experiment(tmp_path, simulated, [plan, *variants])
    results = run_to_end(run_experiment(experiment, HereScheduler(), DEVICE))
    methods = summarise(experiment, results)["paper"]["methods"]
    assert set(methods) == {"majority", plan.name, *(one.name for one in variants)}
    for name, one in methods.items():
        assert np.sum(one["confusion"]) == 24, name
    # the same weights and cells, and other input: other probabilities
    found = {
        one.name: results[f"paper_0_00_{one.name.replace(' ', '_').replace(',', '')}"]
        for one in (plan, *variants)
    }
    values = [np.array(one["fixed"]["probabilities"]) for one in found.values()]
    for k, one in enumerate(values):
        for other in values[:k]:
            assert np.abs(one - other).max() > 1e-4


def _random_state(folder, architecture):
    net = build_network(ClassifierConfig(architecture=architecture))
    path = folder / f"{architecture}.safetensors"
    save_file(dict(net.state_dict()), path)
    return str(path)


@pytest.mark.parametrize("kind", ["model folder", "state dict"])
def test_starting_weights_of_another_network_are_refused_before_the_first_fold(
    simulated, tmp_path, kind
):
    start, words = str(SHIPPED_MODELS / "inception_v3"), "is for resnet18, but .* inc"
    if kind == "state dict":
        start, words = (
            _random_state(tmp_path, "resnet50"),
            "do not fit the network resnet18",
        )
    methods = plan_methods(["resnet18_69"], {"resnet18": start})
    with pytest.raises(InputError, match=words) as caught:
        _experiment(tmp_path / "out", simulated, methods)
    assert "\n" not in str(caught.value)
    # so that the same folder can be given with other weights
    assert not (tmp_path / "out").exists()


def test_cells_without_answers_are_one_sentence(simulated, tmp_path):
    path = tmp_path / "study"
    shutil.copytree(simulated.path, path)
    for journal in (path / "annotations").iterdir():
        journal.unlink()
    with pytest.raises(InputError, match="decided"):
        collect_cells(Study.open(path), CONFIG)
    # answers to one class alone
    study = Study.open(path)
    rows = list(study.cells().iloc[:6].itertuples())
    for who in ("a", "b", "c"):
        journal = Journal.open(study.annotations, who)
        try:
            journal.add_all([_answer(who, row) for row in rows])
        finally:
            journal.close()
    with pytest.raises(InputError, match="The class inhibitory has 0 decided cells"):
        collect_cells(Study.open(path), CONFIG)


def _answer(who, row):
    return Answer(
        time=datetime(2026, 1, 5, tzinfo=UTC), annotator=who, recording=row.recording,
        cell=int(row.cell), plane=int(row.plane), y=float(row.y), x=float(row.x),
        answer="excitatory",
    )  # fmt: skip
