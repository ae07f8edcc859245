"""Outlines the cells of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.progress import subprogress
from napari_cellid.segmentation.instances import label_recording
from napari_cellid.segmentation.model import UNetModel, load_unet
from napari_cellid.segmentation.scales import predict_plane

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
    step = predict_cell_maps(planes, segmenter, config, device)
    probability, core = yield from step
    labels = label_recording(probability, core, planes, config)
    return Segmentation(labels, probability, core)


def predict_cell_maps(
    planes: MeanPlanes, segmenter: Segmenter, config: SegmentConfig, device: Device
) -> Step[tuple[NDArray[np.float32], NDArray[np.float32] | None]]:
    """Predict where cells are, in every plane, in pixels of the recording.

    Parameters
    ----------
    planes, segmenter, config, device
        As for `segment`.

    Returns
    -------
    Cell and core probability as in `Segmentation`, (plane, y, x) float32.
    """
    n_planes = planes.shape[0]
    probability = np.zeros(planes.shape, np.float32)
    core = None
    if segmenter.net.config.out_channels > 2:
        core = np.zeros(planes.shape, np.float32)
    for plane in range(n_planes):
        step = predict_plane(segmenter, planes, plane, config.views, device)
        maps = yield from subprogress(step, plane, n_planes)
        if maps is None:
            continue
        # the place of the background is used again, because planes can be large
        cell = np.sum(maps[1:], axis=0, out=maps[0])
        probability[plane] = segmenter.to_recording_scale(cell, planes)
        if core is not None:
            core[plane] = segmenter.to_recording_scale(maps[2], planes)
        # before the next plane, which needs as much memory
        del maps, cell
    return probability, core
