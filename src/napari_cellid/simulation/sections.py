"""Optical sections of cells: how each soma and nucleus meets a focal plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.simulation.tissue import Tissue

#: cells whose sections are computed at once; bounds the memory
_BATCH = 128
#: depth offsets and weights of a Gaussian focus (nodes of SD 1, weights sum to 1)
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
#: full width at half maximum of a Gaussian of SD 1, rounded
_FWHM = 2.355


@dataclass(frozen=True, eq=False)
class Sections:
    """Small images round some cells.

    Parameters
    ----------
    cell
        (cell,) row in the tissue.
    top, left
        (cell,) pixel of each image's corner in the plane; may lie outside it.
    soma, nucleus
        (cell, y, x): share of the focus that lies inside, 0 to 1.
    apical
        (cell, y, x): brightness of the cytosol, more on the apical side.
    chromatin
        (cell, y, x): brightness of the nucleus.
    depth_in_soma, depth_in_nucleus
        (cell, y, x): about how far inside the outline in the plane itself (µm);
        negative outside.
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
    """Axial width (µm) of what one image averages: the focus, and how it drifted.

    A drift at even speed spreads the focus evenly over `z_drift_um`; a uniform
    distribution has an SD of its width over the root of 12.
    """
    drift = _FWHM * config.z_drift_um / math.sqrt(12)
    return math.hypot(config.axial_fwhm_um, drift)


def cut_sections(
    tissue: Tissue, config: SimulationConfig, plane: int
) -> Iterator[Sections]:
    """Cut the cells that reach into the focus of a plane, some at a time."""
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

    edge = max(pixel, 0.8)
    sigma = axial_fwhm(config) / _FWHM
    soma_outline, pear = _outline(tissue.outline[cell], dy, dx, tissue.angle[cell])
    shift = tissue.shift[cell][:, :, None, None]
    angle = tissue.angle[cell]
    soma = np.zeros(dy.shape[:2] + dx.shape[2:])
    nucleus = np.zeros_like(soma)
    for k, (node, weight) in enumerate(zip(_NODES, _WEIGHTS, strict=True)):
        z = dz + node * sigma
        inside = _inside(tissue.soma[cell], angle, (z, dy, dx), soma_outline)
        soma += weight * np.clip(0.5 + inside / edge, 0, 1)
        shifted = (z - shift[:, 0], dy - shift[:, 1], dx - shift[:, 2])
        core = _inside(tissue.nucleus[cell], angle, shifted, 1.0)
        nucleus += weight * np.clip(0.5 + core / edge, 0, 1)
        if k == len(_NODES) // 2:  # the plane itself
            depth_in_soma, depth_in_nucleus = inside, core
    nucleus = np.minimum(nucleus, soma)
    return Sections(
        cell=cell,
        top=corner[:, 0],
        left=corner[:, 1],
        soma=soma,
        nucleus=nucleus,
        apical=1 + config.apical_brightness * pear,
        chromatin=_chromatin(tissue, cell, dy - shift[:, 1], dx - shift[:, 2]),
        depth_in_soma=depth_in_soma,
        depth_in_nucleus=depth_in_nucleus,
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
    # towards the middle of the cell the direction means nothing: no jump there
    away = np.clip(np.hypot(dy, dx) / 4, 0, 1)
    return radius, np.cos(turned) * away


def _inside(
    axes: NDArray[np.float64],
    angle: NDArray[np.float64],
    offset: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    outline: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """About the distance (µm) inside an ellipsoid's surface, negative outside."""
    z, y, x = offset
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    long, across, deep = (axes[:, k, None, None] for k in range(3))
    along = (x * cos + y * sin) / long
    beside = (y * cos - x * sin) / across
    inside: NDArray[np.float64] = (
        outline - np.sqrt(along**2 + beside**2 + (z / deep) ** 2)
    ) * across
    return inside


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
