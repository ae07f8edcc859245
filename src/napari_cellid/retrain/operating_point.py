"""The operating point of a retrained U-Net.

A U-Net trained with cross-entropy detects cells best at a lower probability than the
threshold that the user sees. A constant shift of the cell logits moves the best
operating point to this threshold and keeps the order of the pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.channels.model_input import plane_image
from napari_cellid.config import SegmentConfig
from napari_cellid.evaluation.detection import DetectionCounts, count_detections
from napari_cellid.progress import subprogress
from napari_cellid.segmentation.instances import label_plane, shift_probabilities
from napari_cellid.segmentation.tta import predict_tta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights

    Judged = tuple[MeanPlanes, NDArray[np.int32], NDArray[np.bool_]]

#: shifts that are tried, besides that of the starting weights
#: (4.01, so that rounding does not leave 4 out)
SHIFTS = np.arange(-2.0, 4.01, 0.25)
#: with fewer true cells the shifts cannot be compared
FEWEST = 30
#: shifts whose detection F1 differs by less are equally good
_EQUALLY_GOOD = 0.005


def find_best_shift(
    start: SegmenterStartingWeights, fields: Sequence[Judged], device: Device
) -> Step[float]:
    """Find the shift with the best detection at the threshold of the model.

    Parameters
    ----------
    start
        The trained network without a shift, and the shift of the old model.
    fields
        Images, true labels, and the masks of the pixels that count.
    device
        Device and precision.

    Returns
    -------
    The best shift; of equally good shifts the one nearest to that of the old model.
    With too few cells, the shift of the old model.
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
    if counts[0].n_true < FEWEST:
        return start.shift
    f1 = np.array([one.metrics()["f1"] for one in counts])
    good = SHIFTS[f1 >= f1.max() - _EQUALLY_GOOD]
    return float(good[np.argmin(np.abs(good - start.shift))])


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
    image = plane_image(planes, plane, start.card)
    views = SegmentConfig().views
    maps = yield from predict_tta(
        start.net, image, device, views, outputs="pixel classes"
    )
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
