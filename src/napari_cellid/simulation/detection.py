"""From light to pixel values: bleed-through, vignetting, motion, noise, rounding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.simulation.optics import Light


@dataclass(frozen=True, eq=False)
class Scan:
    """The vignetting and the line shifts of one scanned plane.

    Parameters
    ----------
    fall_off
        (y, x): share of the light that vignetting leaves.
    shifts
        (y,): sideways shift of each line in the mean image (px).
    """

    fall_off: NDArray[np.float64]
    shifts: NDArray[np.float64]


def draw_scan(config: SimulationConfig, rng: np.random.Generator) -> Scan:
    """Draw the vignetting and the line shifts of a plane."""
    fall_off = _fall_off(config, rng)
    shifts = rng.normal(0, config.jitter_um / config.pixel_size_um, config.height)
    return Scan(fall_off, ndimage.gaussian_filter1d(shifts, 1.0) * 1.9)


def mean_blur_px(config: SimulationConfig) -> float:
    """Lateral blur of the mean image by focus and motion, SD in px."""
    return math.hypot(config.blur_um, config.motion_um) / config.pixel_size_um


def expose_plane(
    light: Light, scan: Scan, config: SimulationConfig, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean red and green image (y, x) of a plane, in photons per frame."""
    red, green = expected_photons(light, scan, config)
    if config.stripes > 0:
        # drawn only where there are some: a seed gives the same field as before
        red = red * rng.lognormal(0, config.stripes, len(red))[:, None]
    return (
        resample(add_noise(red, config, rng), config.resampling),
        resample(add_noise(green, config, rng), config.resampling),
    )


def resample(image: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """An image (y, x) as if it had been enlarged from a grid `factor` times coarser."""
    if factor <= 1:
        return image
    coarse = ndimage.zoom(
        # what the coarse grid cannot hold would turn into other structures
        ndimage.gaussian_filter(image, 0.4 * (factor - 1)),
        1 / factor,
        order=1,
        mode="reflect",
        grid_mode=True,
    )
    zoom = [size / small for size, small in zip(image.shape, coarse.shape, strict=True)]
    return np.asarray(
        ndimage.zoom(coarse, zoom, order=3, mode="reflect", grid_mode=True)
    )


def expected_photons(
    light: Light, scan: Scan, config: SimulationConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Red and green image (y, x) without noise, in photons per frame."""
    # both channels are in photons, so that bleed-through is a share of them
    green = light.green * config.green_photons
    red = light.red * config.red_photons
    mixed_red = red + config.bleed_green_to_red * green
    mixed_green = green + config.bleed_red_to_green * red
    blur = mean_blur_px(config)
    first, second = (
        ndimage.gaussian_filter(move_lines(image * scan.fall_off, scan.shifts), blur)
        for image in (mixed_red, mixed_green)
    )
    return first, second


def digitise(
    image: NDArray[np.float64],
    bit_depth: int,
    rng: np.random.Generator,
    clipped: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.uint16] | NDArray[np.uint8]:
    """Convert to whole numbers as an acquisition program does.

    The gain places the 99.9th percentile near the top of 8 bits, or at a few thousand
    counts of 16 bits. Brighter pixels saturate in 8 bits.

    Parameters
    ----------
    image
        (plane, y, x), photons.
    bit_depth
        8 or 16.
    rng
        Draws gain and offset.
    clipped
        Shares of the pixels that are cut off at the lowest and at the highest value.
    """
    if any(clipped):
        ends = np.quantile(image, [clipped[0], 1 - clipped[1]])
        image = np.clip(image, *ends)
    low, high = np.percentile(image, [0.1, 99.9])
    span = max(float(high - low), 1e-9)
    top = 235 * rng.uniform(0.8, 1.1) if bit_depth == 8 else 3000 * rng.uniform(0.3, 2)
    offset = top * rng.uniform(0.01, 0.1)
    counts = np.round((image - low) / span * top + offset)
    if bit_depth == 8:
        return np.asarray(np.clip(counts, 0, 255), np.uint8)
    return np.asarray(np.clip(counts, 0, 65535), np.uint16)


def _fall_off(
    config: SimulationConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    y = np.linspace(-1, 1, config.height)[:, None] - rng.uniform(-0.25, 0.25)
    x = np.linspace(-1, 1, config.width)[None, :] - rng.uniform(-0.25, 0.25)
    return np.asarray(1 - config.vignetting * np.clip((y**2 + x**2) / 2, 0, 1))


def move_lines(
    image: NDArray[np.float64], shifts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shift each line sideways by its own amount (px), linearly between pixels."""
    columns = np.arange(image.shape[1])
    return np.stack(
        [
            np.interp(columns + shift, columns, line)
            for line, shift in zip(image, shifts, strict=True)
        ]
    )


def add_noise(
    image: NDArray[np.float64], config: SimulationConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Add the photon and read noise of a mean of `n_frames` frames.

    Photon noise is Gaussian here: the mean image holds hundreds of photons a pixel.
    """
    variance = config.excess_noise * np.maximum(image, 0) + config.read_noise**2
    noise = np.sqrt(variance / config.n_frames) * rng.standard_normal(image.shape)
    return np.asarray(image + noise)
