"""A fake `napari-cellid train`, which writes a run folder without training.

STUDY/fake.json sets what it does: epochs, seconds (of an epoch), prepare (seconds
before the run), model (a folder to copy), fail (epoch of an error message), crash
(epoch of an end without a message), refuse (error message before the run starts).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from napari_cellid.training.layout import HELD_OUT_FILE, MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run

CLASSES = ("excitatory", "inhibitory", "glia")
STEPS = 20


def main(arguments: list[str]) -> int:
    """Run the command line."""
    _, command, folder = arguments[:3]
    if command == "resume":
        run = Run.open(Path(folder))
        return train(run, read_options(run.folder.parents[1]))
    study = Path(folder)
    options = read_options(study)
    if options.get("refuse"):
        return refuse(options["refuse"])
    task = "classify" if command == "classifier" else "segment"
    if "--estimate" in arguments:
        held_out = {"held_out": {"cells": 40}, "measured_on": "Held out: animal mb2."}
        counts = {"train": {"cells": 100}, "validation": {"cells": 20}, **held_out}
        print_event({"event": "result", "seconds": 190.0, "device": "CPU", **counts})
        return 0
    name = arguments[arguments.index("--run") + 1]
    time.sleep(options.get("prepare", 0))
    settings = {"arguments": arguments}
    if "--plan" in arguments:
        settings["plan"] = arguments[arguments.index("--plan") + 1]
    elif task == "classify":
        settings["plan"] = "inceptionv3_249"
    about = {"task": task, "settings": settings, "start": {"name": "inception_v3"}}
    return train(Run.create(study / "runs" / name, about), options)


def read_options(study: Path) -> dict:
    path = study / "fake.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def print_event(event: dict) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def refuse(message: str) -> int:
    print_event({"event": "error", "message": message})
    return 2


def train(run: Run, options: dict) -> int:
    epochs, seconds = options.get("epochs", 3), options.get("seconds", 0.1)
    done = [e["epoch"] for e in run.events() if e["event"] == "epoch"]
    first = max(done, default=0) + 1
    run.start()
    run.log({"event": "begin", "epochs": epochs, "first_epoch": first})
    if not done:
        run.log({"event": "epoch", "epoch": 0, "validation": metrics(0, run.task)[1]})
    state = "finished"
    for epoch in range(first, epochs + 1):
        if epoch == options.get("crash") and first == 1:
            os._exit(9)
        if epoch == options.get("fail"):
            message = "The loss is no number any more in epoch 2; train anew."
            run.end("failed", message)
            return refuse(message)
        if train_epoch(run, epoch, epochs, seconds):
            state = "stopped"
            break
        training, validation = metrics(epoch, run.task)
        run.log(
            {
                "event": "epoch", "epoch": epoch, "train": training, "seconds": seconds,
                "validation": validation, "best": epoch != 2,
            }
        )  # fmt: skip
    if options.get("model"):
        shutil.copytree(options["model"], run.folder / MODEL_FOLDER)
    write_report(run)
    run.end(state)
    run.log({"event": "end", "state": state})
    return 0


def train_epoch(run: Run, epoch: int, epochs: int, seconds: float) -> bool:
    for step in range(1, STEPS + 1):
        time.sleep(seconds / STEPS)
        done = (epoch - 1) * STEPS + step
        total = epochs * STEPS
        left = (total - done) * seconds / STEPS
        run.write_progress(
            {
                "stage": "Training", "done": done, "total": total, "epoch": epoch,
                "epochs": epochs, "loss": 1 / epoch, "seconds_left": left,
            }
        )  # fmt: skip
        if run.stop_requested():
            return True
    return False


def metrics(epoch: int, task: str) -> tuple[dict, dict]:
    loss = 0.3 + 0.8 * 0.7**epoch
    right = 0.95 - 0.4 * 0.6**epoch
    if task == "segment":
        return {"loss": loss}, {"loss": loss + 0.05, "dice": right, "f1": right - 0.03}
    validation = {
        "loss": loss + 0.08 + 0.003 * epoch**2,
        "accuracy": right - 0.05,
        "balanced_accuracy": right - 0.08,
    }
    return {"loss": loss, "accuracy": right}, validation


def write_report(run: Run) -> None:
    if run.task == "segment":
        new = {"name": "new", "f1": 0.91, "precision": 0.9, "recall": 0.92, "dice": 0.8}
        run.write_json(
            REPORT_FILE,
            {
                "format": 1, "task": "segment", "measured_on": "fields of animal mb2",
                "new": {**new, "n": 140}, "old": {**new, "f1": 0.8, "n": 140},
                "difference": {"f1": {"value": 0.11, "low": 0.05, "high": 0.17}},
                "original_fields": {
                    "measured_on": "8 simulated fields",
                    "new": {"f1": 0.85}, "old": {"f1": 0.86},
                },
                "notes": [],
            },
        )  # fmt: skip
        return
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
    run.write_json(
        REPORT_FILE,
        {
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
        },
    )  # fmt: skip


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
    sys.exit(main(sys.argv[1:]))
