"""Goes through the cells of a study with one annotator."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
from qtpy.QtCore import QObject, Signal

from napari_cellid.annotation.progress_stats import AnnotationProgress
from napari_cellid.config import QueueConfig
from napari_cellid.study.cell_order import order_cells
from napari_cellid.study.cell_queue import CellQueue
from napari_cellid.study.repeats import RepeatChooser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.study.cell_queue import QueueItem
    from napari_cellid.widgets.session.session import StudySession

#: orders that depend on the answers of all annotators
_BY_ANSWERS = ("disputed", "rare")


class AnnotationController(QObject):
    """Shows the next cell, writes the answer, and repeats cells when they are due.

    Its methods raise `InputError` as those of the session do.

    Parameters
    ----------
    session
        Shows the cells and writes the answers.
    """

    #: the counts in `stats` changed
    progress_changed = Signal()

    def __init__(self, session: StudySession, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = CellQueue()
        self._config = QueueConfig()
        self._recording: str | None = None
        self._keys: frozenset[CellKey] = frozenset()
        self._repeats = RepeatChooser((), "")
        self.progress = AnnotationProgress()
        session.answered.connect(self._on_answered)
        session.config_changed.connect(self.progress_changed)
        session.votes_changed.connect(self.progress_changed)

    @property
    def config(self) -> QueueConfig:
        """Order of the cells, and share of cells that are shown a second time."""
        return self._config

    @property
    def recording(self) -> str | None:
        """Name of the recording whose cells are queued; None for all."""
        return self._recording

    @property
    def current(self) -> QueueItem | None:
        """Current item of the queue; None before the first and after the last."""
        return self._queue.current

    def start(self, recording: str | None, config: QueueConfig) -> None:
        """Queue the cells of a recording (None: of all), and show the first one."""
        session, self._config, self._recording = self._session, config, recording
        cells = self._cells()
        names = session.recordings() if recording is None else (recording,)
        keys = self._keys = _keys_of(cells)
        self.progress = AnnotationProgress(
            len(cells), partial(_own_counts, session, names)
        )
        self._queue = CellQueue()
        if session.journal is not None:
            self._repeats = RepeatChooser(keys, session.annotator)
            self._repeats.follow(session.journal.history)
            ordered = self._ordered(cells, config)
            self._queue = CellQueue(ordered, self._is_answered)
            self._show(self._queue.advance())
        self.progress_changed.emit()

    def follow_cells(self) -> None:
        """Queue cells that people have added, and leave out those that are gone."""
        session, before = self._session, self._keys
        cells = self._cells()
        self._keys = _keys_of(cells)
        if self._keys == before:
            return
        self.progress.total = len(cells)
        self._repeats = RepeatChooser(self._keys, session.annotator)
        if session.journal is not None:
            self._repeats.follow(session.journal.history)
            every = self._config.model_copy(update={"only_unanswered": False})
            new = self._keys - before
            self._queue.follow(self._ordered(cells, every), new)
            # whoever is adding cells must not be led away from the place
            if session.cell is None and session.add_mode is None:
                self._show(self._queue.current or self._queue.advance())
        self.progress_changed.emit()

    def _cells(self) -> pd.DataFrame:
        """Rows of the cells that are queued: of a recording, or of all."""
        session, recording = self._session, self._recording
        cells = session.cells()
        names = session.recordings() if recording is None else (recording,)
        return cells[cells["recording"].isin(names)]

    def clear(self) -> None:
        """Forget the queue, because no study is open any more."""
        self._queue, self.progress = CellQueue(), AnnotationProgress()

    def set_repeat_share(self, share: float) -> None:
        """Repeat another share of the cells; the order of the queue stays."""
        self._config = self._config.model_copy(update={"repeat_share": share})

    def answer(self, answer: str) -> None:
        """Answer for the selected cells or the current one, and show the next cell.

        A cell that was chosen outside the queue stays shown, because the next click
        is likely to be near it.
        """
        lines = self._session.answer(answer)
        item = self._queue.current
        if item is not None and item.cell in {line.key for line in lines}:
            self._show(self._due_repeat() or self._queue.advance())

    def step(self, by: int) -> None:
        """Show the next (1) or the previous (-1) cell of the queue.

        From a cell outside the queue, either returns to the current item.
        """
        item = self._queue.current
        if item is None or item.cell == self._session.cell:
            item = self._queue.step(by)
        self._show(item)

    def undo(self) -> None:
        """Take the last answer back and show its cell."""
        cell = self._session.undo()
        if cell is not None and self._session.row(cell) is not None:
            self._show(self._queue.return_to(cell))

    def redo(self) -> None:
        """Give the answer again that was taken back last, and show its cell."""
        cell = self._session.redo()
        if cell is not None and self._session.row(cell) is not None:
            self._session.go_to(cell)

    def _ordered(self, cells: pd.DataFrame, config: QueueConfig) -> list[CellKey]:
        session = self._session
        answers = pd.DataFrame(columns=["recording", "cell", "answer"])
        if config.order in _BY_ANSWERS:
            answers = session.answers()
        classes = list(session.config.class_names)
        return order_cells(
            cells,
            session.own_answers,
            answers,
            config,
            session.annotator,
            classes,
        )

    def _due_repeat(self) -> QueueItem | None:
        """The queue item of a cell that is to be shown a second time now, if any."""
        journal = self._session.journal
        if journal is None or not self._config.repeat_share:
            return None
        self._repeats.follow(journal.history)
        cell = self._repeats.choose(self._config.repeat_share)
        if cell is None or cell == self._session.cell:
            return None
        return self._queue.insert_repeat(cell)

    def _is_answered(self, cell: CellKey) -> bool:
        return cell in self._session.own_answers

    def _show(self, item: QueueItem | None) -> None:
        if item is None:
            self._session.go_to(None)
        else:
            self._session.go_to(item.cell, repeat=item.repeat)

    def _on_answered(self, line: Answer) -> None:
        if line.role == "annotator":
            self._queue.settle(line.key)
            self.progress.time(line)
            self.progress_changed.emit()


def _keys_of(cells: pd.DataFrame) -> frozenset[CellKey]:
    from napari_cellid.annotation.answer import CellKey

    columns = cells["recording"].tolist(), cells["cell"].tolist()
    return frozenset(map(CellKey, *columns))


def _own_counts(session: StudySession, recordings: Sequence[str]) -> Counter[str]:
    """Number of cells with each answer of the annotator."""
    if session.journal is None:
        return Counter()
    return session.answer_counts(recordings)
