"""Tell the class of every cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.measure import with_classes
from napari_cellid.classification.networks import (
    SMALLEST_INPUT,
    ClassifierConfig,
    build,
)
from napari_cellid.classification.preprocess import Patches
from napari_cellid.device import run_batches
from napari_cellid.errors import InputError
from napari_cellid.models.store import (
    check_fits,
    find_model,
    fitting,
    load_card,
    load_weights,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from torch import nn

    from napari_cellid.config import ClassifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.store import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes


@dataclass(frozen=True, eq=False)
class Classifier:
    """A classifier with the description it came with."""

    card: ModelCard
    net: nn.Module
    config: ClassifierConfig


def load_classifier(wanted: str | Path | None = None) -> Classifier:
    """Load a model that tells cell classes: the default one, by name, or by path.

    Raises
    ------
    InputError
        If there is none, it does another job, or its weights do not fit.
    """
    folder = find_model(wanted, "classify")
    card = load_card(folder, "classify")
    with fitting(card, folder, "network"):
        config = ClassifierConfig.model_validate(card.settings)
        check_fits(card, 3, config.n_classes)
        if card.input_size < SMALLEST_INPUT[config.architecture]:
            raise InputError(
                f"The model {card.name!r} wants patches of {card.input_size} px, too "
                f"few for {config.architecture}; copy the model folder again."
            )
        net = build(config)
        net.load_state_dict(load_weights(folder, card))
    return Classifier(card, net.eval(), config)


def classify(
    planes: MeanPlanes,
    cells: pd.DataFrame,
    classifier: Classifier,
    config: ClassifyConfig,
    device: Device,
) -> Step[pd.DataFrame]:
    """Fill in class probabilities, the likeliest class and its probability."""
    import torch

    from napari_cellid.classification.upsampling import Enlarging

    if not len(cells):
        nothing = np.zeros((0, len(classifier.card.classes)), np.float32)
        return with_classes(cells, nothing, classifier.card.classes)
    patches = Patches(planes, cells, classifier.card)
    net = Enlarging(classifier.net, classifier.card.input_size, classifier.config)
    batch = config.batch_size or device.batch_size
    outputs = yield from run_batches(
        net,
        lambda start, stop: torch.from_numpy(patches.cut(start, stop)),
        len(cells),
        device,
        ("Classifying cells", batch),
    )
    logits = torch.cat(outputs) / classifier.card.temperature
    probabilities = logits.softmax(1).numpy()
    return with_classes(cells, probabilities, classifier.card.classes)
