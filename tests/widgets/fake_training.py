"""The command line, whose trainings have a learner of one number.

The command, the job, the loop and the folder of the run are those of the package; the
data, the network and the figures are made up, and no torch is needed.

STUDY/fake.json sets what it does: epochs, seconds (of an epoch), hold (epoch in which
it waits for a file STUDY/go), prepare (seconds before the run), model (a folder to
copy), fail (epoch whose loss is not finite), crash (epoch of an end without a message),
refuse (error message before the run starts).
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from napari_cellid.cli import main
from napari_cellid.errors import InputError
from napari_cellid.retrain import job
from napari_cellid.retrain.task import PreparedRun, TaskResult, TrainingEstimate
from napari_cellid.training import loop
from napari_cellid.training.layout import HELD_OUT_FILE, MODEL_FOLDER
from napari_cellid.training.learner import StepMetrics
from napari_cellid.training.loop import LoopConfig
from napari_cellid.training.run import Run

CLASSES = ("excitatory", "inhibitory", "glia")
STEPS, CELLS = 20, 1000
MAIN_METRIC = {"classify": "balanced_accuracy", "segment": "f1"}


class FakeTask:
    """A task of the retraining job whose learner has one number."""

    def __init__(self, name: str) -> None:
        self.name = name

    def prepare(self, study: Any, request: Any) -> PreparedRun:
        options = read_options(study.path)
        if options.get("refuse"):
            raise InputError(options["refuse"])
        time.sleep(options.get("prepare", 0))
        asked = {"recordings": getattr(request, "recordings", ())}
        return PreparedRun({"name": "inception_v3"}, {"data": asked})

    def estimate(self, study: Any, request: Any, device: Any):
        yield from ()
        if message := read_options(study.path).get("refuse"):
            raise InputError(message)
        cells = {"train": 100, "validation": 20, "held_out": 40}
        counts = {role: {"cells": n} for role, n in cells.items()}
        return TrainingEstimate(190.0, "Held out: animal mb2.", counts)

    def run(self, study: Any, run: Run, device: Any):
        options = read_options(study.path)
        learner = FakeLearner(self.name, options, study.path / "go")
        length = LoopConfig(
            options.get("epochs", 3), metric=MAIN_METRIC[self.name], higher=True
        )
        trained = yield from loop.train(learner, run, length)
        if options.get("model"):
            shutil.copytree(options["model"], run.folder / MODEL_FOLDER)
        report = (
            segmenter_report() if self.name == "segment" else classifier_report(run)
        )
        return TaskResult(trained.state, trained.best_epoch, report)


class FakeLearner:
    """Learns how many epochs it was trained for."""

    steps_per_epoch = STEPS

    def __init__(self, task: str, options: dict, go: Path) -> None:
        self.task, self.options, self.go = task, options, go
        self.epoch, self.resumed = 0, False

    def step(self, epoch: int, index: int) -> StepMetrics:
        if epoch == self.options.get("crash") and not self.resumed:
            os._exit(9)
        time.sleep(self.options.get("seconds", 0.1) / STEPS)
        while epoch == self.options.get("hold") and index and not self.go.exists():
            time.sleep(0.01)
        self.epoch = epoch
        values = metrics(epoch, self.task)[0]
        failed = epoch == self.options.get("fail")
        loss = math.nan if failed else values["loss"]
        correct = round(values["accuracy"] * CELLS) if "accuracy" in values else -1
        return StepMetrics(loss, CELLS, correct)

    def validate(self) -> dict[str, float]:
        return metrics(self.epoch, self.task)[1]

    def end_of_training(self) -> None:
        """There is nothing to finish."""

    def state(self) -> dict:
        return {"epoch": self.epoch}

    def load(self, state: Any) -> None:
        self.epoch, self.resumed = state["epoch"], True

    weights, load_weights = state, load


def save_numbers(path: Path, tensors: dict, about: dict) -> None:
    """Stand in for `save_tensors`, which needs torch and seconds to import it."""
    path.write_text(json.dumps([tensors, about]), "utf-8")


def load_numbers(path: Path) -> tuple[dict, dict]:
    tensors, about = json.loads(path.read_text("utf-8"))
    return tensors, about


def read_options(study: Path) -> dict:
    path = study / "fake.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def metrics(epoch: int, task: str) -> tuple[dict, dict]:
    loss = 0.3 + 0.8 * 0.7**epoch
    right = 0.95 - 0.4 * 0.6**epoch
    if epoch == 2:
        right -= 0.2  # an epoch that is not the best so far
    if task == "segment":
        return {"loss": loss}, {"loss": loss + 0.05, "dice": right, "f1": right - 0.03}
    validation = {
        "loss": loss + 0.08 + 0.003 * epoch**2,
        "accuracy": right - 0.05,
        "balanced_accuracy": right - 0.08,
    }
    return {"loss": loss, "accuracy": right}, validation


def segmenter_report() -> dict:
    new = {"name": "new", "f1": 0.91, "precision": 0.9, "recall": 0.92, "dice": 0.8}
    return {
        "format": 1, "task": "segment", "measured_on": "fields of animal mb2",
        "new": {**new, "n": 140}, "old": {**new, "f1": 0.8, "n": 140},
        "difference": {"f1": {"value": 0.11, "low": 0.05, "high": 0.17}},
        "original_fields": {
            "measured_on": "8 simulated fields",
            "new": {"f1": 0.85}, "old": {"f1": 0.86},
        },
        "notes": [],
    }  # fmt: skip


def classifier_report(run: Run) -> dict:
    """Write a table of held-out cells, and return the figures of it."""
    import numpy as np
    import pandas as pd

    cells = pd.read_csv(run.folder.parents[1] / "recordings" / "b2" / "cells.csv")
    rng = np.random.default_rng(0)
    truth = cells["predicted"].to_numpy()
    table = pd.DataFrame(
        {
            "recording": "b2", "cell": cells["cell"], "plane": cells["plane"],
            "y": cells["y"], "x": cells["x"], "class": truth,
        }
    )  # fmt: skip
    for prefix, right in (("", 0.9), ("old_", 0.8)):
        predicted = [
            name if rng.random() < right else CLASSES[rng.integers(3)] for name in truth
        ]
        # at least two cells of a class are classified wrongly, in small studies, too
        for row in [k for k, name in enumerate(truth) if name == CLASSES[0]][:2]:
            predicted[row] = CLASSES[1]
        table[f"{prefix}predicted"] = predicted
        probabilities = rng.random((len(truth), 3)) / 4
        columns = [CLASSES.index(name) for name in predicted]
        probabilities[np.arange(len(truth)), columns] += 1
        probabilities /= probabilities.sum(1, keepdims=True)
        for k, name in enumerate(CLASSES):
            table[f"{prefix}p_{name}"] = probabilities[:, k]
    table["group"] = "mb2"
    table.to_csv(run.folder / HELD_OUT_FILE, index=False)
    return {
        "format": 1, "task": "classify", "n_cells": len(table),
        "measured_on": "Held out: animal mb2.",
        "groups": ["mb2"], "classes": list(CLASSES),
        "new": model_metrics(table, "predicted", "new"),
        "old": model_metrics(table, "old_predicted", "inception_v3"),
        "floor": model_metrics(table.assign(f=truth[::-1]), "f", "two thresholds"),
        "difference": {
            "balanced_accuracy": {"value": 0.06, "low": 0.02, "high": 0.11}
        },
        "experts": {
            "alpha": 0.81, "accuracy": 0.93,
            "text": "Krippendorff's alpha of the people is 0.81.",
        },
        "notes": ["Simulated cells were mixed in."],
    }  # fmt: skip


def model_metrics(table: Any, column: str, name: str) -> dict:
    import numpy as np
    import pandas as pd

    matrix = pd.crosstab(table["class"], table[column])
    matrix = matrix.reindex(index=CLASSES, columns=CLASSES, fill_value=0)
    by_class = {}
    for k, class_name in enumerate(CLASSES):
        correct = int(matrix.iloc[k, k])
        n, predicted = int(matrix.iloc[k].sum()), int(matrix.iloc[:, k].sum())
        sensitivity, precision = correct / max(n, 1), correct / max(predicted, 1)
        others = len(table) - n
        by_class[class_name] = {
            "n": n, "sensitivity": sensitivity, "precision": precision,
            "specificity": (others - predicted + correct) / max(others, 1),
            "f1": 2 * correct / max(n + predicted, 1),
        }  # fmt: skip
    right = float((table["class"] == table[column]).mean())
    balanced = float(np.mean([metrics["sensitivity"] for metrics in by_class.values()]))
    return {
        "name": name, "accuracy": right, "balanced_accuracy": balanced,
        "kappa": right - 0.1, "macro_f1": balanced, "ece": 0.04, "n": len(table),
        "by_class": by_class, "confusion": matrix.to_numpy().tolist(),
        "intervals": {"balanced_accuracy": [balanced - 0.05, balanced + 0.04]},
    }  # fmt: skip


if __name__ == "__main__":
    job.TASKS.update({name: FakeTask(name) for name in MAIN_METRIC})
    job.choose_device = lambda config: "CPU"
    loop.save_tensors, loop.load_tensors = save_numbers, load_numbers
    sys.exit(main(sys.argv[1:]))
