"""The noiseless light of one plane: cells, neuropil, vessels and haze."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage, sparse

from napari_cellid.simulation.sections import cut_sections, plane_depth
from napari_cellid.simulation.tissue import correlated_field
from napari_cellid.simulation.vessels import surface_shadow, vessel_sections

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.simulation.sections import Sections
    from napari_cellid.simulation.tissue import Tissue


#: brightness of a red soma relative to its nucleus, where both are red
_FAINTER_SOMA = 0.4


@dataclass(frozen=True, eq=False)
class Light:
    """Noiseless light of one plane and the cell at each pixel.

    Parameters
    ----------
    red, green
        (y, x): brightness in units of a median nucleus and of the neuropil.
    soma, nucleus
        (y, x): row of the tissue whose soma or nucleus the focus shows at the pixel,
        -1 where there is none.
    shadow
        (y, x): share of the light that surface vessels and the window leave. `red`
        and `green` include it.
    """

    red: NDArray[np.float64]
    green: NDArray[np.float64]
    soma: NDArray[np.int64]
    nucleus: NDArray[np.int64]
    shadow: NDArray[np.float64]


def render_light(
    tissue: Tissue, config: SimulationConfig, plane: int, rng: np.random.Generator
) -> Light:
    """Make the noiseless image of one plane, before bleed-through and vignetting."""
    shape = config.height, config.width
    canvas = Canvas(shape)
    for sections in cut_sections(tissue, config, plane):
        for k, cell in enumerate(sections.cell):
            canvas.add(
                cell,
                (int(sections.top[k]), int(sections.left[k])),
                {
                    "green": _green(tissue, sections, k),
                    "red": _red(tissue, sections, k, config),
                    "filled": sections.soma[k],
                },
                (sections.depth_in_soma[k], sections.depth_in_nucleus[k]),
            )
    free = 1 - config.exclusion * np.clip(canvas.light["filled"], 0, 1)
    vessels = vessel_sections(config, rng)
    neuropil = _neuropil(config, rng) + _processes(tissue, config, plane, rng)
    green = canvas.light["green"] + free * vessels * neuropil
    red = canvas.light["red"] + config.red_haze * (0.4 + 0.6 * free) * vessels * (
        1 + 0.25 * correlated_field(shape, 20 / config.pixel_size_um, rng)
    )
    green += config.out_of_focus * defocused_light(tissue, tissue.green, config, plane)
    red += config.out_of_focus * defocused_light(tissue, tissue.red, config, plane)
    shadow = surface_shadow(config, rng)
    return Light(red * shadow, green * shadow, canvas.soma, canvas.nucleus, shadow)


def green_cells(
    tissue: Tissue, config: SimulationConfig, plane: int
) -> sparse.csr_array:
    """Green light of each cell in focus, before shadows: (pixel, cell).

    The sum over the cells is their part of the image of `render_light`. Pixels are
    numbered row by row.
    """
    shape = config.height, config.width
    pixels, cells, light = [], [], []
    for sections in cut_sections(tissue, config, plane):
        for k, cell in enumerate(sections.cell):
            if tissue.green[cell] <= 0:
                continue
            image = _green(tissue, sections, k)
            corner = int(sections.top[k]), int(sections.left[k])
            (rows, columns), part = _overlap(shape, corner, image.shape)
            y, x = np.mgrid[rows, columns]
            lit = image[part] > 0
            pixels.append((y * shape[1] + x)[lit])
            light.append(image[part][lit])
            cells.append(np.full(lit.sum(), cell))
    size = int(np.prod(shape)), len(tissue.kind)
    if not light:
        return sparse.csr_array(size)
    where = np.concatenate(pixels), np.concatenate(cells)
    return sparse.csr_array((np.concatenate(light), where), shape=size)


def _green(tissue: Tissue, sections: Sections, k: int) -> NDArray[np.float64]:
    """Green of the k-th of some sections: bright cytosol, darker nucleus."""
    cell, nucleus = sections.cell[k], sections.nucleus[k]
    cytosol = (sections.soma[k] - nucleus) * sections.apical[k]
    light = tissue.green[cell] * (cytosol + tissue.nucleus_green[cell] * nucleus)
    return np.asarray(light)


def _red(
    tissue: Tissue, sections: Sections, k: int, config: SimulationConfig
) -> NDArray[np.float64]:
    """Red of the k-th of some sections: its nucleus, its whole soma, or both."""
    nucleus = sections.nucleus[k] * sections.chromatin[k]
    if config.red_place == "nucleus":
        shape = nucleus
    elif config.red_place == "cytosol":
        # it fills the nucleus, too, which differs little from the rest
        shape = sections.soma[k]
    else:
        shape = np.maximum(nucleus, _FAINTER_SOMA * sections.soma[k])
    return np.asarray(tissue.red[sections.cell[k]] * shape)


class Canvas:
    """Images of a plane into which the small images of cells are added."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.light = {name: np.zeros(shape) for name in ("green", "red", "filled")}
        self.soma = np.full(shape, -1)
        self.nucleus = np.full(shape, -1)
        self._soma_depth = np.zeros(shape)
        self._nucleus_depth = np.zeros(shape)

    def add(
        self,
        cell: int,
        corner: tuple[int, int],
        light: dict[str, NDArray[np.float64]],
        depths: tuple[NDArray[np.float64], NDArray[np.float64]],
    ) -> None:
        """Add the light of a cell; the cell with the largest share owns a pixel."""
        here, part = _overlap(self.shape, corner, depths[0].shape)
        for name, image in light.items():
            self.light[name][here] += image[part]
        for owner, best, depth in (
            (self.soma, self._soma_depth, depths[0][part]),
            (self.nucleus, self._nucleus_depth, depths[1][part]),
        ):
            deeper = depth > best[here]
            owner[here][deeper] = cell
            best[here][deeper] = depth[deeper]


