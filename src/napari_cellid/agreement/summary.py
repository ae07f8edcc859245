"""Agreement between the annotators of a study: all coefficients and counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.agreement.coefficients import (
    CohenKappa,
    FleissKappa,
    KrippendorffAlpha,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
)
from napari_cellid.agreement.intra_rater import intra_rater_agreement
from napari_cellid.agreement.ratings import NO_ANSWER, count_answers, tabulate_ratings
from napari_cellid.agreement.vote import abstaining_answers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_cellid.agreement.ratings import Ratings
    from napari_cellid.config import StudyConfig


@dataclass(frozen=True, eq=False)
class AnnotatorPair:
    """Agreement of two annotators on the cells that both answered.

    Parameters
    ----------
    first, second
        Their names.
    kappa
        Cohen's kappa.
    confusion
        Number of cells by answer of the first (rows) and of the second (columns).
    """

    first: str
    second: str
    kappa: CohenKappa
    confusion: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Agreement:
    """Agreement between annotators on the cells of a study.

    Parameters
    ----------
    annotators
        Names, sorted.
    cells
        Number of cells with an answer.
    answers
        Number of answers, including those that abstain.
    answer_counts
        Number of answers by annotator (rows) and answer (columns), including those
        that abstain.
    not_blind
        For each annotator the number of answers given while predictions or other
        annotators' answers were shown.
    pairs
        Every pair of annotators.
    fleiss
        Fleiss' kappa.
    alpha
        Krippendorff's alpha.
    per_class
        Krippendorff's alpha of each answer against all others.
    per_recording
        Krippendorff's alpha of the cells of each recording.
    intra_rater
        For each annotator the agreement with their own earlier answers; empty if
        `measure_agreement` got no `all_answers`.
    notes
        Notes on the interpretation, one sentence each.
    """

    annotators: tuple[str, ...]
    cells: int
    answers: int
    answer_counts: pd.DataFrame
    not_blind: Mapping[str, int]
    pairs: tuple[AnnotatorPair, ...]
    fleiss: FleissKappa
    alpha: KrippendorffAlpha
    per_class: Mapping[str, KrippendorffAlpha]
    per_recording: Mapping[str, KrippendorffAlpha]
    intra_rater: Mapping[str, CohenKappa]
    notes: tuple[str, ...]


def measure_agreement(
    answers: pd.DataFrame,
    config: StudyConfig,
    *,
    all_answers: pd.DataFrame | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Measure the agreement between annotators.

    `unsure` and `not_a_cell` count like classes, unless they abstain under the vote
    rule of the study: then they count as missing.

    Parameters
    ----------
    answers
        Current answers: `recording`, `cell`, `annotator`, `answer` (and `shown`).
    config
        Classes and vote rule of the study.
    all_answers
        `Annotations.all_answers`, for the intra-rater agreement.
    bootstrap
        Number of resamples of the cells for the intervals; 0 for no intervals.
    seed
        Seed of the resamples.
    """
    ratings = tabulate_ratings(answers, order=config.answers)
    abstaining = abstaining_answers(config.vote)
    # counts of answers include abstentions, coefficients do not
    counted = ratings.without(abstaining)
    counts = counted.counts()

    def alpha(counts: NDArray[np.int64]) -> KrippendorffAlpha:
        return krippendorff_alpha(counts, bootstrap=bootstrap, seed=seed)

    not_blind = _not_blind(answers)
    pairs = combinations(range(len(counted.annotators)), 2)
    return Agreement(
        annotators=ratings.annotators,
        cells=len(ratings.cell),
        answers=int((ratings.codes != NO_ANSWER).sum()),
        answer_counts=pd.DataFrame(
            count_answers(ratings.codes.T, len(ratings.answers)),
            index=list(ratings.annotators),
            columns=list(ratings.answers),
        ),
        not_blind=not_blind,
        pairs=tuple(_compare(counted, *pair) for pair in pairs),
        fleiss=fleiss_kappa(counts),
        alpha=alpha(counts),
        per_class={
            name: alpha(_one_vs_rest(counts, k))
            for k, name in enumerate(ratings.answers)
            if name not in abstaining
        },
        per_recording={
            str(name): alpha(counts[ratings.recording == name])
            for name in np.unique(ratings.recording)
        },
        intra_rater={} if all_answers is None else intra_rater_agreement(all_answers),
        notes=(*_unknown_answers(ratings, config), *_shown_notes(not_blind, ratings)),
    )


def _compare(ratings: Ratings, first: int, second: int) -> AnnotatorPair:
    n = len(ratings.answers)
    # small integers would overflow in the code of a pair
    codes = ratings.codes[:, [first, second]].astype(np.int64)
    # kappa is defined on the cells that both answered
    rows, columns = codes[(codes != NO_ANSWER).all(axis=1)].T
    confusion = np.bincount(rows * n + columns, minlength=n**2).reshape(n, n)
    names = list(ratings.answers)
    return AnnotatorPair(
        ratings.annotators[first],
        ratings.annotators[second],
        cohen_kappa(confusion),
        pd.DataFrame(confusion, index=names, columns=names),
    )


def _one_vs_rest(counts: NDArray[np.int64], answer: int) -> NDArray[np.int64]:
    """Counts of one answer and of all others: (cell, 2)."""
    own = counts[:, answer]
    return np.stack([own, counts.sum(axis=1) - own], axis=1)


def _not_blind(answers: pd.DataFrame) -> dict[str, int]:
    if "shown" not in answers:
        return {}
    rows = answers["shown"].notna() & answers["answer"].notna()
    return dict(sorted(Counter(answers.loc[rows.to_numpy(), "annotator"]).items()))


def _unknown_answers(ratings: Ratings, config: StudyConfig) -> list[str]:
    counts = count_answers(ratings.codes.reshape(1, -1), len(ratings.answers))[0]
    return [
        f"'{name}' is not a class of this study (any more), but is counted, as "
        f"{'1 answer has' if n == 1 else f'{n} answers have'} it."
        for name, n in zip(ratings.answers, counts.tolist(), strict=True)
        if name not in config.answers
    ]


def _shown_notes(not_blind: Mapping[str, int], ratings: Ratings) -> list[str]:
    if not not_blind:
        return []
    n_answers = int((ratings.codes != NO_ANSWER).sum())
    by_annotator = ", ".join(f"{name} {n}" for name, n in not_blind.items())
    return [
        f"{sum(not_blind.values())} of {n_answers} answers were given while "
        f"predictions or other annotators' answers were shown ({by_annotator}): people "
        "who see the same answers agree more than blind annotators would."
    ]
