"""An estimate of the diameter of somata, for a recording whose scale nobody knows.

The U-Net finds most of the cells that have about the size it knows. Outlines keep their
size in px over a wide range of assumed diameters, but few cells are found at a wrong
one. So a few diameters are tried, the one at which outlines cover most of the image is
taken, and the diameter is then corrected by the outlines that it gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.numbering import sum_by_label
from napari_cellid.config import SegmentConfig
from napari_cellid.errors import InputError
from napari_cellid.progress import subprogress
from napari_cellid.recording import mean_planes
from napari_cellid.recording.data import ESTIMATED_SOURCE, SOMA_UM
from napari_cellid.recording.diameter import with_diameter
from napari_cellid.segmentation.predict import segment

if TYPE_CHECKING:
    import dask.array as da
    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.segmentation.predict import Segmenter

_STAGE = "Estimating the diameter"
#: diameters (px) that are tried first
_CANDIDATES_PX = (6.0, 10.0, 17.0, 28.0, 46.0)
#: median outline divided by the assumed diameter, at which both agree. On simulated
#: fields 0.65 gave the true median; at 0.75 it was 6 % too small, at 0.55 6 % too large
_AGREEING_RATIO = 0.65
_MAX_CORRECTIONS = 4
#: a correction by less than this share changes the outlines by far less
_CLOSE = 0.05
#: what is further from agreement than this is no estimate
_DOUBTFUL = 0.25
#: sides of the part of a plane that is looked at, in assumed diameters: the network
#: then sees the same number of pixels whatever the diameter
_SIDE_DIAMETERS = 32
#: the median of fewer outlines tells nothing
_FEW_CELLS = 10
#: on a simulated field with cells of 5 px, outlines of 3.4 px were parts of cells
_SMALLEST_PX = 4.0
#: frames and sides of the part of a recording that is averaged
_MAX_FRAMES, _MAX_SIDE_PX = 500, 2048
_HOW_ELSE = "give the diameter of a usual soma (px) or the pixel size (µm)"


@dataclass(frozen=True)
class DiameterEstimate:
    """An estimated diameter.

    Parameters
    ----------
    diameter_px
        Median diameter of the outlines, as discs of the same area.
    n_cells
        Number of these outlines.
    """

    diameter_px: float
    n_cells: int


@dataclass(frozen=True)
class _Trial:
    """The outlines at an assumed diameter: number, median (px), share of the image."""

    assumed_px: float
    n_cells: int
    median_px: float
    coverage: float


def with_estimated_diameter(
    recording: Recording, segmenter: Segmenter, device: Device
) -> Step[Recording]:
    """Give a recording the diameter of its somata, estimated from the image.

    Parameters
    ----------
    recording, segmenter, device
        As for `estimate_recording_diameter`.

    Returns
    -------
    The recording, with notes on the estimate and on what is assumed from it.

    Raises
    ------
    InputError
        If no estimate is possible, or it contradicts the pixel size.
    """
    step = estimate_recording_diameter(recording, segmenter, device)
    estimate = yield from step
    return with_diameter(recording, estimate.diameter_px, ESTIMATED_SOURCE)


def estimate_recording_diameter(
    recording: Recording, segmenter: Segmenter, device: Device
) -> Step[DiameterEstimate]:
    """Estimate the diameter of somata from the middle plane of a recording.

    Parameters
    ----------
    recording
        With or without a pixel size, which is not used.
    segmenter
        Outlines the cells.
    device
        Where to compute.

    Raises
    ------
    InputError
        If no estimate is possible, or the images cannot be read.
    """
    planes = yield from mean_planes(_middle_of(recording))
    return (yield from estimate_diameter(planes, segmenter, device))


def estimate_diameter(
    planes: MeanPlanes, segmenter: Segmenter, device: Device
) -> Step[DiameterEstimate]:
    """Estimate the diameter of somata from the middle plane of mean images.

    Parameters
    ----------
    planes
        Mean images; their pixel size is not used.
    segmenter
        Outlines the cells.
    device
        Where to compute.

    Raises
    ------
    InputError
        If too few cells are found, or no diameter agrees with its outlines.
    """
    count = len(_CANDIDATES_PX) + _MAX_CORRECTIONS
    trials = []
    for k, diameter in enumerate(_CANDIDATES_PX):
        step = _try_diameter(planes, diameter, segmenter, device)
        trials.append((yield from subprogress(step, k, count, stage=_STAGE)))
    trial = max(trials, key=lambda tried: tried.coverage)
    for k in range(len(_CANDIDATES_PX), count):
        _check_enough(trial, planes.name)
        agreeing = trial.median_px / _AGREEING_RATIO
        if abs(agreeing / trial.assumed_px - 1) < _CLOSE:
            break
        step = _try_diameter(planes, agreeing, segmenter, device)
        trial = yield from subprogress(step, k, count, stage=_STAGE)
    _check_enough(trial, planes.name)
    _check_agreement(trial, planes.name)
    # one decimal, as in the field of the dock
    return DiameterEstimate(round(trial.median_px, 1), trial.n_cells)


def _try_diameter(
    planes: MeanPlanes, diameter_px: float, segmenter: Segmenter, device: Device
) -> Step[_Trial]:
    """Outline the middle of the middle plane as if somata had a diameter."""
    side = round(_SIDE_DIAMETERS * diameter_px)
    part = replace(
        planes,
        red=_middle_part(planes.red, side),
        green=_middle_part(planes.green, side),
        pixel_size_um=SOMA_UM / diameter_px,
        diameter_px=diameter_px,
    )
    # one view, because the size of outlines hardly differs between views
    config = SegmentConfig(threshold=segmenter.card.threshold, views=1)
    labels = (yield from segment(part, segmenter, config, device)).labels
    area = sum_by_label(labels, int(labels.max(initial=0)) + 1)[1:]
    median = float(np.sqrt(4 / np.pi * np.median(area))) if len(area) else 0.0
    return _Trial(diameter_px, len(area), median, float(area.sum()) / labels.size)


def _check_enough(trial: _Trial, name: str) -> None:
    if trial.n_cells < _FEW_CELLS:
        raise InputError(
            f"{name}: the diameter cannot be estimated, because cells were searched "
            f"from {_CANDIDATES_PX[0]:g} to {_CANDIDATES_PX[-1]:g} px and only "
            f"{trial.n_cells} found, but {_FEW_CELLS} are needed; {_HOW_ELSE}."
        )
    if trial.median_px < _SMALLEST_PX:
        raise InputError(
            f"{name}: the diameter cannot be estimated, because what was found is only "
            f"{trial.median_px:.2g} px across, which is too small to tell cells from "
            f"noise; {_HOW_ELSE}."
        )


def _check_agreement(trial: _Trial, name: str) -> None:
    agreeing = trial.median_px / _AGREEING_RATIO
    if abs(agreeing / trial.assumed_px - 1) > _DOUBTFUL:
        raise InputError(
            f"{name}: the diameter cannot be estimated, because cells of very "
            f"different sizes were found at different scales; {_HOW_ELSE}."
        )


def _middle_part(
    channel: NDArray[np.float32] | None, side: int
) -> NDArray[np.float32] | None:
    """Middle square of the middle plane, (1, y, x)."""
    if channel is None:
        return None
    plane = len(channel) // 2
    rows, columns = (_middle(size, side) for size in channel.shape[1:])
    return channel[plane : plane + 1, rows, columns]


def _middle_of(recording: Recording) -> Recording:
    """Middle plane of a recording: its middle part, evenly spread frames."""

    def part(array: da.Array | None) -> da.Array | None:
        if array is None:
            return None
        step = -(-array.shape[0] // _MAX_FRAMES)
        plane = array.shape[1] // 2
        rows, columns = (_middle(size, _MAX_SIDE_PX) for size in array.shape[2:])
        return array[::step, plane : plane + 1, rows, columns]

    return replace(
        recording,
        red=part(recording.red),
        green=part(recording.green),
        # any, because the mean needs one
        pixel_size_um=recording.pixel_size_um or 1.0,
        plane_depths_um=None,
    )


def _middle(size: int, side: int) -> slice:
    first = max((size - side) // 2, 0)
    return slice(first, first + side)
