"""What a person would outline in a simulated plane, whatever its depth.

A section counts by its contrast against its own surroundings, not by how the plane cuts
the cell: bright sections of cells beside the plane are outlined by people, too. What a
dark hole is depends on the sharpness of the field. In a sharp one people take nearly
every round hole for a cell: a nucleus whose rim is no brighter than the neuropil, or a
cell without any colour. In a blurred one such a hole is more often a capillary, and a
rim is wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import ndimage

from napari_cellid.simulation.section_contrast import grades, in_robust_sds
from napari_cellid.simulation.sections import axial_fwhm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig

#: a field is sharp if the focus is thinner, and the blur across smaller, than this (µm)
_SHARP_AXIAL_UM, _SHARP_LATERAL_UM = 4.0, 0.8
#: smallest share by which a rim may lie below its surroundings in a blurred field; in
#: a sharp one a quarter of what three people mark has a rim 3 to 23 % below
_DARKEST_RIM = -0.03
#: contrast as a share of the surroundings, and in SDs of empty places: seen above the
#: first number, not seen below the second
_UP_SHARP, _UP, _UP_Z = (0.12, 0.06), (0.06, 0.03), (2.5, 1.2)
_HOLE, _HOLE_Z = (0.15, 0.08), (2.0, 1.0)
_RED, _RED_Z = (0.4, 0.1), (4.0, 1.5)
#: share of the range of the screen by which red must stand out
_RED_SHOWN = 0.06
#: the core of a section begins at this share of its depth
_CORE_SHARE = 0.5
#: distances (µm) from a section between which its surroundings lie
_AROUND_UM = (1.5, 7.0)
_N_EMPTY = 200


def is_sharp(config: SimulationConfig) -> bool:
    """Whether rims of cells can be told from the neuropil inside and outside them."""
    lateral = np.hypot(config.blur_um, config.jitter_um)
    return bool(axial_fwhm(config) <= _SHARP_AXIAL_UM and lateral <= _SHARP_LATERAL_UM)


def contrast_of_sections(
    images: tuple[NDArray[np.float64], NDArray[np.float64]],
    outline: NDArray[np.int64],
    somata: NDArray[np.bool_],
    rows: NDArray[np.int64],
    config: SimulationConfig,
) -> pd.DataFrame:
    """Contrast of each section with its surroundings, and with empty places.

    Parameters
    ----------
    images
        Red and green (y, x), with noise.
    outline
        (y, x): row of the tissue that owns the pixel, -1 for none.
    somata
        (y, x): where any soma is, lit or not.
    rows
        The sections, as numbers in `outline`.
    config
        The settings; they fix the empty places, too.

    Returns
    -------
    One row a section: `green_up` (rim or whole section, whichever is brighter),
    `green_rim`, `green_hole` (rim less core), `green_dark` (surroundings less core),
    `red_up`, as shares of the surroundings;
    the same with `_z` in SDs of empty places; `red_range` as a share of the range of
    brightness.
    """
    gauge = _SectionGauge(images, outline, somata, config.pixel_size_um)
    sections = pd.DataFrame(list(gauge.of_sections(rows)), columns=gauge.columns)
    radius = np.sqrt(np.median(gauge.areas(rows)) / np.pi) if len(rows) else 5.0
    rng = np.random.default_rng([config.seed, 77])
    empty = pd.DataFrame(
        list(gauge.of_discs(radius, rng)), columns=gauge.columns, dtype=float
    )
    for name in gauge.columns:
        sections[f"{name}_z"] = in_robust_sds(
            sections[name].to_numpy(float), empty[name].to_numpy(float)
        )
    return sections


def green_seen(
    contrast: pd.DataFrame, has: NDArray[np.bool_], *, sharp: bool
) -> NDArray[np.int64]:
    """Grade green of sections: 0 invisible, 1 uncertain, 2 what a person outlines.

    A section without GCaMP (not `has`) that can be seen is uncertain.
    """
    up, up_z = contrast["green_up"].to_numpy(), contrast["green_up_z"].to_numpy()
    hole, hole_z = hole_contrast(contrast, sharp=sharp)
    shares = _UP_SHARP if sharp else _UP
    seen = (up >= shares[0]) & (up_z >= _UP_Z[0])
    seen |= (hole >= _HOLE[0]) & (hole_z >= _HOLE_Z[0])
    perhaps = (up >= shares[1]) & (up_z >= _UP_Z[1])
    perhaps |= (hole >= _HOLE[1]) & (hole_z >= _HOLE_Z[1])
    return grades(seen, perhaps, has)


def hole_contrast(
    contrast: pd.DataFrame, *, sharp: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How dark the middle is: share of the surroundings, and SDs of empty places.

    Against the rim, which must not be dark itself; in a sharp field against rim or
    surroundings, whichever shows it better.
    """
    hole = contrast["green_hole"].to_numpy()
    z = contrast["green_hole_z"].to_numpy()
    if not sharp:
        rim = contrast["green_rim"].to_numpy() > _DARKEST_RIM
        return np.where(rim, hole, 0), np.where(rim, z, 0)
    dark = contrast["green_dark"].to_numpy()
    dark_z = contrast["green_dark_z"].to_numpy()
    return np.maximum(hole, dark), np.where(dark > hole, dark_z, z)


