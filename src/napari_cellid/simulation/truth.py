"""The ground truth of a simulated plane, and which of its cells are visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.simulation.section_contrast import (
    SectionGauge,
    grade_visibility,
    measure_sections,
)
from napari_cellid.simulation.sections import cut_areas, shows_soma
from napari_cellid.simulation.tissue import CLASSES, GLIA, INHIBITORY
from napari_cellid.simulation.visibility import (
    contrast_of_sections,
    green_seen,
    is_sharp,
    red_seen,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.simulation.optics import Light
    from napari_cellid.simulation.tissue import Tissue

#: a cell whose cut is smaller than this does not belong to the plane (µm²)
SMALLEST_UM2 = 27.0
#: smaller sections of green alone are no cells to people (µm²)
_SMALLEST_GREEN_UM2 = 40.0
#: above this share of bleed-through in red, a stain cannot be told with certainty
_MOST_BLEED = 0.5


@dataclass(frozen=True, eq=False)
class PlaneTruth:
    """Cells of one plane.

    Parameters
    ----------
    labels
        (y, x) int32: cells that stand out in either channel, and that the plane cuts
        (or whatever their depth, as `config.outlined` says), numbered from 1.
    unsure
        (y, x) bool: sections that cannot be told from background with certainty.
        Out-of-focus cells are neither in `labels` nor here, unless what is visible is
        outlined.
    cells
        One row a label: `label, y, x, class, biological, ambiguous, red_z,
        red_contrast, red_shown, green_z, green_shown, hole_z, bleed_share, touching,
        tissue, area_um2, cut_um2`.
        `class` follows from the two colours in this plane, `biological` is the true
        class; `_z` counts standard deviations of empty places, `_shown` is a share of
        the range of brightness that a screen would show; `bleed_share` is the share
        of bleed-through in what makes the middle redder than the surroundings. Where
        what is visible is outlined, the columns of
        `visibility.contrast_of_sections` follow.
    """

    labels: NDArray[np.int32]
    unsure: NDArray[np.bool_]
    cells: pd.DataFrame


def plane_truth(
    tissue: Tissue,
    light: Light,
    images: tuple[NDArray[np.float64], NDArray[np.float64]],
    config: SimulationConfig,
    rng: np.random.Generator,
    plane: int,
) -> PlaneTruth:
    """Classify each section of a plane by its visibility in the images (red, green)."""
    outline = _outlines(tissue, light, config)
    cells = list_sections(outline, config)
    cut = cut_areas(tissue, config, plane)
    cells["cut_um2"] = cut[cells["tissue"].to_numpy()]
    measures = measure_sections(images, outline, cells, config, rng)
    cells = pd.concat([cells, measures], axis=1)
    tissue_row = cells["tissue"].to_numpy()
    has_red = tissue.red[tissue_row] > 0
    # where the red protein is: a section beside the nucleus shows no nuclear red
    stained = light.nucleus if config.red_place == "nucleus" else light.soma
    met = np.bincount(stained[stained >= 0], minlength=len(tissue.kind))
    has_stain = met[tissue_row] * config.pixel_size_um**2 >= 12
    has_green = tissue.green[tissue_row] > 0
    cells["bleed_share"] = _bleed_share(light, outline, cells, config)
    if config.outlined == "visible":
        somata = light.soma >= 0
        seen_at = contrast_of_sections(images, outline, somata, tissue_row, config)
        cells = pd.concat([cells, seen_at], axis=1)
        red = red_seen(seen_at, has_red & has_stain, has_red)
        green = green_seen(seen_at, has_green, sharp=is_sharp(config))
    else:
        red = grade_visibility(cells, "red", has_red & has_stain, has_red)
        green = grade_visibility(cells, "green", has_green, None)
    red[(red == 2) & (cells["bleed_share"] > _MOST_BLEED)] = 1
    kind = tissue.kind[tissue_row]
    cells["biological"] = np.array(CLASSES)[kind]
    observable = np.where(red == 0, INHIBITORY, np.where(green == 0, GLIA, 0))
    cells["class"] = np.array(CLASSES)[observable]
    cells["ambiguous"] = (red == 1) | (green == 1)
    counted, big = _in_question(cells, red, config)
    seen = (red == 2) | (green == 2)
    if _holes_count(config):
        # people cannot know that a dark soma has no GCaMP at all
        seen |= ~has_green & (green == 1)
    seen &= counted & big
    unsure = counted & ~seen & ((red >= 1) | (green >= 1))
    return _numbered(outline, cells, seen, unsure)


def _holes_count(config: SimulationConfig) -> bool:
    """Whether a dark soma without any colour is outlined."""
    return config.outlined == "visible" and is_sharp(config)


def _in_question(
    cells: pd.DataFrame, red: NDArray[np.int64], config: SimulationConfig
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which sections can be cells of the plane, and which are large enough for it."""
    area = cells["area_um2"].to_numpy()
    if config.outlined == "cut":
        return cells["cut_um2"].to_numpy() >= SMALLEST_UM2, area >= SMALLEST_UM2
    least = np.where(red > 0, SMALLEST_UM2, _SMALLEST_GREEN_UM2)
    return np.ones(len(cells), bool), area >= least


