"""Training of a patch classifier on cells of known class."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.classification.dataset import ClassificationDataset, check_dataset
from napari_cellid.classification.frozen_features import FeatureCache, OnTheFlyFeatures
from napari_cellid.classification.learner import ClassifierLearner
from napari_cellid.classification.samples import (
    make_samples,
    n_copies,
    network_input_size,
    sample_index,
)
from napari_cellid.classification.temperature import fit_temperature
from napari_cellid.device import place_network
from napari_cellid.progress import Progress
from napari_cellid.training.loop import LoopConfig, train
from napari_cellid.training.network_learner import seconds_per_step

if TYPE_CHECKING:
    from torch import nn

    from napari_cellid.classification.starting_weights import StartingWeights
    from napari_cellid.config import ClassifierTrainingConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.training.loop import TrainingResult
    from napari_cellid.training.run import Run

#: the paper's epochs
_EPOCHS = {"inception_v3": 11, "resnet18": 8, "resnet50": 8}
#: how long steps are timed for an estimate (s), and fewest steps
_PROBE_SECONDS, _PROBE_STEPS = 1.0, 3
#: training and validation cells of an estimate
_PROBE_TRAINING, _PROBE_VALIDATION = 16, 4
#: fewest validation cells with which probabilities are calibrated
_MIN_TO_CALIBRATE = 20


@dataclass(frozen=True, eq=False)
class TrainedClassifier:
    """A classifier that was trained.

    Parameters
    ----------
    net
        Network with the weights of the best epoch.
    card
        Fields of its card, without those that only the caller knows.
    trained
        Result of the training loop.
    notes
        What the user should know, one sentence each.
    """

    net: nn.Module
    card: dict[str, Any]
    trained: TrainingResult
    notes: tuple[str, ...]


def train_classifier(
    dataset: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    run: Run,
    device: Device,
    *,
    cache: FeatureCache | None = None,
) -> Step[TrainedClassifier]:
    """Train the layers of a plan on cells of known class.

    Parameters
    ----------
    dataset
        Cells to train on and to choose the best epoch with.
    start
        Network to start from; it is changed.
    config
        Settings.
    run
        Folder of the training.
    device
        Where to compute.
    cache
        Features of frozen layers, shared with other trainings.

    Raises
    ------
    InputError
        If there is nothing to train on, the plan is for another network, or the
        training cannot go on.
    """
    dataset = check_dataset(dataset, start.classes)
    learner = yield from make_learner(dataset, start, config, device, cache)
    loop = LoopConfig(_epochs(start, config), config.patience, begin=dataset.summary)
    trained = yield from train(learner, run, loop)
    n = len(dataset.validation)
    if n >= _MIN_TO_CALIBRATE:
        temperature = fit_temperature(learner.logits, dataset.validation.target)
    else:
        # a kept head has about the calibration of its model, a new one has none
        temperature = start.card.temperature if start.head_kept else 1.0
    return TrainedClassifier(
        net=start.net.eval(),
        card=_card_fields(start, config, temperature),
        trained=trained,
        notes=_notes(config, device, n),
    )


def make_learner(
    dataset: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    device: Device,
    cache: FeatureCache | None = None,
) -> Step[ClassifierLearner]:
    """Prepare a training: the features of the frozen layers are computed here."""
    training, validation = make_samples(dataset, start, config)
    # a cache would only hold the images
    if not training.frozen:
        return uncached_learner(dataset, start, config, device)
    # the frozen layers run before the learner places the network
    place_network(start.net, device)
    cache = cache or FeatureCache(config.cache_gb)
    training_features = yield from cache.get(training, device)
    validation_features = yield from cache.get(validation, device)
    return ClassifierLearner(
        start, training_features, validation_features, config, device
    )


def uncached_learner(
    dataset: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    device: Device,
) -> ClassifierLearner:
    """Prepare a training that runs the frozen layers in every step.

    It gives the same weights as a training with cached features, more slowly.
    """
    training, validation = (
        OnTheFlyFeatures(samples, device)
        for samples in make_samples(dataset, start, config)
    )
    return ClassifierLearner(start, training, validation, config, device)


def estimate_seconds(
    dataset: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
    device: Device,
) -> Step[float]:
    """Estimate how long a training takes (s), from about two seconds of it.

    The network is changed.
    """
    dataset = check_dataset(dataset, start.classes)
    copies, n_validation = n_copies(config), len(dataset.validation)
    probe = ClassificationDataset(
        dataset.training.subset(_PROBE_TRAINING),
        dataset.validation.subset(_PROBE_VALIDATION),
    )
    yield Progress("Measuring the duration", 0, 2)
    begun = time.perf_counter()
    learner = yield from make_learner(probe, start, config, device)
    yield Progress("Measuring the duration", 1, 2)
    # each copy of a cell passes the frozen layers once
    n_probe = len(probe.training) * (1 + copies) + len(probe.validation)
    seconds_per_feature = (time.perf_counter() - begun) / max(n_probe, 1)
    step_seconds = seconds_per_step(learner, _PROBE_SECONDS, at_least=_PROBE_STEPS)
    epochs = _epochs(start, config)
    n_samples = len(sample_index(len(dataset.training), copies))
    n_steps = -(-n_samples // config.batch_size) * epochs
    # a validated cell costs about a third of a trained one
    validation = epochs * n_validation / config.batch_size * step_seconds / 3
    features = seconds_per_feature * (n_samples + n_validation)
    return (
        n_steps * step_seconds + validation + (features if learner.has_frozen else 0.0)
    )


def _epochs(start: StartingWeights, config: ClassifierTrainingConfig) -> int:
    return config.epochs or _EPOCHS[start.config.architecture]


def _card_fields(
    start: StartingWeights, config: ClassifierTrainingConfig, temperature: float
) -> dict[str, Any]:
    return {
        "task": "classify",
        "architecture": start.config.architecture,
        "settings": start.config.model_dump(),
        "classes": start.classes,
        "simulated_kinds": start.card.simulated_kinds,
        "simulated_outlines": start.card.simulated_outlines,
        "combination": start.card.combination,
        "normalisation": start.card.normalisation,
        "pixel_size_um": start.card.pixel_size_um,
        "patch_size": start.card.patch_size,
        "input_size": network_input_size(start, config),
        "temperature": round(temperature, 4),
    }


def _notes(
    config: ClassifierTrainingConfig, device: Device, n_validation: int
) -> tuple[str, ...]:
    notes = []
    if config.batch_norm == "adapt":
        notes.append(
            "Batch statistics adapt, so the features of the frozen layers differ in "
            "every batch and cannot be cached, which is slower."
        )
    if device.precision == "fp16":
        notes.append("Trained in fp32; fp16 is used for classifying only.")
    if n_validation < _MIN_TO_CALIBRATE:
        notes.append(
            f"Only {n_validation} cells choose the best epoch, too few to calibrate "
            "the probabilities; the probabilities are rough."
        )
    return tuple(notes)
