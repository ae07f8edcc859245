"""Linear resampling of images to another pixel size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rescale(
    image: NDArray[np.float32], factor: float, shape: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """Resample images (..., y, x) linearly by `factor`, with anti-aliasing.

    Pixel centres keep their place: position p of the input lies at
    (p + 0.5) * factor - 0.5 of the output.

    Parameters
    ----------
    image
        (..., y, x).
    factor
        Output pixels per input pixel.
    shape
        Output size (y, x); by default the input's size times the factor, rounded.
    """
    size = image.shape[-2:]
    target = shape or scaled_shape((size[0], size[1]), factor)
    if target == size and abs(factor - 1) < 1e-6:
        return image
    planes = image.reshape(-1, *size)
    return np.stack([_resample(plane, factor, target) for plane in planes]).reshape(
        *image.shape[:-2], *target
    )


def scaled_shape(shape: tuple[int, int], factor: float) -> tuple[int, int]:
    """Size (y, x) in pixels of an image after `rescale`."""
    return max(round(shape[0] * factor), 1), max(round(shape[1] * factor), 1)


def _resample(
    plane: NDArray[np.float32], factor: float, target: tuple[int, int]
) -> NDArray[np.float32]:
    if factor < 1:
        # the usual anti-aliasing width: one output pixel less one input pixel, halved
        plane = ndimage.gaussian_filter(plane, (1 / factor - 1) / 2)
    resampled = ndimage.affine_transform(
        plane,
        matrix=[1 / factor, 1 / factor],
        offset=[0.5 / factor - 0.5] * 2,
        output_shape=target,
        order=1,
        mode="nearest",
    )
    return np.asarray(resampled, dtype=np.float32)
