"""What a U-Net learns to say of every pixel, from outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config.training import Weighting

#: a pixel of which nobody can say what it is
IGNORE_INDEX = 255
#: share of a cell's greatest depth from which on a pixel belongs to its core
_CORE_SHARE = 0.5
#: weights of borders, sizes in px of about 1.2 µm: Ronneberger et al. 2015 (w0 = 10,
#: sigma = 5 px at a finer scale); Falk et al. 2019 (border factor 50, background 0.1)
_SIGMA_PX, _W0, _FALK_BORDER, _FALK_BACKGROUND = 2.5, 10.0, 50.0, 0.1


def pixel_targets(
    labels: NDArray[np.int32], unsure: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Kinds of pixels: 0 background, 1 rim, 2 core of a cell, 255 to be left out.

    Parameters
    ----------
    labels
        (y, x), 0 where there is no cell.
    unsure
        (y, x): where nobody can say whether there is a cell.
    """
    target = (labels > 0).astype(np.uint8)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        mask = np.pad(labels[box] == number, 1)
        depth = ndimage.distance_transform_edt(mask)[1:-1, 1:-1]
        target[box][depth > _CORE_SHARE * depth.max()] = 2
    if unsure is not None:
        target[unsure & (labels == 0)] = IGNORE_INDEX
    return target


def border_weights(
    labels: NDArray[np.int32], weighting: Weighting
) -> NDArray[np.float32]:
    """How much each pixel counts: more where two cells nearly touch.

    Parameters
    ----------
    labels
        (y, x), 0 where there is no cell.
    weighting
        none: all the same; ronneberger: 1 + w0 exp(-(d1 + d2)² / (2 sigma²)) in the
        background, d1 and d2 being the distances to the two nearest cells; falk: the
        same with a stronger border and a background that counts a tenth.
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
    """Distance (px) of each pixel to the nearest cell, and to the next one."""
    far = float(np.hypot(*labels.shape))
    first = np.full(labels.shape, far)
    second = first.copy()
    reach = round(6 * _SIGMA_PX)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is None:
            continue
        here = tuple(
            slice(max(part.start - reach, 0), part.stop + reach) for part in box
        )
        away = ndimage.distance_transform_edt(labels[here] != number)
        one, two = first[here], second[here]
        two[...] = np.minimum(two, np.maximum(one, away))
        one[...] = np.minimum(one, away)
    return first, second
