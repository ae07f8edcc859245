"""The folder of a run: settings, log, progress and state of one training."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write
from napari_cellid.training.layout import (
    ABOUT_FILE,
    LOG_FILE,
    PROGRESS_FILE,
    STATE_FILE,
    STOP_FILE,
)
from napari_cellid.training.state import RunState, State, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)

#: seconds between two writings of progress.json
_PROGRESS_S = 0.5


class Run:
    """The folder of one training.

    Parameters
    ----------
    folder
        `STUDY/runs/<name>`.
    about
        Contents of `run.json`: task, settings, starting weights, data.
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
        """Task of the model: classify or segment."""
        return str(self.about.get("task", ""))

    @classmethod
    def create(cls, folder: Path, about: Mapping[str, Any]) -> Self:
        """Create a run in a folder that has none yet.

        Raises
        ------
        InputError
            If there is a run already, or the folder cannot be written to.
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
        """Open the run in a folder.

        Raises
        ------
        InputError
            If there is no run, or its `run.json` is broken.
        """
        path = folder / ABOUT_FILE
        try:
            about = json.loads(path.read_text("utf-8"))
        except FileNotFoundError as error:
            raise InputError(
                f"{folder} is not the folder of a training, because it has no "
                f"{ABOUT_FILE}; choose a folder in the runs of a study."
            ) from error
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} cannot be read ({error}); choose another training."
            ) from error
        if not isinstance(about, dict) or about.get("format") != 1:
            raise InputError(
                f"{path} was not written by this version; update napari-cellid, or "
                "choose another training."
            )
        return cls(folder, about)

    def start(self) -> None:
        """Mark the run as running in this process and drop an earlier stop request.

        Raises
        ------
        InputError
            If another process is training in this folder.
        """
        before = self.state()
        if before.state == "running" and before.pid != os.getpid():
            raise InputError(
                f"The training {self.name} is running in process {before.pid} on "
                f"{before.host}; wait for it, or stop it first."
            )
        # while this process prepares, a request to stop is meant for it and stays
        if before.state != "running":
            self._remove(STOP_FILE)
            # temporary files of a process that was killed
            self._remove(*(path.name for path in self.folder.glob(".*.*.*")))
        now = time.time()
        self._state = RunState("running", "", os.getpid(), platform.node(), now, now)
        self._write_state()

    def end(self, state: State, error: str = "") -> None:
        """Mark the run as ended.

        Parameters
        ----------
        state
            finished, stopped or failed.
        error
            Reason of a failure, one sentence.
        """
        self._state = replace(self._state, state=state, error=error, beat=time.time())
        self._write_state()
        self._remove(PROGRESS_FILE, STOP_FILE)

    def state(self) -> RunState:
        """State of the run on disk; any process may ask for it."""
        return read_state(self.folder / STATE_FILE, self._heartbeat())

    def request_stop(self) -> None:
        """Ask the training process to stop at its next step and keep the best epoch.

        Raises
        ------
        InputError
            If the folder cannot be written to.
        """
        try:
            (self.folder / STOP_FILE).touch()
        except OSError as error:
            raise InputError(
                f"{self.folder} cannot be written ({error.strerror}); check its "
                "permissions."
            ) from error

    def stop_requested(self) -> bool:
        """Whether there is a request to stop."""
        return (self.folder / STOP_FILE).exists()

    def log(self, event: Mapping[str, Any]) -> None:
        """Append an event to the log; it is flushed to the disk before this returns."""
        line = json.dumps({**event, "time": _now()}, ensure_ascii=False) + "\n"
        with _write_errors(self.folder), (self.folder / LOG_FILE).open("a+b") as f:
            if f.tell():
                f.seek(-1, os.SEEK_END)
                # an incomplete last line must not spoil this one
                line = line if f.read(1) == b"\n" else f"\n{line}"
            f.write(line.encode(errors="replace"))
            f.flush()
            os.fsync(f.fileno())

    def events(self) -> list[dict[str, Any]]:
        """Events of the log; incomplete lines are skipped."""
        try:
            text = (self.folder / LOG_FILE).read_bytes()
        except OSError:
            return []
        events = []
        for line in text.split(b"\n"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
        return events

    def write_progress(self, progress: Mapping[str, Any], *, now: bool = False) -> None:
        """Write the progress and a heartbeat, at most twice a second unless `now`.

        The training continues if this fails: a lasting problem shows at the next
        checkpoint or line of the log.
        """
        if now or time.monotonic() - self._written >= _PROGRESS_S:
            self._written = time.monotonic()
            values = {**progress, "beat": time.time()}
            with suppress(InputError):
                self.write_json(PROGRESS_FILE, values, indent=None)

    def progress(self) -> dict[str, Any]:
        """Progress of the training; empty if unknown."""
        return self.read_json(PROGRESS_FILE)

    def write_json(
        self, name: str, values: Mapping[str, Any], indent: int | None = 2
    ) -> None:
        """Write a JSON file of the run, atomically.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        text = json.dumps(dict(values), indent=indent, ensure_ascii=False)
        with _write_errors(self.folder), atomic_write(self.folder / name) as path:
            path.write_text(text + "\n", "utf-8", newline="\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the run; empty if it is missing or broken."""
        try:
            values = json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _heartbeat(self) -> float:
        """Time of the last heartbeat (s since 1970); 0 if unknown."""
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
    """Runs in the folder `runs` of a study, newest first.

    Runs that cannot be read are skipped and logged.
    """
    runs = []
    for path in parent.glob(f"*/{ABOUT_FILE}") if parent.is_dir() else ():
        try:
            runs.append(Run.open(path.parent))
        except InputError as error:
            logger.warning("%s", error)
    return sorted(runs, key=lambda run: (run.about.get("made", ""), run.name))[::-1]


def new_run_name(parent: Path, task: str) -> str:
    """Name of a new run: kind of model and time, with a number if that is taken."""
    word = {"classify": "classes", "segment": "outlines"}.get(task, task)
    stem = f"{word} {datetime.now().astimezone():%Y-%m-%d %H.%M}"
    name, k = stem, 2
    while (parent / name).exists():
        name, k = f"{stem} ({k})", k + 1
    return name


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    """Turn errors of writing into one sentence."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"The training cannot be written to {folder} ({error.strerror or error}); "
            "make room, or check the permissions. Earlier models are unchanged."
        ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
