"""Krippendorff's alpha of what people said, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.agreement.ratings import unique_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: resamples that are drawn at once
_BLOCK = 100
#: the interval leaves out this share of the resamples on either side
_TAIL = 0.025


@dataclass(frozen=True)
class KrippendorffAlpha:
    """Krippendorff's alpha, nominal.

    Parameters
    ----------
    value
        1 when all answers are equal, 0 when people differ as much as by chance; None
        where it is not defined.
    interval
        95 % interval by bootstrap over the cells; None where there is none.
    cells
        Number of cells that it rests on: those that two people or more answered.
    answers
        Number of answers to these.
    resamples
        Number of resamples behind the interval.
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
    """Krippendorff's alpha for nominal data, whatever answers are missing.

    Parameters
    ----------
    counts
        (cell, answer), how many people gave each answer.
    bootstrap
        Number of resamples for the interval; 0 for none.
    seed
        Of the resamples.
    """
    pairable = counts[counts.sum(axis=1) > 1]
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
    """Alpha from sums over cells; NaN where all answers are the same.

    Parameters
    ----------
    disagreeing
        (...), sum of what `disagreeing_pairs` gives for the cells.
    of_answer
        (..., answer), how often each answer was given to them.
    """
    n = of_answer.sum(axis=-1)
    by_chance = n**2 - (of_answer**2).sum(axis=-1)
    alphas = np.full(np.shape(n), np.nan)
    np.divide((n - 1) * disagreeing, by_chance, out=alphas, where=by_chance > 0)
    return np.asarray(1 - alphas)


def disagreeing_pairs(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """How much each cell adds to the coincidences of unequal answers: (cell,)."""
    n = counts.sum(axis=1)
    unequal = n**2 - (counts**2).sum(axis=1)
    return np.asarray(unequal / np.maximum(n - 1, 1), np.float64)


def resampled_alphas(
    counts: NDArray[np.integer], n_resamples: int, seed: int
) -> NDArray[np.float64]:
    """Alpha of resamples of the cells; those where it is not defined are left out.

    Cells with the same counts are all alike to alpha. So it is enough to draw how
    often each pattern of counts is met, which has the multinomial distribution that
    drawing cells one by one gives.

    Parameters
    ----------
    counts
        (cell, answer), all cells with two answers or more.
    n_resamples
        How many.
    seed
        Of the draws.
    """
    first, kind = unique_rows(counts)
    kinds = counts[first]
    sums = np.column_stack([disagreeing_pairs(kinds), kinds])
    chance = np.bincount(kind) / len(counts)
    generator = np.random.default_rng(seed)
    drawn = []
    for start in range(0, n_resamples, _BLOCK):
        size = min(_BLOCK, n_resamples - start)
        times = generator.multinomial(len(counts), chance, size=size)
        totals = times.astype(np.float64) @ sums
        drawn.append(alpha_of_sums(totals[:, 0], totals[:, 1:]))
    alphas = np.concatenate(drawn) if drawn else np.zeros(0)
    return alphas[~np.isnan(alphas)]
