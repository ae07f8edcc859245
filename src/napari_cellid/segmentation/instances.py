"""Instances from probability maps: labelled cells, touching ones split."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from napari_cellid.cells.numbering import replace_labels, sum_by_label
from napari_cellid.row_blocks import row_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_cellid.config import SegmentConfig
    from napari_cellid.recording import MeanPlanes

#: rows and columns of a part of a plane
Box = tuple[slice, slice]
#: pixels that touch at a corner are connected, as in the paper
EIGHT_CONNECTED = np.ones((3, 3), bool)
#: core probability from which on a pixel belongs to a seed
_CORE = 0.5
#: smallest seed (µm²); the core of a cell of 27 µm² has about 7
_SEED_UM2 = 4.0
#: smallest distance between the centres of two cells (µm), for `split="distance"`
_PEAK_DISTANCE_UM = 6.0
#: how far (px) smoothing by 1 px looks; scipy ends the bell curve at 4 widths
_SMOOTHING_REACH = 4


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
        np.add(instances, last, out=labels[plane], where=instances > 0)
        last += int(instances.max(initial=0))
    return labels


def label_recording(
    probability: NDArray[np.float32],
    core: NDArray[np.float32] | None,
    planes: MeanPlanes,
    config: SegmentConfig,
) -> NDArray[np.int32]:
    """Label the cells of a recording, whose scale may come from a diameter.

    The sizes by which touching cells are told apart are those of somata, so the
    diameter sets them; the smallest area is the user's, in µm² of the pixel size.

    Parameters
    ----------
    probability, core, config
        As for `label_cells`.
    planes
        The images that the maps were predicted from.
    """
    ratio = planes.network_pixel_um / planes.pixel_size_um
    area = config.min_area_um2 * ratio**2
    # not validated: the limits of the setting are those of the user's µm
    scaled = config.model_copy(update={"min_area_um2": area})
    return label_cells(probability, core, planes.network_pixel_um, scaled)


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
    labels = _connected(mask)
    if config.split == "core" and core is not None:
        # a seed outside the mask would begin a cell that the threshold leaves out
        mask &= core >= _CORE
        seeds = _connected(mask)
        _drop_small(seeds, _SEED_UM2 / pixel_size_um**2, renumber=False)
        # a small or faint cell can have no core at all; it must not vanish
        labels = _grow(labels, seeds, partial(_smoothed, core), keep_seedless=True)
    elif config.split != "none":
        labels = _split_at_constrictions(labels, pixel_size_um)
    # last, because a split can leave pieces that are too small
    _drop_small(labels, config.min_area_um2 / pixel_size_um**2)
    return labels


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
    total = shifted.sum(0)
    shifted /= np.maximum(total, 1e-9, out=total)
    return shifted


def _connected(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    labels: NDArray[np.int32] = ndimage.label(mask, EIGHT_CONNECTED)[0]
    return labels


def _grow(
    regions: NDArray[np.int32],
    seeds: NDArray[np.int32],
    depth_in: Callable[[Box], NDArray[Any]],
    *,
    keep_seedless: bool,
) -> NDArray[np.int32]:
    """Grow seeds over their regions, the deepest pixels first.

    Only regions with several seeds are flooded, each in its own box: the whole plane at
    once would need several times its memory.

    Parameters
    ----------
    regions
        (y, x), numbered from 1.
    seeds
        (y, x), inside the regions; it is overwritten.
    depth_in
        Depth of the pixels in a box.
    keep_seedless
        Whether a region without a seed stays as one piece, or vanishes.

    Returns
    -------
    (y, x): the array of the seeds.
    """
    region_of = _region_of_seeds(regions, seeds)
    n_regions = int(regions.max(initial=0))
    numbers = np.flatnonzero(region_of)
    n_seeds = np.bincount(region_of[numbers], minlength=n_regions + 1)
    whole = np.zeros(n_regions + 1, np.int64)
    if keep_seedless:
        # numbers beyond those of the seeds, so that none is used twice
        whole[1:] = np.arange(1, n_regions + 1) + numbers.max(initial=0)
    whole[region_of[numbers]] = numbers
    whole[n_seeds > 1] = 0
    boxes = ndimage.find_objects(regions)
    for region in np.flatnonzero(n_seeds > 1):
        box = boxes[region - 1]
        mask = regions[box] == region
        markers = np.where(mask, seeds[box], 0)
        height = -depth_in(box)
        grown = watershed(height, markers, connectivity=EIGHT_CONNECTED, mask=mask)
        seeds[box][mask] = grown[mask]
    for rows in row_blocks(regions.shape):
        number = whole[regions[rows]]
        np.copyto(seeds[rows], number, where=number > 0, casting="same_kind")
    return seeds


def _region_of_seeds(
    regions: NDArray[np.int32], seeds: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Region in which each seed lies; 0 for numbers that no seed has."""
    region_of = np.zeros(int(seeds.max(initial=0)) + 1, np.int32)
    for rows in row_blocks(seeds.shape):
        where = seeds[rows] > 0
        region_of[seeds[rows][where]] = regions[rows][where]
    return region_of


