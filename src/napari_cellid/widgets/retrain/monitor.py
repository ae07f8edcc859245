"""Reads the runs of a study again and again, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cellid.training.summary import RunSummaries

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.training.summary import RunSummary

logger = logging.getLogger(__name__)
#: time (s) between two readings, while a training runs and otherwise
_BUSY_S, _QUIET_S = 0.5, 3.0
#: time (ms) between checks of the window for a change
_POLL_MS = 200


class RunMonitor(QObject):
    """Reports changes of runs; not a napari worker, which would show each reading.

    Parameters
    ----------
    parent
        Its deletion ends the thread.
    """

    #: a tuple of `RunSummary`, the newest first
    runs_changed = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._current = _CurrentThread()
        self._shown: tuple[RunSummary, ...] | None = None
        # the timer asks the thread, because the thread must not call a deleted object
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.destroyed.connect(self._current.stop)

    def set_folder(self, runs: Path | None) -> None:
        """Read this folder of runs from now on; None for no folder."""
        self._current.stop()
        self._shown = None
        self._timer.stop()
        if runs is not None:
            self._current.start(runs)
            self._timer.start()

    def set_frequent(self, frequent: bool) -> None:
        """Read often, also while no training runs, because one is starting."""
        thread = self._current.thread
        if thread is not None:
            thread.frequent = frequent
            thread.wake.set()

    def _poll(self) -> None:
        thread = self._current.thread
        if thread is not None and thread.latest is not self._shown:
            self._shown = thread.latest
            self.runs_changed.emit(self._shown)


class _CurrentThread:
    """The running thread, if any; it outlives the monitor, which Qt deletes."""

    def __init__(self) -> None:
        self.thread: _MonitorThread | None = None

    def start(self, runs: Path) -> None:
        self.thread = _MonitorThread(runs)
        self.thread.start()

    def stop(self, _: object = None) -> None:
        if self.thread is not None:
            self.thread.stopped = True
            self.thread.wake.set()
            self.thread = None


class _MonitorThread(threading.Thread):
    """Reads one folder of runs until it is stopped."""

    def __init__(self, runs: Path) -> None:
        # a daemon, so that napari does not wait for it when it ends
        super().__init__(name="monitor of trainings", daemon=True)
        self._runs = runs
        self.stopped = self.frequent = False
        self.wake = threading.Event()
        #: another tuple after each change
        self.latest: tuple[RunSummary, ...] | None = None

    def run(self) -> None:
        summaries = RunSummaries()
        while not self.stopped:
            # before the reading, so that a request during it is not lost
            self.wake.clear()
            try:
                runs = summaries.read_all(self._runs)
            except OSError as error:
                # for example a drive that is away for a while
                logger.warning("%s: %s", self._runs, error)
                runs = self.latest or ()
            # replaced as a whole, so that the window needs no lock to read it
            if runs != self.latest:
                self.latest = runs
            busy = self.frequent or any(run.is_active for run in runs)
            self.wake.wait(_BUSY_S if busy else _QUIET_S)
