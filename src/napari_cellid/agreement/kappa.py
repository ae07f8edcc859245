"""Agreement beyond chance between two people (Cohen) and within a panel (Fleiss).

scikit-learn and statsmodels have both as well, but take 0.9 to 1.4 s to import; the
tests check that the figures are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CohenKappa:
    """Cohen's kappa of two series of answers to the same cells.

    Parameters
    ----------
    value
        1 when all answers are equal, 0 when as many are as by chance; None where it
        is not defined.
    equal
        Share of the cells with equal answers; None without cells.
    cells
        Number of cells that it rests on: those answered in both series.
    reason
        Why there is no value.
    """

    value: float | None
    equal: float | None
    cells: int
    reason: str = ""


@dataclass(frozen=True)
class FleissKappa:
    """Fleiss' kappa of cells that have equally many answers.

    Parameters
    ----------
    value
        None where it is not defined.
    cells
        Number of cells that it rests on.
    raters
        Number of answers that each of them has.
    left_out
        Number of cells with two answers or more, but another number of them.
    reason
        Why there is no value.
    """

    value: float | None
    cells: int
    raters: int
    left_out: int = 0
    reason: str = ""


def cohen_kappa(confusion: NDArray[np.integer]) -> CohenKappa:
    """Cohen's kappa (1960), not weighted.

    Parameters
    ----------
    confusion
        (answer of the one, answer of the other), number of cells.
    """
    cells = int(confusion.sum())
    if cells == 0:
        return CohenKappa(None, None, 0, "there are no cells that both answered")
    share = confusion / cells
    equal = float(np.trace(share))
    # in whole numbers: by rounding alone no chance may differ from certainty
    chance = int((confusion.sum(axis=0) * confusion.sum(axis=1)).sum())
    if chance == cells**2:
        return CohenKappa(None, equal, cells, "both always gave the same one answer")
    return CohenKappa(1 - (1 - equal) / (1 - chance / cells**2), equal, cells)


def fleiss_kappa(counts: NDArray[np.integer]) -> FleissKappa:
    """Fleiss' kappa (1971).

    It wants the same number of answers for each cell, and takes the cells with the
    number that most have (of several such numbers the largest).

    Parameters
    ----------
    counts
        (cell, answer), how many people gave each answer.
    """
    n_answers = counts.sum(axis=1)
    several = n_answers[n_answers > 1]
    if several.size == 0:
        return FleissKappa(None, 0, 0, 0, "no cell has answers of two people")
    cells_with = np.bincount(several)
    raters = int(np.flatnonzero(cells_with == cells_with.max())[-1])
    taken = counts[n_answers == raters]
    cells, left_out = len(taken), int(several.size - len(taken))
    equal_pairs = (taken**2).sum(axis=1) - raters
    equal = float(equal_pairs.sum() / (cells * raters * (raters - 1)))
    total = cells * raters
    chance = int((taken.sum(axis=0) ** 2).sum())
    if chance == total**2:
        reason = "everybody always gave the same one answer"
        return FleissKappa(None, cells, raters, left_out, reason)
    chance_equal = chance / total**2
    value = (equal - chance_equal) / (1 - chance_equal)
    return FleissKappa(value, cells, raters, left_out)
