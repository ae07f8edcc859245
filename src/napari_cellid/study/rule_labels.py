"""Labels by a rule, for data without labels of people: red and green, each high or low.

Red nucleus and green ring: as of excitatory cells that express both; red alone; green
alone. The red score is that of the laboratory which made CRCNS ssc-2: the image over
its own blur. These labels are weak: a threshold of each image divides its cells even
where all are alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.config.classes import STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_cellid.config.classes import MarkerState
    from napari_cellid.recording import MeanPlanes

#: blur (µm) by which an image is divided, as 13 px of the recordings of ssc-2
_BLUR_UM = 15.0
#: radius of the middle of a cell (µm), as 3 px of them; the rest of a cell is its ring
_MIDDLE_UM = 3.5
#: fewest cells of an image whose scores a threshold divides
_FEWEST = 4


def rule_labels(
    planes: MeanPlanes, labels: NDArray[np.int32], names: Mapping[str, str]
) -> dict[int, str]:
    """Label cells by their red middle and their green ring.

    Parameters
    ----------
    planes
        Mean images with both channels.
    labels
        (plane, y, x), a number unique in the recording.
    names
        Class of each marker state; a cell of another state has no label.

    Returns
    -------
    Class by label. Cells without red and green have none, nor have those of an image
    with fewer than four cells.

    Raises
    ------
    ValueError
        If a channel is missing.
    """
    if planes.red is None or planes.green is None:
        raise ValueError("the rule needs both channels")
    found: dict[int, str] = {}
    for red, green, one in zip(planes.red, planes.green, labels, strict=True):
        numbers = np.unique(one[one > 0])
        if len(numbers) < _FEWEST:
            continue
        middle = _middles(one, numbers, _MIDDLE_UM / planes.pixel_size_um)
        sigma = _BLUR_UM / planes.pixel_size_um
        is_red = _is_high(_mean(_score(red, sigma), one * middle, one, numbers))
        is_green = _is_high(_mean(_score(green, sigma), one * ~middle, one, numbers))
        for number, r, g in zip(numbers.tolist(), is_red, is_green, strict=True):
            state = _state(r, g)
            if state is not None and state in names:
                found[number] = names[state]
    return found


def _state(red: bool, green: bool) -> MarkerState | None:
    both, green_alone, red_alone = STATES
    if red:
        return both if green else red_alone
    return green_alone if green else None


def _score(image: NDArray[np.float32], sigma: float) -> NDArray[np.float64]:
    """Brightness over that of the neighbourhood, in units of the brightest places."""
    image = image.astype(np.float64)
    flat = image / np.maximum(ndimage.gaussian_filter(image, sigma), 1e-6)
    return np.asarray(flat / max(float(np.quantile(flat, 0.99)), 1e-6))


def _middles(
    labels: NDArray[np.int32], numbers: NDArray[np.int32], radius: float
) -> NDArray[np.bool_]:
    """Discs around the centroids of the cells."""
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, numbers))
    index = np.zeros(int(numbers.max()) + 1, int)
    index[numbers] = np.arange(len(numbers))
    inside = np.zeros(labels.shape, bool)
    y, x = np.nonzero(labels)
    centre = centres[index[labels[y, x]]]
    inside[y, x] = np.hypot(y - centre[:, 0], x - centre[:, 1]) <= radius
    return inside


def _mean(
    score: NDArray[np.float64],
    part: NDArray[np.int32],
    whole: NDArray[np.int32],
    numbers: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Mean score of a part of each cell; of the whole cell where the part is empty."""
    means = np.asarray(ndimage.mean(score, whole, numbers))
    sizes = np.bincount(part.ravel(), minlength=int(numbers.max()) + 1)[numbers]
    known = sizes > 0
    means[known] = ndimage.mean(score, part, numbers[known])
    return means


def _is_high(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Scores above Otsu's threshold."""
    from skimage.filters import threshold_otsu

    if scores.min() == scores.max():
        return np.zeros(len(scores), bool)
    return np.asarray(scores > threshold_otsu(scores))
