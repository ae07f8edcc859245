"""The state of a run: running, stopped, finished, failed or interrupted."""

from __future__ import annotations

import json
import platform
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from napari_cellid.training.liveness import is_running

if TYPE_CHECKING:
    from pathlib import Path

State = Literal["new", "running", "stopped", "finished", "failed", "interrupted"]
#: seconds without a heartbeat after which a run on another computer is interrupted
SILENT_S = 600.0


@dataclass(frozen=True)
class RunState:
    """State of a run.

    Parameters
    ----------
    state
        new, running, stopped, finished, failed, or interrupted (the process ended
        without an end of the run).
    error
        Reason of a failure, one sentence.
    pid, host
        Number of the training process, and the name of its computer.
    started, beat
        Times of the start and of the last heartbeat of that process, in seconds since
        1970.
    """

    state: State = "new"
    error: str = ""
    pid: int = 0
    host: str = ""
    started: float = 0.0
    beat: float = 0.0


def read_state(path: Path, heartbeat: float) -> RunState:
    """Read the state of a run; new where the file is missing or broken.

    Parameters
    ----------
    path
        The run's `state.json`.
    heartbeat
        Time of the last known heartbeat, in seconds since 1970; 0 if unknown.
    """
    try:
        state = RunState(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return RunState()
    if state.state not in get_args(State):
        return RunState()
    if state.state == "running" and not _is_alive(state, heartbeat):
        return replace(state, state="interrupted")
    return state


def _is_alive(state: RunState, heartbeat: float) -> bool:
    if state.host == platform.node():
        return is_running(state.pid, state.started)
    return time.time() - max(heartbeat, state.beat) < SILENT_S
