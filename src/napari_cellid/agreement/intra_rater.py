"""Intra-rater agreement: repeated answers of one annotator to the same cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.agreement.coefficients import CohenKappa, cohen_kappa
from napari_cellid.annotation.all_answers import given_answers

if TYPE_CHECKING:
    from numpy.typing import NDArray


def intra_rater_agreement(all_answers: pd.DataFrame) -> dict[str, CohenKappa]:
    """Compare answers to repeated cells with the answers that counted before.

    Parameters
    ----------
    all_answers
        `Annotations.all_answers`. Repeats that were undone do not count, and neither
        do repeats before which no answer counted.

    Returns
    -------
    For each annotator, by name, Cohen's kappa of the two answers; `cells` is the number
    of repeats. All answers count as given, also `unsure`.
    """
    votes = all_answers[(all_answers["role"] == "annotator").to_numpy()].reset_index(
        drop=True
    )
    before, after = _repeats(votes)
    # both series together, so that equal answers get equal codes
    code, answers = pd.factorize(
        np.concatenate([before["answer"], after["answer"]]).astype(object)
    )
    n_answers, n_repeats = len(answers), len(after)
    pair = code[:n_repeats] * n_answers + code[n_repeats:]
    people = after["annotator"].to_numpy(object)
    return {
        name: _kappa(pair[people == name], n_answers)
        for name in sorted(votes["annotator"].unique())
    }


def _repeats(votes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """For each repeat that counts the earlier line, and the repeat itself."""
    if not votes["repeat"].any():
        return votes[:0], votes[:0]
    row = np.arange(len(votes))
    # given_answers drops lines, but the earlier line is found by its place among all
    given = given_answers(votes.assign(_row=row))
    repeats = given[given["repeat"] & given["answer"].notna()]
    annotator_and_cell = [votes[name] for name in ("annotator", "recording", "cell")]
    earlier = (
        pd.Series(row).groupby(annotator_and_cell, sort=False).shift(fill_value=-1)
    )
    after = repeats["_row"].to_numpy()
    before = earlier.to_numpy()[after]
    had_answer = votes["answer"].notna().to_numpy()
    # a line without an answer withdrew the one before, so nothing was repeated
    known = (before >= 0) & had_answer[before]
    return votes.iloc[before[known]], votes.iloc[after[known]]


def _kappa(pair: NDArray[np.intp], n_answers: int) -> CohenKappa:
    if pair.size == 0:
        return CohenKappa(None, None, 0, "was not asked about any cell again")
    counts = np.bincount(pair, minlength=n_answers**2)
    return cohen_kappa(counts.reshape(n_answers, n_answers))
