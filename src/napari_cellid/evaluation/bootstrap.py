"""Intervals by bootstrap over groups: cells of one animal are not independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.evaluation.metrics import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Figure = Callable[[NDArray[np.int64]], float]

#: figures that get an interval
METRICS: dict[str, Figure] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
}
#: with fewer groups the interval is taken over cells, and is too narrow
MIN_GROUPS = 5
_TIMES = 1000


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class EvaluatedCells:
    """Cells and what models said of them.

    Parameters
    ----------
    truth
        Index of the class of each cell.
    predicted
        Of each model the index of the class that it says, by its name.
    groups
        Group of each cell, such as its animal.
    n_classes
        Number of classes.
    """

    truth: NDArray[np.int64]
    predicted: dict[str, NDArray[np.int64]]
    groups: NDArray[np.object_]
    n_classes: int


def enough_groups(groups: Sequence[str] | NDArray[np.object_]) -> bool:
    """Whether there are enough groups to resample; if not, single cells are drawn."""
    return len(set(map(str, groups))) >= MIN_GROUPS


def metric_intervals(
    judged: EvaluatedCells, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Each figure of each model with its interval: by model, then by figure."""
    drawn = _drawn(judged, seed)
    return {
        model: {
            name: percentile_interval(
                figure(_one(judged, model)), [figure(d[model]) for d in drawn]
            )
            for name, figure in METRICS.items()
        }
        for model in judged.predicted
    }


def metric_differences(
    judged: EvaluatedCells, new: str, old: str, seed: int = 0
) -> dict[str, Interval]:
    """How much better one model is than another on the same cells, by figure.

    Both are measured on the same drawn cells, so that what is hard for both does not
    widen the interval.
    """
    drawn = _drawn(judged, seed)
    return {
        name: percentile_interval(
            figure(_one(judged, new)) - figure(_one(judged, old)),
            [figure(d[new]) - figure(d[old]) for d in drawn],
        )
        for name, figure in METRICS.items()
    }


def _one(judged: EvaluatedCells, model: str) -> NDArray[np.int64]:
    return confusion_matrix(judged.truth, judged.predicted[model], judged.n_classes)


def _drawn(judged: EvaluatedCells, seed: int) -> list[dict[str, NDArray[np.int64]]]:
    """Confusion matrices of each model on cells drawn with replacement."""
    rng = np.random.default_rng(seed)
    n = len(judged.truth)
    units = np.arange(n)
    if enough_groups(judged.groups):
        units = np.unique(judged.groups.astype(str), return_inverse=True)[1]
    n_units = int(units.max(initial=-1)) + 1
    shape = n_units, judged.n_classes**2
    counts = {}
    for model, told in judged.predicted.items():
        of_unit = np.zeros(shape, np.int64)
        np.add.at(of_unit, (units, judged.truth * judged.n_classes + told), 1)
        counts[model] = of_unit
    found = []
    for _ in range(_TIMES if n_units else 0):
        times = np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)
        side = judged.n_classes
        found.append(
            {model: (times @ one).reshape(side, side) for model, one in counts.items()}
        )
    return found


def percentile_interval(value: float, drawn: list[float]) -> Interval:
    """The middle 95 % of drawn values; those that are no number are left out."""
    known = [one for one in drawn if not np.isnan(one)]
    if not known:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
