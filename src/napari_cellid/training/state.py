"""The state of a run: running, stopped, finished, failed or interrupted."""

from __future__ import annotations

import math
import platform
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from napari_cellid.json_file import read_json
from napari_cellid.liveness import is_running

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

    @property
    def process(self) -> str:
        """The process that trains, for messages."""
        return f"process {self.pid} on {self.host}"

    @property
    def clock_note(self) -> str:
        """What is wrong with its times, as a clause; "" if they are in the past."""
        latest = max(self.started, self.beat)
        if latest <= time.time() + SILENT_S:
            return ""
        return (
            f", but its time of {_time_text(latest)} lies in the future: the clock of "
            f"that computer or of this one ({_time_text(time.time())}) is wrong"
        )


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
        state = RunState(**read_json(path))
    except (OSError, ValueError, TypeError):
        return RunState()
    numbers = (state.pid, state.started, state.beat)
    if state.state not in get_args(State) or not all(map(_is_number, numbers)):
        return RunState()
    if state.state == "running" and not _is_alive(state, heartbeat):
        return replace(state, state="interrupted")
    return state


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def heartbeat(progress: Path) -> float:
    """Time of the last heartbeat (s since 1970) of a run; 0 if unknown.

    Parameters
    ----------
    progress
        The run's `progress.json`.
    """
    try:
        return progress.stat().st_mtime
    except OSError:
        return 0.0


def _time_text(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g} s"


def _is_alive(state: RunState, heartbeat: float) -> bool:
    if state.host == platform.node():
        return is_running(state.pid, state.started)
    return time.time() - max(heartbeat, state.beat) < SILENT_S
