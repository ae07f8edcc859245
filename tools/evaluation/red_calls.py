"""Red or not: what models say of cells, compared with the calls of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.evaluation.metrics import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: the calls that count; any other one, such as "unsure", is left out
NOT_RED, RED = "notred", "red"
#: share of red above which suite2p's default settings call a cell red
SUITE2P_RATIO = 0.65


def red_figures(
    is_red: NDArray[np.bool_], calls: NDArray[np.object_]
) -> dict[str, float]:
    """Compare red or not with the calls on the same cells.

    The agreement stands beside that of the constant answer "not red", because red
    cells are few: what does not exceed it has told nothing.
    """
    judged = np.isin(calls, [NOT_RED, RED])
    truth, said = (calls[judged] == RED).astype(int), is_red[judged].astype(int)
    table = confusion_matrix(truth, said, 2)
    return {
        "judged": int(judged.sum()),
        "red called red": int(table[1, 1]),
        "red called not red": int(table[1, 0]),
        "not red called red": int(table[0, 1]),
        "not red called not red": int(table[0, 0]),
        "agreement": accuracy(table),
        "balanced agreement": balanced_accuracy(table),
        'agreement of "not red"': accuracy(confusion_matrix(truth, 0 * said, 2)),
    }


def best_ratio(ratio: NDArray[np.float64], calls: NDArray[np.object_]) -> float:
    """The threshold of a ratio with the best agreement, halfway between two cells.

    It is chosen on the cells that it is then scored on, so it is an upper bound of what
    one threshold can do.
    """
    judged = np.isin(calls, [NOT_RED, RED]) & np.isfinite(ratio)
    values, truth = ratio[judged], calls[judged] == RED
    known = np.unique(values)
    between = (known[1:] + known[:-1]) / 2
    candidates = np.concatenate([[-np.inf], between, [np.inf]])
    right = [((values > limit) == truth).sum() for limit in candidates]
    return float(candidates[int(np.argmax(right))])
