"""Did it help? New and old model on the same held-out cells, people and rule beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.cells import measure
from napari_cellid.classifiers import tell_classes
from napari_cellid.config import ClassifyConfig
from napari_cellid.evaluation.intervals import (
    Judged,
    difference,
    intervals,
    over_groups,
)
from napari_cellid.evaluation.metrics import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.classifiers import AnyClassifier
    from napari_cellid.device import Device
    from napari_cellid.retrain.material import DecidedCells
    from napari_cellid.steps import Step
    from napari_cellid.study.folder import Study

#: what the two-threshold rule looks at, and the classes that it can tell
_RED, _GREEN = "red_contrast", "green_contrast"
_RULE_CLASSES = ("excitatory", "inhibitory", "glia")
NEW, OLD, FLOOR = "new", "old", "two thresholds"


@dataclass(frozen=True, eq=False)
class Compared:
    """What a comparison gives.

    Parameters
    ----------
    report
        As `report.json` holds it.
    cells
        The held-out cells with what each model says of them.
    """

    report: dict[str, Any]
    cells: pd.DataFrame


def compare(
    study: Study,
    decided: DecidedCells,
    models: tuple[AnyClassifier, AnyClassifier | None],
    device: Device,
) -> Step[Compared]:
    """Compare the new model with the old one on the cells that are held out.

    Parameters
    ----------
    study
        The study.
    decided
        Cells of the run; those of the role test are looked at.
    models
        The new one, and the one that the study had before; None where that tells other
        classes.
    device
        Where to compute.
    """
    cells = decided.part("test")
    classes, notes = decided.classes, []
    truth = np.array([classes.index(one) for one in cells["class"]], np.int64)
    new, old = models
    chances = {NEW: (yield from _told(study, cells, new, classes, device))}
    if old is not None:
        chances[OLD] = yield from _told(study, cells, old, classes, device)
    else:
        notes.append("The model before tells other classes, so it is not compared.")
    rule = two_thresholds(study, decided)
    told = {name: np.asarray(one.argmax(1), np.int64) for name, one in chances.items()}
    if rule is not None:
        told[FLOOR] = rule
        chances[FLOOR] = np.eye(len(classes))[rule]
    judged = Judged(truth, told, cells["unit"].to_numpy(object), len(classes))
    sure = intervals(judged) if len(cells) else {}
    names = {NEW: new.card.name, OLD: old.card.name if old else "", FLOOR: FLOOR}
    each = {
        name: {"name": names[name], **figures(truth, one, classes)}
        | {"intervals": {k: _ends(i) for k, i in sure.get(name, {}).items()}}
        for name, one in chances.items()
    }
    if FLOOR in each:
        # a rule without probabilities is not calibrated
        each[FLOOR]["ece"] = None
    if len(cells) and not over_groups(judged):
        notes.append(
            "There are too few held-out groups to draw intervals over them; these are "
            "drawn over cells and are too narrow."
        )
    report = {
        "format": 1,
        "task": "classify",
        "measured_on": decided.about["held_out"],
        "groups": sorted(set(cells["unit"])),
        "n_cells": len(cells),
        "classes": list(classes),
        "new": each[NEW],
        "old": each.get(OLD),
        "floor": each.get(FLOOR),
        "difference": _differences(judged) if old is not None and len(cells) else None,
        "experts": experts(study, cells, classes),
        "notes": notes,
    }
    return Compared(report, _table(cells, classes, chances))


def two_thresholds(study: Study, decided: DecidedCells) -> NDArray[np.int64] | None:
    """What a rule of two thresholds says of the held-out cells; None if it cannot.

    Red nucleus and green soma: excitatory; green alone: inhibitory; else glia. The
    thresholds are those that suit the training cells best.
    """
    if set(decided.classes) != set(_RULE_CLASSES):
        return None
    train = _contrasts(study, decided.part("train"))
    test = _contrasts(study, decided.part("test"))
    index = {name: k for k, name in enumerate(decided.classes)}
    truth = np.array([index[one] for one in decided.part("train")["class"]], np.int64)
    if not len(train) or np.isnan(train).all():
        return None
    steps = np.linspace(0.02, 0.98, 49)
    red, green = (np.unique(np.nanquantile(train[:, k], steps)) for k in (0, 1))
    best, limits = -1.0, (float(red[0]), float(green[0]))
    present = np.unique(truth)
    for r in red:
        for g in green:
            guess = _by_rule(train, (r, g), index)
            right = float(np.mean([(guess[truth == k] == k).mean() for k in present]))
            if right > best:
                best, limits = right, (float(r), float(g))
    return _by_rule(test, limits, index)


def experts(
    study: Study, cells: pd.DataFrame, classes: Sequence[str]
) -> dict[str, Any] | None:
    """How well people agree on the held-out cells: what a model can reach at most.

    Each person is held against the majority of the others, on cells where that is one
    of the classes; None with fewer than two people.
    """
    from napari_cellid.annotation.alpha import alpha
    from napari_cellid.annotation.answer_table import tabulate
    from napari_cellid.annotation.lines import read_annotations

    answers = study.answers(read_annotations(study.annotations).lines).current()
    key = ["recording", "cell"]
    answers = answers.merge(cells[key], on=key)
    answers = answers[answers["answer"].notna()]
    if answers["annotator"].nunique() < 2:
        return None
    right = n = 0
    for _, one in answers.groupby(key, sort=False):
        said = list(one["answer"])
        for k, own in enumerate(said):
            others = pd.Series(said[:k] + said[k + 1 :]).value_counts()
            clear = len(others) == 1 or (
                len(others) > 1 and others.iloc[0] > others.iloc[1]
            )
            if clear and others.index[0] in classes:
                right, n = right + (own == others.index[0]), n + 1
    if not n:
        return None
    counts = tabulate(answers, order=(*classes, "not_a_cell", "unsure")).counts()
    agreed = alpha(counts, bootstrap=0).value
    return {
        "accuracy": round(right / n, 6),
        "alpha": None if agreed is None else round(agreed, 6),
        "n": n,
        "text": f"One person beside the majority of the others: {right / n:.3f} of {n} "
        "answers on the held-out cells.",
    }


def _told(
    study: Study,
    cells: pd.DataFrame,
    model: AnyClassifier,
    classes: Sequence[str],
    device: Device,
) -> Step[NDArray[np.float64]]:
    """Probabilities (cell, class) in the order of `classes`."""
    found = np.zeros((len(cells), len(classes)))
    for name, part in cells.groupby("recording", sort=True):
        recording = study.recording(str(name))
        now = recording.cells().set_index("cell")["label"]
        # of the cell table a classifier reads the place and the label alone
        label = now.reindex(part["cell"]).fillna(0).to_numpy(int)
        rows = part.assign(label=label, area_um2=np.nan)
        work = ClassifyConfig(), device
        told = yield from tell_classes(
            recording.planes(), recording.labels(), rows, model, work
        )
        found[part.index] = told[[f"p_{one}" for one in classes]].to_numpy(float)
    return found


def _contrasts(study: Study, cells: pd.DataFrame) -> NDArray[np.float64]:
    """Red and green contrast of each cell; NaN for one that is not there any more."""
    found = np.full((len(cells), 2), np.nan)
    for name, part in cells.groupby("recording", sort=True):
        recording = study.recording(str(name))
        table = recording.cells()
        if _RED not in table or _GREEN not in table:
            measured = measure(recording.labels(), recording.planes())
            table = table[["cell", "label"]].merge(
                measured.drop(columns="cell"), on="label"
            )
        now = table.set_index("cell")[[_RED, _GREEN]]
        found[part.index] = now.reindex(part["cell"]).to_numpy(float)
    return found


def _by_rule(
    contrasts: NDArray[np.float64], limits: tuple[float, float], index: dict[str, int]
) -> NDArray[np.int64]:
    red, green = (
        np.nan_to_num(contrasts[:, k], nan=-np.inf) > limits[k] for k in (0, 1)
    )
    excitatory, inhibitory, glia = (index[name] for name in _RULE_CLASSES)
    return np.where(red, np.where(green, excitatory, glia), inhibitory)


def _differences(judged: Judged) -> dict[str, dict[str, float]]:
    return {
        name: {"value": round(one.value, 6), "low": round(one.low, 6),
               "high": round(one.high, 6)}
        for name, one in difference(judged, NEW, OLD).items()
    }  # fmt: skip


def _ends(interval: Any) -> list[float]:
    return [round(interval.low, 6), round(interval.high, 6)]


def _table(
    cells: pd.DataFrame, classes: Sequence[str], chances: dict[str, NDArray[Any]]
) -> pd.DataFrame:
    table = cells[["recording", "cell", "plane", "y", "x", "class"]].copy()
    for name, prefix in ((NEW, ""), (OLD, "old_")):
        if name in chances:
            likeliest = chances[name].argmax(1) if len(cells) else []
            table[f"{prefix}predicted"] = [classes[k] for k in likeliest]
            for k, one in enumerate(classes):
                table[f"{prefix}p_{one}"] = chances[name][:, k]
    table["group"] = cells["unit"]
    return table
