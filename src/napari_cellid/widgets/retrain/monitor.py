"""Looks at the trainings of a study all the time, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, QTimer, Signal

from napari_cellid.training.status import RunSummaries

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.training.status import RunSummary

logger = logging.getLogger(__name__)
#: seconds between two looks, while something is trained and otherwise
_BUSY_S, _QUIET_S = 0.5, 3.0
#: how often (ms) the window asks whether there is news
_ASK_MS = 200


class RunMonitor(QObject):
    """Tells what changed; not a worker of napari, which would note every look.

    Parameters
    ----------
    parent
        Whose deletion ends the watching.
    """

    #: a tuple of `RunSummary`, the newest first: something changed
    seen = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._turns = _Turns()
        self._shown: tuple[RunSummary, ...] | None = None
        # asked, not told: a thread must not call what may be deleted by then
        self._timer = QTimer(self, interval=_ASK_MS)
        self._timer.timeout.connect(self._ask)
        self.destroyed.connect(self._turns.end)

    def watch(self, runs: Path | None) -> None:
        """Look at this folder of runs from now on; None for nothing."""
        self._turns.end()
        self._shown = None
        self._timer.stop()
        if runs is not None:
            self._turns.begin(runs)
            self._timer.start()

    def hurry(self, wanted: bool) -> None:
        """Look often, also while nothing is trained: something begins."""
        turn = self._turns.now
        if turn is not None:
            turn.hurry = wanted
            turn.awake.set()

    def _ask(self) -> None:
        turn = self._turns.now
        if turn is not None and turn.latest is not self._shown:
            self._shown = turn.latest
            self.seen.emit(self._shown)


class _Turns:
    """The thread under way."""

    def __init__(self) -> None:
        self.now: _Turn | None = None

    def begin(self, runs: Path) -> None:
        self.now = _Turn(runs)
        self.now.start()

    def end(self, _: object = None) -> None:
        if self.now is not None:
            self.now.ended = True
            self.now.awake.set()
            self.now = None


class _Turn(threading.Thread):
    """Looking at one folder until it is ended."""

    def __init__(self, runs: Path) -> None:
        super().__init__(name="watching trainings", daemon=True)
        self._runs = runs
        self.ended = self.hurry = False
        self.awake = threading.Event()
        #: another tuple when something changed
        self.latest: tuple[RunSummary, ...] | None = None

    def run(self) -> None:
        looks = RunSummaries()
        while not self.ended:
            self.awake.clear()
            try:
                now = looks.read_all(self._runs)
            except OSError as error:
                # a drive that is away for a while
                logger.warning("%s: %s", self._runs, error)
                now = self.latest or ()
            if now != self.latest:
                self.latest = now
            busy = self.hurry or any(look.is_active for look in now)
            self.awake.wait(_BUSY_S if busy else _QUIET_S)
