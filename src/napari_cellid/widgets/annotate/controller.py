"""Asks one person about one cell after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from qtpy.QtCore import QObject, Signal

from napari_cellid.annotation.progress_stats import AnnotationProgress
from napari_cellid.config import QueueConfig
from napari_cellid.study.cell_order import next_repeat, order_cells
from napari_cellid.study.cell_queue import CellQueue

if TYPE_CHECKING:
    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.study.cell_queue import QueueItem
    from napari_cellid.widgets.session.session import StudySession

#: orders for which everybody's answers have to be read
_BY_ANSWERS = ("disputed", "rare")


class Asking(QObject):
    """Goes through the cells of a study with the annotator of a session.

    Its methods raise `InputError` as those of the session do.

    Parameters
    ----------
    session
        Shows the cells and writes the answers.
    """

    #: something was counted
    counted = Signal()

    def __init__(self, session: StudySession, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = CellQueue()
        self._config = QueueConfig()
        self._cells: frozenset[CellKey] = frozenset()
        self.tally = AnnotationProgress()
        session.answered.connect(self._on_answered)

    @property
    def config(self) -> QueueConfig:
        """How cells are queued up."""
        return self._config

    @property
    def turn(self) -> QueueItem | None:
        """Whose turn it is in the queue."""
        return self._queue.current

    def start(self, recording: str | None, config: QueueConfig) -> None:
        """Queue up the cells of a recording (None: of all), and show the first one."""
        from napari_cellid.annotation.answer import CellKey

        session, self._config = self._session, config
        cells = session.cells()
        names = session.recordings() if recording is None else (recording,)
        cells = cells[cells["recording"].isin(names)]
        columns = cells["recording"].tolist(), cells["cell"].tolist()
        self._cells = frozenset(map(CellKey, *columns))
        self.tally = AnnotationProgress(self._cells, session.own_answers)
        self._queue = CellQueue()
        if session.journal is not None:
            self._queue = CellQueue(self._ordered(cells))
            self._show(self._queue.advance())
        self.counted.emit()

    def ask_with(self, config: QueueConfig) -> None:
        """Go on with another share of repeats; the order of the cells stays."""
        self._config = config

    def answer(self, answer: str) -> None:
        """Answer for what is selected or looked at, and go on.

        Somebody who chose a cell outside the queue stays there: the next click is
        likely to be near.
        """
        lines = self._session.answer(answer)
        turn = self._queue.current
        if turn is not None and turn.cell in {line.key for line in lines}:
            self._show(self._again() or self._queue.advance())

    def step(self, by: int) -> None:
        """Go on (1) or back (-1) in the queue; from outside, to where it stood."""
        turn = self._queue.current
        if turn is None or turn.cell == self._session.cell:
            turn = self._queue.step(by)
        self._show(turn)

    def undo(self) -> None:
        """Take the last answer back and look at its cell."""
        cell = self._session.undo()
        if cell is not None and self._session.row(cell) is not None:
            self._show(self._queue.return_to(cell))

    def redo(self) -> None:
        """Give the answer again that was taken back last, and look at its cell."""
        cell = self._session.redo()
        if cell is not None and self._session.row(cell) is not None:
            self._session.go_to(cell)

    def _ordered(self, cells: pd.DataFrame) -> list[CellKey]:
        session = self._session
        answers = pd.DataFrame(columns=["recording", "cell", "answer"])
        if self._config.order in _BY_ANSWERS:
            answers = session.answers()
        classes = [one.name for one in session.config.classes]
        return order_cells(
            cells,
            session.own_answers,
            answers,
            self._config,
            session.annotator,
            classes,
        )

    def _again(self) -> QueueItem | None:
        """The turn of a cell that is to be asked about once more now, if any."""
        journal = self._session.journal
        if journal is None or not self._config.repeat_share:
            return None
        own = journal.current()
        due = next_repeat(own, self._cells, self._config, journal.annotator)
        if due is None or due == self._session.cell:
            return None
        return self._queue.insert_repeat(due)

    def _show(self, turn: QueueItem | None) -> None:
        if turn is None:
            self._session.go_to(None)
        else:
            self._session.go_to(turn.cell, repeat=turn.repeat)

    def _on_answered(self, line: Answer) -> None:
        if line.role == "annotator":
            self._queue.mark(line.key, line.answer is not None)
            self.tally.update(line)
            self.counted.emit()
