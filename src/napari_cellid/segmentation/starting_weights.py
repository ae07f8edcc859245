"""What the training of a U-Net starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.channels.model_input import N_IMAGES
from napari_cellid.channels.normalisation import ROBUST
from napari_cellid.errors import InputError
from napari_cellid.models.card import ModelCard
from napari_cellid.segmentation.model import UNetModel, load_unet
from napari_cellid.training.starting_weights import (
    RANDOM,
    describe_origin,
    find_starting_model,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.segmentation.unet import UNet

#: name of the published network with random weights
PUBLISHED = "paper"
#: channels of the first level of a new network, as in the default model
_BASE = 24
_PIXEL_SIZE_UM = 1.17
#: shifts of logits beyond this make every pixel a cell, or none
_LARGEST_SHIFT = 50


@dataclass(frozen=True, eq=False)
class SegmenterStartingWeights(UNetModel):
    """A U-Net to train, and where its weights come from.

    Parameters
    ----------
    card
        Description of the model it was, or would be.
    net
        The network.
    origin
        What the card of the trained model says of the starting weights.
    trained
        Whether the network was trained before.
    shift
        What was added to its cell logits so that its threshold finds cells best; the
        network here is without it, because training would only undo it.
    """

    origin: dict[str, Any]
    trained: bool
    shift: float = 0.0


def load_starting_weights(
    requested: str, study_models: Path | None = None, *, seed: int = 0
) -> SegmenterStartingWeights:
    """Load the network that a training starts from.

    Parameters
    ----------
    requested
        "shipped" or "" for the default model; name or folder of a model; "random" for
        random weights; "paper" for the published network (31 million parameters, no
        padding, the sum of the channels) with random weights.
    study_models
        Folder of a study's models, which can be named.
    seed
        Fixes random weights.

    Raises
    ------
    InputError
        If there is no such model, or it does not outline cells.
    """
    if requested in (RANDOM, PUBLISHED):
        return _random_weights(requested, seed)
    folder = find_starting_model(requested, "segment", study_models)
    card, net = load_unet(folder, "segment")
    shift = _recorded_shift(card, folder)
    shift_cell_logits(net, -shift)
    return SegmenterStartingWeights(
        card, net, describe_origin(card), trained=True, shift=shift
    )


def _recorded_shift(card: ModelCard, folder: Path) -> float:
    value = card.training.get("cell_output_shift", 0.0)
    if not isinstance(value, int | float) or not abs(value) <= _LARGEST_SHIFT:
        raise InputError(
            f"The card in {folder} has the cell_output_shift {value!r}, but a number "
            f"from -{_LARGEST_SHIFT} to {_LARGEST_SHIFT} is expected; copy the model "
            "folder again."
        )
    return float(value)


def shift_cell_logits(net: UNet, shift: float) -> None:
    """Add a constant to the logits of all pixel classes but the background."""
    import torch

    with torch.no_grad():
        net.get_parameter("head.bias")[1 : net.config.out_channels] += shift


def _random_weights(requested: str, seed: int) -> SegmenterStartingWeights:
    import torch

    from napari_cellid.segmentation.unet import PAPER, UNet, UNetConfig

    config = UNetConfig(in_channels=N_IMAGES["pair"], base=_BASE)
    config = PAPER if requested == PUBLISHED else config
    classes = ("background", "rim", "core")
    card = ModelCard(
        name="unet",
        task="segment",
        architecture="unet",
        settings=config.model_dump(),
        classes=classes if config.out_channels == 3 else ("background", "cell"),
        combination="pair" if config.in_channels == 2 else "sum",
        normalisation=ROBUST,
        pixel_size_um=_PIXEL_SIZE_UM,
        weights_sha256="",
    )
    origin = {"name": f"{requested}, random weights", "licence": "BSD-3-Clause"}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = UNet(config)
    return SegmenterStartingWeights(card, net, origin, trained=False)
