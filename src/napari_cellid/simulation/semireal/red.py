"""The simulated red channel of a semi-real field: nuclei, haze and their light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.simulation.detection import (
    add_noise,
    draw_scan,
    mean_blur_px,
    move_lines,
)
from napari_cellid.simulation.optics import Canvas, defocused_light
from napari_cellid.simulation.sections import cut_sections
from napari_cellid.simulation.tissue import (
    EXCITATORY,
    GLIA,
    INHIBITORY,
    Tissue,
    chromatin_spots,
    correlated_field,
    generate_tissue,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.config.semireal import SemirealConfig
    from napari_cellid.simulation.semireal.green import GreenBackground

#: how the bumps of an outline spread over its 1st to 3rd harmonic; squares sum to 1
_HARMONICS = np.array([0.3, 0.85, 0.43])
#: chromatin spots lie within this share of the radius
_SPOTS_WITHIN = 0.8
#: number of places tried for each glia nucleus
_TRIES = 50


@dataclass(frozen=True, eq=False)
class Nuclei:
    """Nuclei of one plane: one row a mark, in order, and then those of added glia.

    Parameters
    ----------
    tissue
        Soma and nucleus are the same here; red is 0 where there is no nucleus.
    diameter
        (cell,) that of a disc as large as its section in the plane (µm).
    dim
        (cell,) whether it is out of focus.
    """

    tissue: Tissue
    diameter: NDArray[np.float64]
    dim: NDArray[np.bool_]

    @property
    def red(self) -> NDArray[np.bool_]:
        """(cell,) whether there is a red nucleus."""
        return self.tissue.red > 0


def draw_nuclei(
    marks: NDArray[np.int64],
    ground: GreenBackground,
    config: SemirealConfig,
    optics: SimulationConfig,
    rngs: Sequence[np.random.Generator],
) -> Nuclei:
    """Draw classes and nuclei.

    Parameters
    ----------
    marks
        (y, x): row of the mark that owns the pixel, -1 for none.
    ground
        The tissue as green shows it.
    config, optics
        The settings.
    rngs
        Random streams of the classes, of the nuclei of marks, and of glia. Each mark
        takes the same number of draws whatever its class, so that changed shares of
        classes leave the nuclei as they are.
    """
    centre, size = _mark_sizes(marks, optics.pixel_size_um)
    n = len(centre)
    inhibitory = rngs[0].random(n) < config.inhibitory_fraction
    rng = rngs[1]
    wander = np.clip(rng.standard_normal((n, 2)), -2, 2) * config.nucleus_shift_um
    wide = config.nucleus_diameter_um * _spread(n, config, rng)
    wide = np.minimum(wide, config.largest_nucleus * size)
    place = _glia_places(marks, ground, config, optics, rngs[2])
    small = config.glia_diameter_um * _spread(len(place), config, rngs[2])
    kind = np.where(inhibitory, INHIBITORY, EXCITATORY)
    marked, marked_dim = _draw_shapes(kind, centre + wander, wide, config, rng)
    glia = np.full(len(place), GLIA)
    added, added_dim = _draw_shapes(glia, place, small, config, rngs[2])
    return Nuclei(
        tissue=_concatenate(marked, added),
        diameter=np.concatenate([wide, small]),
        dim=np.concatenate([marked_dim, added_dim]),
    )


def _concatenate(first: Tissue, second: Tissue) -> Tissue:
    columns = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in Tissue.__dataclass_fields__
    }
    return Tissue(**columns)


def render_nuclei(
    nuclei: Nuclei,
    ground: GreenBackground,
    config: SemirealConfig,
    optics: SimulationConfig,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Red light (y, x) before bleed-through, and the nucleus at each pixel or -1."""
    shape, pixel = ground.light.shape, optics.pixel_size_um
    sharp, dim = Canvas(shape), Canvas(shape)
    tissue = nuclei.tissue
    for sections in cut_sections(tissue, optics, 0):
        for k, cell in enumerate(sections.cell):
            if tissue.red[cell] <= 0:
                continue
            depth = sections.depth_in_soma[k]
            (dim if nuclei.dim[cell] else sharp).add(
                cell,
                (int(sections.top[k]), int(sections.left[k])),
                {"red": tissue.red[cell] * sections.soma[k] * sections.chromatin[k]},
                (depth, depth),
            )
    red = sharp.light["red"]
    red += ndimage.gaussian_filter(dim.light["red"], config.dim_blur_um / pixel)
    # somata do not displace haze here: marked cells would show in it and others not
    texture = 1 + 0.25 * correlated_field(shape, 20 / pixel, rng)
    red += config.red_haze * ground.vessels * texture
    other = generate_tissue(optics, rng)
    red += config.out_of_focus * defocused_light(other, other.red, optics, 0)
    owner = np.where(sharp.soma >= 0, sharp.soma, dim.soma)
    return red * ground.shade**config.red_follows_green, owner


