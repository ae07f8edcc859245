"""Stands in for `napari-cellid train`: quick, and as good or bad as it is told.

What it does is in STUDY/fake.json: epochs, seconds (an epoch), fail (says so and ends),
crash (ends without a word in that epoch), refuse (before anything is begun).
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


def main(words: list[str]) -> int:
    """Do what the words say."""
    _, what, place = words[:3]
    if what == "resume":
        run = Run.open(Path(place))
        return train(run, plan_of(run.folder.parents[1]))
    study = Path(place)
    plan = plan_of(study)
    if plan.get("refuse"):
        return refuse(plan["refuse"])
    task = "classify" if what == "classifier" else "segment"
    if "--estimate" in words:
        held = {"held_out": {"cells": 40}, "measured_on": "Held out: animal mb2."}
        counts = {"train": {"cells": 100}, "validation": {"cells": 20}, **held}
        write_answers({"event": "result", "seconds": 190.0, "device": "CPU", **counts})
        return 0
    name = words[words.index("--run") + 1]
    time.sleep(plan.get("prepare", 0))
    settings = {"words": words}
    if "--plan" in words:
        settings["plan"] = words[words.index("--plan") + 1]
    elif task == "classify":
        settings["plan"] = "inceptionv3_249"
    about = {"task": task, "settings": settings, "start": {"name": "inception_v3"}}
    return train(Run.create(study / "runs" / name, about), plan)


def plan_of(study: Path) -> dict:
    path = study / "fake.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write_answers(event: dict) -> None:
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def refuse(why: str) -> int:
    write_answers({"event": "error", "message": why})
    return 2


def train(run: Run, plan: dict) -> int:
    epochs, seconds = plan.get("epochs", 3), plan.get("seconds", 0.1)
    done = [e["epoch"] for e in run.events() if e["event"] == "epoch"]
    first = max(done, default=0) + 1
    run.start()
    run.log({"event": "begin", "epochs": epochs, "first_epoch": first})
    if not done:
        run.log({"event": "epoch", "epoch": 0, "validation": figures(0, run.task)[1]})
    state = "finished"
    for epoch in range(first, epochs + 1):
        if epoch == plan.get("crash") and first == 1:
            os._exit(9)
        if epoch == plan.get("fail"):
            why = "The loss is no number any more in epoch 2; train anew."
            run.end("failed", why)
            return refuse(why)
        if one_epoch(run, epoch, epochs, seconds):
            state = "stopped"
            break
        train_, validation = figures(epoch, run.task)
        run.log(
            {
                "event": "epoch", "epoch": epoch, "train": train_, "seconds": seconds,
                "validation": validation, "best": epoch != 2,
            }
        )  # fmt: skip
    if plan.get("model"):
        shutil.copytree(plan["model"], run.folder / MODEL_FOLDER)
    report(run)
    run.end(state)
    run.log({"event": "end", "state": state})
    return 0


def one_epoch(run: Run, epoch: int, epochs: int, seconds: float) -> bool:
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


def figures(epoch: int, task: str) -> tuple[dict, dict]:
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


def report(run: Run) -> None:
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
        told = [
            one if rng.random() < right else CLASSES[rng.integers(3)] for one in truth
        ]
        # and two of a class are surely taken for another, however many cells there are
        for row in [k for k, one in enumerate(truth) if one == CLASSES[0]][:2]:
            told[row] = CLASSES[1]
        table[f"{prefix}predicted"] = told
        chances = rng.random((len(truth), 3)) / 4
        chances[np.arange(len(truth)), [CLASSES.index(t) for t in told]] += 1
        chances /= chances.sum(1, keepdims=True)
        for k, name in enumerate(CLASSES):
            table[f"{prefix}p_{name}"] = chances[:, k]
    table["group"] = "mb2"
    table.to_csv(run.folder / HELD_OUT_FILE, index=False)
    run.write_json(
        REPORT_FILE,
        {
            "format": 1, "task": "classify", "n_cells": len(table),
            "measured_on": "Held out: animal mb2.",
            "groups": ["mb2"], "classes": list(CLASSES),
            "new": of_model(table, "predicted", "new"),
            "old": of_model(table, "old_predicted", "inception_v3"),
            "floor": of_model(table.assign(f=truth[::-1]), "f", "two thresholds"),
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


def of_model(table: Any, column: str, name: str) -> dict:
    import numpy as np
    import pandas as pd

    matrix = pd.crosstab(table["class"], table[column])
    matrix = matrix.reindex(index=CLASSES, columns=CLASSES, fill_value=0)
    by_class = {}
    for k, one in enumerate(CLASSES):
        hit = int(matrix.iloc[k, k])
        n, told = int(matrix.iloc[k].sum()), int(matrix.iloc[:, k].sum())
        sensitivity, precision = hit / max(n, 1), hit / max(told, 1)
        rest = len(table) - n
        by_class[one] = {
            "n": n, "sensitivity": sensitivity, "precision": precision,
            "specificity": (rest - told + hit) / max(rest, 1),
            "f1": 2 * hit / max(n + told, 1),
        }  # fmt: skip
    right = float((table["class"] == table[column]).mean())
    balanced = float(np.mean([one["sensitivity"] for one in by_class.values()]))
    return {
        "name": name, "accuracy": right, "balanced_accuracy": balanced,
        "kappa": right - 0.1, "macro_f1": balanced, "ece": 0.04, "n": len(table),
        "by_class": by_class, "confusion": matrix.to_numpy().tolist(),
        "intervals": {"balanced_accuracy": [balanced - 0.05, balanced + 0.04]},
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
