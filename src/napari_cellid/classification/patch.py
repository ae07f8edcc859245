"""Classification of cells by the patch around each, by Inception-v3 or a ResNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from napari_cellid.batches import run_batches
from napari_cellid.classification.networks import (
    SMALLEST_INPUT,
    ClassifierConfig,
    build_network,
)
from napari_cellid.classification.preprocess import Patches
from napari_cellid.errors import InputError
from napari_cellid.models.card import check_matches_network, explain_mismatch
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card, load_weights

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray
    from torch import nn

    from napari_cellid.config import ClassifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes


@dataclass(frozen=True, eq=False)
class PatchClassifier:
    """A network that classifies the patch around each cell, as in the paper.

    Parameters
    ----------
    card
        Description of the model.
    net
        Takes (patch, 3, y, x), gives logits (patch, class).
    config
        Architecture and preprocessing of the input.
    """

    card: ModelCard
    net: nn.Module
    config: ClassifierConfig
    uses_outlines: ClassVar[bool] = False

    def classify(
        self,
        planes: MeanPlanes,
        labels: NDArray[np.int32],
        cells: pd.DataFrame,
        config: ClassifyConfig,
        device: Device,
    ) -> Step[NDArray[np.float32]]:
        """Class probabilities (cell, class) from the patch around each centroid."""
        import torch

        from napari_cellid.classification.upsampling import UpsamplingClassifier

        # np.stack and torch.cat refuse an empty list
        if not len(cells):
            return np.zeros((0, len(self.card.classes)), np.float32)
        patches = Patches(planes, cells, self.card)
        net = UpsamplingClassifier(self.net, self.card.input_size, self.config)
        batch = config.batch_size or device.batch_size
        outputs = yield from run_batches(
            net,
            lambda start, stop: torch.from_numpy(patches.cut(start, stop)),
            len(cells),
            device,
            "Classifying cells",
            batch,
        )
        # calibrated before the softmax: the likeliest class stays the same
        logits = torch.cat(outputs) / self.card.temperature
        return logits.softmax(1).numpy()


def load_patch_classifier(requested: str | Path | None = None) -> PatchClassifier:
    """Load a patch classifier: the default one, by name, or by path.

    Raises
    ------
    InputError
        If there is no such model, it does another task, or its weights do not fit.
    """
    import torch

    folder = find_model(requested, "classify")
    card = load_card(folder, "classify")
    with explain_mismatch(card, folder, "network"):
        config = ClassifierConfig.model_validate(card.settings)
        check_matches_network(card, 3, config.n_classes)
        if card.input_size < SMALLEST_INPUT[config.architecture]:
            raise InputError(
                f"The model {card.name!r} has an input of {card.input_size} px, too "
                f"small for {config.architecture}; copy the model folder again."
            )
        weights = load_weights(folder, card)
        # without memory: drawing random weights first would take most of the time
        with torch.device("meta"):
            net = build_network(config)
        net.load_state_dict(weights, assign=True)
    return PatchClassifier(card, net.eval(), config)
