"""Agreement between people: the ceiling for the accuracy of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.agreement.coefficients import krippendorff_alpha
from napari_cellid.agreement.ratings import tabulate_ratings
from napari_cellid.config import NOT_A_CELL, UNSURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from napari_cellid.study.study import Study

_KEY = ["recording", "cell"]


def measure_rater_agreement(
    study: Study, cells: pd.DataFrame, classes: Sequence[str]
) -> dict[str, Any] | None:
    """Measure how well people agree on the held-out cells.

    Each person is compared with the majority of the others, on cells where this is one
    of the classes. Held-out cells are decided cells, and under a strict rule all people
    agreed on them. Therefore the agreement on all answered cells of these recordings is
    also measured.

    Parameters
    ----------
    study
        The study.
    cells
        The held-out cells.
    classes
        Classes of the model.

    Returns
    -------
    Values for JSON; None if no two people answered the same cell.
    """
    every = study.read_answers().current()
    every = every[every["answer"].notna()]
    on_these = _agreement(every.merge(cells[_KEY], on=_KEY), classes)
    if on_these is None:
        return None
    around = every[every["recording"].isin(cells["recording"])]
    on_all = _agreement(around, classes) or on_these
    text = (
        f"One person beside the majority of the others: {on_these['accuracy']:.3f} of "
        f"{on_these['n']} answers on the held-out cells, which are cells that were "
        f"decided; {on_all['accuracy']:.3f} of {on_all['n']} on all answered cells of "
        "these recordings."
    )
    return {**on_these, "all_answered": on_all, "text": text}


def _agreement(answers: pd.DataFrame, classes: Sequence[str]) -> dict[str, Any] | None:
    by_class: dict[str, list[bool]] = {}
    same = pairs = 0
    for _, one in answers.groupby(_KEY, sort=False):
        given = list(one["answer"])
        for k, own in enumerate(given):
            others = given[:k] + given[k + 1 :]
            same, pairs = same + others.count(own), pairs + len(others)
            majority = _majority(others)
            if majority in classes:
                by_class.setdefault(majority, []).append(own == majority)
    correct = [right for one in by_class.values() for right in one]
    if not correct:
        return None
    order = (*classes, NOT_A_CELL, UNSURE)
    agreed = krippendorff_alpha(
        tabulate_ratings(answers, order=order).counts(), bootstrap=0
    ).value
    balanced = np.mean([np.mean(one) for one in by_class.values()])
    return {
        "accuracy": round(sum(correct) / len(correct), 6),
        "balanced_accuracy": round(float(balanced), 6),
        "pairwise": round(same / pairs, 6),
        "alpha": None if agreed is None else round(agreed, 6),
        "n": len(correct),
    }


def _majority(answers: Sequence[str]) -> str:
    """Return the most frequent answer; "" if there is a tie."""
    counts = sorted((answers.count(one), one) for one in set(answers))
    if not counts or (len(counts) > 1 and counts[-1][0] == counts[-2][0]):
        return ""
    return counts[-1][1]
