"""Whether red and green look exchanged: nuclei are bright discs, somata are rings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from skimage.segmentation import find_boundaries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: fewer outlines than this tell nothing
_FEWEST_CELLS = 20
#: by how many SDs green must be a disc more than red is; chosen on simulated fields,
#: where at most 0.35 were measured with the channels the right way round
_LEAST_DIFFERENCE = 0.5
#: depths in an outline, as shares of the greatest, of its core and its rim
_CORE, _RIM = 0.55, 0.35
#: only the middle of a large plane is looked at (px): cells enough, and little memory
_LARGEST_SIDE = 2048
#: images are smoothed by this (µm), so that noise does not count as structure
_SMOOTH_UM = 0.6

EXCHANGED_TEXT = (
    "Red and green may be exchanged: in the green channel the cells are bright in "
    "their middle, as nuclei are, and in the red one they are rings, as a calcium "
    "indicator shows them. Compare the images, and swap the channels if it is so."
)


def channels_exchanged(labels: NDArray[np.int32], planes: MeanPlanes) -> bool:
    """Whether green shows discs where red shows rings.

    Parameters
    ----------
    labels
        Outlined cells (plane, y, x).
    planes
        Mean images of the same shape.

    Returns
    -------
    False where there are too few cells, one channel alone, or no clear difference.
    """
    if planes.red is None or planes.green is None:
        return False
    images = (planes.red, planes.green)
    contrasts = _core_contrasts(labels, images, planes.pixel_size_um)
    if any(len(each) < _FEWEST_CELLS for each in contrasts):
        return False
    red, green = (float(np.median(each)) for each in contrasts)
    return green > 0 and green - red > _LEAST_DIFFERENCE


def core_contrast(
    labels: NDArray[np.int32], image: NDArray[np.float32], pixel_um: float
) -> NDArray[np.float64]:
    """Brightness of the middle of each cell above its rim, in SDs within the cell.

    Parameters
    ----------
    labels
        Outlined cells (plane, y, x).
    image
        A channel of the same shape.
    pixel_um
        Edge of a pixel in µm.

    Returns
    -------
    One number a cell (cell,); cells that are too small or of one value are left out.
    """
    return _core_contrasts(labels, (image,), pixel_um)[0]


def _core_contrasts(
    labels: NDArray[np.int32], images: Sequence[NDArray[np.float32]], pixel_um: float
) -> list[NDArray[np.float64]]:
    """Core contrast (cell,) in each image; where core and rim lie is found once."""
    contrasts: list[list[NDArray[np.float64]]] = [[] for _ in images]
    for plane, whole in enumerate(labels):
        cells = _middle(whole)
        if not cells.any():
            continue
        core, rim = _core_and_rim(cells)
        for image, parts in zip(images, contrasts, strict=True):
            smooth = ndimage.gaussian_filter(
                _middle(image[plane]), _SMOOTH_UM / pixel_um
            )
            parts.append(_contrast(smooth, cells, core, rim))
    return [np.concatenate(parts) if parts else np.zeros(0) for parts in contrasts]


def _core_and_rim(
    cells: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Labels (y, x) of the cores of cells, and of their rims."""
    numbers = np.unique(cells[cells > 0])
    # touching cells have an edge between them
    inside = (cells > 0) & ~find_boundaries(cells, mode="inner")
    depth = ndimage.distance_transform_edt(inside) + 0.5 * (cells > 0)
    deepest = np.zeros(int(numbers.max()) + 1)
    deepest[numbers] = ndimage.maximum(depth, cells, numbers)
    relative = depth / np.maximum(deepest[cells], 0.5)
    return np.where(relative > _CORE, cells, 0), np.where(relative <= _RIM, cells, 0)


def _contrast(
    image: NDArray[np.float32],
    cells: NDArray[np.int32],
    core: NDArray[np.int32],
    rim: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Core above rim in SDs within the cell (cell,), of cells that have them."""
    numbers = np.unique(cells[cells > 0])
    size = int(numbers.max()) + 1
    of_core, of_rim = (_means(image, part, size)[numbers] for part in (core, rim))
    # scipy's standard deviation divides by zero for numbers that no cell has
    deviation = image - _means(image, cells, size)[cells]
    spread = np.sqrt(_means(deviation**2, cells, size)[numbers])
    contrast: NDArray[np.float64] = np.full(len(numbers), np.nan)
    np.divide(of_core - of_rim, spread, out=contrast, where=spread > 0)
    return np.asarray(contrast[np.isfinite(contrast)], np.float64)


def _middle(plane: NDArray[Any]) -> NDArray[Any]:
    """The middle of a plane (y, x)."""
    parts = []
    for side in plane.shape:
        first = max(side - _LARGEST_SIDE, 0) // 2
        parts.append(slice(first, first + _LARGEST_SIDE))
    return plane[tuple(parts)]


def _means(
    image: NDArray[np.floating[Any]], cells: NDArray[np.int32], size: int
) -> NDArray[np.float64]:
    """Mean of an image over each number of a label image; NaN where it has no pixel."""
    count = np.bincount(cells.ravel(), minlength=size)
    total = np.bincount(cells.ravel(), image.ravel(), minlength=size)
    mean = np.full(size, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
