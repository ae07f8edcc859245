"""Train a U-Net on fields with known outlines."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.channels.normalise import N_IMAGES, ROBUST, plane_image
from napari_cellid.errors import InputError
from napari_cellid.models.store import CARD, ModelCard, find_model
from napari_cellid.segmentation.learner import LabelledField
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.targets import (
    IGNORE_INDEX,
    border_weights,
    pixel_targets,
)
from napari_cellid.training.loop import LoopConfig, train

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.config import SegmenterTrainingConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.learner import SegmenterLearner
    from napari_cellid.segmentation.unet import UNet
    from napari_cellid.training.loop import Trained
    from napari_cellid.training.run import Run

SHIPPED, RANDOM, PUBLISHED = "shipped", "random", "paper"
#: width of a network that begins anew, as that of the default model
_BASE = 24
_PIXEL_SIZE_UM = 1.17
_PROBE_S = 2.0


@dataclass(frozen=True, eq=False)
class SegmenterStartingWeights:
    """A U-Net and where its weights come from.

    Parameters
    ----------
    net
        The network.
    card
        Description of the model it was, or would be.
    origin
        What the card of the trained model says of it.
    trained
        Whether it was trained before.
    shift
        What was added to its cell outputs so that its threshold finds cells best; the
        network here is without it, for training would only undo it.
    """

    net: UNet
    card: ModelCard
    origin: dict[str, Any]
    trained: bool
    shift: float = 0.0


@dataclass(frozen=True, eq=False)
class SegmentationDataset:
    """Fields to train on, simulated ones mixed in, and those that choose the epoch."""

    own: Sequence[LabelledField]
    simulated: Sequence[LabelledField]
    validation: Sequence[LabelledField]


def load_starting_weights(
    wanted: str, models: Path | None = None, *, seed: int = 0
) -> SegmenterStartingWeights:
    """Find what to start from.

    Parameters
    ----------
    wanted
        "shipped" (or nothing): the default model; name or folder of a model; "random";
        "paper": the published network (31 million parameters, valid convolutions, the
        sum of the channels), random weights.
    models
        Folder of a study's models, which can be named.
    seed
        Fixes random weights.

    Raises
    ------
    InputError
        If there is no such model, or it does not outline cells.
    """
    if wanted in (RANDOM, PUBLISHED):
        return _anew(wanted, seed)
    named = models is not None and wanted and (models / wanted / CARD).is_file()
    if named and models is not None:
        folder = models / wanted
    else:
        name = None if wanted in ("", SHIPPED) else wanted
        folder = find_model(name, "segment")
    loaded = load_segmenter(folder)
    card = loaded.card
    origin = {
        "name": card.name,
        "weights_sha256": card.weights_sha256,
        "licence": card.licence,
    }
    shift = float(card.training.get("cell_output_shift", 0.0))
    shift_cell_logits(loaded.net, -shift)
    return SegmenterStartingWeights(loaded.net, card, origin, trained=True, shift=shift)


def shift_cell_logits(net: UNet, shift: float) -> None:
    """Add to the logits of all kinds of pixels that belong to a cell."""
    import torch

    with torch.no_grad():
        net.get_parameter("head.bias")[1 : net.config.out_channels] += shift


def labelled_field(
    planes: MeanPlanes,
    plane: int,
    labels: NDArray[np.int32],
    card: ModelCard,
    config: SegmenterTrainingConfig,
    *,
    left_out: NDArray[np.bool_] | None = None,
) -> LabelledField:
    """Bring one plane and its outlines to a model's scale.

    Parameters
    ----------
    planes
        Mean images.
    plane
        Which plane of them.
    labels
        (y, x) outlines in pixels of the recording.
    card
        Pixel size, normalisation and combination of the model.
    config
        Border weights, and how far from outlines nothing is learned.
    left_out
        (y, x): pixels of the recording of which nothing is learned.
    """
    factor = planes.pixel_size_um / card.pixel_size_um
    images = plane_image(planes, plane, card)
    marks = _nearest(labels, factor, images.shape[1:])
    target = pixel_targets(marks)
    out = np.zeros(marks.shape, bool)
    if left_out is not None:
        out = _nearest(left_out.astype(np.int32), factor, images.shape[1:]) > 0
    if config.leave_out_unlabelled_um:
        from scipy import ndimage

        away = ndimage.distance_transform_edt(marks == 0) * card.pixel_size_um
        out |= away > config.leave_out_unlabelled_um if marks.any() else True
    target[out] = IGNORE_INDEX
    return LabelledField(images, target, border_weights(marks, config.weighting))


def train_segmenter(
    fields: SegmentationDataset,
    start: SegmenterStartingWeights,
    config: SegmenterTrainingConfig,
    work: tuple[Run, Device],
    *,
    begin: Mapping[str, Any] | None = None,
) -> Step[Trained]:
    """Train a U-Net; the start's network is that of the best epoch afterwards.

    Raises
    ------
    InputError
        If there is nothing to train on, or the training cannot go on.
    """
    run, device = work
    learner = make_learner(fields, start, config, device)
    loop = LoopConfig(config.epochs, config.patience, begin=begin or {})
    return (yield from train(learner, run, loop))


def make_learner(
    fields: SegmentationDataset,
    start: SegmenterStartingWeights,
    config: SegmenterTrainingConfig,
    device: Device,
) -> SegmenterLearner:
    """Prepare a training.

    Raises
    ------
    InputError
        If no pixel of the fields can be learned from.
    """
    from napari_cellid.segmentation.learner import SegmenterLearner

    sure = start.card.threshold
    # where the start draws its line; a network that begins anew: the likelier side
    line = math.log(sure / (1 - sure)) - start.shift if start.trained else 0.0
    if not any((field.target != IGNORE_INDEX).any() for field in fields.own):
        raise InputError(
            "There is nothing to train on, for every pixel of the chosen recordings is "
            "held out or left out; choose more recordings."
        )
    return SegmenterLearner(
        start.net,
        (fields.own, fields.simulated),
        fields.validation or fields.own,
        config,
        (device, not start.trained),
        line,
    )


def estimate_seconds(
    fields: SegmentationDataset,
    start: SegmenterStartingWeights,
    config: SegmenterTrainingConfig,
    device: Device,
) -> float:
    """Guess how long a training takes, from two seconds of it; the net is changed."""
    learner = make_learner(fields, start, config, device)
    learner.step(1, 0)
    steps, begun = 0, time.perf_counter()
    while not steps or time.perf_counter() - begun < _PROBE_S:
        learner.step(1, steps + 1)
        steps += 1
    a_step = (time.perf_counter() - begun) / steps
    begun = time.perf_counter()
    learner.validate()
    validating = time.perf_counter() - begun
    return config.epochs * (config.iterations * a_step + validating)


def _anew(wanted: str, seed: int) -> SegmenterStartingWeights:
    import torch

    from napari_cellid.segmentation.unet import PAPER, UNet, UNetConfig

    config = UNetConfig(in_channels=N_IMAGES["pair"], base=_BASE)
    config = PAPER if wanted == PUBLISHED else config
    kinds = ("background", "rim", "core")
    card = ModelCard(
        name="unet",
        task="segment",
        architecture="unet",
        settings=config.model_dump(),
        classes=kinds if config.out_channels == 3 else ("background", "cell"),
        combination="pair" if config.in_channels == 2 else "sum",
        normalisation=ROBUST,
        pixel_size_um=_PIXEL_SIZE_UM,
        weights_sha256="",
    )
    origin = {"name": f"{wanted}, random weights", "licence": "BSD-3-Clause"}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = UNet(config)
    return SegmenterStartingWeights(net, card, origin, trained=False)


def _nearest(
    labels: NDArray[np.int32], factor: float, shape: tuple[int, ...]
) -> NDArray[np.int32]:
    """Labels at another scale, each pixel that of the nearest one."""
    where = [
        np.clip(np.round((np.arange(n) + 0.5) / factor - 0.5).astype(int), 0, m - 1)
        for n, m in zip(shape, labels.shape, strict=True)
    ]
    return np.asarray(labels[np.ix_(*where)], np.int32)
