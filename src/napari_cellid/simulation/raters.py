"""Simulated annotators, who disagree where the colours are ambiguous.

How often people err is assumed: no source gives it. In the paper three people agreed
on half of about 5000 cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

#: names of the annotators, and how often each errs relative to the others
RATERS: dict[str, float] = {"rater 1": 0.7, "rater 2": 1.0, "rater 3": 1.4}
#: how often a usual annotator gives another answer than the true one
_CLEAR, _AMBIGUOUS = 0.02, 0.45
#: share of these answers that are "unsure" where the colours are ambiguous
_UNSURE = 1 / 3


def rate_cells(
    cells: pd.DataFrame, classes: Sequence[str], unsure: str, seed: int
) -> dict[str, NDArray[np.object_]]:
    """Let simulated annotators answer each cell.

    Parameters
    ----------
    cells
        Truth of a simulated field: `class` and `ambiguous` are read.
    classes
        Names of the classes that can be answered.
    unsure
        The answer for a cell whose class the annotator cannot tell.
    seed
        Seed of the answers.

    Returns
    -------
    For each annotator the answer to each cell.
    """
    truth = cells["class"].to_numpy(object)
    ambiguous = cells["ambiguous"].to_numpy(bool)
    usual = np.where(ambiguous, _AMBIGUOUS, _CLEAR)
    answers = {}
    for number, (name, factor) in enumerate(RATERS.items()):
        rng = np.random.default_rng([seed, number])
        given = truth.copy()
        wrong = rng.random(len(given)) < np.minimum(usual * factor, 0.9)
        for k in np.flatnonzero(wrong):
            others = [one for one in classes if one != truth[k]]
            given[k] = others[int(rng.integers(len(others)))]
            if ambiguous[k] and rng.random() < _UNSURE:
                given[k] = unsure
        answers[name] = given
    return answers
