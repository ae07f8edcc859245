"""The program that trains: a process of its own, which outlives napari."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.retrain.request import SegmenterRequest
from napari_cellid.training.layout import CONSOLE_FILE
from napari_cellid.training.run import Run
from napari_cellid.training.status import last_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_cellid.config import Config
    from napari_cellid.progress import Step
    from napari_cellid.retrain.request import RetrainRequest

#: how much a training gives way to the window (Unix)
_NICE = 10
_POLL_S = 0.1
#: what the commands call that which is trained
_COMMANDS = {"classify": "classifier", "segment": "segmenter"}


@dataclass(frozen=True)
class Estimate:
    """How long a training would take.

    Parameters
    ----------
    seconds
        In all.
    counts
        Whatever else the program said.
    """

    seconds: float
    counts: Mapping[str, Any] = field(default_factory=dict)


def cli_command() -> list[str]:
    """Words that start the command line."""
    return [sys.executable, "-m", "napari_cellid.cli"]


def train_command(study: Path, request: RetrainRequest) -> list[str]:
    """Arguments of the command line that start a training."""
    command = ["train", _COMMANDS[request.task], str(study), "--json"]
    if request.start:
        command += ["--start", request.start]
    if isinstance(request, SegmenterRequest) and request.recordings:
        command += ["--recordings", *request.recordings]
    command += [*_changed(request.settings), *_changed(request.split)]
    return command + (["--run", request.name] if request.name else [])


def _changed(settings: Config) -> list[str]:
    """Words for the settings that are not as they are by default."""
    defaults, words = type(settings)().model_dump(), []
    for name, value in settings.model_dump().items():
        if value != defaults[name]:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def estimate_in_process(words: Sequence[str]) -> Step[Estimate]:
    """Ask a process of its own how long a training would take.

    Parameters
    ----------
    words
        From `train_command`.

    Raises
    ------
    InputError
        If it cannot be trained so; what the program says of it.
    """
    process = _start([*words, "--estimate"], subprocess.PIPE)
    try:
        while process.poll() is None:
            yield Progress("Measuring")
            time.sleep(_POLL_S)
        printed = process.stdout.read() if process.stdout else b""
    finally:
        # also when nobody wants to know any more
        _end(process)
    return _read_estimate(printed.decode("utf-8", "replace"))


def launch(words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a training that goes on when napari ends.

    Parameters
    ----------
    words
        From `train_command`, or those that resume.
    folder
        Of the run; made if need be. What the program prints goes into a file there.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / CONSOLE_FILE).open("ab") as console:
            return _start(words, console)
    except OSError as error:
        raise InputError(
            f"The training cannot be started in {folder} ({error.strerror or error}); "
            "check the permissions and the free room."
        ) from error


def cancel_start(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End a training that has not begun yet, and leave nothing of it."""
    _end(process)
    remove_empty_run(folder)


def remove_empty_run(folder: Path) -> None:
    """Remove the folder of a training that never began."""
    with suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {CONSOLE_FILE}:
            (folder / CONSOLE_FILE).unlink(missing_ok=True)
            folder.rmdir()


def has_started(folder: Path) -> bool:
    """Whether a run says itself how it stands."""
    try:
        return Run.open(folder).state().state != "new"
    except InputError:
        return False


def exit_reason(folder: Path) -> str:
    """Why the program of a run ended early, in one sentence."""
    return last_error(folder / CONSOLE_FILE)


def _start(words: Sequence[str], out: Any) -> subprocess.Popen[bytes]:
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        detached = {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    process = subprocess.Popen(
        [*cli_command(), *words],
        stdin=subprocess.DEVNULL,
        stdout=out,
        # tracebacks go to the file, never to people
        stderr=subprocess.DEVNULL if out == subprocess.PIPE else subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        **detached,
    )
    if sys.platform != "win32":
        # before it has threads: they take over what it has
        with suppress(psutil.Error):
            psutil.Process(process.pid).nice(_NICE)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _read_estimate(printed: str) -> Estimate:
    for line in reversed(printed.splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("event") == "error":
            raise InputError(str(event["message"]))
        if event.get("event") == "result" and "seconds" in event:
            rest = {k: v for k, v in event.items() if k not in ("event", "seconds")}
            return Estimate(float(event["seconds"]), rest)
    raise InputError("How long it takes cannot be told; the training can be started.")
