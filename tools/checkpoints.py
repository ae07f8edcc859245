"""Checkpoints of the training tools: one file, replaced whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from pathlib import Path


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
