"""From probability maps to numbered cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SegmentConfig

#: pixels that touch at a corner belong together, as in the paper
EIGHT = np.ones((3, 3), bool)
#: a seed is where the network is surer of "core" than this
_CORE = 0.5
#: smallest seed (µm²); the core of a cell of 27 µm² has about 7
_SEED_UM2 = 4.0
#: smallest distance of two cell middles (µm), for `split="distance"`
_MIDDLES_UM = 6.0


def label_cells(
    probability: NDArray[np.float32],
    core: NDArray[np.float32] | None,
    pixel_size_um: float,
    config: SegmentConfig,
) -> NDArray[np.int32]:
    """Cells of all planes (plane, y, x), from kept maps; quick enough for a slider."""
    labels = np.zeros(probability.shape, np.int32)
    last = 0
    for plane, image in enumerate(probability):
        middle = None if core is None else core[plane]
        found = label_plane(image, middle, pixel_size_um, config)
        labels[plane] = np.where(found > 0, found + last, 0)
        last += int(found.max(initial=0))
    return labels


def label_plane(
    probability: NDArray[np.float32],
    core: NDArray[np.float32] | None,
    pixel_size_um: float,
    config: SegmentConfig,
) -> NDArray[np.int32]:
    """Number the cells of one plane.

    Parameters
    ----------
    probability
        (y, x): probability of belonging to a cell.
    core
        (y, x): probability of being the middle of a cell; None from a network that
        does not tell, and then `split="core"` cuts at narrow places.
    pixel_size_um
        Micrometres per pixel.
    config
        Threshold, how touching cells come apart, smallest area.

    Returns
    -------
    (y, x) int32, cells numbered from 1 without gaps, from top to bottom.
    """
    mask = probability >= config.threshold
    labels, _ = ndimage.label(mask, EIGHT)
    if config.split == "core" and core is not None:
        seeds = ndimage.label((core >= _CORE) & mask, EIGHT)[0]
        labels = _grow(labels, _real_seeds(seeds, pixel_size_um), core)
    elif config.split != "none":
        labels = _cut_at_necks(labels, mask, pixel_size_um)
    return _drop_small(labels, config.min_area_um2 / pixel_size_um**2)


def _real_seeds(seeds: NDArray[np.int32], pixel_size_um: float) -> NDArray[np.int32]:
    """Drop specks, which would cut a piece out of the cell beside them."""
    area = np.bincount(seeds.ravel()) * pixel_size_um**2
    return np.where((area >= _SEED_UM2)[seeds], seeds, 0)


def _grow(
    regions: NDArray[np.int32], seeds: NDArray[np.int32], core: NDArray[np.float32]
) -> NDArray[np.int32]:
    """Grow seeds over their region; a region without a seed stays one cell."""
    seeded = np.zeros(regions.max() + 1, bool)
    seeded[regions[seeds > 0]] = True
    alone = ~seeded[regions] & (regions > 0)
    markers = np.where(alone, regions + seeds.max(), seeds)
    # smoothed, so that the border between two cells lies midway where core is 0
    height = ndimage.gaussian_filter(core, 1.0)
    grown = watershed(-height, markers, connectivity=EIGHT, mask=regions > 0)
    return np.asarray(grown, np.int32)


def _cut_at_necks(
    regions: NDArray[np.int32], mask: NDArray[np.bool_], pixel_size_um: float
) -> NDArray[np.int32]:
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1.0)
    peaks = peak_local_max(
        depth,
        min_distance=max(round(_MIDDLES_UM / pixel_size_um), 1),
        labels=regions,
        exclude_border=False,
    )
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    grown = watershed(-depth, markers, connectivity=EIGHT, mask=mask)
    return np.asarray(grown, np.int32)


def _drop_small(labels: NDArray[np.int32], smallest_px: float) -> NDArray[np.int32]:
    area = np.bincount(labels.ravel())
    keep = area >= smallest_px
    keep[0] = False
    number = np.zeros(len(area), np.int32)
    number[keep] = np.arange(1, keep.sum() + 1)
    return number[labels]
