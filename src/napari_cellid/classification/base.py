"""The protocol that every cell classifier follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_cellid.cells.measure import with_classes
from napari_cellid.cells.none_of_these import NoneLimits
from napari_cellid.config.classes import has_class_none
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import ClassifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes


class CellClassifier(Protocol):
    """Predicts the class of every cell of a recording.

    Any object with these three members can be used wherever cells are classified.
    """

    @property
    def card(self) -> ModelCard:
        """Description of the model; its `classes` name the columns of `classify`."""

    @property
    def uses_outlines(self) -> bool:
        """Whether the class depends on every pixel of a cell.

        If not, only the centroid counts, and `labels` are not read.
        """

    def classify(
        self,
        planes: MeanPlanes,
        labels: NDArray[np.int32],
        cells: pd.DataFrame,
        config: ClassifyConfig,
        device: Device,
    ) -> Step[NDArray[np.float32]]:
        """Predict the class probabilities of some cells.

        Parameters
        ----------
        planes
            Mean images of both channels.
        labels
            (plane, y, x) int32: the pixels of the cells.
        cells
            Cell table, all cells or some; `label`, `plane`, `y` and `x` are read.
        config
            Settings.
        device
            Where to compute.

        Returns
        -------
        (cell, class) float32, in the order of the rows and of `card.classes`.
        """


def classify_cells(
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    classifier: CellClassifier,
    config: ClassifyConfig,
    device: Device,
) -> Step[pd.DataFrame]:
    """Classify cells and fill the probabilities into their table.

    Parameters
    ----------
    planes
        Mean images of both channels.
    labels
        (plane, y, x) int32: the pixels of the cells.
    cells
        Cell table, all cells or some; `label`, `plane`, `y` and `x` are read.
    classifier
        Predicts the classes.
    config
        Settings.
    device
        Where to compute.

    Returns
    -------
    The table with `p_<class>`, `predicted` (a class, or `none` below the limits of
    `none_limits`) and `confidence`.

    Raises
    ------
    InputError
        If a probability is not a finite number.
    """
    probabilities = yield from classifier.classify(
        planes, labels, cells, config, device
    )
    if not np.isfinite(probabilities).all():
        raise InputError(
            f"The model {classifier.card.name!r} gave probabilities that are not "
            "finite numbers, so no cell is classified; copy its folder again, or "
            "choose another model."
        )
    card = classifier.card
    return with_classes(cells, probabilities, card.classes, none_limits(config, card))


def none_limits(config: ClassifyConfig, card: ModelCard) -> NoneLimits:
    """Limits below which a cell of a model has no class.

    Parameters
    ----------
    config
        Settings: a confidence takes the place of that of the model, and 0 turns all
        limits off.
    card
        Description of the model. Where a class of it or of the study is called `none`,
        there are no limits.
    """
    if config.none_below == 0 or card.class_none or has_class_none(card.classes):
        return NoneLimits()
    given = config.none_below
    confidence = (card.least_confidence or 0.0) if given == "auto" else float(given)
    return NoneLimits(confidence, card.least_contrast)
