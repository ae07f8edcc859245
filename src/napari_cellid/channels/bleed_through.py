"""How much of the green shows in the red channel; arrays alone, no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: what is wider than this is background, which both channels share (µm)
_BACKGROUND_UM = 6.0
#: pixels further from the line than this many robust SDs are red for another reason
_FAR = 2.0
_MOST_PIXELS, _MOST_PLANES, _ROUNDS = 200_000, 4, 20


def bleed_through(
    red: NDArray[np.float32], green: NDArray[np.float32], pixel_size_um: float
) -> float:
    """Grey values of red that come with one grey value of green.

    The slope of red on green over all pixels whose red the green can explain: those
    that lie far off the line, as red nuclei do, are left out, and the line is drawn
    anew until it stays. Slow changes over the field, which both channels share, are
    taken away before.

    Parameters
    ----------
    red, green
        (plane, y, x).
    pixel_size_um
        Edge of a pixel.

    Returns
    -------
    0 or more; 0 where the images tell nothing.
    """
    x, y = (_fine(image, pixel_size_um) for image in (green, red))
    kept = np.ones(len(x), bool)
    slope = 0.0
    for _ in range(_ROUNDS):
        slope, offset = _line(x[kept], y[kept])
        away = np.abs(y - slope * x - offset)
        spread = 1.4826 * float(np.median(away[kept]))
        near = away <= _FAR * spread
        if np.array_equal(near, kept) or near.sum() < 2:
            break
        kept = near
    return max(slope, 0.0)


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    variance = float(x.var())
    if variance == 0:
        return 0.0, float(y.mean())
    slope = float(((x - x.mean()) * (y - y.mean())).mean()) / variance
    return slope, float(y.mean()) - slope * float(x.mean())


def _fine(image: NDArray[np.float32], pixel_size_um: float) -> NDArray[np.float64]:
    """Values less their background, of planes and pixels spread over the recording."""
    planes = np.linspace(0, len(image) - 1, min(len(image), _MOST_PLANES)).astype(int)
    some = image[planes].astype(np.float64)
    width = _BACKGROUND_UM / pixel_size_um
    fine = (some - ndimage.gaussian_filter(some, (0, width, width))).ravel()
    return np.asarray(fine[:: max(len(fine) // _MOST_PIXELS, 1)])
