"""The dock widget that trains a study's own model and tells whether it helped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QSize, QTimer
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.errors import InputError
from napari_cellid.report.training import run_title
from napari_cellid.retrain.dataset_summary import count_decided_cells
from napari_cellid.retrain.process import train_command
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.retrain.actions import ReportActions
from napari_cellid.widgets.retrain.close_guard import close_guard_of
from napari_cellid.widgets.retrain.controller import TrainingController
from napari_cellid.widgets.retrain.panel import CURVES, REPORT, SET_UP, RetrainPanel
from napari_cellid.widgets.retrain.time_estimate import TimeEstimator
from napari_cellid.widgets.session.animals_dialog import edit_animals
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QShowEvent

    from napari_cellid.retrain.dataset_summary import DecidedCellCounts
    from napari_cellid.retrain.request import RetrainRequest
    from napari_cellid.training.status import RunSummary

#: width of the dock (px) at first
_WIDTH = 440
#: the time is measured so long (ms) after the last change of the form, cells are
#: counted anew so long after the last answer
_SOON_MS, _LATER_MS = 1200, 2000
_MEASURING = "Measuring how long it takes…"


class RetrainWidget(QWidget):
    """Trains on what people answered, and shows new and old model side by side.

    Parameters
    ----------
    viewer
        Its open study is trained on; cells behind a figure are shown there.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.panel = RetrainPanel()
        self.trainings = TrainingController(self)
        self.counting, self.times = Worker(self), TimeEstimator(self)
        self.decided: DecidedCellCounts | None = None
        self.figures = ReportActions(self.session, self.panel, self)
        self._shown: Path | None = None
        self._stale = True
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._later = QTimer(self, singleShot=True, interval=_LATER_MS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        # as high as the window, or napari would push it together
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        self._connections = Connections(self)
        self._connections.connect(viewer.events.theme, self._on_theme)
        self._viewer = viewer
        self._on_theme()
        self._on_study()
        tabify_dock_later(self)

    def start(self) -> None:
        """Start the training that the form describes."""
        with input_errors_shown():
            request = self._checked(self.panel.setup.wanted())
            self.times.give_up()
            self.panel.show_error("")
            folder = self.trainings.start(request)
            self._mind(folder)
            self.show_run(folder)
            self.panel.tabs.setCurrentIndex(CURVES)

    def stop(self) -> None:
        """Stop the training under way; the best is kept."""
        with input_errors_shown():
            if self.trainings.stop():
                self.panel.show_stopping(True)

    def resume(self, folder: Path) -> None:
        """Let a training go on that was interrupted."""
        with input_errors_shown():
            self.panel.show_error("")
            self.trainings.resume(folder)
            self._mind(folder)

    def show_run(self, folder: Path | None) -> None:
        """Show a training under Curves and Did it help?."""
        self._shown = folder
        self._on_trainings()

    def refresh(self) -> None:
        """Count the decided cells anew, when this is seen."""
        self._stale = True
        if self.isVisible():
            self._count()

    def sizeHint(self) -> QSize:
        """As wide as its tables need."""
        hint = super().sizeHint()
        return QSize(max(self.minimumSizeHint().width(), _WIDTH), hint.height())

    def showEvent(self, event: QShowEvent) -> None:
        """Count what was not needed before."""
        super().showEvent(event)
        if self._stale:
            self._count()
        else:
            self._soon.start()

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        panel.start.clicked.connect(self.start)
        panel.stop.clicked.connect(self.stop)
        panel.setup.changed.connect(self._on_form)
        panel.setup.animals.clicked.connect(self._name_animals)
        panel.progress.resumed.connect(self.resume)
        panel.runs.chosen.connect(self.show_run)
        self.trainings.changed.connect(self._on_trainings)
        self.trainings.ended.connect(self._on_ended)
        session.study_changed.connect(self._on_study)
        # no function that holds this, which would outlive its closing then
        session.answered.connect(self._on_answered)
        self._later.timeout.connect(self.refresh)
        self._soon.timeout.connect(self._measure)
        self.counting.finished.connect(self._on_counted)
        self.times.measured.connect(self._on_measured)

    def _name_animals(self) -> None:
        edit_animals(self.session, self)

    def _on_study(self) -> None:
        study = self.session.study
        self.panel.show_open(study is not None)
        self.panel.setup.set_study(None if study is None else study.models)
        if study is None:
            self._shown, self.decided = None, None
            self.times.forget()
        self.trainings.follow(study)
        self.figures.refresh()
        self._on_trainings()
        self.refresh()

    def _on_answered(self, _: object) -> None:
        self._later.start()

    def _count(self) -> None:
        study = self.session.study
        if study is None:
            self._stale = False
        elif not self.counting.busy:
            self._stale = False
            self.counting.start(count_decided_cells(study), self._on_decided)

    def _on_decided(self, decided: DecidedCellCounts) -> None:
        if self.session.study is None:
            return
        if decided != self.decided:
            self.times.forget()
        self.decided = decided
        self.panel.setup.show_decided(decided)
        self._on_form()

    def _on_counted(self) -> None:
        if self._stale and self.isVisible():
            self._count()

    def _on_form(self) -> None:
        """Something else is to be trained: it takes another time."""
        self._show_time()
        self._soon.start()

    def _measure(self) -> None:
        """Measure how long the training would take, while somebody looks."""
        words = self._words_now()
        idle = self.isVisible() and self._can_train() and not self.trainings.busy
        if idle and self.times.known(words) is None:
            self.times.measure(words)

    def _on_measured(self) -> None:
        self._show_time()
        self._soon.start()

    def _show_time(self) -> None:
        known = self.times.known(self._words_now()) if self._can_train() else ("", "")
        time, held_out = known or (_MEASURING, "")
        self.panel.estimate.setText(time)
        self.panel.setup.show_held_out(held_out)

    def _words_now(self) -> tuple[str, ...]:
        study = self.session.study
        if study is None:
            return ()
        return tuple(train_command(study.path, self.panel.setup.wanted()))

    def _can_train(self) -> bool:
        if self.session.study is None or self.decided is None:
            return False
        setup = self.panel.setup
        if setup.task == "segment":
            return bool(setup.chosen_recordings())
        return self.decided.total > 0

    def _checked(self, request: RetrainRequest) -> RetrainRequest:
        if self.session.study is not None and not self._can_train():
            self.panel.tabs.setCurrentIndex(SET_UP)
            raise InputError(
                "No recording is ticked; tick those whose outlines are right."
                if request.task == "segment"
                else "No cell is decided yet, so there is nothing to train on; answer "
                "cells in the Annotate dock, or change the rule in the Agreement dock."
            )
        return request

    def _on_trainings(self) -> None:
        looks, panel = self.trainings.all, self.panel
        if self.trainings.find(self._shown) is None:
            self._shown = looks[0].folder if looks else None
        shown = self.trainings.find(self._shown)
        panel.show_running(self.trainings.busy)
        panel.progress.show_run(shown)
        self.figures.show_run(shown)
        panel.runs.show_runs(looks, self._shown, self.figures.weights)
        for look in looks:
            if look.state == "running" and look.started_in_napari:
                self._mind(look.folder)

    def _on_ended(self, look: RunSummary) -> None:
        """Tell how a training ended."""
        if look.state in ("finished", "stopped"):
            show_info(f"Training {look.state}: {run_title(look)}.")
            if look.report and look.folder == self._shown:
                self.panel.tabs.setCurrentIndex(REPORT)
        else:
            text = look.error or (
                "The training ended without a word (switched off, or out of memory); "
                "resume it under Curves."
            )
            self.panel.show_error(text)
            show_error(text)
        self._soon.start()

    def _on_theme(self) -> None:
        self.panel.progress.set_theme(str(self._viewer.theme))

    def _mind(self, folder: Path) -> None:
        """Let closing napari ask about this training."""
        guard = close_guard_of(self)
        if guard is not None:
            guard.mind(folder)
