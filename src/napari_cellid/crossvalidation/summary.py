"""What the folds of an experiment show: accuracies, confusion, intervals, curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.crossvalidation.detections import read_detections
from napari_cellid.crossvalidation.end_to_end import summarise_end_to_end
from napari_cellid.crossvalidation.experiment import unit_name
from napari_cellid.crossvalidation.folds import make_folds, missing_in_test
from napari_cellid.crossvalidation.layout import DETECTIONS_FILE
from napari_cellid.crossvalidation.statistics import (
    compare_on_folds,
    negative_predictive_values,
    reliability,
    table_metrics,
)
from napari_cellid.evaluation.bootstrap import EvaluatedCells, metric_intervals
from napari_cellid.evaluation.metrics import (
    confusion_matrix,
    expected_calibration_error,
    metrics_by_class,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_cellid.config.evaluation import ProtocolName
    from napari_cellid.crossvalidation.experiment import Experiment

Results = dict[str, dict[str, Any]]
#: the method with which networks are compared
RULE = "two thresholds"


def summarise(experiment: Experiment, results: Results) -> dict[str, Any]:
    """Summarise the results of all folds.

    Parameters
    ----------
    experiment
        What was run.
    results
        Result of each unit, by name.

    Returns
    -------
    For JSON: by protocol, then by method.
    """
    return {
        protocol: _protocol(experiment, protocol, results)
        for protocol in experiment.protocols
    }


def _protocol(
    experiment: Experiment, protocol: ProtocolName, results: Results
) -> dict[str, Any]:
    names = [one.name for one in experiment.methods] + list(experiment.baselines)
    folds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    missing = set()
    for seed in experiment.seeds(protocol):
        made = make_folds(experiment.cells, protocol, experiment.config.folds, seed)
        for k, fold in enumerate(made):
            missing |= {(fold.name, n) for n in missing_in_test(fold, experiment.cells)}
            for name in names:
                one = results[unit_name(protocol, seed, k, name)]
                folds[name].append(one | {"seed": seed})
    methods = {
        name: _method(experiment, protocol, parts)
        for name, parts in folds.items()
        if all(part["fixed"] is not None for part in parts)
    }
    if experiment.config.end_to_end:
        _add_end_to_end(experiment, protocol, methods, folds)
    _compare(methods)
    return {
        "methods": methods,
        "n_folds": len(folds[names[0]]) // len(experiment.seeds(protocol)),
        "n_seeds": len(experiment.seeds(protocol)),
        "missing": [f"fold {fold} has no {name}" for fold, name in sorted(missing)],
    }


def _method(
    experiment: Experiment, protocol: ProtocolName, parts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Figures of one method under one protocol."""
    which = _epoch_of(protocol)
    n_classes = len(experiment.cells.classes)
    truth, found, rows = _pooled(parts, which)
    called = found.argmax(1)
    confusion = confusion_matrix(truth, called, n_classes)
    groups = experiment.cells.groups(
        "animal" if protocol == "leave-one-out" else "group"
    )
    evaluated = EvaluatedCells(truth, {"this": called}, groups[rows], n_classes)
    intervals = metric_intervals(evaluated)["this"]
    accuracy = {
        "fixed": [_accuracy(part, "fixed") for part in parts],
        "chosen": [_accuracy(part, "chosen") for part in parts],
        "best": [_best(part) for part in parts],
    }
    by_class = metrics_by_class(confusion)
    npv = negative_predictive_values(confusion)
    return {
        "accuracy": {
            name: {
                "mean": float(np.mean(values)),
                "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
                "folds": [round(value, 6) for value in values],
            }
            for name, values in accuracy.items()
        },
        "pooled": table_metrics(confusion)
        | {"ece": expected_calibration_error(truth, found)},
        "intervals": {name: [one.low, one.high] for name, one in intervals.items()},
        "by_class": {
            name: vars(one) | {"npv": value}
            for name, one, value in zip(
                experiment.cells.classes, by_class, npv, strict=True
            )
        },
        "confusion": confusion.tolist(),
        "reliability": reliability(truth, found),
        "curves": _curves(parts),
        "epochs": [part[which]["epoch"] for part in parts],
        "start": parts[0].get("start", ""),
        "n_train": float(np.mean([part["n_train"] for part in parts])),
        "n_test": float(np.mean([len(part["rows"]) for part in parts])),
    }


def _epoch_of(protocol: ProtocolName) -> str:
    # the paper fixed the epoch; the honest protocols let the inner cells choose it
    return "fixed" if protocol == "paper" else "chosen"


def _add_end_to_end(
    experiment: Experiment,
    protocol: ProtocolName,
    methods: dict[str, dict[str, Any]],
    folds: Mapping[str, list[dict[str, Any]]],
) -> None:
    detections = read_detections(experiment.folder / DETECTIONS_FILE)
    for name, one in methods.items():
        one["end_to_end"] = summarise_end_to_end(
            folds[name], _epoch_of(protocol), experiment.cells, detections
        )


def _pooled(
    parts: list[dict[str, Any]], which: str
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Truth, probabilities and rows of the test cells of all folds."""
    truth = np.concatenate([part["truth"] for part in parts]).astype(np.int64)
    found = np.concatenate([part[which]["probabilities"] for part in parts])
    rows = np.concatenate([part["rows"] for part in parts]).astype(np.int64)
    return truth, np.asarray(found, float), rows


def _accuracy(part: Mapping[str, Any], which: str) -> float:
    called = np.asarray(part[which]["probabilities"]).argmax(1)
    return float((called == np.asarray(part["truth"])).mean())


def _best(part: Mapping[str, Any]) -> float:
    """Accuracy at the epoch that is best on the test cells: optimistic."""
    if "epochs" not in part:
        return _accuracy(part, "fixed")
    return float(max(one["test"] for one in part["epochs"]))


def _curves(parts: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Mean accuracy of training and test cells after each epoch."""
    if "epochs" not in parts[0]:
        return {}
    return {
        name: np.mean([[one[name] for one in part["epochs"]] for part in parts], 0)
        .round(6)
        .tolist()
        for name in ("train", "test")
    }


def _compare(methods: dict[str, dict[str, Any]]) -> None:
    """Compare each method with the rule, and with the best one, on the same folds."""
    if not methods:
        return

    def values(name: str) -> list[float]:
        accuracy = methods[name]["accuracy"]
        return list(accuracy["chosen"]["folds"])

    best = max(methods, key=lambda name: methods[name]["accuracy"]["chosen"]["mean"])
    for name, one in methods.items():
        for other, key in ((RULE, "with_rule"), (best, "with_best")):
            if other in methods and other != name:
                found = compare_on_folds(
                    values(name), values(other), one["n_train"], one["n_test"]
                )
                p = None if np.isnan(found.p_value) else found.p_value
                one[key] = {
                    "other": other, "difference": found.difference, "p_value": p
                }  # fmt: skip
