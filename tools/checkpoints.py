"""Checkpoints of the training tools, and which fields they hold out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from pathlib import Path


def split_fields(fields: Path) -> tuple[list[Path], list[Path]]:
    """Fields to train on, and the last tenth (64 at most), which is held out."""
    paths = sorted(fields.glob("*.npz"))
    held = min(max(len(paths) // 10, 1), 64)
    return paths[:-held], paths[-held:]


def halves(fields: list[Path]) -> tuple[list[Path], list[Path]]:
    """Held-out fields on which a model is adjusted, and others that give figures."""
    return fields[::2], fields[1::2]


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


def resume(work: Path, learners: dict[str, Any]) -> int:
    """Load the last checkpoint, if there is one; returns the steps done."""
    checkpoint = work / "checkpoint.pt"
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    for name, learner in learners.items():
        learner.load_state_dict(state[name])
    return int(state["step"])


def keep(work: Path, learners: dict[str, Any], line: dict[str, Any]) -> None:
    """Write a line of the log and a checkpoint."""
    print(json.dumps(line), flush=True)
    with (work / "log.jsonl").open("a") as log:
        log.write(json.dumps(line) + "\n")
    state = {name: learner.state_dict() for name, learner in learners.items()}
    partial = work / "checkpoint.part"
    torch.save(state | {"step": line["step"]}, partial)
    partial.replace(work / "checkpoint.pt")
