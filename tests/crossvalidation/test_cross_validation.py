"""Cross-validation: folds without leakage, shared features, kept results."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_cellid.batch.schedulers import HereScheduler
from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig
from napari_cellid.config.animals import AnimalsConfig
from napari_cellid.config.evaluation import EvaluationConfig
from napari_cellid.crossvalidation.cells import (
    EvaluationCells,
    choose_groups,
    collect_cells,
)
from napari_cellid.crossvalidation.detections import read_detections
from napari_cellid.crossvalidation.experiment import (
    Experiment,
    run_experiment,
)
from napari_cellid.crossvalidation.experiment_file import save_experiment
from napari_cellid.crossvalidation.features import FeatureFiles, feature_key
from napari_cellid.crossvalidation.folds import Fold, make_folds
from napari_cellid.crossvalidation.methods import BASELINES, plan_methods
from napari_cellid.crossvalidation.network import (
    compute_features,
    load_input,
    n_cut,
    train_fold,
)
from napari_cellid.crossvalidation.simulated_study import make_simulated_study
from napari_cellid.crossvalidation.summary import summarise
from napari_cellid.device import Device
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.animals import Cohort

pytestmark = pytest.mark.usefixtures("narrow_networks")

CPU = Device("cpu", "fp32", "CPU")
CONFIG = EvaluationConfig(
    folds=3, seeds=2, groups="animal", cells=60, input_size=32, end_to_end=False
)
TRAINING = ClassifierTrainingConfig(
    epochs=2, input_size=32, balance="none", rate=1e-3, replay=0
)
#: no outlines of a U-Net
NONE, NO_ROWS = read_detections(Path("none.json")), np.zeros(0, np.int64)
STARTS = dict.fromkeys(("inception_v3", "resnet18", "resnet50"), "random")


@pytest.fixture(scope="module")
def cells(simulated):
    return collect_cells(simulated, CONFIG)


def _parts(fold):
    return fold.train, fold.inner, fold.test


def test_decided_cells_are_unanimous_and_in_groups(simulated, cells):
    assert set(cells.table["group"]) == {f"animal_{k}" for k in range(1, 5)}
    assert np.bincount(cells.target).min() >= 4
    votes = simulated.read_answers().current()
    answers = votes.groupby(["recording", "cell"])["answer"].nunique()
    keys = list(zip(cells.table["recording"], cells.table["cell"], strict=True))
    assert (answers.loc[keys] == 1).all()
    # some cells are disputed: the annotators do not agree on everything
    assert (answers > 1).any()


@pytest.mark.parametrize("protocol", ["paper", "honest", "leave-one-out"])
def test_each_cell_is_tested_once_and_never_trained_on_then(cells, protocol):
    folds = make_folds(cells, protocol, 3, seed=0)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(len(cells.table)))
    for fold in folds:
        train, inner, test = map(set, _parts(fold))
        assert not train & inner and not train & test and not inner & test
        assert len(train | inner | test) == len(cells.table)


@pytest.mark.parametrize("protocol", ["honest", "leave-one-out"])
def test_no_group_is_in_two_parts_of_a_fold(cells, protocol):
    column = "group" if protocol == "honest" else "animal"
    groups = cells.groups(column)
    for fold in make_folds(cells, protocol, 3, seed=1):
        train, inner, test = (set(groups[part]) for part in _parts(fold))
        assert inner
        assert not train & inner and not train & test and not inner & test


def test_folds_of_the_paper_mix_animals(cells):
    fold = make_folds(cells, "paper", 3, seed=0)[0]
    groups = cells.groups()
    assert set(groups[fold.train]) & set(groups[fold.test])
    assert not len(fold.inner)


def test_seeds_give_other_folds_and_the_same_seed_the_same(cells):
    first, again, other = (make_folds(cells, "paper", 3, s) for s in (0, 0, 1))
    assert all((a.test == b.test).all() for a, b in zip(first, again, strict=True))
    assert any(
        len(a.test) != len(b.test) or (a.test != b.test).any()
        for a, b in zip(first, other, strict=True)
    )


@pytest.fixture(scope="module")
def method():
    return plan_methods(["resnet18_res5b"], STARTS)[0]


def _settings(method, **other):
    return TRAINING.model_copy(update={"plan": method.plan, **other})


def test_shared_features_give_what_running_every_fold_plainly_gives(
    simulated, cells, method, tmp_path
):
    settings = _settings(method)
    files = FeatureFiles(tmp_path, feature_key(**method.input_arguments))
    prepared = load_input(simulated, cells, NONE, method, settings, 0.0)
    cut = n_cut(method, settings)
    assert compute_features(prepared, [cut], files, CPU) == 1
    assert compute_features(prepared, [cut], files, CPU) == 0
    fold = make_folds(cells, "honest", 3, seed=0)[0]
    shared = train_fold(prepared, fold, settings, files, CPU, NO_ROWS)
    plain = train_fold(prepared, fold, settings, None, CPU, NO_ROWS)
    np.testing.assert_allclose(
        shared["fixed"]["probabilities"], plain["fixed"]["probabilities"], atol=1e-4
    )


def test_nothing_of_the_test_cells_reaches_training(simulated, cells, method):
    """Other labels and other images of the test cells: the same weights."""
    settings = _settings(method, epochs=1)
    fold = make_folds(cells, "honest", 3, seed=0)[0]
    prepared = load_input(simulated, cells, NONE, method, settings, 0.0)
    train_fold(prepared, fold, settings, None, CPU, NO_ROWS)
    before = {n: w.clone() for n, w in prepared.start.net.state_dict().items()}
    # the groups of the test cells are whole images
    samples = prepared.samples
    of_test = set(samples.cells.image[fold.test])
    assert not of_test & set(samples.cells.image[fold.train])
    images = tuple(
        image[:, ::-1, ::-1].copy() * 0.5 if k in of_test else image
        for k, image in enumerate(samples.cells.images)
    )
    target = samples.cells.target.copy()
    target[fold.test] = (target[fold.test] + 1) % 3
    changed = dataclasses.replace(samples.cells, images=images, target=target)
    other = dataclasses.replace(
        prepared, samples=dataclasses.replace(samples, cells=changed)
    )
    found = train_fold(other, fold, settings, None, CPU, NO_ROWS)
    for name, weight in other.start.net.state_dict().items():
        torch.testing.assert_close(weight, before[name], rtol=0, atol=0)
    assert 0 <= found["epochs"][0]["test"] <= 1


def test_the_epoch_is_chosen_without_the_test_cells(simulated, cells, method):
    settings = _settings(method, epochs=3)
    fold = make_folds(cells, "honest", 3, seed=0)[0]
    prepared = load_input(simulated, cells, NONE, method, settings, 0.0)
    found = train_fold(prepared, fold, settings, None, CPU, NO_ROWS)
    inner = [one["inner"] for one in found["epochs"]]
    assert found["chosen"]["epoch"] == int(np.argmax(inner)) + 1
    without = Fold(fold.train, fold.inner[:0], fold.test, "0")
    last = train_fold(prepared, without, settings, None, CPU, NO_ROWS)
    assert last["chosen"]["epoch"] == 3


@pytest.mark.usefixtures("quick_baselines")
def test_an_experiment_is_resumed_and_summarised(simulated, cells, tmp_path):
    experiment = Experiment(
        tmp_path, simulated.path, cells, CONFIG,
        TRAINING.model_copy(update={"epochs": 1}),
        tuple(plan_methods(["resnet18_69", "resnet18_66"], STARTS)),
        tuple(BASELINES), ("paper", "honest"),
    )  # fmt: skip
    assert len(experiment.methods) == 1
    save_experiment(experiment)
    device = DeviceConfig(device="cpu", precision="fp32")
    step = run_experiment(experiment, HereScheduler(), device)
    results = run_to_end(step)
    assert len(results) == (1 + len(BASELINES)) * (3 + 3 * 2)
    assert not (tmp_path / "features").exists()
    told = []
    again = run_to_end(run_experiment(experiment, HereScheduler(), device), told.append)
    assert again == results
    assert "were finished before" in told[0].message
    summary = summarise(experiment, results)
    honest = summary["honest"]["methods"]
    assert (summary["honest"]["n_folds"], summary["honest"]["n_seeds"]) == (3, 2)
    majority = honest["majority"]
    confusion = np.array(majority["confusion"])
    # the most frequent class of the training cells is called in each fold
    assert ((confusion.sum(0) > 0).sum()) <= 2
    assert confusion.sum() == 2 * len(cells.table)
    assert (
        majority["pooled"]["accuracy"] < honest["two thresholds"]["pooled"]["accuracy"]
    )
    assert honest["random forest"]["pooled"]["accuracy"] > 0.7
    rule = honest["resnet18_69"]["with_rule"]
    folds = [np.array(honest[n]["accuracy"]["chosen"]["folds"])
             for n in ("resnet18_69", "two thresholds")]  # fmt: skip
    assert rule["difference"] == pytest.approx((folds[0] - folds[1]).mean(), abs=1e-5)


def test_another_experiment_in_the_folder_is_refused(simulated, cells, tmp_path):
    values = (simulated.path, cells, CONFIG, TRAINING, (), ("majority",), ("paper",))
    save_experiment(Experiment(tmp_path, *values))
    other = dataclasses.replace(
        Experiment(tmp_path, *values), config=CONFIG.model_copy(update={"folds": 4})
    )
    with pytest.raises(InputError, match="other settings"):
        save_experiment(other)


def test_later_answers_change_nothing_of_an_experiment(simulated, cells, tmp_path):
    values = (CONFIG, TRAINING, (), ("majority",), ("paper",))
    save_experiment(Experiment(tmp_path, simulated.path, cells, *values))
    more = EvaluationCells(cells.table.iloc[1:].reset_index(drop=True), cells.classes)
    again = save_experiment(Experiment(tmp_path, simulated.path, more, *values))
    assert again.cells.table["cell"].tolist() == cells.table["cell"].tolist()
    results = run_to_end(run_experiment(again, HereScheduler(), DeviceConfig()))
    summary = summarise(again, results)["paper"]["methods"]["majority"]
    assert np.sum(summary["confusion"]) == len(cells.table)


def test_a_class_that_cannot_be_trained_is_refused_before_anything_is_written(
    simulated, cells, tmp_path
):
    values = (CONFIG, TRAINING, (), ("majority",), ("leave-one-out",))
    table = cells.table
    kept = table["animal"].eq("animal_1") | table["class"].ne(cells.classes[-1])
    few = EvaluationCells(table[kept].reset_index(drop=True), cells.classes)
    with pytest.raises(InputError, match="has 0 cells to train on"):
        save_experiment(Experiment(tmp_path / "out", simulated.path, few, *values))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("animals", "side", "name"),
    [(4, 128, "animal_1_recording_1"), (3, 112, "animal_4_recording_1")],
)
def test_animals_of_other_settings_are_not_mixed(simulated, animals, side, name):
    fixed = {"height": side, "width": side, "n_planes": 1}
    spread = AnimalsConfig(animals=animals, recordings=2)
    step = make_simulated_study(simulated.path, Cohort(5, spread, fixed=fixed))
    with pytest.raises(InputError, match=f"{name}, which was simulated with other"):
        run_to_end(step)


def test_fewer_groups_than_folds_is_one_sentence(simulated):
    config = CONFIG.model_copy(update={"folds": 5})
    with pytest.raises(InputError, match=r"4 groups \(animal\), fewer than the 5"):
        collect_cells(simulated, config)


def test_groups_are_chosen_by_the_number_of_folds(cells):
    table = cells.table.assign(subvolume=cells.table["recording"])
    assert len(set(choose_groups(table, "auto", 4))) == 4
    assert len(set(choose_groups(table, "auto", 5))) == 8
    with pytest.raises(InputError, match="Not every recording has its animal"):
        choose_groups(table.assign(animal=""), "animal", 3)


def test_sessions_of_one_sub_volume_are_one_group(cells):
    # the fixture has two recordings of each animal
    table = cells.table.assign(subvolume="fov01")
    assert len(set(choose_groups(table, "recording", 4))) == 4
    for kind in ("recording", "auto"):
        with pytest.raises(InputError, match="fewer than the 5 folds"):
            choose_groups(table, kind, 5)


def test_a_class_that_is_missing_in_training_is_named(cells):
    table = cells.table.reset_index(drop=True)
    one_group = table["group"].eq("animal_1")
    # only one animal has cells of the last class
    last = cells.classes[-1]
    kept = table[one_group | table["class"].ne(last)].reset_index(drop=True)
    with pytest.raises(InputError, match=f"the class {last} has 0 cells to train on"):
        make_folds(EvaluationCells(kept, cells.classes), "leave-one-out", 3, 0)


def test_too_few_cells_for_the_folds(cells):
    with pytest.raises(InputError, match="fewer than the 50 folds"):
        make_folds(cells, "paper", 50, 0)


def test_the_same_images_in_two_groups_are_refused(simulated, tmp_path):
    import shutil

    from napari_cellid.study.study import Study

    path = tmp_path / "study"
    shutil.copytree(simulated.path, path)
    source, copy = (path / "recordings" / n for n in (
        "animal_1_recording_1", "animal_2_recording_1"))  # fmt: skip
    shutil.copy(source / "images.tif", copy / "images.tif")
    with pytest.raises(InputError, match="have the same images"):
        collect_cells(Study.open(path), CONFIG)
