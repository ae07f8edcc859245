"""A training as a folder: what was asked for, what happened, how far it came."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write
from napari_cellid.training.process import is_running

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

ABOUT_FILE, LOG_FILE, PROGRESS_FILE, STATE_FILE, STOP_FILE = (
    "run.json", "log.jsonl", "progress.json", "state.json", "stop",
)  # fmt: skip
CHECKPOINT_FILE, BEST_FILE = "checkpoint.safetensors", "best.safetensors"
MODEL_FOLDER, REPORT_FILE, HELD_OUT_FILE = "model", "report.json", "held_out.csv"

State = Literal["new", "running", "stopped", "finished", "failed", "interrupted"]
#: seconds without a sign of life after which a run on another computer is given up
SILENT_S = 600.0
#: seconds between two writings of progress.json
_PROGRESS_S = 0.5


@dataclass(frozen=True)
class RunState:
    """How a training stands.

    Parameters
    ----------
    state
        new, running, stopped, finished, failed, or interrupted: it says that it runs,
        but its process is gone.
    error
        Why it failed, one sentence.
    pid, host
        Process that trains, and its computer.
    started, beat
        Time when that process began with it, and of its last sign of life, in seconds
        since 1970.
    """

    state: State = "new"
    error: str = ""
    pid: int = 0
    host: str = ""
    started: float = 0.0
    beat: float = 0.0


class Run:
    """The folder of one training.

    Parameters
    ----------
    folder
        `STUDY/runs/<name>`.
    about
        What `run.json` says: settings, start, data.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.folder = folder
        self.about = dict(about)
        self._state = RunState()
        self._written = 0.0

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def task(self) -> str:
        """What is trained: classify or segment."""
        return str(self.about.get("task", ""))

    @classmethod
    def create(cls, folder: Path, about: Mapping[str, Any]) -> Self:
        """Begin a run in a folder that holds none yet.

        Raises
        ------
        InputError
            If there is a run already, or the folder cannot be written.
        """
        if (folder / ABOUT_FILE).exists():
            raise InputError(
                f"{folder} is a training already; resume it, or give another name."
            )
        run = cls(folder, {"format": 1, **about, "made": _now()})
        run.write_json(ABOUT_FILE, run.about)
        return run

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a run that was begun.

        Raises
        ------
        InputError
            If the folder holds none, or its description is broken.
        """
        path = folder / ABOUT_FILE
        try:
            about = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise InputError(
                f"{folder} is no training, for it has no {ABOUT_FILE}; choose a folder "
                "in the runs of a study."
            ) from error
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} cannot be read ({error}); choose another training."
            ) from error
        if not isinstance(about, dict) or about.get("format") != 1:
            raise InputError(
                f"{path} is not the description of a training of this version; update "
                "napari-cellid, or choose another training."
            )
        return cls(folder, about)

    def start(self) -> None:
        """Say that this process trains now; an earlier request to stop is void.

        Raises
        ------
        InputError
            If another process trains in this folder.
        """
        now = self.state()
        if now.state == "running" and now.pid != os.getpid():
            raise InputError(
                f"The training {self.name} is under way in process {now.pid} on "
                f"{now.host}; wait for it, or stop it first."
            )
        if now.state != "running":
            # else it is this process that was asked, while it prepared
            self._remove(STOP_FILE)
            # what a process that was killed had begun to write
            self._remove(*(path.name for path in self.folder.glob(".*.*.*")))
        beat = time.time()
        self._state = RunState("running", "", os.getpid(), platform.node(), beat, beat)
        self._write_state()

    def end(self, state: State, error: str = "") -> None:
        """Say how the training ended."""
        before = self._state
        self._state = RunState(
            state, error, before.pid, before.host, before.started, time.time()
        )
        self._write_state()
        self._remove(PROGRESS_FILE, STOP_FILE)

    def state(self) -> RunState:
        """How the training stands, seen from outside."""
        try:
            found = RunState(
                **json.loads((self.folder / STATE_FILE).read_text("utf-8"))
            )
        except (OSError, ValueError, TypeError):
            return RunState()
        if found.state not in get_args(State):
            return RunState()
        if found.state == "running" and not _alive(found, self._heartbeat()):
            return RunState(**{**vars(found), "state": "interrupted"})
        return found

    def request_stop(self) -> None:
        """Ask the process that trains to stop at its next step, keeping the best.

        Raises
        ------
        InputError
            If the folder cannot be written.
        """
        try:
            (self.folder / STOP_FILE).touch()
        except OSError as error:
            raise InputError(
                f"{self.folder} cannot be written ({error.strerror}); check its "
                "permissions."
            ) from error

    def stop_requested(self) -> bool:
        """Whether somebody asked to stop."""
        return (self.folder / STOP_FILE).exists()

    def log(self, event: Mapping[str, Any]) -> None:
        """Add a line to the log, on disk when this returns."""
        line = json.dumps({**event, "time": _now()}, ensure_ascii=False) + "\n"
        with _write_errors(self.folder), (self.folder / LOG_FILE).open("a+b") as f:
            if f.tell():
                f.seek(-1, os.SEEK_END)
                # a line that was cut short must not take this one with it
                line = line if f.read(1) == b"\n" else f"\n{line}"
            f.write(line.encode(errors="replace"))
            f.flush()
            os.fsync(f.fileno())

    def events(self) -> list[dict[str, Any]]:
        """Lines of the log; one that was cut short is left out."""
        try:
            text = (self.folder / LOG_FILE).read_bytes()
        except OSError:
            return []
        found = []
        for line in text.split(b"\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                found.append(event)
        return found

    def write_progress(self, progress: Mapping[str, Any], *, now: bool = False) -> None:
        """Write how far the training is, at most twice a second unless `now`.

        Where that fails the training goes on: the next checkpoint or line of the log
        says whether there is something wrong.
        """
        if now or time.monotonic() - self._written >= _PROGRESS_S:
            self._written = time.monotonic()
            values = {**progress, "beat": time.time()}
            with suppress(InputError):
                self.write_json(PROGRESS_FILE, values, indent=None)

    def progress(self) -> dict[str, Any]:
        """How far the training is; empty where that is not known."""
        try:
            found = json.loads((self.folder / PROGRESS_FILE).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_json(
        self, name: str, values: Mapping[str, Any], indent: int | None = 2
    ) -> None:
        """Write a file of the run, whole.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        text = json.dumps(dict(values), indent=indent, ensure_ascii=False)
        with _write_errors(self.folder), atomic_write(self.folder / name) as path:
            path.write_text(text + "\n", "utf-8", newline="\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a file of the run; empty where it is not there or broken."""
        try:
            found = json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _heartbeat(self) -> float:
        try:
            return (self.folder / PROGRESS_FILE).stat().st_mtime
        except OSError:
            return 0.0

    def _write_state(self) -> None:
        self.write_json(STATE_FILE, vars(self._state))

    def _remove(self, *names: str) -> None:
        with _write_errors(self.folder):
            for name in names:
                (self.folder / name).unlink(missing_ok=True)


def list_runs(parent: Path) -> list[Run]:
    """Trainings in the folder `runs` of a study, the newest first.

    One that cannot be read is left out and logged.
    """
    found = []
    for path in parent.glob(f"*/{ABOUT_FILE}") if parent.is_dir() else ():
        try:
            found.append(Run.open(path.parent))
        except InputError as error:
            logger.warning("%s", error)
    return sorted(found, key=lambda run: (run.about.get("made", ""), run.name))[::-1]


def new_run_name(parent: Path, task: str) -> str:
    """Name for a new training: what is trained and when, with a number if taken."""
    word = {"classify": "classes", "segment": "outlines"}.get(task, task)
    stem = f"{word} {datetime.now().astimezone():%Y-%m-%d %H.%M}"
    name, k = stem, 2
    while (parent / name).exists():
        name, k = f"{stem} ({k})", k + 1
    return name


def _alive(state: RunState, beat: float) -> bool:
    if state.host == platform.node():
        return is_running(state.pid, state.started)
    return time.time() - max(beat, state.beat) < SILENT_S


class _write_errors:
    """Turn errors of writing into one sentence."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError):
            raise InputError(
                f"The training cannot be written to {self._folder} "
                f"({error.strerror or error}); make room, or check the permissions. "
                "Models that were there are as they were."
            ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
