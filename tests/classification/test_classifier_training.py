"""Training of the classifier: what is frozen stays, what is kept changes nothing."""

import dataclasses

import numpy as np
import pytest
import torch

from napari_cellid.classification.dataset import (
    ClassificationDataset,
    PatchDataset,
    RecordingCells,
    concatenate,
    prepare_cells,
)
from napari_cellid.classification.finetuning import PLANS, trained_parameters
from napari_cellid.classification.frozen_features import FeatureCache
from napari_cellid.classification.preprocess import Patches
from napari_cellid.classification.starting_weights import load_starting_weights
from napari_cellid.classification.temperature import fit_temperature
from napari_cellid.classification.training import (
    estimate_seconds,
    make_learner,
    train_classifier,
    uncached_learner,
)
from napari_cellid.config import ClassifierTrainingConfig
from napari_cellid.device import Device
from napari_cellid.errors import InputError
from napari_cellid.progress import ProgressEvent, run_to_end
from napari_cellid.training.run import Run

pytestmark = pytest.mark.usefixtures("narrow_networks")

CLASSES = ("excitatory", "inhibitory", "glia")
CPU = Device("cpu", "fp32", "CPU")


def _cells(n: int, seed: int = 0) -> PatchDataset:
    """Cells whose class is how bright the red and the green are."""
    rng = np.random.default_rng(seed)
    target = np.arange(n) % 3
    images = []
    for k in target:
        image = rng.random((3, 80, 80)).astype(np.float32) * 0.2
        image[0, 30:50, 30:50] += 0.8 * (k != 1)
        image[1, 30:50, 30:50] += 0.8 * (k != 2)
        image[2] = image[:2].mean(0)
        images.append(image)
    middle = np.full(n, 40 - 18)
    return PatchDataset(
        tuple(images), np.arange(n), middle, middle, target.astype(np.int64),
        np.ones(n, np.float32), patch_size=21,
    )  # fmt: skip


def _start(plan="resnet18_res5b", seed=0):
    torch.manual_seed(seed)
    start = load_starting_weights("random", CLASSES, plan)
    card = start.card.model_copy(update={"patch_size": 21, "input_size": 32})
    config = start.config.model_copy(update={"spotlight_px": 0.0})
    return dataclasses.replace(start, card=card, config=config)


def _settings(**other):
    values = {"plan": "resnet18_res5b", "epochs": 2, "batch_size": 4, "rate": 1e-3}
    return ClassifierTrainingConfig(**{**values, **other})


DATASET = ClassificationDataset(_cells(12), _cells(6, seed=1))


def test_cells_are_cut_as_where_they_are_classified(planes_and_cells):
    planes, cells, card = planes_and_cells
    some = prepare_cells(
        [RecordingCells(planes, cells, np.zeros(len(cells), np.int64))], card
    )
    patches = Patches(planes, cells, card).cut(0, len(cells))
    np.testing.assert_array_equal(some.cut(np.arange(len(cells))), patches)


@pytest.fixture
def planes_and_cells():
    import pandas as pd

    from napari_cellid.models.registry import SHIPPED_MODELS
    from napari_cellid.models.store import load_card
    from napari_cellid.recording import MeanPlanes

    rng = np.random.default_rng(4)
    red, green = rng.random((2, 2, 90, 120)).astype(np.float32)
    planes = MeanPlanes(name="f", red=red, green=green, pixel_size_um=1.6)
    cells = pd.DataFrame(
        {
            "plane": [0, 1, 1, 0],
            "y": [0.0, 89.0, 44.6, 13.2],
            "x": [0.0, 119.0, 3.1, 60.5],
        }
    )
    return planes, cells, load_card(SHIPPED_MODELS / "inception_v3")


def test_joined_cells_keep_their_patches():
    first, second = _cells(4), _cells(3, seed=8)
    both = concatenate(first, second.weighted(0.5))
    np.testing.assert_array_equal(both.cut(np.arange(4)), first.cut(np.arange(4)))
    np.testing.assert_array_equal(both.cut(np.arange(4, 7)), second.cut(np.arange(3)))
    np.testing.assert_array_equal(both.weight, [1, 1, 1, 1, 0.5, 0.5, 0.5])


