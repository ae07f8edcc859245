"""Training of a U-Net on fields with known outlines."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from napari_cellid.progress import Progress
from napari_cellid.segmentation.dataset import check_dataset
from napari_cellid.training.loop import LoopConfig, train
from napari_cellid.training.network_learner import seconds_per_step

if TYPE_CHECKING:
    from napari_cellid.config import SegmenterTrainingConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.segmentation.dataset import SegmentationDataset
    from napari_cellid.segmentation.learner import SegmenterLearner
    from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights
    from napari_cellid.training.loop import TrainingResult
    from napari_cellid.training.run import Run

#: how long steps are timed for an estimate (s)
_PROBE_SECONDS = 2.0


def train_segmenter(
    dataset: SegmentationDataset,
    start: SegmenterStartingWeights,
    config: SegmenterTrainingConfig,
    run: Run,
    device: Device,
) -> Step[TrainingResult]:
    """Train a U-Net.

    Parameters
    ----------
    dataset
        Fields to train on and to choose the best epoch with.
    start
        Network to start from; it has the weights of the best epoch afterwards.
    config
        Settings.
    run
        Folder of the training.
    device
        Where to compute.

    Raises
    ------
    InputError
        If there is nothing to train on, or the training cannot go on.
    """
    learner = make_learner(dataset, start, config, device)
    loop = LoopConfig(config.epochs, config.patience, begin=dataset.summary)
    return (yield from train(learner, run, loop))


def make_learner(
    dataset: SegmentationDataset,
    start: SegmenterStartingWeights,
    config: SegmenterTrainingConfig,
    device: Device,
) -> SegmenterLearner:
    """Prepare a training.

    Raises
    ------
    InputError
        If there is no pixel to learn from.
    """
    from napari_cellid.segmentation.learner import SegmenterLearner

    check_dataset(dataset)
    # the threshold of the model; a new network decides for the likelier class
    threshold = start.card.threshold
    logit = math.log(threshold / (1 - threshold)) - start.shift
    return SegmenterLearner(
        dataset, start, config, device, logit if start.trained else 0.0
    )


def estimate_seconds(
    dataset: SegmentationDataset,
    start: SegmenterStartingWeights,
    config: SegmenterTrainingConfig,
    device: Device,
) -> Step[float]:
    """Estimate how long a training takes (s), from a few seconds of it.

    The network is changed.
    """
    learner = make_learner(dataset, start, config, device)
    yield Progress("Measuring the duration", 0, 2)
    # the first step is slower than the others
    learner.step(1, 0)
    step_seconds = seconds_per_step(learner, _PROBE_SECONDS, first=1)
    yield Progress("Measuring the duration", 1, 2)
    begun = time.perf_counter()
    learner.validate()
    validation_seconds = time.perf_counter() - begun
    return config.epochs * (config.iterations * step_seconds + validation_seconds)
