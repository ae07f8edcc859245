"""Comparison of found cells with the ground truth of a simulated field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.none_of_these import is_none

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.simulation.field import SimulatedField

#: largest distance of the centroids of a found and a true cell that match (µm)
RADIUS_UM = 6.0


@dataclass(frozen=True)
class SimulationScore:
    """Counts of a comparison with the ground truth.

    Parameters
    ----------
    found, missed
        True cells with and without an outline.
    superfluous
        Outlines without a cell.
    doubtful
        Outlines of sections that are too faint to decide whether they are cells.
    judged, right
        Found cells whose colours show their class, and those of them with the correct
        class.
    none, none_on_cells
        Outlines of which the model could not tell the class, and those of them on true
        cells, which count as missed; they are in no other number.
    """

    found: int
    missed: int
    superfluous: int
    doubtful: int
    judged: int
    right: int
    none: int = 0
    none_on_cells: int = 0

    def __str__(self) -> str:
        share = f" ({self.right / self.judged:.0%})" if self.judged else ""
        return (
            f"Simulated truth: {self.found} of {self.found + self.missed} cells found "
            f"within {RADIUS_UM:g} µm, {self.missed} missed, {self.superfluous} "
            f"outlines without a cell ({self.doubtful} more on sections too faint to "
            f"judge); class correct for {self.right} of the {self.judged} found cells "
            f"with clear colours{share}. {self._none_text}Real recordings are more "
            "difficult."
        )

    @property
    def _none_text(self) -> str:
        """A sentence about outlines without a class, and a space; "" without any."""
        if not self.none:
            return ""
        return (
            f"The class of {self.none} more outlines cannot be told; "
            f"{self.none_on_cells} of them lie on cells, which count as missed. "
        )


def score_result(cells: pd.DataFrame, field: SimulatedField) -> SimulationScore:
    """Compare found cells with the ground truth, plane by plane, one to one.

    Parameters
    ----------
    cells
        Cell table with `plane`, `y`, `x` and `predicted`.
    field
        The simulated field. The true class is the one that its colours show (`class`),
        for cells that are not ambiguous.
    """
    true, radius = field.cells, RADIUS_UM / field.config.pixel_size_um
    none = is_none(cells)
    without_class, cells = cells[none], cells[~none]
    found, matched = _match(cells, true, radius)
    # of the cells that are left: one that has a second outline is found
    left = np.setdiff1d(np.arange(len(true)), matched)
    none_on_cells = len(_match(without_class, true.iloc[left], radius)[0])
    clear = ~true["ambiguous"].to_numpy(bool)[matched]
    correct = cells["predicted"].to_numpy()[found] == true["class"].to_numpy()[matched]
    unmatched = np.setdiff1d(np.arange(len(cells)), found)
    doubtful = int(_is_doubtful(cells.iloc[unmatched], field.unsure).sum())
    return SimulationScore(
        found=len(matched),
        missed=len(true) - len(matched),
        superfluous=len(unmatched) - doubtful,
        doubtful=doubtful,
        judged=int(clear.sum()),
        right=int((correct & clear).sum()),
        none=int(none.sum()),
        none_on_cells=none_on_cells,
    )


def _match(
    cells: pd.DataFrame, true: pd.DataFrame, radius: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Row numbers of matching cells in the two tables: as many pairs as possible."""
    from scipy.optimize import linear_sum_assignment

    pairs = [np.zeros((2, 0), np.intp)]
    for plane in np.unique(true["plane"]):
        rows = np.flatnonzero(cells["plane"] == plane)
        true_rows = np.flatnonzero(true["plane"] == plane)
        points = cells[["y", "x"]].to_numpy(float)[rows]
        true_points = true[["y", "x"]].to_numpy(float)[true_rows]
        offset = points[:, None] - true_points[None]
        distance = np.hypot(*offset.transpose(2, 0, 1))
        # more pairs are preferred to closer ones
        gain = np.where(distance <= radius, 1000 - distance / radius, 0)
        a, b = linear_sum_assignment(gain, maximize=True)
        near = distance[a, b] <= radius
        pairs.append(np.stack([rows[a[near]], true_rows[b[near]]]))
    found, matched = np.concatenate(pairs, axis=1)
    return found, matched


def _is_doubtful(cells: pd.DataFrame, unsure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    y, x = (cells[axis].round().to_numpy(int) for axis in ("y", "x"))
    doubtful: NDArray[np.bool_] = unsure[cells["plane"].to_numpy(int), y, x]
    return doubtful
