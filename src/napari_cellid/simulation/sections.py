"""Optical sections of somata and nuclei in a focal plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.simulation.tissue import Tissue

#: cells whose sections are computed at once; bounds the memory
_BATCH = 128
#: the outline of a cell is the contour at this part of the largest share of the focus
#: that the cell fills; cells whose largest share is below the second number have none
_HALF, _LEAST_SHARE = 0.5, 0.15
#: full width at half maximum of a Gaussian of SD 1, rounded
_FWHM = 2.355


@dataclass(frozen=True, eq=False)
class Sections:
    """Small images of the sections of some cells.

    Parameters
    ----------
    cell
        (cell,) row in the tissue.
    top, left
        (cell,) pixel of each image's corner in the plane; may lie outside it.
    soma, nucleus
        (cell, y, x): share of the focus that lies inside, 0 to 1; the focus is a
        Gaussian in depth.
    apical
        (cell, y, x): brightness of the cytosol, more on the apical side.
    chromatin
        (cell, y, x): brightness of the nucleus.
    depth_in_soma, depth_in_nucleus
        (cell, y, x): by how much the share exceeds half of the cell's largest one;
        negative outside the outline in the image. A cap that the focus only grazes
        appears this large, which is larger than its cut by the plane itself.
    """

    cell: NDArray[np.int64]
    top: NDArray[np.int64]
    left: NDArray[np.int64]
    soma: NDArray[np.float64]
    nucleus: NDArray[np.float64]
    apical: NDArray[np.float64]
    chromatin: NDArray[np.float64]
    depth_in_soma: NDArray[np.float64]
    depth_in_nucleus: NDArray[np.float64]


def plane_depth(
    config: SimulationConfig, plane: int, y_um: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Depth (µm) of a plane at the given rows: the focus moves while scanning."""
    height = config.height * config.pixel_size_um
    return plane * config.plane_spacing_um + config.tilt_um * y_um / height


def axial_fwhm(config: SimulationConfig) -> float:
    """Axial width (µm) over which an image averages: the focus and its drift.

    A drift at even speed spreads the focus evenly over `z_drift_um`; a uniform
    distribution has an SD of its width over the root of 12.
    """
    drift = _FWHM * config.z_drift_um / math.sqrt(12)
    return math.hypot(config.axial_fwhm_um, drift)


def cut_areas(
    tissue: Tissue, config: SimulationConfig, plane: int
) -> NDArray[np.float64]:
    """Area (cell,) in µm² that the plane itself cuts of each cell, 0 beside it.

    For cells without GCaMP it is the area of the nucleus, where only that is red.
    """
    away = tissue.centre[:, 0] - plane_depth(config, plane, tissue.centre[:, 1])
    # mean square of the relative radius over all directions, 1 for an ellipse
    width = 1 + (tissue.outline**2).sum((1, 2)) / 2
    soma = _ellipse_area(tissue.soma, away, width)
    nucleus = _ellipse_area(tissue.nucleus, away + tissue.shift[:, 0], 1.0)
    return np.where(shows_soma(tissue, config), soma, nucleus)


def shows_soma(tissue: Tissue, config: SimulationConfig) -> NDArray[np.bool_]:
    """Which cells (cell,) can be seen by their soma; of others the nucleus is red."""
    red_soma = (tissue.red > 0) & (config.red_place != "nucleus")
    return np.asarray((tissue.green > 0) | red_soma)


