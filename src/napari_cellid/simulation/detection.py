"""From light to numbers: bleed-through, fall-off, motion, noise, digits."""

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
    """How a plane was scanned.

    Parameters
    ----------
    fall_off
        (y, x): share of the light that vignetting leaves.
    shifts
        (y,): how far each line lies from its place in the mean image (px).
    """

    fall_off: NDArray[np.float64]
    shifts: NDArray[np.float64]


def draw_scan(config: SimulationConfig, rng: np.random.Generator) -> Scan:
    """Draw how a plane is scanned."""
    fall_off = _fall_off(config, rng)
    shifts = rng.normal(0, config.jitter_um / config.pixel_size_um, config.height)
    return Scan(fall_off, ndimage.gaussian_filter1d(shifts, 1.0) * 1.9)


def mean_blur_px(config: SimulationConfig) -> float:
    """Lateral blur of the mean image, SD in px: focus, motion, and more motion."""
    return math.hypot(config.blur_um, config.motion_um) / config.pixel_size_um


def expose_plane(
    light: Light, scan: Scan, config: SimulationConfig, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean red and green image (y, x) of a plane, in photons per frame."""
    red, green = expected_photons(light, scan, config)
    return add_noise(red, config, rng), add_noise(green, config, rng)


def expected_photons(
    light: Light, scan: Scan, config: SimulationConfig
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Red and green image (y, x) without noise, in photons per frame."""
    # the channels share one scale of light, in which the bleed-through is counted
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
    image: NDArray[np.float64], bit_depth: int, rng: np.random.Generator
) -> NDArray[np.uint16] | NDArray[np.uint8]:
    """Whole numbers as an acquisition program would write them.

    The gain is set so that the brightest thousandth comes near the top of 8 bits, or
    to a few thousand counts of 16; what is brighter saturates in 8 bits.
    """
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
    """Mean of `n_frames` frames of photon and read noise.

    Photon noise is Gaussian here: the mean image holds hundreds of photons a pixel.
    """
    variance = config.excess_noise * np.maximum(image, 0) + config.read_noise**2
    noise = np.sqrt(variance / config.n_frames) * rng.standard_normal(image.shape)
    return np.asarray(image + noise)
