"""How consistent a person is with themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.agreement.coefficients import CohenKappa, cohen_kappa
from napari_cellid.annotation.all_answers import given_answers

if TYPE_CHECKING:
    from numpy.typing import NDArray


def intra_rater_agreement(all_answers: pd.DataFrame) -> dict[str, CohenKappa]:
    """Compare what people said when asked again with what counted before.

    Parameters
    ----------
    all_answers
        All lines of the journals, in the order of the files; repeats that were undone
        are not looked at, and those before which no answer counted are not either.

    Returns
    -------
    For everybody with a line, by name: share of equal answers, and kappa; `cells` is
    the number of repeats. All answers count as they were given, `unsure` as well.
    """
    votes = all_answers[(all_answers["role"] == "annotator").to_numpy()].reset_index(
        drop=True
    )
    before, after = _repeats(votes)
    said, answers = pd.factorize(
        np.concatenate([before["answer"], after["answer"]]).astype(object)
    )
    n_answers, n_repeats = len(answers), len(after)
    pair = said[:n_repeats] * n_answers + said[n_repeats:]
    people = after["annotator"].to_numpy(object)
    return {
        name: _compared(pair[people == name], n_answers)
        for name in sorted(votes["annotator"].unique())
    }


def _repeats(votes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Repeats that count, and for each the line that counted before."""
    if not votes["repeat"].any():
        return votes[:0], votes[:0]
    place = np.arange(len(votes))
    standing = given_answers(votes.assign(_place=place))
    standing = standing[standing["repeat"] & standing["answer"].notna()]
    who_and_what = [votes[name] for name in ("annotator", "recording", "cell")]
    earlier = pd.Series(place).groupby(who_and_what, sort=False).shift(fill_value=-1)
    after = standing["_place"].to_numpy()
    before = earlier.to_numpy()[after]
    had_answer = votes["answer"].notna().to_numpy()
    known = (before >= 0) & had_answer[before]
    return votes.iloc[before[known]], votes.iloc[after[known]]


def _compared(pair: NDArray[np.intp], n_answers: int) -> CohenKappa:
    if pair.size == 0:
        return CohenKappa(None, None, 0, "was not asked about any cell again")
    counts = np.bincount(pair, minlength=n_answers**2)
    return cohen_kappa(counts.reshape(n_answers, n_answers))
