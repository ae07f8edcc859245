"""A U-Net with its card, whatever it predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.channels.resampling import rescale
from napari_cellid.errors import InputError
from napari_cellid.models.card import check_matches_network, explain_mismatch
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card, load_weights

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.models.card import ModelCard, Task
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.unet import UNet


@dataclass(frozen=True, eq=False)
class UNetModel:
    """A U-Net with its card.

    Parameters
    ----------
    card
        Description of the model: pixel size, normalisation, combination of channels.
    net
        The network.
    """

    card: ModelCard
    net: UNet

    def to_recording_scale(
        self, maps: NDArray[np.float32], planes: MeanPlanes
    ) -> NDArray[np.float32]:
        """Resample maps (..., y, x) of the model to the pixels of the recording."""
        factor = planes.network_pixel_um / self.card.pixel_size_um
        return rescale(maps, 1 / factor, (planes.shape[1], planes.shape[2]))


def load_unet(requested: str | Path | None, task: Task) -> tuple[ModelCard, UNet]:
    """Load a U-Net that outlines cells, or one that classifies their pixels.

    Parameters
    ----------
    requested
        Name or path of the model; None for the default one.
    task
        What the model should do.

    Raises
    ------
    InputError
        If there is no such model, it does another task, or its weights do not fit.
    """
    from napari_cellid.segmentation.unet import UNet, UNetConfig

    folder = find_model(requested, task)
    card = load_card(folder, task)
    with explain_mismatch(card, folder, "U-Net"):
        config = UNetConfig.model_validate(card.settings)
        if task == "classify" and not config.class_outputs:
            raise InputError(
                f"The model {card.name!r} in {folder} has no outputs for cell classes; "
                "choose another model, or copy the folder again."
            )
        outputs = config.out_channels if task == "segment" else config.class_outputs
        check_matches_network(card, config.in_channels, outputs)
        net = UNet(config)
        net.load_state_dict(load_weights(folder, card))
    return card, net.eval()
