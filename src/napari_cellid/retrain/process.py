"""The training process, which napari starts and which outlives napari."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil

from napari_cellid.errors import InputError, file_reason
from napari_cellid.json_file import parse_json
from napari_cellid.progress import Progress
from napari_cellid.retrain.request import SegmenterRequest
from napari_cellid.training.layout import CONSOLE_FILE
from napari_cellid.training.run import Run
from napari_cellid.training.summary import last_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_cellid.config import Config
    from napari_cellid.progress import Step
    from napari_cellid.retrain.request import RetrainRequest

#: niceness of the training process (Unix)
_NICE = 10
_POLL_S = 0.1
#: command of each task
_COMMANDS = {"classify": "classifier", "segment": "segmenter"}


@dataclass(frozen=True)
class Estimate:
    """The estimated duration of a training.

    Parameters
    ----------
    seconds
        Total duration.
    counts
        Other values that the program printed, such as numbers of cells.
    """

    seconds: float
    counts: Mapping[str, Any] = field(default_factory=dict)


def cli_command() -> list[str]:
    """Return the command that starts the command line."""
    # not the installed script, which need not be on the PATH of a window
    return [sys.executable, "-m", "napari_cellid.cli"]


def train_command(study: Path, request: RetrainRequest) -> list[str]:
    """Return the arguments that start a training from the command line."""
    command = ["train", _COMMANDS[request.task], str(study), "--json"]
    if request.start:
        command += ["--start", request.start]
    if isinstance(request, SegmenterRequest) and request.recordings:
        command += ["--recordings", *request.recordings]
    command += [*_changed(request.settings), *_changed(request.split)]
    return command + (["--run", request.name] if request.name else [])


def _changed(settings: Config) -> list[str]:
    """Return the arguments for settings that differ from their defaults."""
    defaults, words = type(settings)().model_dump(), []
    for name, value in settings.model_dump().items():
        if value != defaults[name]:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def estimate_in_process(words: Sequence[str]) -> Step[Estimate]:
    """Estimate the duration of a training in a separate process.

    Parameters
    ----------
    words
        From `train_command`.

    Raises
    ------
    InputError
        If the training is impossible; the message is that of the program.
    """
    process = _start([*words, "--estimate"], subprocess.PIPE)
    try:
        while process.poll() is None:
            yield Progress("Measuring")
            time.sleep(_POLL_S)
        printed = process.stdout.read() if process.stdout else b""
    finally:
        # also if the estimate was cancelled
        _end(process)
    return _read_estimate(printed.decode("utf-8", "replace"))


def launch(words: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a training that continues when napari ends.

    Parameters
    ----------
    words
        From `train_command`, or the arguments that resume a run.
    folder
        Folder of the run; it is created if needed and receives the printed output.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # appended: a resumed run keeps what it printed before
        with (folder / CONSOLE_FILE).open("ab") as console:
            return _start(words, console)
    except OSError as error:
        raise InputError(
            f"The training cannot be started in {folder} ({file_reason(error)}); "
            "check the permissions and the free disk space."
        ) from error


def cancel_start(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End a training that has not started yet, and remove its folder."""
    _end(process)
    remove_empty_run(folder)


def remove_empty_run(folder: Path) -> None:
    """Remove the folder of a training that never started."""
    with suppress(OSError):
        if {path.name for path in folder.iterdir()} <= {CONSOLE_FILE}:
            (folder / CONSOLE_FILE).unlink(missing_ok=True)
            folder.rmdir()


def has_started(folder: Path) -> bool:
    """Whether the process of a run has written its state."""
    try:
        return Run.open(folder).state().state != "new"
    except InputError:
        return False


def exit_reason(folder: Path) -> str:
    """Return the reason why the process of a run ended early, in one sentence."""
    return last_error(folder / CONSOLE_FILE)


def _start(words: Sequence[str], out: Any) -> subprocess.Popen[bytes]:
    # Ctrl+C in napari's terminal reaches what it started, except a session of its own
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        # without this, a console window would open over napari
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        detached = {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    process = subprocess.Popen(
        [*cli_command(), *words],
        stdin=subprocess.DEVNULL,
        stdout=out,
        # tracebacks go to the file and are never shown
        stderr=subprocess.DEVNULL if out == subprocess.PIPE else subprocess.STDOUT,
        # what a process printed must be in the file even if it is killed
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        **detached,
    )
    if sys.platform != "win32":
        # before it starts threads, which inherit the niceness
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
    # libraries print lines of their own before the result
    for line in reversed(printed.splitlines()):
        try:
            event = parse_json(line)
        except ValueError:
            continue
        if event.get("event") == "error":
            raise InputError(str(event["message"]))
        if event.get("event") == "result" and "seconds" in event:
            rest = {k: v for k, v in event.items() if k not in ("event", "seconds")}
            return Estimate(float(event["seconds"]), rest)
    raise InputError("The duration cannot be estimated; the training can be started.")
