"""Instances from probability maps: labelled cells, touching ones split."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SegmentConfig

#: pixels that touch at a corner are connected, as in the paper
EIGHT_CONNECTED = np.ones((3, 3), bool)
#: core probability from which on a pixel belongs to a seed
_CORE = 0.5
#: smallest seed (µm²); the core of a cell of 27 µm² has about 7
_SEED_UM2 = 4.0
#: smallest distance between the centres of two cells (µm), for `split="distance"`
_PEAK_DISTANCE_UM = 6.0


def label_cells(
    probability: NDArray[np.float32],
    core: NDArray[np.float32] | None,
    pixel_size_um: float,
    config: SegmentConfig,
) -> NDArray[np.int32]:
    """Label the cells of all planes; quick enough to follow a slider.

    Parameters
    ----------
    probability
        (plane, y, x): probability that a pixel belongs to a cell.
    core
        (plane, y, x): probability that it belongs to the core of a cell, or None.
    pixel_size_um
        Micrometres per pixel.
    config
        Threshold, how touching cells are split, smallest area.

    Returns
    -------
    (plane, y, x) int32; a label is unique over all planes.
    """
    labels = np.zeros(probability.shape, np.int32)
    last = 0
    for plane, image in enumerate(probability):
        plane_core = None if core is None else core[plane]
        instances = label_plane(image, plane_core, pixel_size_um, config)
        # each plane counts from 1, so its labels follow those of the planes above
        labels[plane] = np.where(instances > 0, instances + last, 0)
        last += int(instances.max(initial=0))
    return labels


def label_plane(
    probability: NDArray[np.float32],
    core: NDArray[np.float32] | None,
    pixel_size_um: float,
    config: SegmentConfig,
) -> NDArray[np.int32]:
    """Label the cells of one plane.

    Parameters
    ----------
    probability
        (y, x): probability that a pixel belongs to a cell.
    core
        (y, x): probability that it belongs to the core of a cell; None from a network
        without that output, where `split="core"` splits at constrictions instead.
    pixel_size_um
        Micrometres per pixel.
    config
        Threshold, how touching cells are split, smallest area.

    Returns
    -------
    (y, x) int32, labels from 1 without gaps, from top to bottom.
    """
    mask = probability >= config.threshold
    labels, _ = ndimage.label(mask, EIGHT_CONNECTED)
    if config.split == "core" and core is not None:
        # a seed outside the mask would begin a cell that the threshold leaves out
        seeds = ndimage.label((core >= _CORE) & mask, EIGHT_CONNECTED)[0]
        labels = _grow(labels, _without_specks(seeds, pixel_size_um), core)
    elif config.split != "none":
        labels = _split_at_constrictions(labels, mask, pixel_size_um)
    # last, because a split can leave pieces that are too small
    return _drop_small(labels, config.min_area_um2 / pixel_size_um**2)


def shift_probabilities(maps: NDArray[np.float32], shift: float) -> NDArray[np.float32]:
    """Probabilities of pixel classes after a shift of the logits of cell pixels.

    Parameters
    ----------
    maps
        (pixel class, y, x): probabilities, background first.
    shift
        Added to the logits of all classes but the background.
    """
    shifted = maps.copy()
    # a shift of the logits multiplies the odds against the background
    shifted[1:] *= np.exp(shift)
    shifted /= np.maximum(shifted.sum(0), 1e-9)
    return shifted


def _without_specks(
    seeds: NDArray[np.int32], pixel_size_um: float
) -> NDArray[np.int32]:
    """Drop seeds so small that they would only cut a piece out of their cell."""
    area = np.bincount(seeds.ravel()) * pixel_size_um**2
    return np.where((area >= _SEED_UM2)[seeds], seeds, 0)


def _grow(
    regions: NDArray[np.int32], seeds: NDArray[np.int32], core: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Grow seeds over their region; a region without a seed stays one cell."""
    # a small or faint cell can have no core at all; it must not vanish
    seeded = np.zeros(regions.max() + 1, bool)
    seeded[regions[seeds > 0]] = True
    seedless = ~seeded[regions] & (regions > 0)
    # numbers beyond those of the seeds, so that no marker is used twice
    markers = np.where(seedless, regions + seeds.max(), seeds)
    # smoothed, so that two cells are split midway where the core probability is 0
    height = ndimage.gaussian_filter(core, 1.0)
    grown = watershed(-height, markers, connectivity=EIGHT_CONNECTED, mask=regions > 0)
    return np.asarray(grown, np.int32)


def _split_at_constrictions(
    regions: NDArray[np.int32], mask: NDArray[np.bool_], pixel_size_um: float
) -> NDArray[np.int32]:
    # smoothed, because a ragged outline has many peaks of depth
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1.0)
    peaks = peak_local_max(
        depth,
        min_distance=max(round(_PEAK_DISTANCE_UM / pixel_size_um), 1),
        labels=regions,
        # cells at the edge of the image have their peak there
        exclude_border=False,
    )
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    grown = watershed(-depth, markers, connectivity=EIGHT_CONNECTED, mask=mask)
    return np.asarray(grown, np.int32)


def _drop_small(labels: NDArray[np.int32], smallest_px: float) -> NDArray[np.int32]:
    area = np.bincount(labels.ravel())
    keep = area >= smallest_px
    # 0 is the background, which is large but no cell
    keep[0] = False
    new_label = np.zeros(len(area), np.int32)
    new_label[keep] = np.arange(1, keep.sum() + 1)
    return new_label[labels]
