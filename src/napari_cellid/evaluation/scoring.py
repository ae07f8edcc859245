"""How well found cells fit the known truth of a simulated field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.simulation.field import SimulatedField

#: a found cell is a true one if their centres are no farther apart (µm)
RADIUS_UM = 6.0


@dataclass(frozen=True)
class SimulationScore:
    """Counts of cells.

    Parameters
    ----------
    found, missed
        True cells with and without an outline.
    superfluous
        Outlines where there is no cell.
    doubtful
        Outlines of sections of which nobody could say whether a cell is there.
    judged, right
        Found cells whose class can be told from the two colours, and those of them
        that got it.
    """

    found: int
    missed: int
    superfluous: int
    doubtful: int
    judged: int
    right: int

    def __str__(self) -> str:
        share = f" ({self.right / self.judged:.0%})" if self.judged else ""
        return (
            f"Simulated truth: {self.found} of {self.found + self.missed} cells found "
            f"within {RADIUS_UM:g} µm, {self.missed} missed, {self.superfluous} "
            f"outlines without a cell ({self.doubtful} more on sections too faint to "
            f"judge); class right for {self.right} of the {self.judged} found cells "
            f"whose colours are clear{share}. Real recordings are harder."
        )


def score_result(cells: pd.DataFrame, field: SimulatedField) -> SimulationScore:
    """Compare found cells with the truth, plane by plane, one to one.

    Parameters
    ----------
    cells
        Cell table: `plane`, `y`, `x` and `predicted` are read.
    field
        What they were found in. The class that counts is the one its two colours
        show (`class`), where that is not ambiguous.
    """
    true = field.cells
    mine, theirs = _pairs(cells, true, RADIUS_UM / field.config.pixel_size_um)
    clear = ~true["ambiguous"].to_numpy(bool)[theirs]
    agree = cells["predicted"].to_numpy()[mine] == true["class"].to_numpy()[theirs]
    alone = np.setdiff1d(np.arange(len(cells)), mine)
    doubtful = int(_in_doubt(cells.iloc[alone], field.unsure).sum())
    return SimulationScore(
        found=len(theirs),
        missed=len(true) - len(theirs),
        superfluous=len(alone) - doubtful,
        doubtful=doubtful,
        judged=int(clear.sum()),
        right=int((agree & clear).sum()),
    )


def _pairs(
    cells: pd.DataFrame, true: pd.DataFrame, radius: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the two tables that belong together: as many pairs as there can be."""
    from scipy.optimize import linear_sum_assignment

    pairs = [np.zeros((2, 0), np.intp)]
    for plane in np.unique(true["plane"]):
        mine = np.flatnonzero(cells["plane"] == plane)
        theirs = np.flatnonzero(true["plane"] == plane)
        here = cells[["y", "x"]].to_numpy(float)[mine]
        there = true[["y", "x"]].to_numpy(float)[theirs]
        apart = np.hypot(*(here[:, None] - there[None]).transpose(2, 0, 1))
        # more pairs come before closer ones
        gain = np.where(apart <= radius, 1000 - apart / radius, 0)
        a, b = linear_sum_assignment(gain, maximize=True)
        near = apart[a, b] <= radius
        pairs.append(np.stack([mine[a[near]], theirs[b[near]]]))
    mine, theirs = np.concatenate(pairs, axis=1)
    return mine, theirs


def _in_doubt(cells: pd.DataFrame, unsure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    y, x = (cells[axis].round().to_numpy(int) for axis in ("y", "x"))
    doubt: NDArray[np.bool_] = unsure[cells["plane"].to_numpy(int), y, x]
    return doubt
