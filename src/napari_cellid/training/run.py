"""The folder of a run: settings, log, progress and state of one training."""

from __future__ import annotations

import json
import os
import platform
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.json_file import parse_json, read_json
from napari_cellid.training.layout import (
    ABOUT_FILE,
    LOG_FILE,
    PROGRESS_FILE,
    STATE_FILE,
    STOP_FILE,
)
from napari_cellid.training.run_leftovers import tidy_run
from napari_cellid.training.state import RunState, State, heartbeat, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

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
            about = read_json(path)
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

    def start(self, *, force: bool = False) -> None:
        """Mark the run as running in this process and drop an earlier stop request.

        Parameters
        ----------
        force
            Whether to train although the state says that another process does: a
            computer whose clock is wrong makes a process look alive.

        Raises
        ------
        InputError
            If another process is training in this folder.
        """
        before = self.state()
        if before.state == "running" and before.pid != os.getpid() and not force:
            raise InputError(
                f"The training {self.name} is running in {before.process}"
                f"{before.clock_note}; wait for it, or stop it first; if that process "
                "is gone, resume with --force."
            )
        # while this process prepares, a request to stop is meant for it and stays
        if before.state != "running" or force:
            self._remove(STOP_FILE)
            tidy_run(self.folder)
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
        # the state first: a run that still says running needs its heartbeat
        self._state = replace(self._state, state=state, error=error, beat=time.time())
        self._write_state()
        self._remove(PROGRESS_FILE, STOP_FILE)

    def state(self) -> RunState:
        """State of the run on disk; any process may ask for it."""
        return read_state(
            self.folder / STATE_FILE, heartbeat(self.folder / PROGRESS_FILE)
        )

    def request_stop(self) -> None:
        """Ask the training process to stop at its next step and keep the best epoch.

        Raises
        ------
        InputError
            If the folder cannot be written to.
        """
        try:
            # a file, because a process on another computer gets no signals from here
            (self.folder / STOP_FILE).touch()
        except OSError as error:
            raise InputError(
                f"{self.folder} cannot be written ({file_reason(error)}); check its "
                "permissions."
            ) from error

    def mark_interrupted(self) -> None:
        """Mark the run as interrupted because its process is known to be gone."""
        self._state = replace(self.state(), state="interrupted", beat=time.time())
        self._write_state()
        self._remove(PROGRESS_FILE, STOP_FILE)

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
            # paths can hold bytes that are no text
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
                event = parse_json(line)
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

    def set_about(self, **values: Any) -> None:
        """Add entries to `run.json`.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        self.about.update(values)
        self.write_json(ABOUT_FILE, self.about)

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
            # a path that is not UTF-8 becomes an escape of JSON
            path.write_text(text + "\n", "utf-8", "backslashreplace", newline="\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the run; empty if it is missing or broken."""
        try:
            values = read_json(self.folder / name)
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _write_state(self) -> None:
        self.write_json(STATE_FILE, vars(self._state))

    def _remove(self, *names: str) -> None:
        with _write_errors(self.folder):
            for name in names:
                (self.folder / name).unlink(missing_ok=True)


@contextmanager
def _write_errors(folder: Path) -> Iterator[None]:
    """Turn errors of writing into one sentence."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"The training cannot be written to {folder} ({file_reason(error)}); "
            "make room, or check the permissions. Earlier models are unchanged."
        ) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
