"""Augmented samples of a data set, as the network is fed with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.classification.augment import augmented_images
from napari_cellid.classification.finetuning import split_stages
from napari_cellid.classification.networks import SMALLEST_INPUT
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.classification.dataset import (
        ClassificationDataset,
        PatchDataset,
    )
    from napari_cellid.classification.starting_weights import StartingWeights
    from napari_cellid.classification.upsampling import UpsamplingClassifier
    from napari_cellid.config import ClassifierTrainingConfig
    from napari_cellid.config.training import Augmentation


@dataclass(frozen=True, eq=False)
class AugmentedSamples:
    """Samples of a training: cells and their augmented copies.

    Parameters
    ----------
    cells
        Cells of known class.
    index
        (sample, 2): row of the cell, number of the copy.
    classifier
        The network with its preprocessing.
    frozen
        Stages of the network that are not trained.
    augmentation
        Kind of the augmentation.
    seed
        Fixes the augmentation.
    """

    cells: PatchDataset
    index: NDArray[np.int64]
    classifier: UpsamplingClassifier
    frozen: Sequence[str]
    augmentation: Augmentation
    seed: int

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.index)

    def images(self, which: NDArray[np.int64]) -> Tensor:
        """Images of some samples (sample, 3, size, size)."""
        return augmented_images(
            self.cells, self.index[which], self.classifier, self.augmentation, self.seed
        )


def make_samples(
    dataset: ClassificationDataset,
    start: StartingWeights,
    config: ClassifierTrainingConfig,
) -> tuple[AugmentedSamples, AugmentedSamples]:
    """Samples for training and for validation; parameters outside the plan are frozen.

    Raises
    ------
    InputError
        If the plan is for another network, or the input size is too small.
    """
    from napari_cellid.classification.upsampling import UpsamplingClassifier

    frozen, _ = split_stages(start.net, start.config.architecture, config)
    size = network_input_size(start, config)
    classifier = UpsamplingClassifier(start.net, size, start.config)
    training, validation = (
        AugmentedSamples(
            cells=cells,
            index=sample_index(len(cells), copies),
            classifier=classifier,
            frozen=frozen,
            augmentation=config.augmentation,
            seed=config.seed,
        )
        for cells, copies in (
            (dataset.training, n_copies(config)),
            # cells are validated as they are classified, without augmentation
            (dataset.validation, 0),
        )
    )
    return training, validation


def sample_index(n: int, copies: int) -> NDArray[np.int64]:
    """Rows and copies (sample, 2): every cell as it is, then its augmented copies."""
    rows = np.tile(np.arange(n), 1 + copies)
    return np.column_stack([rows, np.repeat(np.arange(1 + copies), n)]).astype(np.int64)


def n_copies(config: ClassifierTrainingConfig) -> int:
    """Augmented copies of each training cell."""
    return 0 if config.augmentation == "none" else config.copies


def network_input_size(start: StartingWeights, config: ClassifierTrainingConfig) -> int:
    """Side (px) of the images that the network is fed with.

    Raises
    ------
    InputError
        If it is too small for the network.
    """
    size = config.input_size or start.card.input_size
    smallest = SMALLEST_INPUT[start.config.architecture]
    if size < smallest:
        raise InputError(
            f"Images of {size} px are too small for {start.config.architecture}; give "
            f"at least {smallest}, or 0 for the network's own."
        )
    return size
