"""The neuropil around each cell, as suite2p takes it: a ring outside, without cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, sparse

from napari_cellid.cells.numbering import relabel_sequential

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: pixels between a cell and its ring, and pixels that a ring has at least: the
#: defaults of suite2p (inner_neuropil_radius, min_neuropil_pixels)
GAP_PX, LEAST_PIXELS = 2, 350
#: a ring grows outwards in such steps (px), this often at most
_STEP_PX, _MOST_STEPS = 5, 12


def cell_weights(labels: NDArray[np.int32]) -> sparse.csr_array:
    """Weights (cell, pixel) by which a plane becomes the mean of each outline.

    Parameters
    ----------
    labels
        (y, x). Cells are in the order of their labels, pixels row by row.
    """
    numbers, dense = relabel_sequential(labels)
    where = np.flatnonzero(dense)
    rows = dense.ravel()[where].astype(np.intp) - 1
    return _averaging(rows, where, (len(numbers) - 1, labels.size))


def neuropil_weights(labels: NDArray[np.int32]) -> sparse.csr_array:
    """Weights (cell, pixel) by which a plane becomes the mean of each cell's neuropil.

    The ring begins 2 px outside the outline, leaves out the pixels of all cells, and
    grows in steps of 5 px until it has at least 350 pixels. Rings of neighbours may
    share pixels.

    Parameters
    ----------
    labels
        (y, x).
    """
    numbers, dense = relabel_sequential(labels)
    rows, pixels = [], []
    for k, box in enumerate(ndimage.find_objects(dense)):
        ring = _ring(dense, k + 1, box)
        rows.append(np.full(len(ring), k))
        pixels.append(ring)
    size = len(numbers) - 1, labels.size
    if not rows:
        return sparse.csr_array(size)
    return _averaging(np.concatenate(rows), np.concatenate(pixels), size)


def _ring(
    dense: NDArray[np.int32], cell: int, box: tuple[slice, slice]
) -> NDArray[np.intp]:
    """Pixels of the ring of a cell, row by row."""
    reach = GAP_PX
    ring = np.zeros(0, np.intp)
    for _ in range(_MOST_STEPS):
        reach += _STEP_PX
        window = tuple(
            slice(max(side.start - reach, 0), min(side.stop + reach, n))
            for side, n in zip(box, dense.shape, strict=True)
        )
        part = dense[window]
        far = ndimage.distance_transform_edt(part != cell)
        y, x = np.nonzero((part == 0) & (far > GAP_PX) & (far <= reach))
        y, x = y + window[0].start, x + window[1].start
        ring = y * dense.shape[1] + x
        if len(ring) >= LEAST_PIXELS:
            break
    return ring


def _averaging(
    rows: NDArray[np.intp], pixels: NDArray[np.intp], size: tuple[int, int]
) -> sparse.csr_array:
    count = np.bincount(rows, minlength=size[0])
    weights = (1 / np.maximum(count, 1))[rows].astype(np.float32)
    return sparse.csr_array((weights, (rows, pixels)), shape=size)