def _outlines(
    tissue: Tissue, light: Light, config: SimulationConfig
) -> NDArray[np.int64]:
    """Tissue row of the cell that owns each pixel, -1 for none.

    Cells of which only the nucleus has a colour own no more than that.
    """
    shown = shows_soma(tissue, config)
    if _holes_count(config):
        shown |= tissue.red <= 0
    # the last entry stands for -1, no cell
    unlit = np.append(~shown, False)
    owner = np.where(unlit[light.soma], -1, light.soma)
    alone = unlit[light.nucleus] & (owner < 0)
    return np.where(alone, light.nucleus, owner)


def list_sections(outline: NDArray[np.int64], config: SimulationConfig) -> pd.DataFrame:
    """Place, area and neighbours of what owns the pixels of (y, x), -1 for nothing."""
    rows = np.unique(outline[outline >= 0])
    flat = np.searchsorted(rows, outline[outline >= 0])
    y, x = np.nonzero(outline >= 0)
    count = np.bincount(flat)
    return pd.DataFrame(
        {
            "tissue": rows,
            "y": np.bincount(flat, y) / count,
            "x": np.bincount(flat, x) / count,
            "area_um2": count * config.pixel_size_um**2,
            "touching": _touching(outline, rows),
        }
    )


def _touching(outline: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    touching = np.zeros(int(outline.max()) + 1, bool)
    for a, b in ((outline[1:], outline[:-1]), (outline[:, 1:], outline[:, :-1])):
        meet = (a >= 0) & (b >= 0) & (a != b)
        touching[a[meet]] = True
        touching[b[meet]] = True
    return touching[rows]


def _bleed_share(
    light: Light,
    outline: NDArray[np.int64],
    cells: pd.DataFrame,
    config: SimulationConfig,
) -> NDArray[np.float64]:
    """Share of green's bleed-through in the red contrast of each section, 0 to 1."""
    place = cells[["y", "x"]].to_numpy(float).reshape(-1, 2)
    own = cells["tissue"].to_numpy(int)
    gauge = SectionGauge(outline, config.pixel_size_um)
    bleed = light.green * config.bleed_green_to_red * config.green_photons
    stain = light.red * config.red_photons
    through = np.maximum(gauge(bleed, bleed, place, own)["red"], 0)
    stained = np.maximum(gauge(stain, stain, place, own)["red"], 0)
    return np.asarray(through / np.maximum(through + stained, 1e-12))


def _numbered(
    outline: NDArray[np.int64],
    cells: pd.DataFrame,
    seen: NDArray[np.bool_],
    unsure: NDArray[np.bool_],
) -> PlaneTruth:
    tissue = cells["tissue"].to_numpy(int)
    number = np.zeros(int(outline.max()) + 2, np.int32)  # the last stands for -1
    number[tissue[seen]] = np.arange(1, seen.sum() + 1)
    doubtful = np.zeros(len(number), bool)  # likewise
    doubtful[tissue[unsure]] = True
    table = cells[seen].reset_index(drop=True)
    table.insert(0, "label", np.arange(1, len(table) + 1))
    return PlaneTruth(number[outline], doubtful[outline], table)
