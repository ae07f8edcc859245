"""Starts, stops and resumes the trainings of the open study, and follows them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cellid.errors import InputError
from napari_cellid.retrain.process import (
    cancel_start,
    exit_reason,
    has_started,
    launch,
    remove_empty_run,
    train_command,
)
from napari_cellid.training.run import Run
from napari_cellid.training.run_list import new_run_name
from napari_cellid.training.summary import RunSummaries, RunSummary
from napari_cellid.widgets.retrain.monitor import RunMonitor

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from napari_cellid.retrain.request import RetrainRequest
    from napari_cellid.study.study import Study

#: time (ms) between checks whether a process that was started here has ended
_POLL_MS = 300
#: exit code of a process that printed the reason of its failure
_INPUT_ERROR = 2


class TrainingController(QObject):
    """The runs of a study, whichever process has started them."""

    #: there are other runs, or one of them has progressed
    changed = Signal()
    #: `RunSummary` of a run that has just ended
    ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.runs: tuple[RunSummary, ...] = ()
        self._study: Study | None = None
        self._runs_on_disk: tuple[RunSummary, ...] = ()
        self._processes: dict[Path, tuple[Popen[bytes], str]] = {}
        self._exit_reasons: dict[Path, str] = {}
        self._ended: dict[Path, RunSummary] = {}
        self._monitor = RunMonitor(self)
        self._monitor.runs_changed.connect(self._on_runs_changed)
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._check_processes)

    def set_study(self, study: Study | None) -> None:
        """Follow the runs of a study; None for no study."""
        path = None if study is None else study.path
        previous = None if self._study is None else self._study.path
        self._study = study
        if path == previous:
            return
        self._processes.clear()
        self._runs_on_disk = self.runs = ()
        self._monitor.set_folder(None if study is None else study.runs)
        self.changed.emit()

    def find(self, folder: Path | None) -> RunSummary | None:
        """The run in a folder; None if there is none."""
        return next((run for run in self.runs if run.folder == folder), None)

    @property
    def active_run(self) -> RunSummary | None:
        """The training that is running or starting."""
        for run in self.runs:
            # a run that another process prepares may be dead, which nothing shows
            if run.state == "running" or (
                run.is_active and run.folder in self._processes
            ):
                return run
        return None

    def start(self, request: RetrainRequest) -> Path:
        """Start a training and return the folder of its run.

        Raises
        ------
        InputError
            If the process cannot be started.
        """
        study = self._require_study()
        # named here: the console output needs the folder before the process makes it
        folder = study.runs / new_run_name(study.runs, request.task)
        arguments = [*train_command(study.path, request), "--run", folder.name]
        self._launch(arguments, folder, request.task)
        return folder

    def resume(self, folder: Path) -> None:
        """Continue a training after its last epoch.

        Raises
        ------
        InputError
            If the process cannot be started.
        """
        run = self.find(folder)
        arguments = ["train", "resume", str(folder), "--json"]
        self._launch(arguments, folder, "" if run is None else run.task)

    def stop(self) -> bool:
        """Stop the running training; False if it had not begun yet.

        Raises
        ------
        InputError
            If the request cannot be written.
        """
        run = self.active_run
        if run is None:
            return False
        if run.state == "new":
            process, _ = self._processes.pop(run.folder)
            cancel_start(process, run.folder)
            self._update()
            return False
        Run.open(run.folder).request_stop()
        return True

    def _launch(self, arguments: list[str], folder: Path, task: str) -> None:
        if self.active_run is not None:
            raise InputError("A training is under way; wait for it, or stop it first.")
        self._processes[folder] = launch(arguments, folder), task
        self._timer.start()
        self._monitor.set_frequent(True)
        self._update()

    def _require_study(self) -> Study:
        if self._study is None:
            raise InputError("No study is open; open one in the Annotate dock first.")
        return self._study

    def _on_runs_changed(self, runs: tuple[RunSummary, ...]) -> None:
        # what the monitor has read may be older than an end that was found here
        ended = self._ended
        self._runs_on_disk = tuple(
            ended[run.folder] if run.since < ended.get(run.folder, run).since else run
            for run in runs
        )
        self._update()

    def _check_processes(self) -> None:
        """Find processes that have ended; this also removes them from the system."""
        ended = [
            folder
            for folder, (process, _) in self._processes.items()
            if process.poll() is not None
        ]
        for folder in ended:
            self._remove_process(folder)
        if ended:
            self._monitor.set_frequent(bool(self._processes))
            self._update()
        if not self._processes:
            self._timer.stop()

    def _remove_process(self, folder: Path) -> None:
        process, task = self._processes.pop(folder)
        if has_started(folder):
            if process.returncode == _INPUT_ERROR:
                self._exit_reasons[folder] = exit_reason(folder)
            self._ended[folder] = run = RunSummaries().read(Run.open(folder))
            rest = (other for other in self._runs_on_disk if other.folder != folder)
            self._runs_on_disk = (run, *rest)
            return
        # without a run folder the reason is shown here alone
        reason = exit_reason(folder)
        remove_empty_run(folder)
        self.ended.emit(RunSummary(folder, task, state="failed", error=reason))

    def _update(self) -> None:
        """Combine the runs on disk with the processes, and emit what has changed."""
        previous = {run.folder: run for run in self.runs}
        on_disk = {run.folder for run in self._runs_on_disk}
        starting = tuple(
            RunSummary(folder, task, started_in_napari=True)
            for folder, (_, task) in self._processes.items()
            if folder not in on_disk
        )
        runs = (
            *starting,
            *(self._with_process_state(run) for run in self._runs_on_disk),
        )
        if runs == self.runs:
            return
        self.runs = runs
        self.changed.emit()
        for run in runs:
            before = previous.get(run.folder)
            if before is not None and before.is_active and not run.is_active:
                self.ended.emit(self._with_exit_reason(run))

    def _with_exit_reason(self, run: RunSummary) -> RunSummary:
        """Add the last error of the process, which the run folder may lack."""
        reason = self._exit_reasons.pop(run.folder, "")
        failed = run.state in ("failed", "interrupted")
        return replace(run, error=reason) if reason and failed else run

    def _with_process_state(self, run: RunSummary) -> RunSummary:
        """Show a resumed run as new until its process has marked it as running."""
        if run.folder in self._processes and not run.is_active and not run.report:
            process, _ = self._processes[run.folder]
            if process.poll() is None:
                return replace(run, state="new", error="")
        return run
