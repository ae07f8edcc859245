"""The trainings of the open study: started, stopped, resumed, and found again."""

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
from napari_cellid.training.run import Run, new_run_name
from napari_cellid.training.status import RunSummaries, RunSummary
from napari_cellid.widgets.retrain.monitor import RunMonitor

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from napari_cellid.retrain.request import RetrainRequest
    from napari_cellid.study.study import Study

#: how often (ms) is looked whether a program that was started here ended
_MIND_MS = 300
#: exit code of a program that told why
_REFUSED = 2


class TrainingController(QObject):
    """Follows the runs of a study, whoever started them."""

    #: the runs are others, or one of them is farther
    changed = Signal()
    #: a `RunSummary` that went on until now
    ended = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.all: tuple[RunSummary, ...] = ()
        self._study: Study | None = None
        self._seen: tuple[RunSummary, ...] = ()
        self._children: dict[Path, tuple[Popen[bytes], str]] = {}
        self._why: dict[Path, str] = {}
        self._ends: dict[Path, RunSummary] = {}
        self._watch = RunMonitor(self)
        self._watch.seen.connect(self._on_seen)
        self._mind = QTimer(self, interval=_MIND_MS)
        self._mind.timeout.connect(self._on_mind)

    def follow(self, study: Study | None) -> None:
        """Follow the runs of this study."""
        path = None if study is None else study.path
        before = None if self._study is None else self._study.path
        self._study = study
        if path == before:
            return
        self._children.clear()
        self._seen = self.all = ()
        self._watch.watch(None if study is None else study.runs)
        self.changed.emit()

    def find(self, folder: Path | None) -> RunSummary | None:
        """A run by its folder; None where there is none."""
        return next((look for look in self.all if look.folder == folder), None)

    @property
    def busy(self) -> RunSummary | None:
        """The training under way."""
        for look in self.all:
            # one that prepares elsewhere may be dead: who knows
            if look.state == "running" or (
                look.is_active and look.folder in self._children
            ):
                return look
        return None

    def start(self, request: RetrainRequest) -> Path:
        """Start a training; gives the folder of its run.

        Raises
        ------
        InputError
            If it cannot be started.
        """
        study = self._open()
        folder = study.runs / new_run_name(study.runs, request.task)
        words = [*train_command(study.path, request), "--run", folder.name]
        self._launch(words, folder, request.task)
        return folder

    def resume(self, folder: Path) -> None:
        """Let a training go on from its last epoch.

        Raises
        ------
        InputError
            If it cannot be started.
        """
        look = self.find(folder)
        words = ["train", "resume", str(folder), "--json"]
        self._launch(words, folder, "" if look is None else look.task)

    def stop(self) -> bool:
        """Stop the training under way; False if it had not even begun.

        Raises
        ------
        InputError
            If it cannot be told to.
        """
        look = self.busy
        if look is None:
            return False
        if look.state == "new":
            process, _ = self._children.pop(look.folder)
            cancel_start(process, look.folder)
            self._tell()
            return False
        Run.open(look.folder).request_stop()
        return True

    def _launch(self, words: list[str], folder: Path, task: str) -> None:
        if self.busy is not None:
            raise InputError("A training is under way; wait for it, or stop it first.")
        self._children[folder] = launch(words, folder), task
        self._mind.start()
        self._watch.hurry(True)
        self._tell()

    def _open(self) -> Study:
        if self._study is None:
            raise InputError("No study is open; open one in the Annotate dock first.")
        return self._study

    def _on_seen(self, looks: tuple[RunSummary, ...]) -> None:
        # a look may be older than an end that was seen here
        ends = self._ends
        self._seen = tuple(
            ends[one.folder] if one.since < ends.get(one.folder, one).since else one
            for one in looks
        )
        self._tell()

    def _on_mind(self) -> None:
        """See whether a program ended; that also lets the system forget it."""
        gone = [k for k, (one, _) in self._children.items() if one.poll() is not None]
        for folder in gone:
            self._end(folder)
        if gone:
            self._watch.hurry(bool(self._children))
            self._tell()
        if not self._children:
            self._mind.stop()

    def _end(self, folder: Path) -> None:
        process, task = self._children.pop(folder)
        if has_started(folder):
            if process.returncode == _REFUSED:
                self._why[folder] = exit_reason(folder)
            self._ends[folder] = end = RunSummaries().read(Run.open(folder))
            others = (look for look in self._seen if look.folder != folder)
            self._seen = (end, *others)
            return
        # nobody else tells why
        why = exit_reason(folder)
        remove_empty_run(folder)
        self.ended.emit(RunSummary(folder, task, state="failed", error=why))

    def _tell(self) -> None:
        """Compare with what was known, and tell."""
        before = {look.folder: look for look in self.all}
        known = {look.folder for look in self._seen}
        starting = tuple(
            RunSummary(folder, task, started_in_napari=True)
            for folder, (_, task) in self._children.items()
            if folder not in known
        )
        now = (*starting, *(self._as_known(look) for look in self._seen))
        if now == self.all:
            return
        self.all = now
        self.changed.emit()
        for look in now:
            earlier = before.get(look.folder)
            if earlier is not None and earlier.is_active and not look.is_active:
                self.ended.emit(self._explained(look))

    def _explained(self, look: RunSummary) -> RunSummary:
        """A run with what its program said last, which may not stand in its folder."""
        why = self._why.pop(look.folder, "")
        bad = look.state in ("failed", "interrupted")
        return replace(look, error=why) if why and bad else look

    def _as_known(self, look: RunSummary) -> RunSummary:
        """A run that is resumed does not begin anew before its program says so."""
        if look.folder in self._children and not look.is_active and not look.report:
            child, _ = self._children[look.folder]
            if child.poll() is None:
                return replace(look, state="new", error="")
        return look
