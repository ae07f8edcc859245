"""Linear resampling of images: to another pixel size, or onto another grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    import dask.array as da
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
    resampled = np.empty((len(planes), *target), np.float32)
    for plane, out in zip(planes, resampled, strict=True):
        _resample(plane, factor, out)
    return resampled.reshape(*image.shape[:-2], *target)


def scaled_shape(shape: tuple[int, int], factor: float) -> tuple[int, int]:
    """Size (y, x) in pixels of an image after `rescale`."""
    return max(round(shape[0] * factor), 1), max(round(shape[1] * factor), 1)


def _resample(
    plane: NDArray[np.float32], factor: float, out: NDArray[np.float32]
) -> None:
    if factor < 1:
        # the usual anti-aliasing width: one output pixel less one input pixel, halved
        plane = ndimage.gaussian_filter(plane, (1 / factor - 1) / 2)
    ndimage.affine_transform(
        plane,
        matrix=[1 / factor, 1 / factor],
        offset=[0.5 / factor - 0.5] * 2,
        output_shape=out.shape,
        output=out,
        order=1,
        mode="nearest",
    )


def resample_onto(
    frames: da.Array,
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    shape: tuple[int, int],
) -> da.Array:
    """Resample frames (time, plane, y, x) linearly onto another grid of pixels, lazily.

    Parameters
    ----------
    frames
        (time, plane, y, x).
    matrix, offset
        (2, 2) and (2,): pixel p of the grid is `matrix @ p + offset` of the frames.
    shape
        Size (y, x) of the grid.

    Returns
    -------
    float32 (time, plane, y, x); NaN where the frames do not reach.
    """
    size = (frames.shape[-2], frames.shape[-1])
    outside = ~covered_part(matrix, offset, size, shape)
    # smoothed as much as pixels of the grid are larger than those of the frames
    sigma = np.maximum(np.linalg.norm(matrix, axis=1) - 1, 0) / 2

    def resample_block(block: NDArray[Any]) -> NDArray[np.float32]:
        planes = block.reshape(-1, *block.shape[-2:]).astype(np.float32)
        out = np.empty((len(planes), *shape), np.float32)
        for plane, target in zip(planes, out, strict=True):
            smooth = ndimage.gaussian_filter(plane, sigma) if sigma.any() else plane
            ndimage.affine_transform(
                smooth, matrix, offset, shape, target, order=1, mode="nearest"
            )
            target[outside] = np.nan
        return out.reshape(*block.shape[:-2], *shape)

    whole = frames.rechunk({2: -1, 3: -1})
    return whole.map_blocks(
        resample_block,
        dtype=np.float32,
        chunks=(*whole.chunks[:2], (shape[0],), (shape[1],)),
        meta=np.empty((0, 0, 0, 0), np.float32),
    )


def covered_part(
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    size: tuple[int, int],
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """Which pixels (y, x) of a grid lie on an image, see `resample_onto`.

    Parameters
    ----------
    matrix, offset
        From pixels of the grid to those of the image.
    size, shape
        Sizes (y, x) of the image and of the grid.
    """
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside = np.ones(shape, dtype=bool)
    for (per_y, per_x), start, length in zip(matrix, offset, size, strict=True):
        # rounded, or an edge that lies on the half pixel would be in or out by chance
        place = np.round(per_y * y + per_x * x + start, 6)
        inside &= (place >= -0.5) & (place <= length - 0.5)
    return inside
