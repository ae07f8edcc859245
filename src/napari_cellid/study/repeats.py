"""Choice of the cells that an annotator sees a second time."""

from __future__ import annotations

from bisect import bisect_left, insort
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from napari_cellid.study.cell_order import MAX_DRAW, seeded_draw

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.annotation.history import AnswerHistory

#: a cell is repeated only after this many other answers
REPEAT_AFTER = 20


class RepeatChooser:
    """Chooses answered cells to show again, at a constant cost for each answer.

    Whether a repeat is due depends on the name of the annotator and the number of
    current answers: it cannot be foreseen, and is the same after undo or in another
    window.

    Parameters
    ----------
    cells
        Cells that can be shown.
    annotator
        Name of the annotator: seed of the choice.
    """

    def __init__(self, cells: Collection[CellKey], annotator: str) -> None:
        self._cells, self._annotator = frozenset(cells), annotator
        self._history: AnswerHistory | None = None
        self._n_lines = 0
        self._clear()

    def _clear(self) -> None:
        self._current: dict[CellKey, Answer] = {}
        self._n_repeats = 0
        self._by_time: list[tuple[datetime, CellKey]] = []
        # candidates by their draw; they are checked when they are due
        self._heap: list[tuple[int, CellKey]] = []
        self._in_heap: set[CellKey] = set()

    def follow(self, history: AnswerHistory) -> None:
        """Read the lines of the annotator's journal that are new since the last call.

        Parameters
        ----------
        history
            `Journal.history`; another object is read from its beginning.
        """
        if history is not self._history:
            self._history, self._n_lines = history, 0
            self._clear()
        for line in history.lines[self._n_lines :]:
            if line.role == "annotator":
                self._update(line)
        self._n_lines = len(history.lines)

    def choose(self, share: float) -> CellKey | None:
        """Choose a cell to show again now, if a repeat is due.

        Parameters
        ----------
        share
            Share of the questions that are repeats, 0 to 1.

        Returns
        -------
        A cell that was answered once, at least `REPEAT_AFTER` answers ago, or None.
        """
        n_given = len(self._current) + self._n_repeats
        if seeded_draw(f"{self._annotator}\0due\0{n_given}") / MAX_DRAW >= share:
            return None
        recent = {key for _, key in self._by_time[-REPEAT_AFTER:]}
        chosen, waiting = None, []
        while self._heap and chosen is None:
            candidate = heappop(self._heap)
            key = candidate[1]
            answer = self._current.get(key)
            if answer is None or answer.repeat:  # undone, or repeated meanwhile
                self._in_heap.discard(key)
                continue
            # back into the heap below: a cell that is too recent now is due later
            waiting.append(candidate)
            if key not in recent:
                chosen = key
        for candidate in waiting:
            heappush(self._heap, candidate)
        return chosen

    def _update(self, line: Answer) -> None:
        """Count the line that counts for its cell from now on."""
        key = line.key
        before = self._current.pop(key, None)
        if before is not None:
            self._n_repeats -= before.repeat
            del self._by_time[bisect_left(self._by_time, (before.time, key))]
        if line.answer is None:
            return
        self._current[key] = line
        self._n_repeats += line.repeat
        insort(self._by_time, (line.time, key))
        if not line.repeat and key in self._cells and key not in self._in_heap:
            self._in_heap.add(key)
            seed = f"{self._annotator}\0repeat\0{key.recording}\0{key.cell}"
            heappush(self._heap, (seeded_draw(seed), key))
