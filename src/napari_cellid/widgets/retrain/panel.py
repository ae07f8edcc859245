"""The pages of the Retrain dock, and the bar that shows a running training."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.report.training import progress_text
from napari_cellid.widgets._shared.layouts import (
    DockScrollArea,
    action_button,
    message_page,
    plain_label,
    small_text,
)
from napari_cellid.widgets.retrain.progress import TrainingProgressPanel
from napari_cellid.widgets.retrain.report import ReportPanel
from napari_cellid.widgets.retrain.runs import RunsPanel
from napari_cellid.widgets.retrain.setup import SetupPanel
from napari_cellid.widgets.session.study_opener import StudyOpener

if TYPE_CHECKING:
    from napari_cellid.training.summary import RunSummary
    from napari_cellid.widgets.retrain.run_selection import RunSelection

#: least width (px) at which tables and buttons are readable
_MIN_WIDTH = 380
#: least time (s) between repaints: each takes time from the training (see worker.py)
_REPAINT_S = 0.9
NO_STUDY = (
    "No study is open.\n\nA model is trained on the answers in a study: open one, "
    "answer cells in the Annotate dock, and come back."
)
#: indices of the tabs
SET_UP, CURVES, REPORT, RUNS = range(4)
START, STOP, STOPPING = "Start training", "Stop", "Stopping…"
_STOP_TIP = (
    "<qt>Stops the training after the current step. The best model so far is kept and "
    "compared with the old one; the training can be resumed later.</qt>"
)


class RetrainPanel(QWidget):
    """A message that says what to do first, or the four pages of the dock.

    Parameters
    ----------
    selection
        Says which training the pages show.
    """

    def __init__(self, selection: RunSelection) -> None:
        super().__init__()
        self.setup = SetupPanel()
        self.progress = TrainingProgressPanel(selection)
        self.report = ReportPanel(selection)
        self.report_area = DockScrollArea(self.report)
        self.runs = RunsPanel()
        self.tabs = QTabWidget()
        self.start_button = action_button(START)
        self.stop_button = QPushButton(STOP)
        self.stop_button.setToolTip(_STOP_TIP)
        self.estimate = small_text()
        self.error = small_text()
        self.bar = QProgressBar()
        self._progress_text = small_text()
        self._message = plain_label(NO_STUDY)
        self.opener = StudyOpener()
        self._pages = QStackedWidget()
        self._last_repaint = 0.0
        self._build()
        self.show_running(None)
        self.show_error("")

    def show_study_open(self, is_open: bool) -> None:
        """Show the pages if a study is open, and a message otherwise."""
        self._pages.setCurrentIndex(int(is_open))

    def message(self) -> str:
        """The message that is shown alone; "" while the pages are shown."""
        return "" if self._pages.currentIndex() else str(self._message.text())

    def show_error(self, text: str) -> None:
        """Show why a training failed; "" hides the text."""
        self.error.setText(f"⚠ {text}" if text else "")
        self.error.setVisible(bool(text))

    def show_running(self, run: RunSummary | None) -> None:
        """Show the progress of the running training; None if there is none."""
        running = run is not None
        # not isVisible, which is False for everything in a hidden dock
        if running == self.bar.isHidden():
            self._last_repaint = 0.0
        for part in (self.bar, self._progress_text, self.stop_button):
            part.setVisible(running)
        for part in (self.start_button, self.estimate):
            part.setVisible(not running)
        self.setup.set_locked(running)
        self.progress.set_resume_enabled(not running)
        self.runs.resume_button.setEnabled(not running)
        if run is None:
            self.show_stopping(False)
        elif time.monotonic() - self._last_repaint >= _REPAINT_S:
            self._last_repaint = time.monotonic()
            total = max(int(run.progress.get("total", 0)), 1)
            self.bar.setRange(0, total)
            self.bar.setValue(int(run.progress.get("done", 0)))
            self._progress_text.setText(progress_text(run))

    def show_stopping(self, stopping: bool) -> None:
        """Show whether the training was asked to stop."""
        self.stop_button.setText(STOPPING if stopping else STOP)
        self.stop_button.setEnabled(not stopping)

    def progress_text(self) -> str:
        """The text beside the progress bar."""
        return str(self._progress_text.text())

    def _build(self) -> None:
        self.setMinimumWidth(_MIN_WIDTH)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for title, page in (
            ("Set up", DockScrollArea(self.setup)),
            ("Curves", self.progress),
            ("Did it help?", self.report_area),
            ("Runs", self.runs),
        ):
            self.tabs.addTab(page, title)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.bar.setTextVisible(False)
        tab_page = QWidget()
        column = QVBoxLayout(tab_page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.error)
        for parts in (
            (self.estimate, self.start_button),
            (self._progress_text, self.stop_button),
        ):
            row = QHBoxLayout()
            row.addWidget(parts[0], 1)
            row.addWidget(parts[1])
            if parts[1] is self.stop_button:
                column.addWidget(self.bar)
            column.addLayout(row)
        for button in (self.start_button, self.stop_button):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._pages.addWidget(message_page(self._message, self.opener))
        self._pages.addWidget(tab_page)
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)