def _overlap(
    shape: tuple[int, int], corner: tuple[int, int], size: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    low = [max(c, 0) for c in corner]
    high = [
        max(min(c + s, n), a)
        for c, s, n, a in zip(corner, size, shape, low, strict=True)
    ]
    here = slice(low[0], high[0]), slice(low[1], high[1])
    part = (
        slice(low[0] - corner[0], high[0] - corner[0]),
        slice(low[1] - corner[1], high[1] - corner[1]),
    )
    return here, part


def _neuropil(
    config: SimulationConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Green of axons and dendrites, 1 in the median; bright dots where they cross."""
    shape, pixel = (config.height, config.width), config.pixel_size_um
    large = correlated_field(shape, 35 / pixel, rng)
    middle = correlated_field(shape, max(5 / pixel, 0.6), rng)
    fine = correlated_field(shape, max(1.2 / pixel, 0.5), rng)
    texture = config.neuropil_texture
    level = np.exp(config.neuropil_unevenness * large + texture * (0.5 * middle + fine))
    area = np.prod(shape) * pixel**2 * 1e-6
    per_mm2 = config.neuron_density * 15e-3 * config.dendrites
    dots = np.zeros(shape)
    n = rng.poisson(per_mm2 * area)
    where = rng.integers(0, shape[0], n), rng.integers(0, shape[1], n)
    np.add.at(dots, where, rng.lognormal(0, 0.6, n))
    size = 1.1 / pixel
    # a dot of strength 1 peaks at 0.8 of the neuropil
    dots = ndimage.gaussian_filter(dots, size) * (2 * np.pi * size**2) * 0.8
    return np.asarray(level + dots)


def defocused_light(
    tissue: Tissue,
    brightness: NDArray[np.float64],
    config: SimulationConfig,
    plane: int,
) -> NDArray[np.float64]:
    """Blurred light of cells above and below the focus."""
    shape, pixel = (config.height, config.width), config.pixel_size_um
    centre = tissue.centre
    away = np.abs(centre[:, 0] - plane_depth(config, plane, centre[:, 1]))
    haze = np.zeros(shape)
    for near, far in ((8.0, 14.0), (14.0, 25.0)):
        chosen = (away >= near) & (away < far) & (brightness > 0)
        spot = np.round(centre[chosen, 1:] / pixel).astype(int)
        inside = np.all((spot >= 0) & (spot < shape), axis=1)
        points = np.zeros(shape)
        np.add.at(points, tuple(spot[inside].T), brightness[chosen][inside])
        width = (2.5 + 0.3 * (near + far) / 2) / pixel
        # the light of a soma section, about 100 µm², spread over the wider spot
        haze += ndimage.gaussian_filter(points, width) * 100 / pixel**2 * (8 / far)
    return haze


def _processes(
    tissue: Tissue, config: SimulationConfig, plane: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw dendrites that leave bright cells within the plane."""
    shape, pixel = (config.height, config.width), config.pixel_size_um
    centre = tissue.centre
    away = np.abs(centre[:, 0] - plane_depth(config, plane, centre[:, 1]))
    bright = np.flatnonzero((away < 8) & (tissue.green > 1.2))
    image = np.zeros(shape)
    for cell in np.repeat(bright, rng.poisson(config.processes, len(bright))):
        length = int(rng.exponential(18) / (0.5 * pixel)) + 4
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.06, length))
        start = 0.7 * tissue.soma[cell, 0] / pixel
        y = centre[cell, 1] / pixel + start * np.sin(heading[0])
        x = centre[cell, 2] / pixel + start * np.cos(heading[0])
        y = (y + np.cumsum(0.5 * np.sin(heading))).astype(int)
        x = (x + np.cumsum(0.5 * np.cos(heading))).astype(int)
        inside = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
        fading = tissue.green[cell] * np.linspace(0.8, 0.2, length)
        np.maximum.at(image, (y[inside], x[inside]), fading[inside])
    size = 0.8 / pixel
    # a line of strength 1 keeps about that brightness at its middle
    blurred = ndimage.gaussian_filter(image, size)
    return np.asarray(blurred * np.sqrt(2 * np.pi) * max(size, 0.5))