def red_seen(
    contrast: pd.DataFrame, has: NDArray[np.bool_], somewhere: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Grade red of sections, as `green_seen`.

    A cell with stain in another plane (`somewhere`) is graded at least 1.
    """
    up, z = contrast["red_up"].to_numpy(), contrast["red_up_z"].to_numpy()
    seen = (up >= _RED[0]) & (z >= _RED_Z[0])
    seen &= contrast["red_range"].to_numpy() >= _RED_SHOWN
    perhaps = (z >= _RED_Z[1]) & (up >= _RED[1])
    return grades(seen, perhaps, has, somewhere)


class _SectionGauge:
    """Brightness of core, rim and surroundings of sections and of empty discs."""

    columns = (
        "green_up", "green_rim", "green_hole", "green_dark", "red_up", "red_range"
    )  # fmt: skip

    def __init__(
        self,
        images: tuple[NDArray[np.float64], NDArray[np.float64]],
        outline: NDArray[np.int64],
        somata: NDArray[np.bool_],
        pixel: float,
    ) -> None:
        self._red, self._green = images
        low, high = np.percentile(self._red, [1, 99.8])
        self._red_range = max(float(high - low), 1e-12)
        self._outline = outline
        self._free = (outline < 0) & ~somata
        self._pixel = pixel
        self._boxes = ndimage.find_objects(outline + 1)

    def areas(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pixels of each section."""
        count = np.bincount(self._outline[self._outline >= 0], minlength=rows.max() + 1)
        return np.asarray(count[rows])

    def of_sections(self, rows: NDArray[np.int64]) -> Iterator[tuple[float, ...]]:
        """Measure sections, in order."""
        for row in rows:
            box = self._boxes[row]
            here = self._widened(box[0].start, box[0].stop, box[1].start, box[1].stop)
            yield self._contrast(here, self._outline[here] == row)

    def of_discs(
        self, radius: float, rng: np.random.Generator
    ) -> Iterator[tuple[float, ...]]:
        """Measure discs (px) at the emptiest places."""
        away = ndimage.distance_transform_edt(self._free)
        y, x = np.nonzero(away >= min(1.2 * radius, float(np.quantile(away, 0.95))))
        chosen = rng.integers(0, len(y), _N_EMPTY)
        reach = int(np.ceil(radius)) + 1
        for cy, cx in zip(y[chosen].tolist(), x[chosen].tolist(), strict=True):
            here = self._widened(cy - reach, cy + reach + 1, cx - reach, cx + reach + 1)
            rows, columns = np.ogrid[here]
            yield self._contrast(here, np.hypot(rows - cy, columns - cx) <= radius)

    def _widened(
        self, top: int, bottom: int, left: int, right: int
    ) -> tuple[slice, slice]:
        room = int(np.ceil(_AROUND_UM[1] / self._pixel)) + 1
        height, width = self._outline.shape
        return (
            slice(max(top - room, 0), min(bottom + room, height)),
            slice(max(left - room, 0), min(right + room, width)),
        )

    def _contrast(
        self, here: tuple[slice, slice], body: NDArray[np.bool_]
    ) -> tuple[float, ...]:
        depth = ndimage.distance_transform_edt(np.pad(body, 1))[1:-1, 1:-1]
        away = ndimage.distance_transform_edt(~body) * self._pixel
        near = (away >= _AROUND_UM[0]) & (away <= _AROUND_UM[1])
        around = near & self._free[here]
        # in crowded tissue the neighbours are the surroundings
        around = around if around.sum() >= 20 else near
        core = depth > _CORE_SHARE * depth.max()
        rim = body & ~core
        rim = rim if rim.any() else body
        red, green = self._red[here], self._green[here]
        beside = max(float(np.median(green[around])), 1e-9)
        red_beside = float(np.median(red[around]))
        rim_up = green[rim].mean() / beside - 1
        body_up = green[body].mean() / beside - 1
        red_up = max(red[core].mean(), red[body].mean()) - red_beside
        return (
            max(rim_up, body_up),
            rim_up,
            (green[rim].mean() - green[core].mean()) / beside,
            1 - green[core].mean() / beside,
            red_up / max(red_beside, 1e-9),
            red_up / self._red_range,
        )
