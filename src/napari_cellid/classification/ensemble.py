"""Several classifiers whose probabilities are averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.models.registry import ensemble_card
from napari_cellid.progress import WholeProgress

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import ClassifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The mean of the probabilities of some classifiers.

    Parameters
    ----------
    card
        Description of all of them together.
    members
        Classifiers of the same classes in the same order.
    """

    card: ModelCard
    members: tuple[CellClassifier, ...]

    @property
    def uses_outlines(self) -> bool:
        """Whether any member reads the pixels of a cell."""
        return any(member.uses_outlines for member in self.members)

    def classify(
        self,
        planes: MeanPlanes,
        labels: NDArray[np.int32],
        cells: pd.DataFrame,
        config: ClassifyConfig,
        device: Device,
    ) -> Step[NDArray[np.float32]]:
        """Class probabilities (cell, class): the mean over the members."""
        total = np.zeros((len(cells), len(self.card.classes)), np.float32)
        whole = WholeProgress({str(k): 1.0 for k in range(len(self.members))})
        for k, member in enumerate(self.members):
            step = member.classify(planes, labels, cells, config, device)
            total += yield from whole.part(str(k), step)
        return total / np.float32(len(self.members))


def average(first: CellClassifier, second: CellClassifier) -> Ensemble:
    """Average two classifiers.

    Raises
    ------
    InputError
        If their classes differ.
    """
    if first.card.classes != second.card.classes:
        raise InputError(
            f"The models {first.card.name!r} and {second.card.name!r} have different "
            "classes and cannot be averaged; choose one of them."
        )
    return Ensemble(ensemble_card(first.card, second.card), (first, second))
