"""Augmentation of fields: random crops, rotated, mirrored, deformed, intensity changed.

Elastic deformation as in Ronneberger et al. (2015) with the values of Falk et al.
(2019): random displacements on a coarse grid, SD 10 px there, interpolated by cubic
splines; the same field for the images and for the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.segmentation.targets import IGNORE_INDEX

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: ranges of offset, gain and gamma of each channel (Falk et al.)
_OFFSET, _GAIN, _GAMMA = 0.05, (0.8, 1.2), (0.8, 1.25)


@dataclass(frozen=True)
class ElasticDeformation:
    """Parameters of the random elastic deformation.

    Parameters
    ----------
    sd_px
        SD of the displacement at a point of the coarse grid (px); 0 for none.
    spacing_px
        Spacing of the grid (px).
    """

    sd_px: float = 10.0
    spacing_px: float = 150.0


def displacement_field(
    side: int, deformation: ElasticDeformation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Random displacements (2, side, side) along y and x (px)."""
    n = int(np.ceil(side / deformation.spacing_px)) + 3
    grid = rng.normal(0, deformation.sd_px, (2, n, n))
    # the grid begins one point outside, which cubic splines need at the border
    at = np.arange(side) / deformation.spacing_px + 1
    points = np.stack(np.meshgrid(at, at, indexing="ij"))
    return np.stack(
        [
            ndimage.map_coordinates(axis, points, order=3, mode="nearest")
            for axis in grid
        ]
    ).astype(np.float32)


def random_crop(
    images: NDArray[np.float32],
    target: NDArray[np.uint8],
    weight: NDArray[np.float32],
    side: int,
    deformation: ElasticDeformation,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """Crop a random part of a field, augmented.

    Parameters
    ----------
    images
        (channel, y, x), 0 to 1.
    target, weight
        (y, x).
    side
        Side of the crop (px).
    deformation
        How it is deformed.
    rng
        Source of all random numbers.

    Returns
    -------
    Images (channel, side, side), target and weight (side, side); the target is 255
    where the crop reaches beyond the field.
    """
    points = _sampled_points(target.shape, side, deformation, rng)
    crop = np.stack(
        [
            ndimage.map_coordinates(image, points, order=1, mode="mirror")
            for image in images
        ]
    )
    # nearest pixel: classes are no numbers that could be interpolated
    crop_target = ndimage.map_coordinates(
        target, points, order=0, mode="constant", cval=IGNORE_INDEX
    )
    crop_weight = ndimage.map_coordinates(weight, points, order=0, mode="nearest")
    return jitter_intensity(crop, rng), crop_target, crop_weight


def jitter_intensity(
    images: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Change offset, gain and gamma of each channel at random."""
    n = len(images)
    offset = rng.uniform(-_OFFSET, _OFFSET, n)[:, None, None]
    gain = rng.uniform(*_GAIN, n)[:, None, None]
    gamma = rng.uniform(*_GAMMA, n)[:, None, None]
    # a missing channel stays dark
    present = images.reshape(n, -1).max(axis=1)[:, None, None] > 0
    changed = np.clip(images, 0, 1) ** gamma * gain + offset
    return np.where(present, changed, images).astype(np.float32)


def _sampled_points(
    shape: tuple[int, ...],
    side: int,
    deformation: ElasticDeformation,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Coordinates (2, side, side) of the field that the crop is sampled at."""
    half = (side - 1) / 2
    # a field that is smaller than the crop lies in its middle
    low = [min(half, (n - 1) / 2) for n in shape]
    centre = [rng.uniform(a, n - 1 - a) for a, n in zip(low, shape, strict=True)]
    offsets = np.arange(side) - half
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    if rng.random() < 0.5:
        x = -x
    angle = rng.uniform(0, 2 * np.pi)
    points = np.stack(
        [
            y * np.cos(angle) - x * np.sin(angle) + centre[0],
            y * np.sin(angle) + x * np.cos(angle) + centre[1],
        ]
    )
    if deformation.sd_px:
        points = points + displacement_field(side, deformation, rng)
    return points
