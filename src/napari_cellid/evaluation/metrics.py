"""Metrics of classification: those of the paper, and a few more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.agreement.coefficients import cohen_kappa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: bins of the expected calibration error
_BINS = 15


@dataclass(frozen=True)
class ClassMetrics:
    """Metrics of one class against the rest; NaN if undefined.

    Parameters
    ----------
    n
        Number of cells of this class.
    sensitivity
        Share of these cells that were predicted as this class.
    specificity
        Share of the other cells that were not predicted as this class.
    precision
        Share of cells of this class among the cells predicted as it.
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
    """Count cells: (true class, predicted class)."""
    pairs = np.asarray(truth) * n_classes + np.asarray(predicted)
    counts = np.bincount(pairs.astype(int), minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes).astype(np.int64)


def metrics_by_class(confusion: NDArray[np.int64]) -> list[ClassMetrics]:
    """Metrics of each class, from counts (true class, predicted class)."""
    total = confusion.sum()
    metrics = []
    for k in range(len(confusion)):
        correct = confusion[k, k]
        n, predicted = confusion[k].sum(), confusion[:, k].sum()
        metrics.append(
            ClassMetrics(
                n=int(n),
                sensitivity=_ratio(correct, n),
                specificity=_ratio(total - n - predicted + correct, total - n),
                precision=_ratio(correct, predicted),
                f1=_ratio(2 * correct, n + predicted),
            )
        )
    return metrics


def accuracy(confusion: NDArray[np.int64]) -> float:
    """Share of cells with the correct class."""
    return _ratio(np.trace(confusion), confusion.sum())


def balanced_accuracy(confusion: NDArray[np.int64]) -> float:
    """Mean sensitivity of the classes that occur."""
    n = confusion.sum(1)
    occurs = n > 0
    if not occurs.any():
        return float("nan")
    return float((np.diag(confusion)[occurs] / n[occurs]).mean())


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 score of the classes that occur or were predicted."""
    values = [one.f1 for one in metrics_by_class(confusion)]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def expected_calibration_error(
    truth: NDArray[np.int64], probabilities: NDArray[np.floating[Any]]
) -> float:
    """Expected calibration error: mean gap of confidence and accuracy in 15 bins."""
    if not len(truth):
        return float("nan")
    confidence = probabilities.max(1)
    correct = probabilities.argmax(1) == truth
    # a confidence of 1 belongs to the last bin
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    n = np.bincount(bins, minlength=_BINS)
    gaps = np.abs(
        np.bincount(bins, correct, _BINS) - np.bincount(bins, confidence, _BINS)
    )
    return float(gaps[n > 0].sum() / len(truth))


def classification_metrics(
    truth: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    classes: Sequence[str],
) -> dict[str, Any]:
    """All metrics of one model on some cells, as values for JSON.

    Parameters
    ----------
    truth
        Index of the class of each cell.
    probabilities
        (cell, class) predicted probabilities; the most probable class is predicted.
    classes
        Names of the classes.
    """
    confusion = confusion_matrix(truth, probabilities.argmax(1), len(classes))
    by_class = {
        name: {key: _plain(value) for key, value in vars(one).items()}
        for name, one in zip(classes, metrics_by_class(confusion), strict=True)
    }
    return {
        "n": len(truth),
        "accuracy": _plain(accuracy(confusion)),
        "balanced_accuracy": _plain(balanced_accuracy(confusion)),
        "kappa": _plain(cohen_kappa(confusion).value),
        "macro_f1": _plain(macro_f1(confusion)),
        "ece": _plain(expected_calibration_error(truth, probabilities)),
        "by_class": by_class,
        "confusion": confusion.tolist(),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _plain(value: float | None) -> float | int | None:
    """Rounded number for JSON; None for NaN."""
    if value is None or isinstance(value, int):
        return value
    return None if np.isnan(value) else round(float(value), 6)
