"""What the Retrain widget looks like."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.report.training import progress_text
from napari_cellid.widgets._shared.layouts import DockScrollArea, small_text
from napari_cellid.widgets.retrain.progress import ProgressPanel
from napari_cellid.widgets.retrain.report import ReportPanel
from napari_cellid.widgets.retrain.runs import RunsPanel
from napari_cellid.widgets.retrain.setup import SetupPanel

if TYPE_CHECKING:
    from napari_cellid.training.status import RunSummary

#: what tables and buttons need to be read (px)
_NARROWEST = 380
#: each repaint of napari's window takes time from the training (see work.py)
_REPAINT_S = 0.9
NO_STUDY = (
    "No study is open.\n\nTraining learns from what people answered in a study: open "
    "one in the Annotate dock, answer cells there, and come back."
)
#: places of the tabs
SET_UP, CURVES, REPORT, RUNS = range(4)
START, STOP, STOPPING = "Start training", "Stop", "Stopping…"
_STOP_TIP = (
    "<qt>Ends the training after the step it is at. The best model so far is kept and "
    "compared with the old one; it can be resumed later.</qt>"
)


class RetrainPanel(QWidget):
    """Either words that say what to do first, or set-up, curves, figures and runs."""

    def __init__(self) -> None:
        super().__init__()
        self.setup = SetupPanel()
        self.progress = ProgressPanel()
        self.report = ReportPanel()
        self.runs = RunsPanel()
        self.tabs = QTabWidget()
        self.start = QPushButton(START)
        self.stop = QPushButton(STOP)
        self.stop.setToolTip(_STOP_TIP)
        self.estimate = small_text()
        self.error = small_text()
        self.bar = QProgressBar()
        self._how_far = small_text()
        self._message = QLabel(NO_STUDY)
        self._pages = QStackedWidget()
        self._painted = 0.0
        self._build()
        self.show_running(None)
        self.show_error("")

    def show_open(self, open_: bool) -> None:
        """Show what can be done with a study; without one, what to do first."""
        self._pages.setCurrentIndex(int(open_))

    def message(self) -> str:
        """The words that are shown alone; "" where there is more to see."""
        return "" if self._pages.currentIndex() else str(self._message.text())

    def show_error(self, text: str) -> None:
        """Show why a training failed, until the next one."""
        self.error.setText(f"⚠ {text}" if text else "")
        self.error.setVisible(bool(text))

    def show_running(self, look: RunSummary | None) -> None:
        """Show how far the training under way is; None where there is none."""
        running = look is not None
        if running == self.bar.isHidden():
            self._painted = 0.0
        for part in (self.bar, self._how_far, self.stop):
            part.setVisible(running)
        for part in (self.start, self.estimate):
            part.setVisible(not running)
        self.setup.lock(running)
        self.progress.allow_resume(not running)
        if look is None:
            self.show_stopping(False)
        elif time.monotonic() - self._painted >= _REPAINT_S:
            self._painted = time.monotonic()
            total = max(int(look.progress.get("total", 0)), 1)
            self.bar.setRange(0, total)
            self.bar.setValue(int(look.progress.get("done", 0)))
            self._how_far.setText(progress_text(look))

    def show_stopping(self, stopping: bool) -> None:
        """Show that it was asked to stop."""
        self.stop.setText(STOPPING if stopping else STOP)
        self.stop.setEnabled(not stopping)

    def how_far(self) -> str:
        """What stands beside the progress bar."""
        return str(self._how_far.text())

    def _build(self) -> None:
        self.setMinimumWidth(_NARROWEST)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for title, page in (
            ("Set up", DockScrollArea(self.setup)),
            ("Curves", self.progress),
            ("Did it help?", DockScrollArea(self.report)),
            ("Runs", self.runs),
        ):
            self.tabs.addTab(page, title)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.bar.setTextVisible(False)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.error)
        for parts in ((self.estimate, self.start), (self._how_far, self.stop)):
            row = QHBoxLayout()
            row.addWidget(parts[0], 1)
            row.addWidget(parts[1])
            if parts[1] is self.stop:
                column.addWidget(self.bar)
            column.addLayout(row)
        for button in (self.start, self.stop):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._pages.addWidget(self._message)
        self._pages.addWidget(full)
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)
