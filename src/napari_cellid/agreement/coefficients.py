"""Agreement beyond chance: Cohen's and Fleiss' kappa, and Krippendorff's alpha.

scikit-learn and statsmodels compute both kappas as well, but take 0.9 to 1.4 s to
import; the tests check that the values are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.agreement.ratings import unique_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CohenKappa:
    """Cohen's kappa of two series of answers to the same cells, nominal.

    Parameters
    ----------
    value
        1 if all answers are equal, 0 if as many are as expected by chance; None if it
        is undefined.
    observed
        Observed agreement: share of the cells with equal answers; None without cells.
    cells
        Number of cells that were answered in both series.
    reason
        Why there is no value.
    """

    value: float | None
    observed: float | None
    cells: int
    reason: str = ""


@dataclass(frozen=True)
class FleissKappa:
    """Fleiss' kappa of cells that have equally many answers.

    Parameters
    ----------
    value
        None if it is undefined.
    cells
        Number of cells used.
    raters
        Number of answers of each of these cells.
    left_out
        Number of cells with two or more answers that have another number of them.
    reason
        Why there is no value.
    """

    value: float | None
    cells: int
    raters: int
    left_out: int = 0
    reason: str = ""


def cohen_kappa(confusion: NDArray[np.integer]) -> CohenKappa:
    """Cohen's kappa (1960), unweighted.

    Parameters
    ----------
    confusion
        (answer of the first rater, answer of the second), number of cells.
    """
    cells = int(confusion.sum())
    if cells == 0:
        return CohenKappa(None, None, 0, "there are no cells that both answered")
    share = confusion / cells
    equal = float(np.trace(share))
    # in integers, so that rounding does not make a chance of 1 smaller
    chance = int((confusion.sum(axis=0) * confusion.sum(axis=1)).sum())
    if chance == cells**2:
        return CohenKappa(None, equal, cells, "both always gave the same one answer")
    return CohenKappa(1 - (1 - equal) / (1 - chance / cells**2), equal, cells)


def fleiss_kappa(counts: NDArray[np.integer]) -> FleissKappa:
    """Fleiss' kappa (1971).

    It needs the same number of answers for each cell. The most frequent number of
    answers is used (the largest of several), and other cells are left out.

    Parameters
    ----------
    counts
        (cell, answer), number of people who gave each answer.
    """
    n_answers = counts.sum(axis=1)
    several = n_answers[n_answers > 1]
    if several.size == 0:
        return FleissKappa(None, 0, 0, 0, "no cell has answers of two people")
    cells_with = np.bincount(several)
    raters = int(np.flatnonzero(cells_with == cells_with.max())[-1])
    taken = counts[n_answers == raters]
    cells, left_out = len(taken), int(several.size - len(taken))
    # ordered pairs of equal answers: n(n - 1) for each answer that n people gave
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


#: number of bootstrap resamples that are drawn at once; a block bounds the memory,
#: which holds a number for each resample and pattern
_BLOCK = 100


#: share of the resamples outside of the interval, on either side
_TAIL = 0.025


@dataclass(frozen=True)
class KrippendorffAlpha:
    """Krippendorff's alpha, nominal.

    Parameters
    ----------
    value
        1 if all answers are equal, 0 if people differ as much as expected by chance;
        None if it is undefined.
    interval
        95 % confidence interval by bootstrap over the cells; None if there is none.
    cells
        Number of cells with answers of two or more people.
    answers
        Number of answers to these cells.
    resamples
        Number of bootstrap resamples.
    reason
        Why there is no value, or no interval.
    """

    value: float | None
    interval: tuple[float, float] | None
    cells: int
    answers: int
    resamples: int = 0
    reason: str = ""


def krippendorff_alpha(
    counts: NDArray[np.integer], *, bootstrap: int = 1000, seed: int = 0
) -> KrippendorffAlpha:
    """Krippendorff's alpha for nominal data; answers may be missing.

    Parameters
    ----------
    counts
        (cell, answer), number of people who gave each answer.
    bootstrap
        Number of resamples for the interval; 0 for no interval.
    seed
        Seed of the resamples.
    """
    pairable = counts[counts.sum(axis=1) > 1]
    # answers that only single raters gave would hide that all others are the same
    pairable = pairable[:, pairable.any(axis=0)]
    cells, answers = len(pairable), int(pairable.sum())
    if cells == 0:
        return KrippendorffAlpha(
            None, None, 0, 0, reason="no cell has answers of two people"
        )
    if pairable.shape[1] == 1:
        reason = "everybody always gave the same one answer"
        return KrippendorffAlpha(None, None, cells, answers, reason=reason)
    from krippendorff import alpha as nominal_alpha

    value = float(nominal_alpha(value_counts=pairable, level_of_measurement="nominal"))
    # every resample of one cell is that cell
    if cells == 1:
        return KrippendorffAlpha(
            value, None, 1, answers, reason="one cell gives no interval"
        )
    drawn = resampled_alphas(pairable, bootstrap, seed)
    if drawn.size == 0:
        return KrippendorffAlpha(value, None, cells, answers)
    low, high = np.quantile(drawn, [_TAIL, 1 - _TAIL])
    return KrippendorffAlpha(
        value, (float(low), float(high)), cells, answers, int(drawn.size)
    )


def alpha_of_sums(
    disagreeing: NDArray[np.float64], of_answer: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Alpha from sums over cells; NaN if all answers are the same.

    Parameters
    ----------
    disagreeing
        (...), sum of `disagreeing_pairs` over the cells.
    of_answer
        (..., answer), number of times that each answer was given.
    """
    n = of_answer.sum(axis=-1)
    by_chance = n**2 - (of_answer**2).sum(axis=-1)
    alphas = np.full(np.shape(n), np.nan)
    np.divide((n - 1) * disagreeing, by_chance, out=alphas, where=by_chance > 0)
    return np.asarray(1 - alphas)


def disagreeing_pairs(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """Contribution of each cell to the coincidences of unequal answers: (cell,)."""
    n = counts.sum(axis=1)
    unequal = n**2 - (counts**2).sum(axis=1)
    # a cell with one answer has no unequal pairs, so its divisor does not matter
    return np.asarray(unequal / np.maximum(n - 1, 1), np.float64)


def resampled_alphas(
    counts: NDArray[np.integer], n_resamples: int, seed: int
) -> NDArray[np.float64]:
    """Alpha of bootstrap resamples of the cells; undefined values are left out.

    Alpha depends only on the counts of each cell. Instead of single cells, the number
    of cells with each pattern of counts is drawn, from the multinomial distribution.

    Parameters
    ----------
    counts
        (cell, answer), of cells with two or more answers.
    n_resamples
        Number of resamples.
    seed
        Seed of the draws.
    """
    first, pattern = unique_rows(counts)
    patterns = counts[first]
    sums = np.column_stack([disagreeing_pairs(patterns), patterns])
    probability = np.bincount(pattern) / len(counts)
    generator = np.random.default_rng(seed)
    drawn = []
    for start in range(0, n_resamples, _BLOCK):
        size = min(_BLOCK, n_resamples - start)
        times = generator.multinomial(len(counts), probability, size=size)
        totals = times.astype(np.float64) @ sums
        drawn.append(alpha_of_sums(totals[:, 0], totals[:, 1:]))
    alphas = np.concatenate(drawn) if drawn else np.zeros(0)
    # a resample may draw only cells with one and the same answer
    return alphas[~np.isnan(alphas)]
