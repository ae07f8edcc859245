"""Which cell comes next, and which one was before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.annotation.answer import CellKey


class QueueItem(NamedTuple):
    """One place in the queue: a cell, and whether it is asked about once more."""

    cell: CellKey
    repeat: bool = False


class CellQueue:
    """Cells in the order in which a person is asked about them.

    Parameters
    ----------
    cells
        In order.
    """

    def __init__(self, cells: Sequence[CellKey] = ()) -> None:
        self._turns = [QueueItem(cell) for cell in cells]
        self._done: set[CellKey] = set()
        self._at = -1

    @property
    def current(self) -> QueueItem | None:
        """Whose turn it is; None before the first and after the last."""
        return self._turns[self._at] if 0 <= self._at < len(self._turns) else None

    def mark(self, cell: CellKey, done: bool) -> None:
        """Say that a cell was answered since the queue was made, or is so no more."""
        (self._done.add if done else self._done.discard)(cell)

    def advance(self) -> QueueItem | None:
        """Go to the next cell that is not done; those passed over come at the end."""
        n = len(self._turns)
        start = self._at + 1
        for k in (*range(start, n), *range(min(start, n))):
            if self._turns[k].cell not in self._done and not self._turns[k].repeat:
                self._at = k
                return self.current
        self._at = n
        return None

    def insert_repeat(self, cell: CellKey) -> QueueItem | None:
        """Let an answered cell come now, once more."""
        self._at = min(self._at + 1, len(self._turns))
        self._turns.insert(self._at, QueueItem(cell, repeat=True))
        return self.current

    def step(self, by: int) -> QueueItem | None:
        """Go to the next cell (1) or the one before (-1), done or not."""
        self._at = min(max(self._at + by, 0), len(self._turns))
        return self.current

    def return_to(self, cell: CellKey) -> QueueItem:
        """Go to where a cell had its turn, the turn before this one if it was that.

        A cell that is not in the queue gets its turn here.
        """
        before = self._turns[self._at - 1] if self._at > 0 else None
        if before is not None and before.cell == cell:
            self._at -= 1
            return before
        for k, turn in enumerate(self._turns):
            if turn.cell == cell and not turn.repeat:
                self._at = k
                return turn
        self._at = max(self._at, 0)
        self._turns.insert(self._at, QueueItem(cell))
        return self._turns[self._at]
