"""How good predicted classes are: the paper's figures, and a few more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: bins of the expected calibration error
_BINS = 15


@dataclass(frozen=True)
class ClassMetrics:
    """Figures of one class against the rest; NaN where nothing could be measured.

    Parameters
    ----------
    n
        Cells that are of this class.
    sensitivity
        Share of them that were told so.
    specificity
        Share of the other cells that were not.
    precision
        Share of the cells told to be of this class that are.
    f1
        Harmonic mean of sensitivity and precision.
    """

    n: int
    sensitivity: float
    specificity: float
    precision: float
    f1: float


def confusion_matrix(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    """Counts (true class, predicted class)."""
    pairs = np.asarray(truth) * n_classes + np.asarray(predicted)
    counts = np.bincount(pairs.astype(int), minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def metrics_by_class(confusion: NDArray[np.int64]) -> list[ClassMetrics]:
    """Figures of each class, from counts (true class, predicted class)."""
    total = confusion.sum()
    found = []
    for k in range(len(confusion)):
        hit = confusion[k, k]
        n, told = confusion[k].sum(), confusion[:, k].sum()
        found.append(
            ClassMetrics(
                n=int(n),
                sensitivity=_ratio(hit, n),
                specificity=_ratio(total - n - told + hit, total - n),
                precision=_ratio(hit, told),
                f1=_ratio(2 * hit, n + told),
            )
        )
    return found


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share of cells told right."""
    return _ratio(np.trace(confusion), confusion.sum())


def balanced_accuracy(confusion: NDArray[np.int64]) -> float:
    """Mean sensitivity of the classes that occur."""
    n = confusion.sum(1)
    there = n > 0
    if not there.any():
        return float("nan")
    return float((np.diag(confusion)[there] / n[there]).mean())


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 of the classes that occur or were told."""
    values = [one.f1 for one in metrics_by_class(confusion)]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def kappa(confusion: NDArray[np.int64]) -> float:
    """Cohen's kappa: agreement beyond that of chance."""
    total = confusion.sum()
    if not total:
        return float("nan")
    seen = np.trace(confusion) / total
    chance = float((confusion.sum(0) * confusion.sum(1)).sum()) / float(total) ** 2
    return _ratio(seen - chance, 1 - chance)


def expected_calibration_error(
    truth: NDArray[np.int64], chances: NDArray[np.floating[Any]]
) -> float:
    """Expected calibration error: how far sureness is from being right, 15 bins."""
    if not len(truth):
        return float("nan")
    sure, right = chances.max(1), chances.argmax(1) == truth
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    n = np.bincount(bins, minlength=_BINS)
    gaps = np.abs(np.bincount(bins, right, _BINS) - np.bincount(bins, sure, _BINS))
    return float(gaps[n > 0].sum() / len(truth))


def classification_metrics(
    truth: NDArray[np.int64],
    chances: NDArray[np.floating[Any]],
    classes: Sequence[str],
) -> dict[str, Any]:
    """All figures of one model on some cells, ready for JSON.

    Parameters
    ----------
    truth
        Index of the class of each cell.
    chances
        (cell, class) probabilities; the likeliest class is what the model says.
    classes
        Names of the classes.
    """
    confusion = confusion_matrix(truth, chances.argmax(1), len(classes))
    each = {
        name: {key: _plain(value) for key, value in vars(one).items()}
        for name, one in zip(classes, metrics_by_class(confusion), strict=True)
    }
    return {
        "n": len(truth),
        "accuracy": _plain(accuracy(confusion)),
        "balanced_accuracy": _plain(balanced_accuracy(confusion)),
        "kappa": _plain(kappa(confusion)),
        "macro_f1": _plain(macro_f1(confusion)),
        "ece": _plain(expected_calibration_error(truth, chances)),
        "by_class": each,
        "confusion": confusion.tolist(),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _plain(value: float) -> float | int | None:
    """Number that JSON can hold: None for what could not be measured."""
    if isinstance(value, int):
        return value
    return None if np.isnan(value) else round(float(value), 6)
