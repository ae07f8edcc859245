"""Pieces of fields, turned, mirrored, bent and in other light.

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

#: grey values: black level, gain and power of each channel (Falk et al.)
_BLACK, _GAIN, _POWER = 0.05, (0.8, 1.2), (0.8, 1.25)


@dataclass(frozen=True)
class ElasticDeformation:
    """How much pieces are bent.

    Parameters
    ----------
    sd_px
        SD of the displacement at a point of the coarse grid; 0 for none.
    spacing_px
        Distance of the grid's points.
    """

    sd_px: float = 10.0
    spacing_px: float = 150.0


def displacement_field(
    side: int, bending: ElasticDeformation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Displacements (2, side, side) in px along y and x."""
    n = int(np.ceil(side / bending.spacing_px)) + 3
    grid = rng.normal(0, bending.sd_px, (2, n, n))
    # the grid begins one point outside, so that splines have something to lean on
    at = np.arange(side) / bending.spacing_px + 1
    where = np.stack(np.meshgrid(at, at, indexing="ij"))
    return np.stack(
        [ndimage.map_coordinates(one, where, order=3, mode="nearest") for one in grid]
    ).astype(np.float32)


def random_crop(
    images: NDArray[np.float32],
    target: NDArray[np.uint8],
    weight: NDArray[np.float32],
    geometry: tuple[int, ElasticDeformation],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """Take a random piece of a field, augmented.

    Parameters
    ----------
    images
        (channel, y, x), 0 to 1.
    target, weight
        (y, x).
    geometry
        Side of the piece (px), and how it is bent.
    rng
        Fixes all.

    Returns
    -------
    Images (channel, side, side), target and weight (side, side); the target is 255
    where the piece reaches beyond the field.
    """
    side, bending = geometry
    where = _where(target.shape, side, bending, rng)
    moved = np.stack(
        [ndimage.map_coordinates(one, where, order=1, mode="mirror") for one in images]
    )
    aims = ndimage.map_coordinates(
        target, where, order=0, mode="constant", cval=IGNORE_INDEX
    )
    counts = ndimage.map_coordinates(weight, where, order=0, mode="nearest")
    return jitter_intensity(moved, rng), aims, counts


def jitter_intensity(
    images: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Other black level, gain and power, for each channel its own."""
    n = len(images)
    black = rng.uniform(-_BLACK, _BLACK, n)[:, None, None]
    gain = rng.uniform(*_GAIN, n)[:, None, None]
    power = rng.uniform(*_POWER, n)[:, None, None]
    # a channel that is missing stays dark
    there = images.reshape(n, -1).max(axis=1)[:, None, None] > 0
    changed = np.clip(images, 0, 1) ** power * gain + black
    return np.where(there, changed, images).astype(np.float32)


def _where(
    shape: tuple[int, ...],
    side: int,
    bending: ElasticDeformation,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Places (2, side, side) of the field that the piece shows."""
    half = (side - 1) / 2
    low = [min(half, (n - 1) / 2) for n in shape]
    centre = [rng.uniform(a, n - 1 - a) for a, n in zip(low, shape, strict=True)]
    away = np.arange(side) - half
    y, x = np.meshgrid(away, away, indexing="ij")
    if rng.random() < 0.5:
        x = -x
    angle = rng.uniform(0, 2 * np.pi)
    turned = np.stack(
        [
            y * np.cos(angle) - x * np.sin(angle) + centre[0],
            y * np.sin(angle) + x * np.cos(angle) + centre[1],
        ]
    )
    if bending.sd_px:
        turned = turned + displacement_field(side, bending, rng)
    return turned
