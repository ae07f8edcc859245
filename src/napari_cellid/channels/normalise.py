"""Normalise the two channels, combine them, and bring them to a model's scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from pydantic import Field
from scipy import ndimage

from napari_cellid.config import Config

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: what a network is fed with: `sum` one grey image, the mean of the normalised
#: channels as in the paper; `pair` mCherry and GCaMP; `rgb` both and their mean
Combination = Literal["sum", "pair", "rgb"]
#: how many images that are
N_IMAGES: dict[Combination, int] = {"sum": 1, "pair": 2, "rgb": 3}


class Normalisation(Config):
    """How a channel is brought to the range 0 to 1."""

    low: float = Field(
        1.0, ge=0, lt=50, description="Percentile that becomes 0 (per plane)."
    )
    high: float = Field(
        99.8, gt=50, le=100, description="Percentile that becomes 1 (per plane)."
    )
    outlier_limit: float | None = Field(
        None,
        ge=1,
        description="What becomes 1 is at most so many times as bright as the brighter "
        "parts of the plane, lest debris dims the cells; none: no limit.",
    )


#: how new models are fed
ROBUST = Normalisation(outlier_limit=2.5)
#: how channels are shown: much as networks see them
DISPLAY = ROBUST.model_copy(update={"high": 99.7})
#: the brighter parts of a plane: of a grid of so many parts a side, the percentile over
#: the parts of a percentile in each
_GRID, _OVER_PARTS, _IN_PART = 8, 75, 99


def normalise(image: NDArray[np.float32], norm: Normalisation) -> NDArray[np.float32]:
    """Stretch one plane (y, x) between two percentiles and clip it to 0 to 1.

    A constant image becomes 0 everywhere.
    """
    low, high = value_range(image, norm)
    if high <= low:
        return np.zeros_like(image, dtype=np.float32)
    stretched = (image.astype(np.float32) - low) / (high - low)
    return np.asarray(np.clip(stretched, 0, 1), np.float32)


def value_range(image: NDArray[np.float32], norm: Normalisation) -> tuple[float, float]:
    """Values of images (..., y, x) that become 0 and 1; the same for a constant one.

    Even rows and columns at the border, which registration leaves, do not count.
    """
    image = _without_even_border(image)
    low, high = (float(v) for v in np.percentile(image, [norm.low, norm.high]))
    if norm.outlier_limit is not None:
        usual = _brighter_parts(image) - low
        # an even ground with a few bright cells says nothing of what is usual
        if usual > 0:
            high = min(high, low + norm.outlier_limit * usual)
    if high <= low:
        # a few bright pixels on an even ground: their range is all there is
        return float(image.min()), float(image.max())
    return low, high


def _without_even_border(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Images (..., y, x) less the rows and columns at the border that are all alike.

    Where less than half of a side would be left, that is no border.
    """
    others = tuple(range(image.ndim - 1))
    for _ in ("columns", "rows"):
        uneven = np.flatnonzero(image.max(others) > image.min(others))
        if len(uneven) and np.ptp(uneven) + 1 >= image.shape[-1] / 2:
            image = image[..., uneven[0] : uneven[-1] + 1]
        image = image.swapaxes(-1, -2)
    return image


def _brighter_parts(image: NDArray[np.float32]) -> float:
    """How bright cells are in the brighter parts of a plane, whatever lies in a few."""
    rows = np.array_split(image, _GRID, axis=-2)
    parts = [p for r in rows for p in np.array_split(r, _GRID, axis=-1) if p.size]
    return float(
        np.percentile([np.percentile(p, _IN_PART) for p in parts], _OVER_PARTS)
    )


def combine(
    red: NDArray[np.float32] | None,
    green: NDArray[np.float32] | None,
    norm: Normalisation,
    combination: Combination,
) -> NDArray[np.float32]:
    """Normalise one plane of each channel and stack what a network is fed with.

    Parameters
    ----------
    red, green
        (y, x); one of them may be missing, and then the other stands alone in `sum`
        and the missing one is 0 in `pair` and `rgb`.
    norm
        Percentiles of the model.
    combination
        What the model was trained on.

    Returns
    -------
    (channel, y, x) float32, 0 to 1.
    """
    given = [
        None if image is None else normalise(image, norm) for image in (red, green)
    ]
    present = [image for image in given if image is not None]
    mean = np.asarray(np.mean(present, axis=0), np.float32)
    if combination == "sum":
        return mean[None]
    nothing = np.zeros_like(mean)
    first, second = (nothing if image is None else image for image in given)
    both = [first, second] if combination == "pair" else [first, second, mean]
    return np.stack(both)


class Fed(Protocol):
    """What says how a network is fed: a `ModelCard` does."""

    @property
    def pixel_size_um(self) -> float:
        """Pixel size (µm) that it was trained at."""

    @property
    def normalisation(self) -> Normalisation:
        """How a channel is brought to the range 0 to 1."""

    @property
    def combination(self) -> Combination:
        """Which images it is fed with."""


def plane_image(planes: MeanPlanes, plane: int, fed: Fed) -> NDArray[np.float32]:
    """One plane at a model's scale, as the model is fed with it.

    Returns
    -------
    As from `combine`: (channel, y, x) float32, 0 to 1.
    """
    factor = planes.pixel_size_um / fed.pixel_size_um
    red, green = (
        None if channel is None else rescale(channel[plane], factor)
        for channel in (planes.red, planes.green)
    )
    return combine(red, green, fed.normalisation, fed.combination)


def rescale(
    image: NDArray[np.float32], factor: float, shape: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """Resample images (..., y, x) by `factor`, linearly, smoothed before shrinking.

    Pixel centres keep their place: position p of the input lies at
    (p + 0.5) * factor - 0.5 of the output.

    Parameters
    ----------
    image
        (..., y, x).
    factor
        Output pixels per input pixel.
    shape
        Output (y, x); without it the input's size times the factor, rounded.
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
        # the usual anti-aliasing width: a pixel of the output, less one of the input
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


def contrast_limits(image: NDArray[np.float32]) -> tuple[float, float]:
    """Range of values to show, in which a few bright pixels leave the rest visible."""
    low, high = value_range(image, DISPLAY)
    return low, high if high > low else low + 1
