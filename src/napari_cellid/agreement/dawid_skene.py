"""How reliable each person is, estimated from how they differ (Dawid & Skene 1979).

Every cell has one true class; a person who sees a cell of that class gives each answer
with a chance of their own, independent of what the others say. The classes are not
known, so both are estimated in turn (EM) until the likelihood stands still.
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

#: the model cannot be told from its mirror images with fewer people
_LEAST_PEOPLE = 3
#: answers added to each entry of a confusion matrix, spread over the answers: keeps
#: what was never seen from being held impossible
_PRIOR = 0.5
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class DawidSkeneFit:
    """Estimates of the model.

    Parameters
    ----------
    class_shares
        (class,), share of the cells that are of it.
    error_rates
        (person, class, answer), chance of the answer for a cell of the class.
    posterior
        (cell, class), how likely each cell is of each class.
    log_likelihood
        Of the answers, after each round (with a prior: log posterior).
    converged
        Whether it stood still before the rounds were over.
    """

    class_shares: NDArray[np.float64]
    error_rates: NDArray[np.float64]
    posterior: NDArray[np.float64]
    log_likelihood: tuple[float, ...]
    converged: bool


@dataclass(frozen=True, eq=False)
class AnnotatorReliability:
    """How reliable people are, and what their answers say together.

    Parameters
    ----------
    accuracy
        For each person the estimated share of cells that they answer rightly.
    error_rates
        For each person the chance of each answer (columns) for a cell of each class
        (rows).
    class_shares
        For each class the estimated share of the cells.
    estimates
        One row a cell: `recording`, `cell`, `estimated` (the likeliest class) and
        `estimated_p` (how likely).
    cells, answers
        What it rests on.
    reason
        Why there are no estimates, or what is wrong with them.
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
    """Estimate how reliable people are.

    `unsure` is an answer, but no cell is truly unsure; answers that abstain are left
    out.

    Parameters
    ----------
    answers
        Current answers: `recording`, `cell`, `annotator`, `answer`.
    config
        Classes and vote rule of the study.
    """
    table = tabulate_ratings(answers, order=config.answers).without(
        abstaining_answers(config.vote)
    )
    given = table.codes != NO_ANSWER
    table = table.select_cells(np.flatnonzero(given.any(axis=1)))
    table = table.select_annotators(np.flatnonzero(given.any(axis=0)))
    n_cells, n_answers = len(table.cell), int(given.sum())
    places = np.unique(table.codes[table.codes != NO_ANSWER])
    names = [table.answers[place] for place in places.tolist()]
    classes = [name for name in names if name != UNSURE]
    if len(table.annotators) < _LEAST_PEOPLE or len(classes) < 2:
        reason = "it needs the answers of three people, and two classes among them"
        return _no_quality(n_cells, n_answers, reason)
    first, kind = unique_rows(table.codes)
    counts = (table.codes[first][:, :, None] == places).astype(np.float64)
    true = [names.index(name) for name in classes]
    found = fit_dawid_skene(
        counts, true, weights=np.bincount(kind).astype(float), prior=_PRIOR
    )
    right = (found.error_rates[:, np.arange(len(true)), true] * found.class_shares).sum(
        axis=1
    )
    posterior = found.posterior[kind]
    best = posterior.argmax(axis=1)
    return AnnotatorReliability(
        accuracy=dict(zip(table.annotators, right.tolist(), strict=True)),
        error_rates={
            name: pd.DataFrame(matrix, index=classes, columns=names)
            for name, matrix in zip(table.annotators, found.error_rates, strict=True)
        },
        class_shares=dict(zip(classes, found.class_shares.tolist(), strict=True)),
        estimates=pd.DataFrame(
            {
                "recording": table.recording,
                "cell": table.cell,
                "estimated": np.array(classes, object)[best],
                "estimated_p": posterior.max(axis=1),
            }
        ),
        cells=n_cells,
        answers=n_answers,
        reason="" if found.converged else "the estimates did not settle",
    )


def fit_dawid_skene(
    counts: NDArray[np.floating],
    classes: Sequence[int],
    *,
    weights: NDArray[np.float64] | None = None,
    prior: float = 0.0,
    rounds: int = 500,
) -> DawidSkeneFit:
    """Fit the model by EM, starting from the share of votes for each class.

    Parameters
    ----------
    counts
        (cell, person, answer), how often each person gave each answer.
    classes
        Which of the answers are classes that a cell can truly have.
    weights
        (cell,), how many cells each row stands for; 1 by default.
    prior
        Answers added to each person and class, spread evenly over the answers.
    rounds
        How many at most.
    """
    weights = np.ones(len(counts)) if weights is None else weights
    votes = counts[:, :, classes].sum(axis=1)
    n_votes = votes.sum(axis=1, keepdims=True)
    posterior = np.full(votes.shape, 1 / len(classes))
    np.divide(votes, n_votes, out=posterior, where=n_votes > 0)
    n_answers = counts.shape[2]
    likelihoods: list[float] = []
    for _ in range(rounds):
        weighted = posterior * weights[:, None]
        share = weighted.sum(axis=0) / weights.sum()
        told = np.einsum("ct,cpa->pta", weighted, counts) + prior / n_answers
        total = told.sum(axis=2, keepdims=True)
        # somebody who never met a class says anything
        confusion = np.divide(
            told, total, out=np.full(told.shape, 1 / n_answers), where=total > 0
        )
        log_confusion = np.log(confusion + _TINY)
        joint = np.einsum("cpa,pta->ct", counts, log_confusion) + np.log(share + _TINY)
        top = joint.max(axis=1, keepdims=True)
        likely = np.exp(joint - top)
        evidence = likely.sum(axis=1, keepdims=True)
        posterior = likely / evidence
        likelihood = float(weights @ (top + np.log(evidence))[:, 0])
        likelihood += prior / n_answers * float(log_confusion.sum()) if prior else 0.0
        likelihoods.append(likelihood)
        if len(likelihoods) > 1 and likelihood - likelihoods[-2] < 1e-8 * weights.sum():
            break
    converged = len(likelihoods) < rounds
    return DawidSkeneFit(share, confusion, posterior, tuple(likelihoods), converged)


def _no_quality(cells: int, answers: int, reason: str) -> AnnotatorReliability:
    columns = ["recording", "cell", "estimated", "estimated_p"]
    return AnnotatorReliability(
        {}, {}, {}, pd.DataFrame(columns=columns), cells, answers, reason
    )
