"""Statistics of cross-validation: intervals, and paired comparisons of methods."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.agreement.coefficients import cohen_kappa
from napari_cellid.evaluation.metrics import (
    accuracy,
    balanced_accuracy,
    macro_f1,
    metrics_by_class,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: quantile of the normal distribution for 95 % intervals
_Z = 1.959963984540054


@dataclass(frozen=True)
class Comparison:
    """Difference of two methods in accuracy, on the same folds.

    Parameters
    ----------
    difference
        Mean over the folds.
    p_value
        Of the corrected resampled t-test (Nadeau & Bengio 2003); NaN for fewer than
        two folds, or folds without any difference.
    """

    difference: float
    p_value: float


def table_metrics(confusion: NDArray[np.int64]) -> dict[str, float]:
    """Metrics of a confusion matrix (true class, predicted class) over all classes."""
    n, kappa = confusion.sum(1), cohen_kappa(confusion).value
    by_class = metrics_by_class(confusion)
    f1 = np.array([one.f1 for one in by_class])
    precision = np.array([one.precision for one in by_class])
    return {
        "accuracy": accuracy(confusion),
        "kappa": float("nan") if kappa is None else float(kappa),
        "mcc": matthews_correlation(confusion),
        "balanced_accuracy": balanced_accuracy(confusion),
        "macro_precision": float(np.nanmean(precision)),
        "macro_f1": macro_f1(confusion),
        "weighted_f1": float(np.nansum(f1 * n) / max(n.sum(), 1)),
        "majority": float(n.max() / max(n.sum(), 1)),
    }


def negative_predictive_values(confusion: NDArray[np.int64]) -> list[float]:
    """For each class the share of others among cells that were called otherwise."""
    total = confusion.sum()
    values = []
    for k in range(len(confusion)):
        called = total - confusion[:, k].sum()
        missed = confusion[k].sum() - confusion[k, k]
        values.append(float((called - missed) / called) if called else float("nan"))
    return values


def matthews_correlation(confusion: NDArray[np.int64]) -> float:
    """Matthews correlation coefficient of several classes; NaN if undefined."""
    counts = confusion.astype(float)
    n, right = counts.sum(), np.trace(counts)
    true, called = counts.sum(1), counts.sum(0)
    spread = math.sqrt((n**2 - true @ true) * (n**2 - called @ called))
    return float((right * n - true @ called) / spread) if spread else float("nan")


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share by Wilson's score; NaN for nothing."""
    if not n:
        return float("nan"), float("nan")
    share, z2 = right / n, _Z**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return centre - half, centre + half


def compare_on_folds(
    first: Sequence[float],
    second: Sequence[float],
    n_train: float,
    n_test: float,
) -> Comparison:
    """Compare two methods by their accuracy on the same folds: first minus second.

    The variance is corrected for training sets that overlap, without which the test
    finds differences that are none.

    Parameters
    ----------
    first, second
        Accuracy of each method in each fold.
    n_train, n_test
        Mean number of training and test cells of a fold.
    """
    from scipy.stats import t as student

    difference = np.asarray(first, float) - np.asarray(second, float)
    n, mean = len(difference), float(difference.mean())
    spread = float(difference.var(ddof=1)) if n > 1 else 0.0
    if not spread:
        return Comparison(mean, float("nan"))
    error = math.sqrt((1 / n + n_test / max(n_train, 1)) * spread)
    return Comparison(mean, float(2 * student.sf(abs(mean) / error, n - 1)))


def reliability(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64], bins: int = 10
) -> list[dict[str, Any]]:
    """Bins of confidence with their accuracy, for a reliability diagram."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == truth
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        {
            "n": int((index == k).sum()),
            "confidence": float(confidence[index == k].mean()),
            "accuracy": float(right[index == k].mean()),
        }
        for k in range(bins)
        if (index == k).any()
    ]
