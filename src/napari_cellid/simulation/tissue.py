"""The cells of a simulated slab: places, classes, shapes and brightness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig

EXCITATORY, INHIBITORY, GLIA = 0, 1, 2
CLASSES = ("excitatory", "inhibitory", "glia")
#: margin of the slab around the field and its planes (µm), for cells at the edge and
#: out-of-focus light
MARGIN_UM = 25.0
#: random streams of settings added later: the draws of the others do not change, so
#: that a seed gives the same field as in earlier versions
_GLIA_TYPES, _GLIA_PAIRS, _PEARS, _RED = 101, 102, 103, 104


@dataclass(frozen=True, eq=False)
class Tissue:
    """Cells of a slab, one row each; lengths in µm, angles in radians.

    Parameters
    ----------
    centre
        (cell, 3): z, y, x. The field begins at y = x = 0, its first plane at z = 0.
    kind
        (cell,) index into `CLASSES`.
    soma, nucleus
        (cell, 3): half-axes along the long axis, across it, and in depth.
    angle
        (cell,) direction of the long axis in the plane.
    shift
        (cell, 3): nucleus centre relative to the soma centre, z, y, x.
    outline
        (cell, 3, 2): cosine and sine parts of the soma outline's 1st to 3rd harmonic;
        the first makes it pear-shaped.
    green, red
        (cell,): cytosol and nucleus brightness, 0 where there is no such protein.
    nucleus_green
        (cell,): green in the nucleus over that in the cytosol.
    spots
        (cell, spot, 3): chromatin spots, y and x in nucleus radii, and strength.
    """

    centre: NDArray[np.float64]
    kind: NDArray[np.int64]
    soma: NDArray[np.float64]
    nucleus: NDArray[np.float64]
    angle: NDArray[np.float64]
    shift: NDArray[np.float64]
    outline: NDArray[np.float64]
    green: NDArray[np.float64]
    red: NDArray[np.float64]
    nucleus_green: NDArray[np.float64]
    spots: NDArray[np.float64]


def generate_tissue(config: SimulationConfig, rng: np.random.Generator) -> Tissue:
    """Draw the cells of a slab around the planes of a field."""
    size = _slab_size(config)
    volume = float(np.prod(size)) * 1e-9
    n_neurons = rng.poisson(config.neuron_density * volume)
    n_glia = rng.poisson(config.glia_density * volume)
    kind = np.where(
        rng.random(n_neurons) < config.inhibitory_fraction, INHIBITORY, EXCITATORY
    )
    kind = rng.permutation(np.concatenate([kind, np.full(n_glia, GLIA)]))
    soma, nucleus = _sizes(kind, config, rng)
    centre, kept = _place(soma.mean(1), size, config.soma_gap, rng)
    kind, soma, nucleus = kind[kept], soma[kept], nucleus[kept]
    if config.glia_pairs > 0:
        centre = _pair_glia(centre, kind, soma, nucleus, config)
    green, red = _brightness(centre, kind, config, rng)
    n = len(kind)
    filled = rng.random(n) < config.filled_fraction
    residue = config.nucleus_green * rng.lognormal(0, 0.3, n)
    return Tissue(
        centre=centre,
        kind=kind,
        soma=soma,
        nucleus=nucleus,
        angle=rng.uniform(0, 2 * np.pi, n),
        shift=_nucleus_shift(soma, nucleus, rng),
        outline=_outlines(kind, config, rng),
        green=green,
        red=red,
        nucleus_green=np.where(filled, rng.uniform(0.8, 1.2, n), residue),
        spots=chromatin_spots(n, config.chromatin, rng),
    )


def correlated_field(
    shape: tuple[int, int], sigma_px: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Gaussian random field (y, x) of mean 0 and SD 1 with features of `sigma_px`."""
    # drawn on a coarse grid where features are large: a wide kernel would be slow
    step = max(int(sigma_px / 3), 1)
    coarse = tuple(-(-n // step) + 2 for n in shape)
    noise = ndimage.gaussian_filter(
        rng.standard_normal(coarse), sigma_px / step, mode="wrap"
    )
    if step > 1:
        noise = ndimage.zoom(noise, step, order=1)
    field = noise[: shape[0], : shape[1]]
    # standardised by the whole draw, which may be larger than the piece cut from it
    return np.asarray((field - noise.mean()) / max(float(noise.std()), 1e-12))


def _slab_size(config: SimulationConfig) -> tuple[float, float, float]:
    depth = (config.n_planes - 1) * config.plane_spacing_um + config.tilt_um
    height = config.height * config.pixel_size_um
    width = config.width * config.pixel_size_um
    return depth + 2 * MARGIN_UM, height + 2 * MARGIN_UM, width + 2 * MARGIN_UM


def _sizes(
    kind: NDArray[np.int64], config: SimulationConfig, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Half-axes (cell, 3) of somata and nuclei."""
    n = len(kind)
    # relative to excitatory cells: inhibitory somata 12.5 of 13 µm and more varied;
    # glia nuclei 6 (oligodendrocytes) to 7.5 µm (astrocytes) in a thin soma
    relative = np.choose(kind, [1.0, 0.96, 0.6])
    spread = config.soma_spread * np.choose(kind, [1.0, 1.5, 1.2])
    radius = config.soma_diameter_um / 2 * relative
    radius = radius * np.clip(1 + spread * rng.standard_normal(n), 0.6, 1.5)
    stretch = np.exp(np.abs(rng.normal(0, np.choose(kind, [0.14, 0.1, 0.16]))))
    axes = np.stack([radius * np.sqrt(stretch), radius / np.sqrt(stretch), radius], 1)
    axes[:, 2] *= np.exp(rng.normal(0.05, 0.1, n))
    if config.glia_size_difference > 0:
        axes[kind == GLIA] = _two_types(axes[kind == GLIA], config)
    ratio = np.choose(kind, [config.nucleus_ratio, config.nucleus_ratio * 0.95, 0.88])
    ratio = np.clip(ratio * np.exp(rng.normal(0, 0.07, n)), 0.35, 0.93)
    nucleus = axes * ratio[:, None] * np.exp(rng.normal(0, 0.05, (n, 3)))
    return axes, np.minimum(nucleus, axes * 0.94)


def _two_types(
    axes: NDArray[np.float64], config: SimulationConfig
) -> NDArray[np.float64]:
    """Half-axes of glia as larger, oval astrocytes and smaller, round others."""
    rng = np.random.default_rng([config.seed, _GLIA_TYPES])
    share, difference = config.astrocyte_fraction, config.glia_size_difference
    astrocyte = rng.random(len(axes)) < share
    # the mean over both types does not change
    factor = np.where(astrocyte, 1 + difference * (1 - share), 1 - difference * share)
    radius = axes.mean(1, keepdims=True)
    oval = np.where(astrocyte[:, None], axes, radius + 0.3 * (axes - radius))
    return np.asarray(oval * factor[:, None])


def _pair_glia(
    centre: NDArray[np.float64],
    kind: NDArray[np.int64],
    soma: NDArray[np.float64],
    nucleus: NDArray[np.float64],
    config: SimulationConfig,
) -> NDArray[np.float64]:
    """Move glia beside others so that their nuclei touch, where there is room."""
    rng = np.random.default_rng([config.seed, _GLIA_PAIRS])
    glia = rng.permutation(np.flatnonzero(kind == GLIA))
    n = min(round(config.glia_pairs * len(glia) / 2), len(glia) // 2)
    centre = centre.copy()
    radius, core = soma.mean(1), nucleus.mean(1)
    tree, reach = cKDTree(centre), 2 * radius.max()
    moved: list[int] = []
    for stays, moves in zip(glia[:n], glia[n : 2 * n], strict=True):
        near = tree.query_ball_point(centre[stays], 2 * reach)
        # the tree holds the earlier places, so moved cells are checked as well
        others = np.union1d(near, moved).astype(np.int64)
        others = others[(others != stays) & (others != moves)]
        for direction in rng.standard_normal((20, 3)):
            away = direction / np.linalg.norm(direction)
            place = centre[stays] + away * (core[stays] + core[moves])
            distance = np.linalg.norm(centre[others] - place, axis=1)
            if (distance >= config.soma_gap * (radius[others] + radius[moves])).all():
                centre[moves] = place
                moved.append(moves)
                break
    return centre


def _place(
    radius: NDArray[np.float64],
    size: tuple[float, float, float],
    gap: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Place the cells without overlap; cells that find no place are left out.

    Returns centres (cell, 3) and the indices of the cells that found a place.
    """
    centre = rng.uniform(0, 1, (len(radius), 3)) * size
    if not len(radius):
        return centre, np.zeros(0, np.int64)
    settled = np.ones(len(radius), bool)
    for _ in range(12):
        pairs = cKDTree(centre).query_pairs(
            2 * radius.max() * gap, output_type="ndarray"
        )
        first, second = pairs.T
        distance = np.linalg.norm(centre[first] - centre[second], axis=1)
        clash = distance < gap * (radius[first] + radius[second])
        settled[:] = True
        # of two that overlap the later one moves
        settled[np.maximum(first, second)[clash]] = False
        if settled.all():
            break
        centre[~settled] = rng.uniform(0, 1, ((~settled).sum(), 3)) * size
    kept = np.flatnonzero(settled)
    return centre[kept] - MARGIN_UM, kept


def _brightness(
    centre: NDArray[np.float64],
    kind: NDArray[np.int64],
    config: SimulationConfig,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n = len(kind)
    _, height, width = _slab_size(config)
    step_um = 10.0
    shape = int(height / step_um) + 2, int(width / step_um) + 2
    virus = correlated_field(shape, config.expression_scale_um / step_um, rng)
    where = ((centre[:, 1:] + MARGIN_UM) / step_um).astype(int)
    # place and cell contribute equally to the chance of expression
    chance = virus[where[:, 0], where[:, 1]] + rng.standard_normal(n)
    neuron = kind != GLIA
    level = (
        np.quantile(chance[neuron], 1 - config.expression_fraction)
        if neuron.any()
        else 0.0
    )
    expresses = neuron & (chance >= level) & (config.expression_fraction > 0)
    green = config.green_brightness * rng.lognormal(0, config.green_spread, n)
    # fast-spiking interneurons are brighter, others dimmer than excitatory cells
    other = rng.lognormal(-0.05, config.inhibitory_green_spread, n)
    green *= np.where(kind == INHIBITORY, config.inhibitory_green * other, 1.0)
    red = config.red_brightness * rng.lognormal(0, config.red_spread, n)
    red *= np.where(kind == GLIA, rng.lognormal(0, 0.2, n), 1.0)
    return np.where(expresses, green, 0.0), np.where(_is_red(kind, config), red, 0.0)


def _is_red(kind: NDArray[np.int64], config: SimulationConfig) -> NDArray[np.bool_]:
    """Which cells (cell,) have the red protein."""
    share = np.array([config.red_excitatory, config.red_inhibitory, config.red_glia])
    drawn = np.random.default_rng([config.seed, _RED]).random(len(kind))
    return np.asarray(drawn < share[kind])


def _nucleus_shift(
    soma: NDArray[np.float64], nucleus: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    room = np.maximum((soma - nucleus)[:, [2, 1, 1]], 0)
    return np.asarray(room * np.clip(rng.normal(0, 0.3, (len(soma), 3)), -0.7, 0.7))


def _outlines(
    kind: NDArray[np.int64], config: SimulationConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    strength = np.array([0.07, 0.05, 0.04])
    parts = rng.standard_normal((len(kind), 3, 2)) * strength[None, :, None]
    rng.standard_normal()  # unused: a seed gives the same later draws as it always did
    # the pear: excitatory somata taper towards the apical dendrite
    own = np.random.default_rng([config.seed, _PEARS])
    pear = np.abs(own.normal(0.08, 0.05, len(kind)))
    parts[:, 0, 0] += np.where(kind == EXCITATORY, pear, 0)
    return np.asarray(np.clip(parts, -0.2, 0.2))


def chromatin_spots(
    n: int, strength: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the bright spots of n nuclei: (cell, spot, 3), see `Tissue`."""
    n_spots = 6
    place = rng.normal(0, 0.38, (n, n_spots, 2))
    force = strength * rng.lognormal(0, 0.4, (n, n_spots, 1))
    used = np.arange(n_spots)[None, :, None] < rng.integers(3, 7, (n, 1, 1))
    return np.concatenate([place, np.where(used, force, 0.0)], axis=2)
