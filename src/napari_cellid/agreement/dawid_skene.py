"""Reliability of annotators by the model of Dawid and Skene (1979).

Each cell has one true class. An annotator gives each answer to cells of a class with a
certain probability (the observer error rates), independently of the other annotators.
The true classes are unknown: expectation maximisation (EM) estimates classes and error
rates in turn until the likelihood converges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.agreement.ratings import NO_ANSWER, tabulate_ratings, unique_rows
from napari_cellid.agreement.vote import abstaining_answers
from napari_cellid.config import UNSURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig

#: with fewer annotators the classes of the model can be exchanged
_MIN_ANNOTATORS = 3
#: pseudo-counts for each annotator and class, spread over the answers, so that
#: answers that never occurred keep a small probability
_PRIOR = 0.5
#: keeps logarithms finite: 0 answers times log(0) would be NaN
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class DawidSkeneFit:
    """Estimates of a model of Dawid and Skene.

    Parameters
    ----------
    class_shares
        (class,), share of the cells that are of each class.
    error_rates
        (annotator, class, answer), probability of the answer to a cell of the class.
    posterior
        (cell, class), probability of each class.
    log_likelihood
        Log likelihood of the answers after each iteration (with a prior: log
        posterior).
    converged
        Whether it converged before the last iteration.
    """

    class_shares: NDArray[np.float64]
    error_rates: NDArray[np.float64]
    posterior: NDArray[np.float64]
    log_likelihood: tuple[float, ...]
    converged: bool


@dataclass(frozen=True, eq=False)
class AnnotatorReliability:
    """Reliability of annotators, and the most probable class of each cell.

    Parameters
    ----------
    accuracy
        For each annotator the estimated share of correct answers.
    error_rates
        For each annotator the probability of each answer (columns) to a cell of each
        class (rows).
    class_shares
        For each class the estimated share of the cells.
    estimates
        One row a cell: `recording`, `cell`, `estimated` (the most probable class) and
        `estimated_p` (its probability).
    cells, answers
        Number of cells and answers used.
    reason
        Why there are no estimates, or what limits them.
    """

    accuracy: Mapping[str, float]
    error_rates: Mapping[str, pd.DataFrame]
    class_shares: Mapping[str, float]
    estimates: pd.DataFrame
    cells: int
    answers: int
    reason: str = ""


def estimate_reliability(
    answers: pd.DataFrame, config: StudyConfig
) -> AnnotatorReliability:
    """Estimate the reliability of annotators.

    `unsure` is a possible answer but not a possible class. Answers that abstain under
    the vote rule are left out.

    Parameters
    ----------
    answers
        Current answers: `recording`, `cell`, `annotator`, `answer`.
    config
        Classes and vote rule of the study.
    """
    ratings = tabulate_ratings(answers, order=config.answers).without(
        abstaining_answers(config.vote)
    )
    given = ratings.codes != NO_ANSWER
    # who abstained everywhere has no error rates, and such cells no information
    ratings = ratings.select_cells(np.flatnonzero(given.any(axis=1)))
    ratings = ratings.select_annotators(np.flatnonzero(given.any(axis=0)))
    n_cells, n_answers = len(ratings.cell), int(given.sum())
    # only answers that occur: the prior would give the others a share, too
    codes = np.unique(ratings.codes[ratings.codes != NO_ANSWER])
    names = [ratings.answers[code] for code in codes.tolist()]
    classes = [name for name in names if name != UNSURE]
    if len(ratings.annotators) < _MIN_ANNOTATORS or len(classes) < 2:
        reason = "it needs the answers of three people, and two classes among them"
        return _no_estimates(n_cells, n_answers, reason)
    # cells with the same answers have the same posterior, so EM needs each pattern once
    first, pattern = unique_rows(ratings.codes)
    counts = (ratings.codes[first][:, :, None] == codes).astype(np.float64)
    true = [names.index(name) for name in classes]
    fit = fit_dawid_skene(
        counts, true, weights=np.bincount(pattern).astype(float), prior=_PRIOR
    )
    correct = (fit.error_rates[:, np.arange(len(true)), true] * fit.class_shares).sum(
        axis=1
    )
    posterior = fit.posterior[pattern]
    best = posterior.argmax(axis=1)
    return AnnotatorReliability(
        accuracy=dict(zip(ratings.annotators, correct.tolist(), strict=True)),
        error_rates={
            name: pd.DataFrame(matrix, index=classes, columns=names)
            for name, matrix in zip(ratings.annotators, fit.error_rates, strict=True)
        },
        class_shares=dict(zip(classes, fit.class_shares.tolist(), strict=True)),
        estimates=pd.DataFrame(
            {
                "recording": ratings.recording,
                "cell": ratings.cell,
                "estimated": np.array(classes, object)[best],
                "estimated_p": posterior.max(axis=1),
            }
        ),
        cells=n_cells,
        answers=n_answers,
        reason="" if fit.converged else "the estimates did not converge",
    )


def fit_dawid_skene(
    counts: NDArray[np.floating],
    classes: Sequence[int],
    *,
    weights: NDArray[np.float64] | None = None,
    prior: float = 0.0,
    max_iterations: int = 500,
) -> DawidSkeneFit:
    """Fit the model by EM, initialised with the share of votes for each class.

    Parameters
    ----------
    counts
        (cell, annotator, answer), number of times that each answer was given.
    classes
        Indices of the answers that are possible classes.
    weights
        (cell,), number of cells that each row stands for; 1 by default.
    prior
        Pseudo-counts for each annotator and class, spread evenly over the answers.
    max_iterations
        Largest number of iterations.
    """
    weights = np.ones(len(counts)) if weights is None else weights
    votes = counts[:, :, classes].sum(axis=1)
    n_votes = votes.sum(axis=1, keepdims=True)
    posterior = np.full(votes.shape, 1 / len(classes))
    # cells of which everybody was unsure begin with equal probabilities
    np.divide(votes, n_votes, out=posterior, where=n_votes > 0)
    likelihoods: list[float] = []
    for _ in range(max_iterations):
        class_shares, error_rates = _maximise(counts, posterior, weights, prior)
        posterior, likelihood = _expect(counts, class_shares, error_rates, weights)
        # EM with a prior climbs the posterior; the likelihood alone may fall
        if prior:
            log_rates = np.log(error_rates + _TINY)
            likelihood += prior / counts.shape[2] * float(log_rates.sum())
        likelihoods.append(likelihood)
        # relative to the number of cells, with which the likelihood grows
        if len(likelihoods) > 1 and likelihood - likelihoods[-2] < 1e-8 * weights.sum():
            break
    converged = len(likelihoods) < max_iterations
    return DawidSkeneFit(
        class_shares, error_rates, posterior, tuple(likelihoods), converged
    )


def _maximise(
    counts: NDArray[np.floating],
    posterior: NDArray[np.float64],
    weights: NDArray[np.float64],
    prior: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """M step: shares of the classes, and error rates (annotator, class, answer)."""
    n_answers = counts.shape[2]
    weighted = posterior * weights[:, None]
    class_shares = weighted.sum(axis=0) / weights.sum()
    expected = np.einsum("ct,cpa->pta", weighted, counts) + prior / n_answers
    total = expected.sum(axis=2, keepdims=True)
    # equal rates for an annotator who had no cell of a class
    equal = np.full(expected.shape, 1 / n_answers)
    return class_shares, np.divide(expected, total, out=equal, where=total > 0)


def _expect(
    counts: NDArray[np.floating],
    class_shares: NDArray[np.float64],
    error_rates: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """E step: posterior (cell, class), and the log likelihood of all answers."""
    log_rates = np.log(error_rates + _TINY)
    joint = np.einsum("cpa,pta->ct", counts, log_rates) + np.log(class_shares + _TINY)
    largest = joint.max(axis=1, keepdims=True)
    # the product of many answers would underflow to 0 for all classes
    scaled = np.exp(joint - largest)
    evidence = scaled.sum(axis=1, keepdims=True)
    log_likelihood = float(weights @ (largest + np.log(evidence))[:, 0])
    return scaled / evidence, log_likelihood


def _no_estimates(cells: int, answers: int, reason: str) -> AnnotatorReliability:
    columns = ["recording", "cell", "estimated", "estimated_p"]
    return AnnotatorReliability(
        {}, {}, {}, pd.DataFrame(columns=columns), cells, answers, reason
    )
