"""The operating point of a retrained U-Net, and how much of the training it takes over.

A U-Net trained with cross-entropy detects cells best at a lower probability than the
threshold that the user sees. A constant shift of the cell logits moves the best
operating point to this threshold and keeps the order of the pixels.

A network that learns from a few fields forgets others. The mean of its weights before
and after the training keeps most of both: Wortsman M et al. (2022) Robust fine-tuning
of zero-shot models. CVPR, doi:10.1109/CVPR52688.2022.00780.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.config import SegmentConfig
from napari_cellid.evaluation.detection import DetectionCounts, count_detections
from napari_cellid.progress import subprogress
from napari_cellid.segmentation.instances import label_plane, shift_probabilities
from napari_cellid.segmentation.scales import predict_plane
from napari_cellid.segmentation.starting_weights import shift_cell_logits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights
    from napari_cellid.segmentation.unet import UNet

    Judged = tuple[MeanPlanes, NDArray[np.int32], NDArray[np.bool_]]

#: shifts that are tried, besides that of the starting weights
#: (4.01, so that rounding does not leave 4 out)
SHIFTS = np.arange(-2.0, 4.01, 0.25)
#: with fewer true cells the shifts cannot be compared
FEWEST = 30
#: shifts whose detection F1 differs by less are equally good, whatever the number of
#: cells
_EQUALLY_GOOD = 0.005


@dataclass(frozen=True)
class OperatingPoint:
    """What is settled after a training.

    Parameters
    ----------
    new_share
        Share of the weights after the training in the mean with those before.
    shift
        What is added to the cell logits.
    """

    new_share: float
    shift: float


@dataclass(frozen=True)
class BestShift:
    """The best shift of a network, its F1, and the standard error of that."""

    shift: float
    f1: float
    error: float


def settle(
    start: SegmenterStartingWeights,
    before: Mapping[str, Tensor],
    new_share: float,
    fields: Sequence[Judged],
    device: Device,
) -> Step[OperatingPoint]:
    """Average the weights before and after a training, and shift the cell logits.

    Where the new weights alone detect better than the mean, by more than chance, they
    are taken alone. The new weights outline a pixel where a cell is likelier than not,
    as the loss taught them; the old ones where their shift puts it. With too few cells
    to judge, the shift of the mean lies half way between both.

    Parameters
    ----------
    start
        The trained network without a shift, which becomes what is settled.
    before
        Its weights before the training.
    new_share
        Share of the new weights, 0 to 1.
    fields
        Images, true labels, and the masks of the pixels that count; there may be none.
    device
        Device and precision.
    """
    after = copy_weights(start.net)
    # random weights are nothing to keep
    share = new_share if start.trained else 1.0
    start.net.load_state_dict(average_weights(before, after, share))
    threshold = start.card.threshold
    even = math.log(threshold / (1 - threshold)) if start.trained else start.shift
    near = (even + start.shift) / 2 if share < 1 else even
    best = yield from find_best_shift(start, fields, device, near)
    if share < 1 and best is not None:
        start.net.load_state_dict(after)
        alone = yield from find_best_shift(start, fields, device, even)
        if alone is not None and alone.f1 > best.f1 + best.error:
            share, best = 1.0, alone
        else:
            start.net.load_state_dict(average_weights(before, after, share))
    shift = near if best is None else best.shift
    shift_cell_logits(start.net, shift)
    return OperatingPoint(share, shift)


def settle_as_before(
    start: SegmenterStartingWeights, fields: Sequence[Judged], device: Device
) -> Step[OperatingPoint]:
    """Settle a training that an earlier version began, as that version would have."""
    best = yield from find_best_shift(start, fields, device, start.shift, chance=False)
    shift = start.shift if best is None else best.shift
    shift_cell_logits(start.net, shift)
    return OperatingPoint(1.0, shift)


def copy_weights(net: UNet) -> dict[str, Tensor]:
    """A copy of the weights of a network."""
    return {name: value.clone() for name, value in net.state_dict().items()}


def average_weights(
    before: Mapping[str, Tensor], after: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """Mean of two sets of weights, with a share of the second; counters are its own."""
    return {
        name: before[name].to(value).lerp(value, share)
        if value.is_floating_point()
        else value
        for name, value in after.items()
    }


def find_best_shift(
    start: SegmenterStartingWeights,
    fields: Sequence[Judged],
    device: Device,
    near: float,
    *,
    chance: bool = True,
) -> Step[BestShift | None]:
    """Find the shift with the best detection at the threshold of the model.

    Parameters
    ----------
    start
        The trained network without a shift.
    fields
        Images, true labels, and the masks of the pixels that count.
    device
        Device and precision.
    near
        Of equally good shifts the one nearest to this is taken.
    chance
        Whether shifts are equally good that differ by less than the standard error.

    Returns
    -------
    The best shift; None with too few cells.
    """
    counts = [DetectionCounts() for _ in SHIFTS]
    for index, (planes, labels, where) in enumerate(fields):
        step = _all_maps(start, planes, device)
        stage = "Finding the operating point"
        maps = yield from subprogress(step, index, len(fields), stage=stage)
        for plane, plane_maps in enumerate(maps):
            for k, shift in enumerate(SHIFTS):
                found = _found(plane_maps, float(shift), start, planes.network_pixel_um)
                counts[k] += count_detections(found, labels[plane], where[plane])
    # the true cells are the same for every shift
    n_true = counts[0].n_true
    if n_true < FEWEST:
        return None
    f1 = np.array([one.metrics()["f1"] for one in counts])
    # that of a share of so many cells: what a few cells prefer is chance
    error = float(np.sqrt(f1.max() * (1 - f1.max()) / n_true))
    tolerance = max(_EQUALLY_GOOD, error if chance else 0)
    good = SHIFTS[f1 >= f1.max() - tolerance]
    shift = float(good[np.argmin(np.abs(good - near))])
    return BestShift(shift, float(f1.max()), error)


def _all_maps(
    start: SegmenterStartingWeights, planes: MeanPlanes, device: Device
) -> Step[list[NDArray[np.float32]]]:
    """Predict the pixel probabilities of each plane."""
    n_planes, maps = planes.shape[0], []
    for plane in range(n_planes):
        step = _maps(start, planes, plane, device)
        maps.append((yield from subprogress(step, plane, n_planes)))
    return maps


def _maps(
    start: SegmenterStartingWeights, planes: MeanPlanes, plane: int, device: Device
) -> Step[NDArray[np.float32]]:
    """Predict pixel probabilities (class, y, x) at the scale of the recording."""
    views = SegmentConfig().views
    maps = yield from predict_plane(start, planes, plane, views, device)
    if maps is None:
        # an empty plane is background
        maps = np.zeros((start.net.config.out_channels, *planes.shape[1:]), np.float32)
        maps[0] = 1
        return maps
    return start.to_recording_scale(maps, planes)


def _found(
    maps: NDArray[np.float32],
    shift: float,
    start: SegmenterStartingWeights,
    pixel_um: float,
) -> NDArray[np.int32]:
    shifted = shift_probabilities(maps, shift)
    # the paper's U-Net has no rim, so its cells are not divided by cores
    core = shifted[2] if len(shifted) > 2 else None
    config = SegmentConfig(threshold=start.card.threshold)
    return label_plane(shifted[1:].sum(0), core, pixel_um, config)
