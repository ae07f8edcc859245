"""How well people agree: all figures, each with what it rests on."""

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
    """Two people compared on the cells that both answered.

    Parameters
    ----------
    first, second
        Their names.
    kappa
        Cohen's kappa, share of equal answers, number of cells.
    confusion
        Number of cells by the answer of the first (rows) and of the second (columns).
    """

    first: str
    second: str
    kappa: CohenKappa
    confusion: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well people agree on the cells of a study.

    Parameters
    ----------
    annotators
        Names, sorted.
    cells
        Number of cells that somebody answered.
    answers
        Number of answers, those that abstain included.
    answer_counts
        Number of answers by person (rows) and answer (columns), those that abstain
        included.
    not_blind
        For each person the number of answers given with the opinion of a model or of
        colleagues in view.
    pairs
        Every two people.
    fleiss
        Fleiss' kappa.
    alpha
        Krippendorff's alpha of all answers that count.
    per_class
        For each answer that counts the alpha of this answer against all others.
    per_recording
        For each recording the alpha of its cells.
    intra_rater
        For each person the agreement with their own earlier answers; empty if
        `measure_agreement` got no `all_answers`.
    notes
        What to know when reading the figures, one sentence each.
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
    """Compare the answers of several people.

    `unsure` and `not_a_cell` are answers like the classes here, unless the study's
    rule has them abstain: then they are as if not given.

    Parameters
    ----------
    answers
        Current answers: `recording`, `cell`, `annotator`, `answer` (and `shown`).
    config
        Classes and vote rule of the study.
    all_answers
        All lines of the journals, for the consistency of each person.
    bootstrap
        Number of resamples of the cells for the intervals; 0 for none.
    seed
        Of the resamples.
    """
    table = tabulate_ratings(answers, order=config.answers)
    left_out = abstaining_answers(config.vote)
    counting = table.without(left_out)
    counts = counting.counts()

    def alpha_of(some: NDArray[np.int64]) -> KrippendorffAlpha:
        return krippendorff_alpha(some, bootstrap=bootstrap, seed=seed)

    not_blind = _not_blind(answers)
    return Agreement(
        annotators=table.annotators,
        cells=len(table.cell),
        answers=int((table.codes != NO_ANSWER).sum()),
        answer_counts=pd.DataFrame(
            count_answers(table.codes.T, len(table.answers)),
            index=list(table.annotators),
            columns=list(table.answers),
        ),
        not_blind=not_blind,
        pairs=tuple(_compare(counting, *two) for two in _every_two(counting)),
        fleiss=fleiss_kappa(counts),
        alpha=alpha_of(counts),
        per_class={
            name: alpha_of(_against_rest(counts, k))
            for k, name in enumerate(table.answers)
            if name not in left_out
        },
        per_recording={
            str(name): alpha_of(counts[table.recording == name])
            for name in np.unique(table.recording)
        },
        intra_rater={} if all_answers is None else intra_rater_agreement(all_answers),
        notes=(*_unknown(table, config), *_influenced(not_blind, table)),
    )


def _every_two(table: Ratings) -> combinations[tuple[int, int]]:
    return combinations(range(len(table.annotators)), 2)


def _compare(table: Ratings, one: int, other: int) -> AnnotatorPair:
    n = len(table.answers)
    codes = table.codes[:, [one, other]].astype(np.int64)
    first, second = codes[(codes != NO_ANSWER).all(axis=1)].T
    confusion = np.bincount(first * n + second, minlength=n**2).reshape(n, n)
    names = list(table.answers)
    return AnnotatorPair(
        table.annotators[one],
        table.annotators[other],
        cohen_kappa(confusion),
        pd.DataFrame(confusion, index=names, columns=names),
    )


def _against_rest(counts: NDArray[np.int64], answer: int) -> NDArray[np.int64]:
    """Counts of one answer and of all others: (cell, 2)."""
    own = counts[:, answer]
    return np.stack([own, counts.sum(axis=1) - own], axis=1)


def _not_blind(answers: pd.DataFrame) -> dict[str, int]:
    if "shown" not in answers:
        return {}
    seen = answers["shown"].notna() & answers["answer"].notna()
    return dict(sorted(Counter(answers.loc[seen.to_numpy(), "annotator"]).items()))


def _unknown(table: Ratings, config: StudyConfig) -> list[str]:
    counts = count_answers(table.codes.reshape(1, -1), len(table.answers))[0]
    return [
        f"'{name}' is no class of this study (any more), but {n} answers say so; they "
        "are counted."
        for name, n in zip(table.answers, counts.tolist(), strict=True)
        if name not in config.answers
    ]


def _influenced(not_blind: Mapping[str, int], table: Ratings) -> list[str]:
    if not not_blind:
        return []
    n_answers = int((table.codes != NO_ANSWER).sum())
    who = ", ".join(f"{name} {n}" for name, n in not_blind.items())
    return [
        f"{sum(not_blind.values())} of {n_answers} answers were given with the opinion "
        f"of a model or of colleagues in view ({who}): people who see the same opinion "
        "agree more than blind ones would."
    ]
