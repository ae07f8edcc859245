"""Outlines the cells of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.channels.model_input import plane_image
from napari_cellid.progress import subprogress
from napari_cellid.segmentation.instances import label_cells
from napari_cellid.segmentation.model import UNetModel, load_unet
from napari_cellid.segmentation.tta import predict_tta

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.config import SegmentConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes


class Segmenter(UNetModel):
    """A U-Net that outlines cells, and its card."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Outlined cells and the probability maps behind them.

    Parameters
    ----------
    labels
        (plane, y, x) int32, 0 outside cells; a label is unique in the recording.
    probability
        (plane, y, x) float32: probability that a pixel belongs to a cell.
    core
        (plane, y, x) float32: probability that it belongs to the core of a cell; None
        where the network has no such output.
    """

    labels: NDArray[np.int32]
    probability: NDArray[np.float32]
    core: NDArray[np.float32] | None


def load_segmenter(requested: str | Path | None = None) -> Segmenter:
    """Load a model that outlines cells: the default one, by name, or by path.

    Raises
    ------
    InputError
        If there is no such model, it does another task, or its weights do not fit.
    """
    return Segmenter(*load_unet(requested, "segment"))


def segment(
    planes: MeanPlanes, segmenter: Segmenter, config: SegmentConfig, device: Device
) -> Step[Segmentation]:
    """Outline the cells of every plane, at the pixel size of the model.

    Parameters
    ----------
    planes
        Mean images of one or both channels.
    segmenter
        The model.
    config
        Threshold, how touching cells are split, smallest area, test-time augmentation.
    device
        Where to compute.
    """
    n_planes = planes.shape[0]
    probabilities, cores = [], []
    for plane in range(n_planes):
        step = _cell_maps(planes, plane, segmenter, config, device)
        cell, core = yield from subprogress(step, plane, n_planes)
        probabilities.append(cell)
        if core is not None:
            cores.append(core)
    probability = np.stack(probabilities)
    core = np.stack(cores) if cores else None
    labels = label_cells(probability, core, planes.pixel_size_um, config)
    return Segmentation(labels, probability, core)


def _cell_maps(
    planes: MeanPlanes,
    plane: int,
    segmenter: Segmenter,
    config: SegmentConfig,
    device: Device,
) -> Step[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
    """Cell and core probability (y, x) of one plane, in pixels of the recording."""
    n_classes = segmenter.net.config.out_channels
    image = plane_image(planes, plane, segmenter.card)
    if not image.any():
        empty = np.zeros(planes.shape[1:], np.float32)
        return empty, empty if n_classes > 2 else None
    maps = yield from predict_tta(segmenter.net, image, device, config.views)
    cell = segmenter.to_recording_scale(maps[1:n_classes].sum(0), planes)
    core = segmenter.to_recording_scale(maps[2], planes) if n_classes > 2 else None
    return cell, core
