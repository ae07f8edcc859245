"""Checkpoints of the training tools, held-out fields, and runs of these tools."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path


def split_fields(
    fields: Path, held_out: Path | None = None
) -> tuple[list[Path], list[Path]]:
    """Fields to train on, and others that are held out.

    These are in a folder of their own; without one they are the last tenth, 64 at most.
    """
    paths = sorted(fields.glob("*.npz"))
    if held_out is not None:
        return paths, sorted(held_out.glob("*.npz"))
    held = min(max(len(paths) // 10, 1), 64)
    return paths[:-held], paths[-held:]


def spread(fields: list[Path], n: int | None) -> list[Path]:
    """`n` of the fields, evenly spread over them; all without `n`."""
    if n is None or n >= len(fields):
        return fields
    return [fields[k * len(fields) // n] for k in range(n)]


def halves(fields: list[Path]) -> tuple[list[Path], list[Path]]:
    """Held-out fields on which a model is adjusted, and others that give figures."""
    return fields[::2], fields[1::2]


def own_folder(work: Path, variant: dict[str, Any], options: Namespace) -> Path:
    """Folder of a training; another variant, or other fields, has another one."""
    training, _ = split_fields(options.fields)
    about = [variant, options.steps, [path.name for path in training]]
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return work / digest[:12]


def run_training(
    tool: str, work: Path, options: Namespace, settings: list[str]
) -> float:
    """Run a training tool in a process of its own; returns the minutes that it took.

    Parameters
    ----------
    tool
        Name of the tool.
    work
        Folder of its checkpoint; a finished training ends at once.
    options
        `fields` is read.
    settings
        Further options of the tool.
    """
    command = [sys.executable, "-m", f"tools.training.{tool}"]
    command += ["--fields", str(options.fields), "--work", str(work), *settings]
    begun = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return round((time.monotonic() - begun) / 60, 1)


def as_options(settings: dict[str, Any]) -> list[str]:
    """Settings as command-line options; True stands for an option without a value."""
    options = []
    for name, value in settings.items():
        options += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return options


def mean_weights(work: Path) -> dict[str, torch.Tensor]:
    """Mean of the weights over the last steps, from the checkpoint in a folder."""
    state = torch.load(work / "checkpoint.pt", weights_only=True)["mean"]
    prefix = "module."
    return {
        name.removeprefix(prefix): value
        for name, value in state.items()
        if name.startswith(prefix)
    }


def steps_done(work: Path) -> int:
    """Steps that the checkpoint in a folder has behind it."""
    return int(torch.load(work / "checkpoint.pt", weights_only=True)["step"])


def resume(work: Path, learners: dict[str, Any], held_out: list[Path]) -> int:
    """Load the last checkpoint, if there is one; returns the steps done.

    Raises
    ------
    SystemExit
        If it learned from fields that are held out now, or other steps were planned.
    """
    checkpoint = work / "checkpoint.pt"
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    held = {path.name for path in held_out}
    if seen := sorted(held & set(state.get("trained_on", ()))):
        raise SystemExit(
            f"{checkpoint} learned from {len(seen)} of the fields that are held out "
            f"now, such as {seen[0]}; train in another folder."
        )
    planned, asked = state["schedule"]["total_steps"], learners["schedule"].total_steps
    if planned != asked:
        raise SystemExit(
            f"{checkpoint} was begun for {planned} steps, and {asked} are asked for; "
            "train in another folder."
        )
    for name, learner in learners.items():
        learner.load_state_dict(state[name])
    return int(state["step"])


def keep(
    work: Path, learners: dict[str, Any], line: dict[str, Any], known: list[Path]
) -> None:
    """Write a line of the log and a checkpoint, with the fields it learned from."""
    print(json.dumps(line), flush=True)
    with (work / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
    state = {name: learner.state_dict() for name, learner in learners.items()}
    partial = work / "checkpoint.part"
    trained_on = [path.name for path in known]
    torch.save(state | {"step": line["step"], "trained_on": trained_on}, partial)
    partial.replace(work / "checkpoint.pt")
