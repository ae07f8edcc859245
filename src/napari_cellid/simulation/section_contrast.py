"""Contrast of sections in SDs of empty places, and how visible it makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig

#: contrast in robust SDs of the same measure at empty places: a cell is clearly visible
#: above the first number and clearly invisible below the second
_GREEN_SEEN, _GREEN_UNSEEN = 2.0, 0.8
_RED_SEEN, _RED_UNSEEN = 4.0, 1.5
#: a clearly red nucleus is brighter than its surroundings by this share
_RED_CONTRAST = 0.5
#: share of the range that a screen shows (from the 1st to the 99.8th percentile) by
#: which a cell must be brighter than its surroundings to count as clearly seen
_RED_SHOWN, _GREEN_SHOWN = 0.08, 0.04


def measure_sections(
    images: tuple[NDArray[np.float64], NDArray[np.float64]],
    outline: NDArray[np.int64],
    cells: pd.DataFrame,
    config: SimulationConfig,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Measure the contrast of each section, in SDs of the contrast of empty places."""
    red, green = images
    place = cells[["y", "x"]].to_numpy(float).reshape(-1, 2)
    empty = _empty_places(outline, config.pixel_size_um, rng)
    gauge = SectionGauge(outline, config.pixel_size_um)
    cell = cells["tissue"].to_numpy(int)
    at_cells = gauge(red, green, place, cell)
    at_empty = gauge(red, green, empty, np.full(len(empty), -2))
    measures = pd.DataFrame({"red_contrast": at_cells["red_share"]})
    for name, image in (("red", red), ("green", green)):
        low, high = np.percentile(image, [1, 99.8])
        measures[f"{name}_shown"] = at_cells[name] / max(high - low, 1e-12)
    for name in ("red", "green", "hole"):
        measures[f"{name}_z"] = in_robust_sds(at_cells[name], at_empty[name])
    return measures


def in_robust_sds(
    values: NDArray[np.float64], background: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Values less the median of a background, in its robust standard deviations."""
    middle = np.median(background)
    # 1.48 makes the median deviation of Gaussian noise its SD
    spread = 1.48 * np.median(np.abs(background - middle))
    return np.asarray((values - middle) / max(spread, 1e-12))


def _empty_places(
    outline: NDArray[np.int64], pixel: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    away = ndimage.distance_transform_edt(outline < 0) * pixel
    # where the tissue is crowded, the emptiest places there are
    y, x = np.nonzero(away >= min(7.0, float(np.quantile(away, 0.97))))
    chosen = rng.integers(0, len(y), 400)
    return np.stack([y[chosen], x[chosen]], axis=1).astype(float)


class SectionGauge:
    """Contrast of core, rim and surroundings round a place."""

    def __init__(self, outline: NDArray[np.int64], pixel: float) -> None:
        self._half = int(np.ceil(14 / pixel))
        self._outline = np.pad(outline, self._half, constant_values=-1)
        steps = np.arange(-self._half, self._half + 1) * pixel
        self._radius = np.hypot(steps[:, None], steps[None, :])

    def __call__(
        self,
        red: NDArray[np.float64],
        green: NDArray[np.float64],
        place: NDArray[np.float64],
        cell: NDArray[np.int64],
    ) -> dict[str, NDArray[np.float64]]:
        """Contrast at places (cell, axis) in px.

        Parameters
        ----------
        red, green
            (y, x).
        place
            (cell, 2): y and x.
        cell
            (cell,) numbers in the outline; -2 for a place without a cell.

        Returns
        -------
        `red`, `green` and `hole` in the unit of the images, `red_share` as a share of
        the surroundings; (cell,) each.
        """
        padded = [np.pad(image, self._half, mode="reflect") for image in (red, green)]
        rows = []
        for (y, x), own in zip(np.round(place).astype(int), cell, strict=True):
            here = np.s_[y : y + 2 * self._half + 1, x : x + 2 * self._half + 1]
            rows.append(self._one(padded[0][here], padded[1][here], here, own))
        table = np.array(rows).reshape(-1, 4)
        return dict(zip(("red", "green", "hole", "red_share"), table.T, strict=True))

    def _one(
        self,
        red: NDArray[np.float64],
        green: NDArray[np.float64],
        here: tuple[slice, slice],
        own: int,
    ) -> tuple[float, float, float, float]:
        owner, radius = self._outline[here], self._radius
        around = (radius > 9) & (radius < 14) & (owner < 0)
        # in crowded tissue the neighbours are the surroundings
        if around.sum() < 20:
            around = (radius > 8) & (owner != own)
        core = radius <= 3
        body = owner == own if own >= 0 else radius < 6
        rim = body & ~core
        rim = rim if rim.any() else body
        red_around, green_around = np.median(red[around]), np.median(green[around])
        green_rim, red_core = green[rim].mean(), red[core].mean()
        return (
            red_core - red_around,
            max(green_rim, green[body].mean()) - green_around,
            green_rim - green[core].mean(),
            (red_core - red_around) / max(red_around, 1e-9),
        )


def grade_visibility(
    cells: pd.DataFrame,
    channel: str,
    has: NDArray[np.bool_],
    somewhere: NDArray[np.bool_] | None,
) -> NDArray[np.int64]:
    """Grade how visible cells are: 0 clearly invisible, 1 uncertain, 2 clearly visible.

    Parameters
    ----------
    cells
        As from `measure_sections`.
    channel
        "red" or "green".
    has
        (cell,) whether there is stain in this plane.
    somewhere
        (cell,) whether the cell holds stain in any plane; such a cell is graded at
        least 1. None to ignore this.
    """
    shown = cells[f"{channel}_shown"].to_numpy()
    if channel == "red":
        z, hole = cells["red_z"].to_numpy(), np.zeros(len(cells))
        seen = (z >= _RED_SEEN) & (cells["red_contrast"].to_numpy() >= _RED_CONTRAST)
        seen &= shown >= _RED_SHOWN
        unseen = z < _RED_UNSEEN
    else:
        z, hole = cells["green_z"].to_numpy(), cells["hole_z"].to_numpy()
        bright = (z >= _GREEN_SEEN) & (shown >= _GREEN_SHOWN)
        seen = bright | ((hole >= 2.5) & (z > -0.5))
        unseen = (z < _GREEN_UNSEEN) & (hole < 1.5)
    return grades(seen, ~unseen, has, somewhere)


def grades(
    seen: NDArray[np.bool_],
    perhaps: NDArray[np.bool_],
    has: NDArray[np.bool_],
    somewhere: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Grades of cells (cell,) as those of `grade_visibility`.

    Parameters
    ----------
    seen, perhaps
        What looks stained, and what may be stained.
    has, somewhere
        As for `grade_visibility`.
    """
    grade = np.where(has & seen, 2, np.where(has & perhaps, 1, 0))
    # it looks stained but is not (bleed-through, a neighbour): uncertain
    grade[~has & seen] = 1
    if somewhere is not None:
        # the stain lies in another plane than this cap of the cell
        grade[somewhere & (grade == 0)] = 1
    return grade
