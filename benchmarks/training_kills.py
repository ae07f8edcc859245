"""Trainings killed at random moments and resumed: whether the weights are the same.

    python benchmarks/training_kills.py [--task segmenter|classifier] [--times 20]

Runs `napari-cellid train` on a small simulated study, once in peace; then again and
again, killed (SIGKILL) at a random moment while it trains (from the first step to the
last, as long as that took in peace), and gone on with by `napari-cellid train resume`,
which is killed now and then, too. Compares the hash of the weights, and the figures of
every epoch. CPU, fp32, the same number of threads.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from napari_cellid.classification.networks import ClassifierConfig, build_network
from napari_cellid.config import VoteConfig
from napari_cellid.models.store import load_card, save_model
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.training.layout import ABOUT_FILE, MODEL_FOLDER
from napari_cellid.training.run import Run

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "retrain"))
from simulated_study import CLASSES, make_study, small

if TYPE_CHECKING:
    from napari_cellid.study.study import Study

COMMAND = [sys.executable, "-m", "napari_cellid.cli", "train"]
QUIET = ["--device", "cpu", "--precision", "fp32", "--quiet"]
WORDS = {
    "segmenter": ["--start", "mine", "--epochs", "8", "--iterations", "40",
                  "--batch-size", "2", "--tile", "96", "--rate", "0.001"],
    "classifier": ["--start", "mine", "--plan", "everything", "--epochs", "8",
                   "--input-size", "48", "--replay", "60", "--rate", "0.001",
                   "--optimiser", "adam"],
}  # fmt: skip


def main() -> None:
    """Train, kill, go on and compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--task", choices=WORDS, default="segmenter")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as scratch:
        study = make_study(Path(scratch) / "study", [small(k) for k in range(5)])
        rule = VoteConfig(rule="majority", min_annotators=1)
        study.save_config(study.config.model_copy(update={"vote": rule}))
        make_model(study.models / "mine", options.task)
        process, folder = begin(study, options.task, "peace")
        begun = time.monotonic()
        while process.poll() is None and not trained(folder, epochs=8):
            time.sleep(0.01)
        whole = time.monotonic() - begun
        finish(process)
        wanted = result(folder)
        print(f"in peace: trained for {whole:.1f} s")
        same = 0
        for k in range(options.times):
            process, folder = begin(study, options.task, f"killed {k}")
            moments = [chance.uniform(0, whole)]
            kills = [kill(process, moments[0], folder)]
            while chance.random() < 0.3:
                moments.append(chance.uniform(3, 3 + whole / 2))
                kills.append(kill(go_on(folder), moments[-1], folder))
            if kills[-1] != "finished":
                finish(go_on(folder))
            equal = result(folder) == wanted
            same += equal
            told = ", ".join(
                f"{m:.1f} s ({what})" for m, what in zip(moments, kills, strict=True)
            )
            print(f"{k + 1}: killed after {told}: {'same' if equal else 'OTHER'}",
                  flush=True)  # fmt: skip
    print(f"{same} of {options.times} have the weights of the one in peace")


def make_model(folder: Path, task: str) -> None:
    """A small network of random weights to start from."""
    torch.manual_seed(0)
    if task == "segmenter":
        shape = UNetConfig(base=8, in_channels=2, dropout=0.2)
        net: torch.nn.Module = UNet(shape)
        card: dict[str, Any] = {
            "task": "segment", "architecture": "unet", "combination": "pair",
            "classes": ("background", "rim", "core"),
        }  # fmt: skip
    else:
        shape = ClassifierConfig(architecture="resnet18")
        net = build_network(shape)
        card = {
            "task": "classify", "architecture": "resnet18", "combination": "rgb",
            "classes": CLASSES, "input_size": 48,
        }  # fmt: skip
    card |= {"name": "mine", "settings": shape.model_dump(), "pixel_size_um": 1.17}
    save_model(folder, card, net.state_dict())


def begin(study: Study, task: str, name: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a training and wait for its first step."""
    folder = study.runs / name
    words = [task, str(study.path), "--run", name, *WORDS[task], *QUIET]
    process = subprocess.Popen([*COMMAND, *words], stderr=subprocess.PIPE)
    while not trains(folder):
        if process.poll() is not None:
            raise SystemExit(process.stderr.read().decode() if process.stderr else "")
        time.sleep(0.01)
    return process, folder


def trains(folder: Path) -> bool:
    """Whether a training takes steps; before that it simulates cells."""
    if not (folder / ABOUT_FILE).exists():
        return False
    return any(event["event"] == "begin" for event in Run.open(folder).events())


def trained(folder: Path, epochs: int) -> bool:
    """Whether the last epoch is over."""
    return any(event.get("epoch") == epochs for event in Run.open(folder).events())


def go_on(folder: Path) -> subprocess.Popen[bytes]:
    """Resume a training."""
    return subprocess.Popen(
        [*COMMAND, "resume", str(folder), *QUIET], stderr=subprocess.PIPE
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a training to end well."""
    _, said = process.communicate()
    if process.returncode:
        raise SystemExit(said.decode())


def kill(process: subprocess.Popen[bytes], after: float, folder: Path) -> str:
    """Kill a training after a time (s); say what it had come to."""
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    run = Run.open(folder)
    if run.state().state == "finished":
        return "finished"
    epochs = [e["epoch"] for e in run.events() if e["event"] == "epoch"]
    return f"epoch {max(epochs) + 1}" if epochs else "before the first epoch"


def result(folder: Path) -> tuple[str, str]:
    """Hash of the final weights, and the figures of all epochs."""
    events = {e["epoch"]: e for e in Run.open(folder).events() if e["event"] == "epoch"}
    figures = [
        {k: v for k, v in events[n].items() if k not in ("time", "seconds")}
        for n in sorted(events)
    ]
    return load_card(folder / MODEL_FOLDER).weights_sha256, json.dumps(figures)


if __name__ == "__main__":
    main()
