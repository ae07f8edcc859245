"""One network in one fold: trained, and tested after each epoch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.classification.dataset import RecordingCells, prepare_cells
from napari_cellid.classification.finetuning import (
    HEAD,
    PLANS,
    STAGES,
    n_frozen_stages,
    split_stages,
)
from napari_cellid.classification.learner import ClassifierLearner
from napari_cellid.classification.samples import (
    AugmentedSamples,
    n_copies,
    network_input_size,
    sample_index,
)
from napari_cellid.crossvalidation.features import (
    FoldFeatures,
    feature_source,
    write_features,
)
from napari_cellid.crossvalidation.starting_weights import load_start
from napari_cellid.evaluation.metrics import balanced_accuracy, confusion_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.classification.starting_weights import StartingWeights
    from napari_cellid.config import ClassifierTrainingConfig
    from napari_cellid.crossvalidation.cells import EvaluationCells
    from napari_cellid.crossvalidation.detections import Detections
    from napari_cellid.crossvalidation.features import FeatureFiles
    from napari_cellid.crossvalidation.folds import Fold
    from napari_cellid.crossvalidation.methods import NetworkMethod
    from napari_cellid.device import Device
    from napari_cellid.study.study import Study

#: epochs at which accuracy saturates in the paper
EPOCHS = {"inception_v3": 11, "resnet18": 8, "resnet50": 8}


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """Starting weights, and all cells as input of the network.

    Parameters
    ----------
    start
        Network to train; each fold changes it.
    samples
        All cells with their augmented copies, and the outlines of the U-Net after them.
    weights
        The starting weights, which each fold begins with.
    n_cells
        Number of cells; the outlines come after them.
    """

    start: StartingWeights
    samples: AugmentedSamples
    weights: dict[str, Tensor]
    n_cells: int


def load_input(
    study: Study,
    cells: EvaluationCells,
    detections: Detections,
    method: NetworkMethod,
    config: ClassifierTrainingConfig,
    spotlight_px: float,
) -> NetworkInput:
    """Load the starting weights of a method and prepare the cells for them.

    Raises
    ------
    InputError
        If the weights cannot be loaded, or images are missing.
    """
    start = load_start(study, cells.classes, method)
    # of a model folder, the input is as it was trained with
    if not start.card.weights_sha256:
        settings = start.config.model_copy(update={"spotlight_px": spotlight_px})
        start = replace(start, config=settings)
    card = start.card
    if method.patch_size:
        card = card.model_copy(update={"patch_size": method.patch_size})
        start = replace(start, card=card)
    samples = AugmentedSamples(
        cells=_load_cells(study, cells, detections, card),
        index=_sample_index(len(cells.table), n_copies(config), len(detections)),
        classifier=_classifier(start, method, config),
        frozen=(),
        augmentation=config.augmentation,
        # the same augmented copies for all seeds, which share their features
        seed=0,
    )
    weights = {name: w.clone() for name, w in start.net.state_dict().items()}
    return NetworkInput(start, samples, weights, len(cells.table))


def _load_cells(
    study: Study, cells: EvaluationCells, detections: Detections, card: Any
) -> PatchDataset:
    """Cells in their order, and the outlines of the U-Net, whose class is not used."""
    columns = ["recording", "plane", "y", "x"]
    both = pd.concat([cells.table[columns], detections.table[columns]])
    target = np.concatenate([cells.target, np.zeros(len(detections), np.int64)])
    order, parts = [], []
    both = both.reset_index(drop=True)
    # the images of a recording are prepared once, for its cells and outlines together
    for name, part in both.groupby("recording", sort=False):
        planes = study.recording(str(name)).planes()
        parts.append(RecordingCells(planes, part, target[part.index]))
        order.append(part.index.to_numpy())
    return prepare_cells(parts, card).rows(np.argsort(np.concatenate(order)))


def _sample_index(n_cells: int, copies: int, n_outlines: int) -> NDArray[np.int64]:
    """Samples of the cells with their copies, then the outlines as they are."""
    outlines = n_cells + np.arange(n_outlines)
    as_they_are = np.column_stack([outlines, np.zeros_like(outlines)])
    return np.concatenate([sample_index(n_cells, copies), as_they_are])


def _classifier(
    start: StartingWeights, method: NetworkMethod, config: ClassifierTrainingConfig
) -> Any:
    from napari_cellid.classification.upsampling import UpsamplingClassifier
    from napari_cellid.crossvalidation.input_variant import VariantClassifier

    size = network_input_size(start, config)
    if not method.without:
        return UpsamplingClassifier(start.net, size, start.config)
    patch_um = start.card.patch_size * start.card.pixel_size_um
    return VariantClassifier(start.net, size, start.config, method.without, patch_um)


def n_cut(method: NetworkMethod, config: ClassifierTrainingConfig) -> int:
    """Number of stages whose output is shared; 0 where batch statistics adapt."""
    if config.batch_norm == "adapt":
        return 0
    return n_frozen_stages(PLANS[method.plan], method.architecture)


def compute_features(
    prepared: NetworkInput,
    cuts: Sequence[int],
    files: FeatureFiles,
    device: Device,
) -> int:
    """Write the features of all cells at the cuts of some plans."""
    stages = STAGES[prepared.start.config.architecture]
    prepared.start.net.load_state_dict(prepared.weights)
    return write_features(prepared.samples, stages, cuts, files, device)


def train_fold(
    prepared: NetworkInput,
    fold: Fold,
    config: ClassifierTrainingConfig,
    files: FeatureFiles | None,
    device: Device,
    outlines: NDArray[np.int64],
) -> dict[str, Any]:
    """Train a network on the training cells of a fold, and test it after each epoch.

    The epoch is chosen by the inner cells alone; test cells are only counted.

    Parameters
    ----------
    prepared
        Starting weights and cells; the network is changed.
    fold
        Rows of the cells.
    config
        Settings; the seed is that of the last layer, the order, and dropout.
    files
        Features of the frozen layers; None to run them in every step.
    device
        Where to compute.
    outlines
        Outlines of the U-Net that are classified after the test cells.

    Returns
    -------
    For JSON: `epochs` (accuracies of training, inner and test cells), `fixed`, and
    `chosen` (epoch and probabilities of test cells and outlines).
    """
    start = prepared.start
    start.net.load_state_dict(prepared.weights)
    _new_head(start, config.seed)
    frozen, _ = split_stages(start.net, start.config.architecture, config)
    source = feature_source(replace(prepared.samples, frozen=frozen), files, device)
    training = FoldFeatures(source, fold.train, n_copies(config))
    # logits of inner and test cells and outlines; the learner only reads them
    tested = np.concatenate([fold.inner, fold.test, outlines + prepared.n_cells])
    testing = FoldFeatures(source, tested, 0)
    learner = ClassifierLearner(start, training, testing, config, device)
    n_epochs = config.epochs or EPOCHS[start.config.architecture]
    target, n_inner = testing.samples.cells.target, len(fold.inner)
    n_cells = n_inner + len(fold.test)
    epochs, probabilities = [], []
    for epoch in range(1, n_epochs + 1):
        steps = [learner.step(epoch, k) for k in range(learner.steps_per_epoch)]
        if epoch == n_epochs:
            # batch statistics of all training cells, where they adapt
            learner.end_of_training()
        else:
            learner.validate()
        found = learner.logits.softmax(1).double().numpy()
        called = found.argmax(1)
        n = sum(step.n for step in steps)
        epochs.append(
            {
                "epoch": epoch,
                "train_loss": sum(s.loss * s.n for s in steps) / n,
                "train": sum(step.correct for step in steps) / n,
                "inner": _balanced(target[:n_inner], called[:n_inner], found.shape[1]),
                "test": float((called == target)[n_inner:n_cells].mean()),
            }
        )
        probabilities.append(found[n_inner:])
    chosen = _choose_epoch(epochs)
    return {
        "epochs": epochs,
        "fixed": {"epoch": n_epochs, "probabilities": rounded_rows(probabilities[-1])},
        "chosen": {
            "epoch": chosen,
            "probabilities": rounded_rows(probabilities[chosen - 1]),
        },
    }


def _new_head(start: StartingWeights, seed: int) -> None:
    """Give the last layer new weights, unless it was trained on the same classes."""
    import torch

    if not start.head_kept:
        torch.manual_seed(seed)
        head: Any = start.net.get_submodule(HEAD)
        head.reset_parameters()


def _choose_epoch(epochs: Sequence[dict[str, Any]]) -> int:
    """First epoch with the best accuracy of the inner cells; the last without any."""
    values = [one["inner"] for one in epochs]
    if any(value is None for value in values):
        return len(epochs)
    return int(np.argmax(values)) + 1


def _balanced(
    truth: NDArray[np.int64], called: NDArray[np.int64], n_classes: int
) -> float | None:
    if not len(truth):
        return None
    return balanced_accuracy(confusion_matrix(truth, called, n_classes))


def rounded_rows(probabilities: NDArray[np.float64]) -> list[list[float]]:
    """Probabilities (cell, class) for JSON."""
    return [[round(float(p), 6) for p in row] for row in probabilities]
