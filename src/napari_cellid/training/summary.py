"""Summaries of the runs of a study, read from their folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_cellid.json_file import parse_json
from napari_cellid.models.store import CARD_FILE
from napari_cellid.training.layout import (
    CONSOLE_FILE,
    HELD_OUT_FILE,
    LOG_FILE,
    MODEL_FOLDER,
    REPORT_FILE,
)
from napari_cellid.training.report_file import read_report
from napari_cellid.training.run_list import is_epoch, list_runs

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.training.run import Run

#: length of the end of the console output that is searched for an error (bytes)
_TAIL = 20_000
_UNKNOWN = (
    "The training ended without an error message, perhaps because memory ran out; "
    "resume it, with a smaller batch if that happens again."
)


@dataclass(frozen=True)
class RunSummary:
    """Summary of one run.

    Parameters
    ----------
    folder
        Folder of the run.
    task
        classify or segment.
    made
        Time of its creation (ISO 8601); "" while it starts.
    settings, start, data
        Contents of `run.json`.
    state
        new (it prepares), running, stopped, finished, failed, interrupted.
    since
        Time of its start, last heartbeat or end, in seconds since 1970.
    error
        Reason of a failure, one sentence.
    epochs
        Events of the epochs, in order.
    progress
        Progress of the training; empty if unknown.
    report
        Evaluation of the new model; empty if there is none.
    weights
        Hash of the weights of its model; "" if there is none.
    started_in_napari
        Whether it was started from the dock in napari.
    """

    folder: Path
    task: str = ""
    made: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    start: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    state: str = "new"
    since: float = 0.0
    error: str = ""
    epochs: tuple[dict[str, Any], ...] = ()
    progress: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    weights: str = ""
    started_in_napari: bool = False

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.folder.name

    @property
    def has_model(self) -> bool:
        """Whether the run has a model."""
        return bool(self.weights)

    @property
    def is_active(self) -> bool:
        """Whether the run is being prepared or running."""
        return self.state in ("new", "running")


class RunSummaries:
    """Reads the runs of a study repeatedly; files that did not change are cached."""

    def __init__(self) -> None:
        self._logs: dict[Path, tuple[int, tuple[dict[str, Any], ...]]] = {}
        self._reports: dict[Path, tuple[int, dict[str, Any]]] = {}
        self._models: dict[Path, tuple[int, str]] = {}

    def read_all(self, runs: Path) -> tuple[RunSummary, ...]:
        """Summaries of all runs of a study, newest first.

        Parameters
        ----------
        runs
            The study's folder of runs.
        """
        return tuple(self.read(run) for run in list_runs(runs))

    def read(self, run: Run) -> RunSummary:
        """Summary of a run now."""
        # the state first: all files of a run are on disk before its state says ended
        state = run.state()
        about = run.about
        return RunSummary(
            folder=run.folder,
            task=run.task,
            made=str(about.get("made", "")),
            settings=_as_dict(about.get("settings")),
            start=_as_dict(about.get("start")),
            data=_as_dict(about.get("data")),
            state=state.state,
            since=state.beat,
            error=state.error,
            epochs=self._epochs(run),
            progress=run.progress() if state.state in ("new", "running") else {},
            report=self._report(run),
            weights=self._weights(run),
            started_in_napari=(run.folder / CONSOLE_FILE).is_file(),
        )

    def _epochs(self, run: Run) -> tuple[dict[str, Any], ...]:
        # a log only grows, so its size tells whether there is something new
        size = _size(run.folder / LOG_FILE)
        if self._logs.get(run.folder, (None,))[0] != size:
            # an epoch that was repeated after a crash counts once
            by_number = {
                int(event["epoch"]): event
                for event in run.events()
                if event.get("event") == "epoch" and is_epoch(event)
            }
            ordered = tuple(by_number[k] for k in sorted(by_number))
            self._logs[run.folder] = size, ordered
        return self._logs[run.folder][1]

    def _report(self, run: Run) -> dict[str, Any]:
        size = _size(run.folder / REPORT_FILE)
        if self._reports.get(run.folder, (None,))[0] != size:
            self._reports[run.folder] = size, read_report(run)
        return self._reports[run.folder][1]

    def _weights(self, run: Run) -> str:
        card = f"{MODEL_FOLDER}/{CARD_FILE}"
        # the card becomes longer when the model has been evaluated
        size = _size(run.folder / card)
        if self._models.get(run.folder, (None,))[0] != size:
            digest = str(run.read_json(card).get("weights_sha256", ""))
            self._models[run.folder] = size, digest
        return self._models[run.folder][1]


def last_error(console: Path) -> str:
    """The last error message in the console output of a training.

    Parameters
    ----------
    console
        File with the console output, which has events as lines of JSON.
    """
    try:
        with console.open("rb") as file:
            file.seek(max(_size(console) - _TAIL, 0))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return _UNKNOWN
    for line in reversed(lines):
        event = _event(line)
        if event.get("event") == "error":
            return str(event.get("message") or _UNKNOWN)
    return _UNKNOWN


def held_out_table(folder: Path) -> Path | None:
    """Path of the table of held-out cells of a run; None if there is none."""
    path = folder / HELD_OUT_FILE
    return path if path.is_file() else None


def _event(line: str) -> dict[str, Any]:
    try:
        return _as_dict(parse_json(line))
    except ValueError:
        return {}


def _as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
