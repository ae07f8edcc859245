"""Comparison of the new with the old classifier on the same held-out cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import ClassifyConfig
from napari_cellid.evaluation.bootstrap import (
    EvaluatedCells,
    Interval,
    enough_groups,
    metric_differences,
    metric_intervals,
)
from napari_cellid.evaluation.metrics import classification_metrics
from napari_cellid.retrain.rater_agreement import measure_rater_agreement
from napari_cellid.retrain.threshold_baseline import predict_held_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.retrain.dataset import DecidedCells
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study

    #: probabilities (cell, class) of each model
    Probabilities = Mapping[str, NDArray[np.float64]]

NEW, OLD, BASELINE = "new", "old", "two thresholds"
#: a class with fewer held-out cells gets a note
_FEW = 10


@dataclass(frozen=True, eq=False)
class ClassifierComparison:
    """The result of a comparison.

    Parameters
    ----------
    report
        Content of `report.json`.
    cells
        The held-out cells with the predictions of each model.
    """

    report: dict[str, Any]
    cells: pd.DataFrame


def compare_classifiers(
    study: Study,
    decided: DecidedCells,
    models: tuple[CellClassifier, CellClassifier | None],
    device: Device,
) -> Step[ClassifierComparison]:
    """Compare the new model with the old one on the held-out cells.

    Parameters
    ----------
    study
        The study.
    decided
        Cells of the run; those with the role test are used.
    models
        The new model, and the old model of the study; None if the old model has other
        classes.
    device
        Device and precision.
    """
    cells, classes = decided.part("test"), decided.classes
    new, old = models
    names = {NEW: new.card.name, BASELINE: BASELINE}
    probabilities = {NEW: (yield from _predict(study, cells, new, classes, device))}
    if old is not None:
        names[OLD] = old.card.name
        probabilities[OLD] = yield from _predict(study, cells, old, classes, device)
    rule = predict_held_out(study, decided)
    if rule is not None:
        # a rule is always sure: probability 1 for its class
        probabilities[BASELINE] = np.eye(len(classes))[rule]
    judged = _judged(cells, classes, probabilities)
    each = _figures(judged, probabilities, classes, names)
    report = {
        "format": 1,
        "task": "classify",
        "measured_on": decided.about["held_out"],
        "groups": sorted(set(cells["unit"])),
        "n_cells": len(cells),
        "classes": list(classes),
        "new": each[NEW],
        "old": each.get(OLD),
        "floor": each.get(BASELINE),
        "difference": _differences(judged) if old is not None and len(cells) else None,
        "experts": measure_rater_agreement(study, cells, classes),
        "notes": _notes(judged, classes),
    }
    return ClassifierComparison(report, _table(cells, classes, probabilities))


def _judged(
    cells: pd.DataFrame, classes: Sequence[str], probabilities: Probabilities
) -> EvaluatedCells:
    index = {name: k for k, name in enumerate(classes)}
    truth = np.array([index[one] for one in cells["class"]], np.int64)
    predicted = {name: one.argmax(1) for name, one in probabilities.items()}
    return EvaluatedCells(
        truth, predicted, cells["unit"].to_numpy(object), len(classes)
    )


def _figures(
    judged: EvaluatedCells,
    probabilities: Probabilities,
    classes: Sequence[str],
    names: Mapping[str, str],
) -> dict[str, dict[str, Any]]:
    sure = metric_intervals(judged) if len(judged.truth) else {}
    each = {
        name: {
            "name": names[name],
            **classification_metrics(judged.truth, one, classes),
            "intervals": {k: _ends(i) for k, i in sure.get(name, {}).items()},
        }
        for name, one in probabilities.items()
    }
    if BASELINE in each:
        # a rule without probabilities has no calibration error
        each[BASELINE]["ece"] = None
    return each


def _notes(judged: EvaluatedCells, classes: Sequence[str]) -> list[str]:
    if not len(judged.truth):
        return []
    notes = []
    if not enough_groups(judged.groups):
        notes.append(
            "The held-out cells are from too few recordings or animals to draw "
            "intervals over these; the intervals are drawn over cells and are too "
            "narrow."
        )
    counts = np.bincount(judged.truth, minlength=len(classes))
    few = [f"{n or 'no'} {name}" for n, name in zip(counts, classes, strict=True)
           if n < _FEW]  # fmt: skip
    if few:
        notes.append(
            f"Few held-out cells: {', '.join(few)}. Figures on so few cells are "
            "uncertain; answer more cells of the recordings that are held out."
        )
    return notes


def _predict(
    study: Study,
    cells: pd.DataFrame,
    classifier: CellClassifier,
    classes: Sequence[str],
    device: Device,
) -> Step[NDArray[np.float64]]:
    """Predict probabilities (cell, class) in the order of `classes`."""
    probabilities = np.zeros((len(cells), len(classes)))
    # a class may have been renamed since the model was trained
    predicted_classes = study.config.translate(classifier.card.classes, classes)
    order = [predicted_classes.index(name) for name in classes]
    for name, rows in cells.groupby("recording", sort=True):
        recording = study.recording(str(name))
        labels, numbers = _outlines(recording, rows, classifier)
        predicted = yield from classifier.classify(
            recording.planes(),
            labels,
            rows.assign(label=numbers),
            ClassifyConfig(),
            device,
        )
        probabilities[rows.index] = predicted[:, order]
    return probabilities


def _outlines(
    recording: StudyRecording, cells: pd.DataFrame, classifier: CellClassifier
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return label image and label of each cell, if the classifier uses them."""
    if not classifier.uses_outlines:
        # only centroids are used, so a study that lost its labels can be compared, too
        return np.zeros((1, 1, 1), np.int32), np.zeros(len(cells), np.int64)
    labels = recording.labels()
    now = recording.cells().set_index("cell")["label"].reindex(cells["cell"])
    # a removed cell has no pixels, so all its classes are equally probable
    no_label = int(labels.max(initial=0)) + 1
    return labels, now.fillna(no_label).to_numpy(np.int64)


def _differences(judged: EvaluatedCells) -> dict[str, dict[str, float]]:
    return {
        name: {"value": round(one.value, 6), "low": round(one.low, 6),
               "high": round(one.high, 6)}
        for name, one in metric_differences(judged, NEW, OLD).items()
    }  # fmt: skip


def _ends(interval: Interval) -> list[float]:
    return [round(interval.low, 6), round(interval.high, 6)]


def _table(
    cells: pd.DataFrame, classes: Sequence[str], probabilities: Probabilities
) -> pd.DataFrame:
    table = cells[["recording", "cell", "plane", "y", "x", "class"]].copy()
    for name, prefix in ((NEW, ""), (OLD, "old_")):
        if name in probabilities:
            likeliest = probabilities[name].argmax(1) if len(cells) else []
            table[f"{prefix}predicted"] = [classes[k] for k in likeliest]
            for k, one in enumerate(classes):
                table[f"{prefix}p_{one}"] = probabilities[name][:, k]
    table["group"] = cells["unit"]
    return table
