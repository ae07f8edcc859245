"""Blood vessels: shadows of those at the surface, dark sections of those below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.simulation.tissue import correlated_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig


def surface_shadow(
    config: SimulationConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Share of light (y, x) that surface vessels and an uneven window leave."""
    shape, pixel = (config.height, config.width), config.pixel_size_um
    slow = correlated_field(shape, 90 / pixel, rng)
    left = np.exp(config.unevenness * (slow - max(slow.max(), 0)))
    for _ in range(config.vessels):
        line = np.ones(shape, bool)
        line[_crossing(shape, rng)] = False
        if line.all():
            continue
        away = ndimage.distance_transform_edt(line) * pixel
        width = rng.uniform(5, 20)
        power = rng.uniform(2, 5)
        shadow = config.vessel_shadow * rng.uniform(0.4, 1.0)
        left *= 1 - shadow * np.exp(-((away / width) ** power))
    return np.asarray(left)


def vessel_sections(
    config: SimulationConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Share of neuropil (y, x) left by capillaries and penetrating vessels."""
    shape, pixel = (config.height, config.width), config.pixel_size_um
    area_mm2 = float(np.prod(shape)) * pixel**2 * 1e-6
    lines = np.ones(shape, bool)
    for _ in range(rng.poisson(config.capillary_density * area_mm2)):
        lines[_short_line(shape, pixel, rng)] = False
    left = np.ones(shape)
    if not lines.all():
        away = ndimage.distance_transform_edt(lines) * pixel
        left -= 0.85 * np.clip((3.2 - away) / max(pixel, 0.8) + 0.5, 0, 1)
    y, x = np.ogrid[: shape[0], : shape[1]]
    for _ in range(rng.poisson(config.deep_vessels * area_mm2)):
        radius, soft = rng.uniform(4, 12), rng.uniform(0.8, 4)
        along, beside = _turned(y, x, shape, rng)
        stretch = rng.uniform(1, 3)
        away = np.hypot(along / stretch, beside) * pixel
        left *= 1 - 0.9 / (1 + np.exp(np.clip((away - radius) / soft, -50, 50)))
    if config.cut_capillaries:
        left *= _cut_capillaries(shape, pixel, config.cut_capillaries * area_mm2, rng)
    return left


def _cut_capillaries(
    shape: tuple[int, int], pixel: float, mean: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Share of neuropil (y, x) left by capillaries that cross the plane."""
    left = np.ones(shape)
    for _ in range(rng.poisson(mean)):
        y, x = rng.uniform(0, shape[0]), rng.uniform(0, shape[1])
        radius, soft = rng.uniform(2, 5.5) / pixel, rng.uniform(0.4, 1.8) / pixel
        depth, stretch = rng.uniform(0.2, 0.9), rng.uniform(1, 1.6)
        angle = rng.uniform(0, np.pi)
        reach = int(np.ceil(stretch * radius + 6 * soft))
        top, first = max(int(y) - reach, 0), max(int(x) - reach, 0)
        rows, columns = np.ogrid[
            top : min(int(y) + reach + 1, shape[0]),
            first : min(int(x) + reach + 1, shape[1]),
        ]
        dy, dx = rows - y, columns - x
        along = (dx * np.cos(angle) + dy * np.sin(angle)) / stretch
        away = np.hypot(along, dy * np.cos(angle) - dx * np.sin(angle))
        here = left[top : top + len(rows), first : first + columns.shape[1]]
        here *= 1 - depth / (1 + np.exp(np.clip((away - radius) / soft, -50, 50)))
    return left


def _turned(
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates (px) along and across a random direction from a random point."""
    angle = rng.uniform(0, np.pi)
    dy, dx = y - rng.uniform(0, shape[0]), x - rng.uniform(0, shape[1])
    return (
        dx * np.cos(angle) + dy * np.sin(angle),
        dy * np.cos(angle) - dx * np.sin(angle),
    )


def _crossing(
    shape: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels of a winding line through the field."""
    step = 0.7
    n = int(4 * max(shape) / step)
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.03, n))
    y, x = np.cumsum(step * np.sin(heading)), np.cumsum(step * np.cos(heading))
    # the middle of the line lies in the field
    y += rng.uniform(0, shape[0]) - y[n // 2]
    x += rng.uniform(0, shape[1]) - x[n // 2]
    return _pixels(y, x, shape)


def _short_line(
    shape: tuple[int, int], pixel: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    length = int(rng.exponential(14) / (0.7 * pixel)) + 1
    heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.15, length))
    y = rng.uniform(0, shape[0]) + np.cumsum(0.7 * np.sin(heading))
    x = rng.uniform(0, shape[1]) + np.cumsum(0.7 * np.cos(heading))
    return _pixels(y, x, shape)


def _pixels(
    y: NDArray[np.float64], x: NDArray[np.float64], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    return y[inside].astype(np.int64), x[inside].astype(np.int64)
