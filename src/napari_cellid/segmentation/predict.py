"""Outline the cells of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.channels.normalise import plane_image, rescale
from napari_cellid.models.store import (
    check_fits,
    find_model,
    fitting,
    load_card,
    load_weights,
)
from napari_cellid.progress import part
from napari_cellid.segmentation.instances import label_cells
from napari_cellid.segmentation.tta import predict_tta

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.config import SegmentConfig
    from napari_cellid.device import Device
    from napari_cellid.models.store import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.unet import UNet


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A U-Net with the description it came with."""

    card: ModelCard
    net: UNet


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Outlined cells and the probability maps behind them.

    Parameters
    ----------
    labels
        (plane, y, x) int32, 0 where there is no cell; a number is unique.
    probability
        (plane, y, x) float32: belonging to a cell.
    core
        (plane, y, x) float32: being the middle of a cell; None where the network
        does not tell.
    """

    labels: NDArray[np.int32]
    probability: NDArray[np.float32]
    core: NDArray[np.float32] | None


def load_segmenter(wanted: str | Path | None = None) -> Segmenter:
    """Load a model that outlines cells: the default one, by name, or by path.

    Raises
    ------
    InputError
        If there is none, it does another job, or its weights do not fit.
    """
    from napari_cellid.segmentation.unet import UNet, UNetConfig

    folder = find_model(wanted, "segment")
    card = load_card(folder, "segment")
    with fitting(card, folder, "U-Net"):
        config = UNetConfig.model_validate(card.settings)
        check_fits(card, config.in_channels, config.out_channels)
        net = UNet(config)
        net.load_state_dict(load_weights(folder, card))
    return Segmenter(card, net.eval())


def segment(
    planes: MeanPlanes, segmenter: Segmenter, config: SegmentConfig, device: Device
) -> Step[Segmentation]:
    """Outline the cells of every plane, at the scale the model was trained at."""
    n_planes = planes.shape[0]
    probabilities, cores = [], []
    for plane in range(n_planes):
        work = _cell_maps(planes, plane, segmenter, (config, device))
        cell, middle = yield from part(work, plane, n_planes)
        probabilities.append(cell)
        if middle is not None:
            cores.append(middle)
    probability = np.stack(probabilities)
    core = np.stack(cores) if cores else None
    labels = label_cells(probability, core, planes.pixel_size_um, config)
    return Segmentation(labels, probability, core)


def _cell_maps(
    planes: MeanPlanes,
    plane: int,
    segmenter: Segmenter,
    work: tuple[SegmentConfig, Device],
) -> Step[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
    """Cell and core probability (y, x) of one plane, in pixels of the recording."""
    card, (config, device) = segmenter.card, work
    factor = planes.pixel_size_um / card.pixel_size_um
    image = plane_image(planes, plane, card)
    if not image.any():
        empty = np.zeros(planes.shape[1:], np.float32)
        return empty, empty if segmenter.net.config.out_channels > 2 else None
    maps = yield from predict_tta(segmenter.net, image, device, config.views)
    kinds = maps[: segmenter.net.config.out_channels]
    shape = planes.shape[1], planes.shape[2]
    cell = rescale(kinds[1:].sum(0), 1 / factor, shape)
    core = rescale(kinds[2], 1 / factor, shape) if len(kinds) > 2 else None
    return cell, core
