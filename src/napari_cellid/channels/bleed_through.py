"""Estimate of the bleed-through of green light into the red channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: structures wider than this are background, which both channels share (µm)
_BACKGROUND_UM = 6.0
#: pixels further from the line than this many robust SDs are no bleed-through
_FAR = 2.0
_MOST_PIXELS, _MOST_PLANES, _ROUNDS = 200_000, 4, 20


def estimate_bleed_through(
    red: NDArray[np.float32], green: NDArray[np.float32], pixel_size_um: float
) -> float:
    """Estimate the bleed-through: grey values of red per grey value of green.

    The estimate is the slope of a robust regression of red on green. Pixels far from
    the line, such as those of red nuclei, are outliers; they are left out and the line
    is fitted again until the inliers no longer change. The background, which both
    channels share, is subtracted first.

    Parameters
    ----------
    red, green
        (plane, y, x).
    pixel_size_um
        Edge of a pixel in µm.

    Returns
    -------
    Slope, 0 or more; 0 for constant images.
    """
    x, y = (_subtract_background(image, pixel_size_um) for image in (green, red))
    inliers = np.ones(len(x), bool)
    slope = 0.0
    for _ in range(_ROUNDS):
        slope, offset = _fit_line(x[inliers], y[inliers])
        distance = np.abs(y - slope * x - offset)
        spread = 1.4826 * float(np.median(distance[inliers]))
        near = distance <= _FAR * spread
        if np.array_equal(near, inliers) or near.sum() < 2:
            break
        inliers = near
    return max(slope, 0.0)


def _fit_line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    variance = float(x.var())
    if variance == 0:
        return 0.0, float(y.mean())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / variance
    return slope, float(y.mean()) - slope * float(x.mean())


def _subtract_background(
    image: NDArray[np.float32], pixel_size_um: float
) -> NDArray[np.float64]:
    """Values of a sample of pixels (plane, y, x), less the background around them."""
    planes = np.linspace(0, len(image) - 1, min(len(image), _MOST_PLANES)).astype(int)
    sample = image[planes].astype(np.float64)
    width = _BACKGROUND_UM / pixel_size_um
    fine = (sample - ndimage.gaussian_filter(sample, (0, width, width))).ravel()
    return np.asarray(fine[:: max(len(fine) // _MOST_PIXELS, 1)])
