"""The Retrain dock: trains a model on the answers of a study, and evaluates it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import QSignalDebouncer

from napari_cellid.errors import InputError
from napari_cellid.report.training import run_title
from napari_cellid.retrain.dataset_summary import count_decided_cells
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.dock_closing import DockClosing
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.notifications import (
    input_errors_shown,
    show_error,
    show_info,
)
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.retrain.actions import ReportActions
from napari_cellid.widgets.retrain.close_guard import close_guard_of
from napari_cellid.widgets.retrain.controller import TrainingController
from napari_cellid.widgets.retrain.estimate_actions import EstimateActions
from napari_cellid.widgets.retrain.panel import CURVES, REPORT, SET_UP, RetrainPanel
from napari_cellid.widgets.retrain.run_selection import RunSelection
from napari_cellid.widgets.session.animals_dialog import edit_animals
from napari_cellid.widgets.session.one_answer import OneAnswerOffer
from napari_cellid.widgets.session.session import session_of
from napari_cellid.widgets.session.study_opener import opens_in

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QShowEvent

    from napari_cellid.retrain.dataset_summary import DecidedCellCounts
    from napari_cellid.training.summary import RunSummary

#: initial width of the dock (px)
_WIDTH = 440
#: decided cells are counted this long (ms) after the last answer
_COUNT_MS = 2000


class RetrainWidget(QWidget):
    """Trains on the answers of annotators, and compares the new and the old model.

    Parameters
    ----------
    viewer
        Models are trained on its open study; it shows the cells of confusion matrices.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.controller = TrainingController(self)
        self.selection = RunSelection(self.controller, self)
        self.panel = RetrainPanel(self.selection)
        self.counting = Worker(self)
        self.estimates = EstimateActions(
            self.session, self.panel, self.controller, self
        )
        self.report_actions = ReportActions(
            self.session, self.panel, self.selection, self
        )
        self.one_answer = OneAnswerOffer(self.session)
        self.panel.setup.show_offer(self.one_answer)
        self._stale = True
        self._count_debouncer = QSignalDebouncer(parent=self)
        self._count_debouncer.setTimeout(_COUNT_MS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        layout.addWidget(HelpLine(viewer, "retrain"))
        # as high as the window, because napari would compress it otherwise
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        self._connections = Connections(self)
        self._connections.connect(viewer.events.theme, self._on_theme)
        self._viewer = viewer
        self._on_theme()
        self._on_study()
        tabify_dock_later(self)
        again = "The Retrain dock shows it when it is opened again."
        DockClosing(self, self._running_text, None, again)

    def start(self) -> None:
        """Start the training that the form describes."""
        with input_errors_shown():
            self._check_data()
            self.estimates.cancel()
            self.panel.show_error("")
            folder = self.controller.start(self.panel.setup.value())
            self._guard(folder)
            self.selection.choose(folder)
            self.panel.tabs.setCurrentIndex(CURVES)

    def stop(self) -> None:
        """Stop the running training; its best model is kept."""
        with input_errors_shown():
            if self.controller.stop():
                self.panel.show_stopping(True)

    def resume(self) -> None:
        """Resume the training that is shown, which has ended early."""
        run = self.selection.run
        if run is None:
            return
        with input_errors_shown():
            self.panel.show_error("")
            self.controller.resume(run.folder)
            self._guard(run.folder)

    def refresh(self) -> None:
        """Count the decided cells again, as soon as the dock is visible."""
        self._stale = True
        if self.isVisible():
            self._count()

    def sizeHint(self) -> QSize:
        """Wide enough for the tables."""
        hint = super().sizeHint()
        return QSize(max(self.minimumSizeHint().width(), _WIDTH), hint.height())

    def showEvent(self, event: QShowEvent) -> None:
        """Count the cells if the answers have changed while the dock was hidden."""
        super().showEvent(event)
        if self._stale:
            self._count()
        else:
            self.estimates.measure_later()

    def _running_text(self) -> str:
        running = self.controller.active_run is not None
        return "A model is being trained." if running else ""

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        opens_in(session, panel.opener)
        panel.start_button.clicked.connect(self.start)
        panel.stop_button.clicked.connect(self.stop)
        panel.setup.animals.clicked.connect(self._edit_animals)
        for page in (panel.progress, panel.runs):
            page.resume_requested.connect(self.resume)
        panel.runs.run_chosen.connect(self.selection.choose)
        self.selection.changed.connect(self._show_runs)
        self.controller.ended.connect(self._on_ended)
        session.study_changed.connect(self._on_study)
        session.cells_changed.connect(self._on_study)
        session.config_changed.connect(self._on_study)
        # a method, because a lambda would keep the closed dock alive
        session.answered.connect(self._on_answered)
        session.votes_changed.connect(self.refresh)
        self._count_debouncer.triggered.connect(self.refresh)
        self.counting.finished.connect(self._on_counted)

    def _edit_animals(self) -> None:
        edit_animals(self.session, self)

    def _on_study(self) -> None:
        study = self.session.study
        # the cells that are being counted may be those of another study
        self.counting.cancel()
        self.panel.show_study_open(study is not None)
        with input_errors_shown():
            self.panel.setup.set_study_models(None if study is None else study.models)
        if study is None:
            self.estimates.set_decided_cells(None)
        self.controller.set_study(study)
        self.report_actions.refresh()
        self._show_runs()
        self.refresh()

    def _on_answered(self, _: object) -> None:
        self._count_debouncer.throttle()

    def _count(self) -> None:
        study, votes = self.session.study, self.session.votes
        if study is None:
            self._stale = False
        elif votes is None:
            # still stale: `votes_changed` comes when they are read
            self.session.load_votes()
        elif not self.counting.busy:
            self._stale = False
            step = count_decided_cells(study, votes.matched())
            self.counting.start(step, self._on_decided)

    def _on_decided(self, decided: DecidedCellCounts) -> None:
        if self.session.study is None:
            return
        self.estimates.set_decided_cells(decided)
        self.panel.setup.show_decided_cells(decided, self.session.titles)
        self.panel.report.cells.titles = self.session.titles
        self.one_answer.refresh()
        self.estimates.refresh()

    def _on_counted(self) -> None:
        if self._stale and self.isVisible():
            self._count()

    def _check_data(self) -> None:
        """Check that there is something to train on.

        Raises
        ------
        InputError
            If no recording is ticked, or no cell is decided.
        """
        if self.session.study is not None and not self.estimates.can_train():
            self.panel.tabs.setCurrentIndex(SET_UP)
            raise InputError(
                "No recording is ticked; tick those with correct outlines."
                if self.panel.setup.task == "segment"
                else "No cell is decided yet, so there is nothing to train on; answer "
                "cells in the Annotate dock, or change the rule in the Agreement dock."
            )

    def _show_runs(self) -> None:
        panel, shown = self.panel, self.selection.run
        panel.show_running(self.controller.active_run)
        panel.progress.refresh()
        self.report_actions.show_run()
        folder = None if shown is None else shown.folder
        active = self.report_actions.active_weights
        panel.runs.show_runs(self.selection.runs, folder, active)
        # also a training that was started before napari was closed the last time
        for run in self.selection.runs:
            if run.state == "running" and run.started_in_napari:
                self._guard(run.folder)

    def _on_ended(self, run: RunSummary) -> None:
        """Show how a training has ended."""
        if run.state in ("finished", "stopped"):
            show_info(f"Training {run.state}: {run_title(run)}.")
            shown = self.selection.run
            if run.report and shown is not None and run.folder == shown.folder:
                self.panel.tabs.setCurrentIndex(REPORT)
        else:
            text = run.error or (
                "The process of the training has ended without an error message "
                "(switched off, or out of memory); resume the training under Curves."
            )
            self.panel.show_error(text)
            show_error(text)
        self.estimates.measure_later()

    def _on_theme(self) -> None:
        self.panel.progress.set_theme(str(self._viewer.theme))

    def _guard(self, folder: Path) -> None:
        """Ask about this training when napari is closed."""
        guard = close_guard_of(self)
        if guard is not None:
            guard.add_run(folder)