def _smoothed(core: NDArray[np.float32], box: Box) -> NDArray[np.float32]:
    """Part of the smoothed core probability, as smoothing of the whole plane gives it.

    Smoothed, so that two cells are split midway where the core probability is 0.
    """
    wide, inner = _widened(box, _SMOOTHING_REACH)
    part: NDArray[np.float32] = ndimage.gaussian_filter(core[wide], 1.0)[inner]
    return part


def _widened(box: Box, margin: int) -> tuple[Box, Box]:
    """A wider box, and where the box lies in it; slices end at the image's border."""
    y, x = (slice(max(part.start - margin, 0), part.stop + margin) for part in box)
    inner = (
        slice(part.start - wide.start, part.stop - wide.start)
        for part, wide in zip(box, (y, x), strict=True)
    )
    return (y, x), (next(inner), next(inner))


def _depth(regions: NDArray[np.int32]) -> NDArray[np.float64]:
    """Distance of each pixel of a region to the nearest one outside of it."""
    depth = np.zeros(regions.shape)
    for index, box in enumerate(ndimage.find_objects(regions)):
        # what is nearest outside touches the region, so a margin of one is enough
        wide, inner = _widened(box, 1)
        region = regions[wide] == index + 1
        distance = ndimage.distance_transform_edt(region)[inner]
        # 0 outside the region, where another one can lie
        depth[box] += distance
    return depth


def _split_at_constrictions(
    regions: NDArray[np.int32], pixel_size_um: float
) -> NDArray[np.int32]:
    # smoothed, because a ragged outline has many peaks of depth
    depth = _depth(regions)
    ndimage.gaussian_filter(depth, 1.0, output=depth)
    peaks = peak_local_max(
        depth,
        min_distance=max(round(_PEAK_DISTANCE_UM / pixel_size_um), 1),
        labels=regions,
        # cells at the edge of the image have their peak there
        exclude_border=False,
    )
    markers = np.zeros(regions.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return _grow(regions, markers, depth.__getitem__, keep_seedless=False)


def _drop_small(
    labels: NDArray[np.int32], smallest_px: float, *, renumber: bool = True
) -> None:
    """Remove pieces that are too small, in place; number the others without gaps.

    Seeds that are too small would only cut a piece out of their cell.
    """
    area = sum_by_label(labels, int(labels.max(initial=0)) + 1)
    keep = area >= smallest_px
    # 0 is the background, which is large but no cell
    keep[0] = False
    new_label = np.zeros(len(area), np.int32)
    new_label[keep] = np.arange(1, keep.sum() + 1) if renumber else np.flatnonzero(keep)
    replace_labels(labels, new_label)