@pytest.mark.parametrize("augmentation", ["none", "paper", "strong"])
def test_kept_frozen_part_gives_what_plain_training_gives(augmentation):
    config = _settings(augmentation=augmentation, copies=2)
    kept = run_to_end(make_learner(DATASET, _start(), config, CPU))
    plain = uncached_learner(DATASET, _start(), config, CPU)
    for learner in (kept, plain):
        for epoch in (1, 2):
            for index in range(learner.steps_per_epoch):
                learner.step(epoch, index)
    assert kept.validate() == pytest.approx(plain.validate(), abs=1e-4)
    for name, weight in plain.weights().items():
        torch.testing.assert_close(kept.weights()[name], weight, atol=1e-4, rtol=1e-4)


def test_frozen_tensors_are_the_same_to_the_bit_afterwards(tmp_path):
    start = _start()
    before = {k: v.clone() for k, v in start.net.state_dict().items()}
    run = Run.create(tmp_path / "run", {"task": "classify"})
    done = run_to_end(train_classifier(DATASET, start, _settings(), run, CPU))
    trained = trained_parameters(done.net, PLANS["resnet18_res5b"])
    for name, weight in done.net.state_dict().items():
        changed = not torch.equal(weight, before[name])
        assert changed == (name in trained), name


def test_adapting_changes_running_statistics_of_frozen_layers_alone(tmp_path):
    start = _start("resnet18_69")
    before = {k: v.clone() for k, v in start.net.state_dict().items()}
    run = Run.create(tmp_path / "run", {"task": "classify"})
    config = _settings(plan="resnet18_69", batch_norm="adapt", epochs=1)
    done = run_to_end(train_classifier(DATASET, start, config, run, CPU))
    changed = {
        name
        for name, weight in done.net.state_dict().items()
        if not torch.equal(weight, before[name])
    }
    statistics = {n for n in before if n.endswith(("_mean", "_var", "_tracked"))}
    assert changed == statistics | {"fc.weight", "fc.bias"}
    assert "cannot be cached" in " ".join(done.notes)


def test_training_learns_and_tells_each_epoch(tmp_path):
    run = Run.create(tmp_path / "run", {"task": "classify"})
    config = _settings(epochs=6, plan="everything", rate=3e-3)
    news = []
    step = train_classifier(DATASET, _start(), config, run, CPU)
    done = run_to_end(
        step, lambda p: news.append(p) if isinstance(p, ProgressEvent) else None
    )
    epochs = [n.values for n in news if n.event == "epoch"]
    assert [e["epoch"] for e in epochs] == list(range(7))
    assert epochs[-1]["validation"]["loss"] < epochs[0]["validation"]["loss"] / 2
    assert done.trained.state == "finished"
    assert done.card["classes"] == CLASSES
    assert news[0].event == "begin"
    logged = [e for e in run.events() if e["event"] == "epoch"]
    assert [e["validation"] for e in logged] == [e["validation"] for e in epochs]


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_resumed_equals_uninterrupted(tmp_path, optimiser):
    config = _settings(epochs=3, optimiser=optimiser)
    whole = Run.create(tmp_path / "whole", {"task": "classify"})
    expected = run_to_end(train_classifier(DATASET, _start(), config, whole, CPU))
    broken = Run.create(tmp_path / "broken", {"task": "classify"})
    step = train_classifier(DATASET, _start(), config, broken, CPU)
    for progress in step:
        # in the middle of the second epoch
        if progress.stage == "Training" and progress.done == 9:
            break
    step.close()
    again = Run.open(tmp_path / "broken")
    other = train_classifier(DATASET, _start(), config, again, CPU)
    for name, weight in run_to_end(other).net.state_dict().items():
        assert torch.equal(weight, expected.net.state_dict()[name]), name
    logged = [e["epoch"] for e in again.events() if e["event"] == "epoch"]
    assert sorted(set(logged)) == [0, 1, 2, 3]


