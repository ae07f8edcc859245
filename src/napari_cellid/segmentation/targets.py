"""Training targets of a U-Net, made from outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config.training import Weighting

#: target of pixels that do not count in the loss
IGNORE_INDEX = 255
#: distance from the edge, as a share of the largest one in the cell, from which on a
#: pixel belongs to the core
_CORE_SHARE = 0.5
#: weights of borders, sizes in px of about 1.2 µm: Ronneberger et al. 2015 (w0 = 10,
#: sigma = 5 px at a finer scale); Falk et al. 2019 (border factor 50, background 0.1)
_SIGMA_PX, _W0, _FALK_BORDER, _FALK_BACKGROUND = 2.5, 10.0, 50.0, 0.1


def pixel_targets(
    labels: NDArray[np.int32], unsure: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Pixel classes: 0 background, 1 rim of a cell, 2 core of a cell, 255 ignored.

    Parameters
    ----------
    labels
        (y, x), 0 outside cells.
    unsure
        (y, x): where it cannot be decided whether there is a cell.
    """
    target = (labels > 0).astype(np.uint8)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        # the border of the box is an edge of the cell, which the transform needs to see
        mask = np.pad(labels[box] == number, 1)
        depth = ndimage.distance_transform_edt(mask)[1:-1, 1:-1]
        target[box][depth > _CORE_SHARE * depth.max()] = 2
    if unsure is not None:
        target[unsure & (labels == 0)] = IGNORE_INDEX
    return target


def border_weights(
    labels: NDArray[np.int32], weighting: Weighting
) -> NDArray[np.float32]:
    """Weights of pixels in the loss, larger where two cells nearly touch.

    Parameters
    ----------
    labels
        (y, x), 0 outside cells.
    weighting
        none: all 1; ronneberger: 1 + w0 exp(-(d1 + d2)² / (2 sigma²)) in the
        background, d1 and d2 being the distances to the two nearest cells; falk: the
        same with a stronger border and a background weight of a tenth.
    """
    weight = np.ones(labels.shape, np.float32)
    if weighting == "none":
        return weight
    nearest, second = _two_distances(labels)
    gap = np.exp(-((nearest + second) ** 2) / (2 * _SIGMA_PX**2))
    background = labels == 0
    if weighting == "ronneberger":
        weight[background] += _W0 * gap[background]
    else:
        weight[background] = _FALK_BACKGROUND + _FALK_BORDER * gap[background]
    return weight


def _two_distances(
    labels: NDArray[np.int32],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance (px) of each pixel to the nearest cell, and to the second nearest."""
    far = float(np.hypot(*labels.shape))
    first = np.full(labels.shape, far)
    second = first.copy()
    # farther away the weight is exp(-18) and less
    reach = round(6 * _SIGMA_PX)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        here = tuple(
            slice(max(part.start - reach, 0), part.stop + reach) for part in box
        )
        distance = ndimage.distance_transform_edt(labels[here] != number)
        nearest, next_nearest = first[here], second[here]
        # the second first: it needs the nearest as it was
        next_nearest[...] = np.minimum(next_nearest, np.maximum(nearest, distance))
        nearest[...] = np.minimum(nearest, distance)
    return first, second
