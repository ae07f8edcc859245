"""Confidence intervals by bootstrap over groups, such as animals.

Cells of one animal are not independent, so that whole animals are resampled.
"""

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

    Metric = Callable[[NDArray[np.int64]], float]

#: metrics with an interval
METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
}
#: with fewer groups single cells are resampled, and the interval is too narrow
MIN_GROUPS = 5
#: number of bootstrap resamples
N_RESAMPLES = 1000


@dataclass(frozen=True)
class Interval:
    """Value with its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class EvaluatedCells:
    """Cells with their true classes and the predictions of models.

    Parameters
    ----------
    truth
        Index of the true class of each cell.
    predicted
        For each model the index of the predicted class of each cell.
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
    evaluated: EvaluatedCells, seed: int = 0
) -> dict[str, dict[str, Interval]]:
    """Each metric of each model with its interval: by model, then by metric."""
    resamples = _resample(evaluated, seed)
    return {
        model: {
            name: percentile_interval(
                metric(_confusion(evaluated, model)),
                [metric(resample[model]) for resample in resamples],
            )
            for name, metric in METRICS.items()
        }
        for model in evaluated.predicted
    }


def metric_differences(
    evaluated: EvaluatedCells, new: str, old: str, seed: int = 0
) -> dict[str, Interval]:
    """Differences between two models on the same cells, by metric: new minus old.

    Both models are evaluated on the same resamples, so that cells that are difficult
    for both do not widen the interval.
    """
    resamples = _resample(evaluated, seed)
    return {
        name: percentile_interval(
            metric(_confusion(evaluated, new)) - metric(_confusion(evaluated, old)),
            [metric(one[new]) - metric(one[old]) for one in resamples],
        )
        for name, metric in METRICS.items()
    }


def _confusion(evaluated: EvaluatedCells, model: str) -> NDArray[np.int64]:
    return confusion_matrix(
        evaluated.truth, evaluated.predicted[model], evaluated.n_classes
    )


def _resample(
    evaluated: EvaluatedCells, seed: int
) -> list[dict[str, NDArray[np.int64]]]:
    """Confusion matrices of each model on units drawn with replacement."""
    rng = np.random.default_rng(seed)
    n_classes = evaluated.n_classes
    units = np.arange(len(evaluated.truth))
    if enough_groups(evaluated.groups):
        units = np.unique(evaluated.groups.astype(str), return_inverse=True)[1]
    n_units = int(units.max(initial=-1)) + 1
    counts = {}
    for model, predicted in evaluated.predicted.items():
        by_unit = np.zeros((n_units, n_classes**2), np.int64)
        # not +=, which counts an index that occurs several times once
        np.add.at(by_unit, (units, evaluated.truth * n_classes + predicted), 1)
        counts[model] = by_unit
    resamples = []
    for _ in range(N_RESAMPLES if n_units else 0):
        # a sum of the units' matrices: no resample has to look at single cells
        weights = np.bincount(rng.integers(n_units, size=n_units), minlength=n_units)
        resamples.append(
            {
                model: (weights @ by_unit).reshape(n_classes, n_classes)
                for model, by_unit in counts.items()
            }
        )
    return resamples


def percentile_interval(value: float, resampled: list[float]) -> Interval:
    """Interval of the middle 95 % of resampled values, without NaN."""
    known = [one for one in resampled if not np.isnan(one)]
    if not known:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(known, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