def test_stopping_keeps_the_best(tmp_path):
    run = Run.create(tmp_path / "run", {"task": "classify"})
    step = train_classifier(DATASET, _start(), _settings(epochs=50), run, CPU)

    def stop_in_third(progress):
        if isinstance(progress, ProgressEvent) and progress.values.get("epoch") == 2:
            run.request_stop()

    done = run_to_end(step, stop_in_third)
    assert done.trained.state == "stopped"
    assert done.trained.last_epoch == 2
    losses = {e["epoch"]: e["validation"]["loss"] for e in done.trained.history}
    assert done.trained.best_epoch == min(losses, key=losses.get)


def test_stopping_before_the_first_epoch_ends_keeps_what_there_is(tmp_path):
    run = Run.create(tmp_path / "run", {"task": "classify"})
    step = train_classifier(DATASET, _start(), _settings(epochs=5), run, CPU)
    done = run_to_end(step, lambda p: run.request_stop() if p.done == 1 else None)
    assert (done.trained.state, done.trained.last_epoch) == ("stopped", 0)


def test_a_loss_that_is_no_number_ends_in_one_sentence(tmp_path):
    run = Run.create(tmp_path / "run", {"task": "classify"})
    config = _settings(rate=1.0, head_rate_factor=1000, epochs=30, plan="everything")
    with pytest.raises(InputError, match="learning rate"):
        run_to_end(train_classifier(DATASET, _start(), config, run, CPU))


def test_a_class_with_one_cell_is_refused(tmp_path):
    run = Run.create(tmp_path / "run", {"task": "classify"})
    dataset = ClassificationDataset(_cells(4), _cells(6))
    with pytest.raises(InputError, match="inhibitory has 1 cell to train on"):
        run_to_end(train_classifier(dataset, _start(), _settings(), run, CPU))


def test_kept_values_are_shared_by_plans_of_one_cut():
    cache = FeatureCache(1.0)
    config = _settings(plan="resnet18_69")
    run_to_end(make_learner(DATASET, _start(), config, CPU, cache))
    stages = [
        p.stage
        for p in make_learner(
            DATASET, _start(), _settings(plan="resnet18_66"), CPU, cache
        )
    ]
    assert stages == []
    deeper = make_learner(DATASET, _start(), _settings(), CPU, cache)
    assert "Running the frozen layers" in {p.stage for p in deeper}


def test_large_kept_values_go_to_disk_and_are_the_same():
    config = _settings()
    in_memory, on_disk = FeatureCache(1.0), FeatureCache(1e-9)
    which = np.array([5, 0, 13])
    values = []
    for cache in (in_memory, on_disk):
        learner = run_to_end(make_learner(DATASET, _start(), config, CPU, cache))
        values.append(learner._training.features(which))
    assert learner._training.on_disk
    torch.testing.assert_close(values[0], values[1])


def test_sampling_shows_rare_classes_as_often():
    cells = _cells(30)
    rare = dataclasses.replace(cells, target=np.array([0] * 26 + [1, 1, 2, 2]))
    learner = run_to_end(
        make_learner(
            ClassificationDataset(rare, _cells(6)),
            _start(),
            _settings(balance="sampling"),
            CPU,
        )
    )
    seen = np.concatenate([learner._order(epoch) for epoch in range(40)])
    share = np.bincount(rare.target[learner._training.samples.index[seen, 0]]) / len(
        seen
    )
    np.testing.assert_allclose(share, 1 / 3, atol=0.04)


def test_temperature_of_overconfident_logits():
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(0, 1, (4000, 3)))
    probabilities = logits.softmax(1).numpy()
    truth = np.array([rng.choice(3, p=p) for p in probabilities])
    assert fit_temperature(logits * 2.5, truth) == pytest.approx(2.5, rel=0.1)


def test_an_estimate_is_a_positive_number_of_seconds():
    seconds = run_to_end(estimate_seconds(DATASET, _start(), _settings(), CPU))
    assert 0 < seconds < 600
