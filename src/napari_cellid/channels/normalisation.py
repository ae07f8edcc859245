"""Normalisation of a channel to the range 0 to 1, and its contrast limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from napari_cellid.config import Config

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Normalisation(Config):
    """Percentiles between which a channel is stretched to the range 0 to 1."""

    low: float = Field(
        1.0, ge=0, lt=50, description="Percentile that becomes 0 (per plane)."
    )
    high: float = Field(
        99.8, gt=50, le=100, description="Percentile that becomes 1 (per plane)."
    )
    outlier_limit: float | None = Field(
        None,
        ge=1,
        le=1e6,
        description="Upper limit of the value that becomes 1, as a multiple of the "
        "brightness of the brighter parts of the plane, so that bright debris does not "
        "dim the cells; none: no limit.",
    )


#: normalisation of the input of new models
ROBUST = Normalisation(outlier_limit=2.5)
#: normalisation of channels on the screen, close to what the networks see
DISPLAY = ROBUST.model_copy(update={"high": 99.7})
#: brightness of the brighter parts of a plane: the plane is cut into a grid of 8 x 8
#: parts; the 75th percentile over the parts of the 99th percentile in each part
_GRID, _OVER_PARTS, _IN_PART = 8, 75, 99


def normalise(image: NDArray[np.float32], norm: Normalisation) -> NDArray[np.float32]:
    """Stretch one plane (y, x) between two percentiles and clip it to 0 to 1.

    A constant image becomes 0 everywhere.
    """
    low, high = value_range(image, norm)
    if high <= low:
        return np.zeros_like(image, dtype=np.float32)
    # one copy, and no more: planes can be large
    stretched = image.astype(np.float32)
    stretched -= low
    stretched /= high - low
    return np.clip(stretched, 0, 1, out=stretched)


def value_range(image: NDArray[np.float32], norm: Normalisation) -> tuple[float, float]:
    """Values of images (..., y, x) that become 0 and 1; equal for a constant image.

    Constant rows and columns at the border, which registration leaves, do not count.
    """
    image = _crop_constant_border(image)
    low, high = (float(v) for v in np.percentile(image, [norm.low, norm.high]))
    if norm.outlier_limit is not None:
        usual = _brighter_parts(image) - low
        # in a constant background with a few bright cells there is no usual brightness
        if usual > 0:
            high = min(high, low + norm.outlier_limit * usual)
    if high <= low:
        # a few bright pixels on a constant background: only their range is known
        return float(image.min()), float(image.max())
    return low, high


def _crop_constant_border(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Crop rows and columns at the border of images (..., y, x) that are constant.

    Nothing is cropped where less than half of a side would remain.
    """
    others = tuple(range(image.ndim - 1))
    for _ in ("columns", "rows"):
        varying = np.flatnonzero(image.max(others) > image.min(others))
        if len(varying) and np.ptp(varying) + 1 >= image.shape[-1] / 2:
            image = image[..., varying[0] : varying[-1] + 1]
        image = image.swapaxes(-1, -2)
    return image


def _brighter_parts(image: NDArray[np.float32]) -> float:
    """Brightness of cells in the brighter parts of a plane, robust to debris."""
    rows = np.array_split(image, _GRID, axis=-2)
    parts = [p for r in rows for p in np.array_split(r, _GRID, axis=-1) if p.size]
    return float(
        np.percentile([np.percentile(p, _IN_PART) for p in parts], _OVER_PARTS)
    )


def contrast_limits(image: NDArray[np.float32]) -> tuple[float, float]:
    """Contrast limits for display, robust to a few bright pixels.

    Parameters
    ----------
    image
        (y, x) or (plane, y, x).
    """
    low, high = value_range(image, DISPLAY)
    return low, high if high > low else low + 1