def expose_red(
    red: NDArray[np.float64],
    ground: GreenBackground,
    config: SemirealConfig,
    optics: SimulationConfig,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Mean red image (y, x) in photons per frame, with bleed-through and noise."""
    scan = draw_scan(optics, rng)
    moved = move_lines(red * config.red_photons, scan.shifts)
    image = ndimage.gaussian_filter(moved, mean_blur_px(optics))
    # green is blurred and jittered as it was recorded
    bleed = config.bleed_green_to_red * config.green_photons_in_marks
    return add_noise(image + bleed * ground.light, optics, rng)


def _mark_sizes(
    marks: NDArray[np.int64], pixel: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre (mark, 2) and diameter (mark,) of discs as large as the marks (µm)."""
    centre, area = [], []
    for row, box in enumerate(ndimage.find_objects(marks + 1)):
        # some programs leave the nucleus out of a mark
        whole = ndimage.binary_fill_holes(marks[box] == row)
        y, x = np.nonzero(whole)
        centre.append((y.mean() + box[0].start, x.mean() + box[1].start))
        area.append(whole.sum())
    place = np.array(centre, float).reshape(-1, 2) * pixel
    return place, 2 * np.sqrt(np.array(area, float) / np.pi) * pixel


def _spread(
    n: int, config: SemirealConfig, rng: np.random.Generator
) -> NDArray[np.float64]:
    return np.clip(1 + config.nucleus_spread * rng.standard_normal(n), 0.6, 1.5)


def _draw_shapes(
    kind: NDArray[np.int64],
    centre: NDArray[np.float64],
    diameter: NDArray[np.float64],
    config: SemirealConfig,
    rng: np.random.Generator,
) -> tuple[Tissue, NDArray[np.bool_]]:
    """Draw nuclei of given places (y, x) and diameters, and which are out of focus."""
    n = len(kind)
    stretch = np.exp(np.abs(rng.normal(0, config.elongation, n)))
    depth = config.nucleus_depth_um * np.clip(rng.standard_normal(n), -2, 2)
    # whole nuclei are larger than their sections beside the middle
    radius = np.hypot(diameter / 2, depth)
    axes = np.stack([radius * np.sqrt(stretch), radius / np.sqrt(stretch), radius], 1)
    parts = rng.standard_normal((n, 3, 2)) * _HARMONICS[:, None] * config.irregularity
    dim = rng.random(n) < config.dim_fraction
    red = config.red_brightness * rng.lognormal(0, config.red_spread, n)
    red *= np.where(dim, rng.uniform(0.25, 0.6, n), 1.0)
    tissue = Tissue(
        centre=np.column_stack([depth, centre]),
        kind=kind,
        soma=axes,
        nucleus=axes,
        angle=rng.uniform(0, 2 * np.pi, n),
        shift=np.zeros((n, 3)),
        outline=np.clip(parts, -0.2, 0.2),
        green=np.zeros(n),
        red=np.where(kind == INHIBITORY, 0.0, red),
        nucleus_green=np.zeros(n),
        spots=_even_spots(n, config.chromatin, rng),
    )
    return tissue, dim & (tissue.red > 0)


def _even_spots(
    n: int, strength: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Chromatin spots spread evenly over the nuclei, without a peak in the middle."""
    spots = chromatin_spots(n, strength, rng)
    angle = rng.uniform(0, 2 * np.pi, spots.shape[:2])
    radius = _SPOTS_WITHIN * np.sqrt(rng.random(spots.shape[:2]))
    spots[..., 0], spots[..., 1] = radius * np.sin(angle), radius * np.cos(angle)
    return spots


def _glia_places(
    marks: NDArray[np.int64],
    ground: GreenBackground,
    config: SemirealConfig,
    optics: SimulationConfig,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Centres (glia, 2) in µm, as many as there is room for."""
    n_glia = round(config.glia_share * (int(marks.max()) + 1))
    pixel = optics.pixel_size_um
    away = ndimage.distance_transform_edt(marks < 0) * pixel
    allowed = ground.quiet & (away >= max(config.glia_distance_um, pixel))
    if (ground.vessels < 1).any():
        tissue = ndimage.distance_transform_edt(ground.vessels == 1) * pixel
        # the whole nucleus lies outside
        allowed &= tissue >= config.glia_diameter_um / 2
    candidates = np.argwhere(allowed) * pixel
    tried = rng.permutation(len(candidates))[: _TRIES * n_glia]
    places = np.zeros((0, 2))
    for place in candidates[tried]:
        if len(places) == n_glia:
            break
        if (np.hypot(*(places - place).T) >= config.glia_distance_um).all():
            places = np.vstack([places, place])
    return places