def _ellipse_area(
    axes: NDArray[np.float64],
    away: NDArray[np.float64],
    width: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Area of the cut of ellipsoids of half axes (cell, 3) `away` from the middle."""
    left = np.clip(width - (away / axes[:, 2]) ** 2, 0, None)
    return np.asarray(np.pi * axes[:, 0] * axes[:, 1] * left)


def cut_sections(
    tissue: Tissue, config: SimulationConfig, plane: int
) -> Iterator[Sections]:
    """Cut the cells that reach into the focus of a plane, in batches."""
    centre = tissue.centre
    away = np.abs(centre[:, 0] - plane_depth(config, plane, centre[:, 1]))
    reach = tissue.soma[:, 2] + 1.3 * axial_fwhm(config)
    near = np.flatnonzero(away < reach)
    for start in range(0, len(near), _BATCH):
        yield _cut(tissue, config, plane, near[start : start + _BATCH])


def _cut(
    tissue: Tissue, config: SimulationConfig, plane: int, cell: NDArray[np.int64]
) -> Sections:
    pixel = config.pixel_size_um
    centre = tissue.centre[cell]
    half = int(np.ceil((tissue.soma[cell].max() * 1.35 + 2) / pixel))
    corner = np.round(centre[:, 1:] / pixel).astype(int) - half
    steps = np.arange(2 * half + 1)
    y = np.asarray((corner[:, 0, None] + steps) * pixel, np.float64)
    dy = (y - centre[:, 1, None])[:, :, None]
    dx = ((corner[:, 1, None] + steps) * pixel - centre[:, 2, None])[:, None, :]
    dz = (plane_depth(config, plane, y) - centre[:, 0, None])[:, :, None]

    focus = axial_fwhm(config) / _FWHM, max(pixel, 0.8)
    angle = tissue.angle[cell]
    outline, pear = _outline(tissue.outline[cell], dy, dx, angle)
    soma = _shares(tissue.soma[cell], angle, (dz, dy, dx), outline, focus)
    shift = tissue.shift[cell][:, :, None, None]
    shifted = (dz - shift[:, 0], dy - shift[:, 1], dx - shift[:, 2])
    nucleus = _shares(tissue.nucleus[cell], angle, shifted, 1.0, focus)
    nucleus = np.minimum(nucleus, soma)
    return Sections(
        cell=cell,
        top=corner[:, 0],
        left=corner[:, 1],
        soma=soma,
        nucleus=nucleus,
        apical=1 + config.apical_brightness * pear,
        chromatin=_chromatin(tissue, cell, dy - shift[:, 1], dx - shift[:, 2]),
        depth_in_soma=_above_half(soma),
        depth_in_nucleus=_above_half(nucleus),
    )


def _outline(
    parts: NDArray[np.float64],
    dy: NDArray[np.float64],
    dx: NDArray[np.float64],
    angle: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Relative radius of the soma in each direction, and cosine towards its apex."""
    turned = np.arctan2(dy, dx) - angle[:, None, None]
    radius = np.ones_like(turned)
    for k in range(3):
        a, b = parts[:, k, 0, None, None], parts[:, k, 1, None, None]
        radius += a * np.cos((k + 1) * turned) + b * np.sin((k + 1) * turned)
    # the direction is undefined at the middle of the cell, so it fades out there
    away = np.clip(np.hypot(dy, dx) / 4, 0, 1)
    return radius, np.cos(turned) * away


def _shares(
    axes: NDArray[np.float64],
    angle: NDArray[np.float64],
    offset: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    outline: NDArray[np.float64] | float,
    focus: tuple[float, float],
) -> NDArray[np.float64]:
    """Share of a Gaussian focus that lies inside ellipsoids, (cell, y, x).

    Parameters
    ----------
    axes, angle
        (cell, 3) half axes in µm, the last in depth; (cell,) radians.
    offset
        z, y and x (µm) from each middle, broadcast to (cell, y, x).
    outline
        Relative radius in each direction.
    focus
        SD in depth, and how soft the edge is across (µm).
    """
    z, y, x = offset
    sigma, edge = focus
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    long, across, deep = (axes[:, k, None, None] for k in range(3))
    away = np.hypot((x * cos + y * sin) / long, (y * cos - x * sin) / across)
    share = np.zeros(np.broadcast_shapes(away.shape, z.shape))
    steps = (-edge / 3, 0.0, edge / 3)  # a pixel is not a point
    for step in steps:
        square = outline**2 - (away + step / across) ** 2
        # the ellipsoid reaches this far up and down from its middle here
        reach = deep * np.sqrt(np.maximum(square, 0))
        share += ndtr((reach - z) / sigma) - ndtr((-reach - z) / sigma)
    return share / len(steps)


def _above_half(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much shares (cell, y, x) exceed half of each cell's largest."""
    largest = share.max((1, 2), keepdims=True)
    above = share - _HALF * largest
    return np.where(largest >= _LEAST_SHARE, above, -1.0)


def _chromatin(
    tissue: Tissue,
    cell: NDArray[np.int64],
    dy: NDArray[np.float64],
    dx: NDArray[np.float64],
) -> NDArray[np.float64]:
    radius = tissue.nucleus[cell][:, :2].mean(1)[:, None, None]
    bright = np.ones(np.broadcast_shapes(dy.shape, dx.shape))
    for k in range(tissue.spots.shape[1]):
        y, x, force = (tissue.spots[cell, k, i, None, None] for i in range(3))
        distance = (dy - y * radius) ** 2 + (dx - x * radius) ** 2
        bright += force * np.exp(-distance / (2 * 0.9**2))
    return bright
