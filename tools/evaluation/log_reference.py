"""What a program without networks does: Laplacian of Gaussian, watershed, thresholds.

Nothing is learnt, and no truth is used. The sizes are those of somata; the limits are
Otsu's, on the field at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import relabel_sequential, watershed

from napari_cellid.cells.measure import measure
from napari_cellid.config.classes import STATES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: widths of the filter (µm): nuclei and somata
SIGMAS_UM = (3.4, 4.8)
#: width of the background (µm), wider than any soma
BACKGROUND_UM = 20.0
#: largest distance of a pixel from the peak of its cell (µm), and of two peaks
REACH_UM, APART_UM = 8.0, 4.0
#: smallest cell (µm²)
SMALLEST_UM2 = 15.0
#: a peak is a cell above so many robust SDs, and this share of Otsu's threshold
NOISE, OTSU = 3.0, 0.3
#: standard deviation of a normal distribution over its median absolute deviation
_MAD = 1.4826


def outline_cells(planes: MeanPlanes) -> NDArray[np.int32]:
    """Outline the cells of the first plane, (y, x), from the channels that it has."""
    um = planes.pixel_size_um
    channels = [one for one in (planes.red, planes.green) if one is not None]
    image = np.sum([_flatten(channel[0], um) for channel in channels], axis=0)
    response = np.max(
        [-ndimage.gaussian_laplace(image, s / um) * (s / um) ** 2 for s in SIGMAS_UM],
        axis=0,
    )
    peaks = _peaks(response, um)
    seeds = np.zeros(image.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    smooth = ndimage.gaussian_filter(image, 1.5 / um)
    # a pixel belongs to a cell above half the height of the peak beside it
    height = ndimage.maximum_filter(smooth, size=round(REACH_UM / um) | 1)
    near = ndimage.distance_transform_edt(seeds == 0) * um < REACH_UM
    mask = near & (smooth > 0.5 * height) & (response > 0)
    labels = watershed(-smooth, seeds, mask=mask | (seeds > 0))
    large = np.bincount(labels.ravel()) * um**2 >= SMALLEST_UM2
    return np.asarray(relabel_sequential(labels * large[labels])[0], np.int32)


def classify_by_contrast(labels: NDArray[np.int32], planes: MeanPlanes) -> pd.DataFrame:
    """Cells with `state` by Otsu's thresholds of the contrasts, (y, x) outlines.

    An outline that is neither red nor green is no cell, and has no row.
    """
    cells = measure(labels[None], planes)
    red, green = (_above_otsu(cells[f"{c}_contrast"]) for c in ("red", "green"))
    cells["state"] = np.select([red & green, green], STATES[:2], STATES[2])
    return cells[red | green].reset_index(drop=True)


def _above_otsu(contrast: pd.Series) -> NDArray[np.bool_]:
    """Which cells stand out, on a logarithmic scale."""
    values = np.log(np.maximum(np.nan_to_num(contrast.to_numpy(float)) + 1, 0.05))
    if len(np.unique(values)) < 2:
        return np.ones(len(values), bool)
    return np.asarray(values > threshold_otsu(values))


def _flatten(image: NDArray[np.float32], um: float) -> NDArray[np.float64]:
    """An image over its background, less 1, so that bright cells have weight 1."""
    raised = image - np.percentile(image, 0.1)
    background = ndimage.gaussian_filter(raised, BACKGROUND_UM / um, mode="nearest")
    flat = raised / np.maximum(background, 0.05 * raised.mean() + 1e-9) - 1
    smooth = ndimage.gaussian_filter(flat, 0.6 / um)
    return np.asarray(np.clip(smooth / max(np.percentile(smooth, 99.5), 1e-9), -1, 1.5))


def _peaks(response: NDArray[np.float64], um: float) -> NDArray[np.intp]:
    """Positions (peak, axis) that stand out of the noise and of most other peaks."""
    noise = _MAD * np.median(np.abs(response - np.median(response)))
    peaks = peak_local_max(
        response,
        min_distance=max(round(APART_UM / um), 1),
        threshold_abs=NOISE * noise,
        exclude_border=False,
    )
    heights = response[tuple(peaks.T)]
    if len(np.unique(heights)) < 2:
        return np.asarray(peaks)
    return np.asarray(peaks[heights > OTSU * threshold_otsu(heights)])
