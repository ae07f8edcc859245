"""What there is to see of a study's trainings, read from their folders; no Qt."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_cellid.models.store import CARD_FILE
from napari_cellid.training.run import (
    HELD_OUT_FILE,
    LOG_FILE,
    MODEL_FOLDER,
    REPORT_FILE,
    Run,
    list_runs,
)

if TYPE_CHECKING:
    from pathlib import Path

#: what a training that was started here prints
CONSOLE_FILE = "console.txt"
#: so much of its end is looked at (bytes)
_TAIL = 20_000
_UNTOLD = (
    "The training ended without a word, perhaps for want of memory; resume it, with a "
    "smaller batch if that happens again."
)


@dataclass(frozen=True)
class RunSummary:
    """How one training stands.

    Parameters
    ----------
    folder
        Its folder.
    task
        classify or segment.
    made
        When it was begun, as ISO says it; "" while it starts.
    settings, start, data
        What `run.json` says.
    state
        new (it prepares), running, stopped, finished, failed, interrupted.
    since
        When it began or ended, in seconds since 1970.
    error
        Why it failed, one sentence.
    epochs
        Event of each epoch, in order.
    progress
        How far it is; empty where that is not known.
    report
        How good the new model is; empty where that is not known.
    weights
        Hash of the weights of its model; "" where there is none.
    started_in_napari
        Whether it was started from a window of napari.
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
        """Whether there is a model to use."""
        return bool(self.weights)

    @property
    def is_active(self) -> bool:
        """Whether it goes on."""
        return self.state in ("new", "running")


class RunSummaries:
    """Reads the trainings of a study again and again, what changed alone."""

    def __init__(self) -> None:
        self._logs: dict[Path, tuple[int, tuple[dict[str, Any], ...]]] = {}
        self._reports: dict[Path, tuple[int, dict[str, Any]]] = {}
        self._models: dict[Path, tuple[int, str]] = {}

    def read_all(self, runs: Path) -> tuple[RunSummary, ...]:
        """Every training of a study, the newest first.

        Parameters
        ----------
        runs
            The study's folder of runs.
        """
        return tuple(self.read(run) for run in list_runs(runs))

    def read(self, run: Run) -> RunSummary:
        """How a training stands now."""
        # the state first: what belongs to an end is on disk before the end is told
        state = run.state()
        about = run.about
        return RunSummary(
            folder=run.folder,
            task=run.task,
            made=str(about.get("made", "")),
            settings=_table(about.get("settings")),
            start=_table(about.get("start")),
            data=_table(about.get("data")),
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
        size = _size(run.folder / LOG_FILE)
        if self._logs.get(run.folder, (None,))[0] != size:
            # an epoch that was trained anew after a kill counts once
            by_number = {
                int(event["epoch"]): event
                for event in run.events()
                if event.get("event") == "epoch" and "epoch" in event
            }
            ordered = tuple(by_number[k] for k in sorted(by_number))
            self._logs[run.folder] = size, ordered
        return self._logs[run.folder][1]

    def _report(self, run: Run) -> dict[str, Any]:
        size = _size(run.folder / REPORT_FILE)
        if self._reports.get(run.folder, (None,))[0] != size:
            self._reports[run.folder] = size, run.read_json(REPORT_FILE)
        return self._reports[run.folder][1]

    def _weights(self, run: Run) -> str:
        card = f"{MODEL_FOLDER}/{CARD_FILE}"
        # the card of a model that was measured is longer than before
        size = _size(run.folder / card)
        if self._models.get(run.folder, (None,))[0] != size:
            digest = str(run.read_json(card).get("weights_sha256", ""))
            self._models[run.folder] = size, digest
        return self._models[run.folder][1]


def last_error(console: Path) -> str:
    """Why a program ended early, in the one sentence that it printed.

    Parameters
    ----------
    console
        What it printed, lines of JSON among it.
    """
    try:
        with console.open("rb") as file:
            file.seek(max(_size(console) - _TAIL, 0))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return _UNTOLD
    for line in reversed(lines):
        event = _event(line)
        if event.get("event") == "error":
            return str(event.get("message") or _UNTOLD)
    return _UNTOLD


def held_out_table(folder: Path) -> Path | None:
    """The table of held-out cells of a run; None where there is none."""
    path = folder / HELD_OUT_FILE
    return path if path.is_file() else None


def _event(line: str) -> dict[str, Any]:
    try:
        return _table(json.loads(line))
    except ValueError:
        return {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
