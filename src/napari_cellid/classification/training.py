"""Train a classifier on cells of known class."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.classification.dataset import ClassificationDataset
from napari_cellid.classification.frozen_features import (
    AugmentedSamples,
    FeatureCache,
    OnTheFlyFeatures,
)
from napari_cellid.classification.learner import ClassifierLearner, split_stages
from napari_cellid.classification.networks import SMALLEST_INPUT
from napari_cellid.classification.temperature import fit_temperature
from napari_cellid.errors import InputError
from napari_cellid.training.loop import LoopConfig, train

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

    from napari_cellid.classification.dataset import LabelledCells
    from napari_cellid.classification.starting_weights import StartingWeights
    from napari_cellid.config import ClassifierTrainingConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.training.loop import Trained
    from napari_cellid.training.run import Run

#: the paper's epochs
_EPOCHS = {"inception_v3": 11, "resnet18": 8, "resnet50": 8}
#: a class with fewer training cells teaches nothing that holds
MIN_CELLS_PER_CLASS = 2
#: seconds for which work is tried out before an estimate
_PROBE_S = 1.0
#: validation cells below which probabilities are not calibrated anew
_FEW_TO_CALIBRATE = 20


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """A classifier that was trained.

    Parameters
    ----------
    net
        The network of the best epoch.
    card
        Fields of its description, without what only the caller knows.
    trained
        What the loop says.
    notes
        What is worth knowing, one sentence each.
    """

    net: nn.Module
    card: dict[str, Any]
    trained: Trained
    notes: tuple[str, ...]


def train_classifier(
    material: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    work: tuple[Run, Device],
    *,
    store: FeatureCache | None = None,
    begin: Mapping[str, Any] | None = None,
) -> Step[TrainedClassifier]:
    """Train the layers of a plan on cells of known class.

    Parameters
    ----------
    material
        Cells.
    start
        Network to start from; it is changed.
    config
        Settings.
    work
        The run's folder, and where to compute.
    store
        Keeps what frozen layers make, for other trainings with the same cut.
    begin
        What the event "begin" says beside the counts of the loop.

    Raises
    ------
    InputError
        If there is nothing to train on, the plan is for another network, or the
        training cannot go on.
    """
    run, device = work
    material = check_dataset(material, start.classes)
    notes = list(_notes(config, device))
    learner = yield from make_learner(material, start, config, device, store)
    epochs = config.epochs or _EPOCHS[start.config.architecture]
    loop = LoopConfig(epochs=epochs, patience=config.patience, begin=begin or {})
    trained = yield from train(learner, run, loop)
    temperature = start.card.temperature if start.head_kept else 1.0
    if len(material.validation) >= _FEW_TO_CALIBRATE:
        temperature = fit_temperature(learner.logits, material.validation.target)
    else:
        notes.append(
            f"Only {len(material.validation)} cells choose the best epoch, too few to "
            "calibrate the probabilities with; take them for rough."
        )
    card = {
        "task": "classify",
        "architecture": start.config.architecture,
        "settings": start.config.model_dump(),
        "classes": start.classes,
        "combination": start.card.combination,
        "normalisation": start.card.normalisation,
        "pixel_size_um": start.card.pixel_size_um,
        "patch_size": start.card.patch_size,
        "input_size": network_input_size(start, config),
        "temperature": round(temperature, 4),
    }
    return TrainedClassifier(start.net.eval(), card, trained, tuple(notes))


def make_learner(
    material: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    device: Device,
    store: FeatureCache | None = None,
) -> Step[ClassifierLearner]:
    """Prepare a training: what the frozen layers make is computed here, and kept."""
    recipes = _recipes(material, start, config)
    if not recipes[0].frozen:
        return uncached_learner(material, start, config, device)
    _prepare_net(start, device)
    store = store or FeatureCache(config.cache_gb)
    kept = yield from store.keep(recipes[0], device)
    judged = yield from store.keep(recipes[1], device)
    return ClassifierLearner(
        start,
        (material.training, material.validation),
        (kept, judged),
        recipes[0].samples,
        config,
        device,
    )


def uncached_learner(
    material: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    device: Device,
) -> ClassifierLearner:
    """Prepare a training that runs the frozen layers each time, as others do.

    For comparison: it gives the same weights, more slowly.
    """
    recipes = _recipes(material, start, config)
    _prepare_net(start, device)
    return ClassifierLearner(
        start,
        (material.training, material.validation),
        (OnTheFlyFeatures(recipes[0], device), OnTheFlyFeatures(recipes[1], device)),
        recipes[0].samples,
        config,
        device,
    )


def estimate_seconds(
    material: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    device: Device,
) -> float:
    """Guess how long a training takes, from about two seconds of it.

    The network is changed by the steps that are tried.
    """
    from napari_cellid.progress import finish

    material = check_dataset(material, start.classes)
    samples = _samples(len(material.training), _copies(config))
    some = ClassificationDataset(
        _some(material.training, 16), _some(material.validation, 4)
    )
    begun = time.perf_counter()
    learner = finish(make_learner(some, start, config, device))
    n_run = len(some.training) * (1 + _copies(config)) + len(some.validation)
    prefix = (time.perf_counter() - begun) / max(n_run, 1)
    steps, begun = 0, time.perf_counter()
    while steps < 3 or time.perf_counter() - begun < _PROBE_S:
        learner.step(1, steps % learner.steps_per_epoch)
        steps += 1
    a_step = (time.perf_counter() - begun) / steps
    epochs = config.epochs or _EPOCHS[start.config.architecture]
    n_steps = -(-len(samples) // config.batch_size) * epochs
    # a validated cell costs about a third of a trained one
    validating = epochs * len(material.validation) / config.batch_size * a_step / 3
    frozen = bool(split_stages(start, config)[1])
    passing = prefix * (len(samples) + len(material.validation)) if frozen else 0.0
    return passing + n_steps * a_step + validating


def check_dataset(
    material: ClassificationDataset, classes: tuple[str, ...]
) -> ClassificationDataset:
    """Refuse material with which nothing can be learned.

    Raises
    ------
    InputError
        If a class has too few training cells.
    """
    count = np.bincount(material.training.target, minlength=len(classes))
    for name, n in zip(classes, count, strict=True):
        if n < MIN_CELLS_PER_CLASS:
            cells = "1 cell" if n == 1 else f"{n} cells"
            raise InputError(
                f"The class {name} has {cells} to train on, but at least "
                f"{MIN_CELLS_PER_CLASS} are needed; answer more cells of it, or take "
                "the class out of the study."
            )
    if not len(material.validation):
        return replace(material, validation=material.training)
    return material


def network_input_size(start: StartingWeights, config: ClassifierTrainingConfig) -> int:
    """Side (px) of the images that the network is fed with.

    Raises
    ------
    InputError
        If it is too small for the network.
    """
    side = config.input_size or start.card.input_size
    smallest = SMALLEST_INPUT[start.config.architecture]
    if side < smallest:
        raise InputError(
            f"Images of {side} px are too small for {start.config.architecture}; give "
            f"at least {smallest}, or 0 for the network's own."
        )
    return side


def _recipes(
    material: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
) -> tuple[AugmentedSamples, AugmentedSamples]:
    from napari_cellid.classification.upsampling import UpsamplingClassifier

    _, frozen, _ = split_stages(start, config)
    enlarging = UpsamplingClassifier(
        start.net, network_input_size(start, config), start.config
    )
    training = AugmentedSamples(
        cells=material.training,
        samples=_samples(len(material.training), _copies(config)),
        enlarging=enlarging,
        frozen=frozen,
        augmentation=config.augmentation,
        seed=config.seed,
    )
    n = len(material.validation)
    return training, replace(
        training, cells=material.validation, samples=_samples(n, 0)
    )


def _prepare_net(start: StartingWeights, device: Device) -> None:
    import torch

    start.net.eval().to(device.kind)
    if device.kind != "mps":
        start.net.to(memory_format=torch.channels_last)


def _samples(n: int, copies: int) -> NDArray[np.int64]:
    """(sample, 2): every cell as it is, then its copies."""
    rows = np.tile(np.arange(n), 1 + copies)
    return np.column_stack([rows, np.repeat(np.arange(1 + copies), n)]).astype(np.int64)


def _copies(config: ClassifierTrainingConfig) -> int:
    return 0 if config.augmentation == "none" else config.copies


def _some(cells: LabelledCells, n: int) -> LabelledCells:
    rows = np.linspace(0, len(cells) - 1, min(n, len(cells))).astype(int)
    return replace(
        cells,
        **{k: getattr(cells, k)[rows] for k in ("image", "y", "x", "target", "weight")},
    )


def _notes(config: ClassifierTrainingConfig, device: Device) -> list[str]:
    notes = []
    if config.batch_norm == "adapt":
        notes.append(
            "Batch statistics adapt, so that the frozen layers give something else in "
            "every batch: they are run anew each time, which is slower."
        )
    if device.precision == "fp16":
        notes.append("Trained in fp32; fp16 is used for classifying only.")
    return notes
