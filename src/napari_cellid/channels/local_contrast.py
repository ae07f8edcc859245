"""A channel relative to its surroundings: dim corners look like bright ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: sides (px of the model) of the squares over which mean and spread are taken, twice:
#: together like Gaussians with SDs of 10 and 20 px
_MEAN_PX, _SPREAD_PX = 25, 49
#: share of the mean spread of a plane that is added everywhere, lest noise in empty
#: corners look like cells
_LEAST_SPREAD = 0.02
#: SDs that become 1, and limits of the result
_SCALE, _LOWEST, _HIGHEST = 3.0, -2.0, 4.0


def local_contrast(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Deviation from the local mean over the local standard deviation.

    Neither a gain nor an offset changes it, and hardly one that varies slowly.

    Parameters
    ----------
    image
        (y, x), at the pixel size of a model.

    Returns
    -------
    (y, x) float32, from -2 to 4; three standard deviations are 1. A constant image
    becomes 0 everywhere.
    """
    deviation = image - _twice(image, _MEAN_PX)
    spread = _twice(deviation * deviation, _SPREAD_PX)
    np.sqrt(np.maximum(spread, 0, out=spread), out=spread)
    usual = float(spread.mean())
    if usual <= 1e-6 * float(np.abs(image).max(initial=0)):
        # rounding alone
        return np.zeros_like(deviation)
    spread += _LEAST_SPREAD * usual
    spread *= _SCALE
    deviation /= spread
    return np.clip(deviation, _LOWEST, _HIGHEST, out=deviation)


def _twice(image: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    once = ndimage.uniform_filter(image, side, np.float32, mode="reflect")
    return np.asarray(ndimage.uniform_filter(once, side, np.float32, mode="reflect"))
