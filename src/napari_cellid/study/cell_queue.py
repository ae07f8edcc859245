"""Queue of cells for one annotator: next cell, previous cell, repeats."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from napari_cellid.annotation.answer import CellKey


class QueueItem(NamedTuple):
    """Item of the queue: a cell, and whether it is shown as a repeat."""

    cell: CellKey
    repeat: bool = False


class CellQueue:
    """Cells in the order in which an annotator sees them.

    Parameters
    ----------
    cells
        Cells in this order.
    is_answered
        Whether the annotator has answered a cell by now. Cells of the queue that have
        an answer at the beginning are asked for once more.
    """

    def __init__(
        self,
        cells: Sequence[CellKey] = (),
        is_answered: Callable[[CellKey], bool] = lambda _: False,
    ) -> None:
        self._items = [QueueItem(cell) for cell in cells]
        self._is_answered = is_answered
        # asked for although they have an answer
        self._again = set(filter(is_answered, cells))
        self._at = -1

    @property
    def current(self) -> QueueItem | None:
        """The current item; None before the first and after the last."""
        return self._items[self._at] if 0 <= self._at < len(self._items) else None

    def follow(self, ordered: Sequence[CellKey], new: Collection[CellKey]) -> None:
        """Take over new cells, and leave out those that are gone.

        A new cell comes where the order has it or, if that has been passed, next.

        Parameters
        ----------
        ordered
            All cells that there are now, in their order.
        new
            Those of them that have come.
        """
        place = {cell: k for k, cell in enumerate(ordered)}
        at, current = max(self._at, 0), self.current
        passed = [item for item in self._items[:at] if item.cell in place]
        coming = [item for item in self._items[at:] if item.cell in place]
        # the current item stays the current one
        n_fixed = int(current is not None and coming[:1] == [current])
        first, rest = coming[:n_fixed], coming[n_fixed:]
        for cell in ordered:
            if cell in new:
                later = (k for k, i in enumerate(rest) if place[i.cell] > place[cell])
                rest.insert(next(later, len(rest)), QueueItem(cell))
        self._items = [*passed, *first, *rest]
        if self._at >= 0:
            self._at = len(passed)

    def settle(self, cell: CellKey) -> None:
        """Ask no more for a cell that had an answer already at the beginning."""
        self._again.discard(cell)

    def advance(self) -> QueueItem | None:
        """Go to the next unanswered cell; skipped cells follow at the end."""
        n = len(self._items)
        start = self._at + 1
        for k in chain(range(start, n), range(min(start, n))):
            if not self._items[k].repeat and self._is_open(self._items[k].cell):
                self._at = k
                return self.current
        self._at = n
        return None

    def _is_open(self, cell: CellKey) -> bool:
        return cell in self._again or not self._is_answered(cell)

    def insert_repeat(self, cell: CellKey) -> QueueItem | None:
        """Insert an answered cell as a repeat, and go to it."""
        self._at = min(self._at + 1, len(self._items))
        self._items.insert(self._at, QueueItem(cell, repeat=True))
        return self.current

    def step(self, by: int) -> QueueItem | None:
        """Go to the next item (1) or the previous one (-1), answered or not."""
        self._at = min(max(self._at + by, 0), len(self._items))
        return self.current

    def return_to(self, cell: CellKey) -> QueueItem:
        """Go to the item of a cell, preferably the previous item.

        A cell that is not in the queue is inserted here.
        """
        previous = self._items[self._at - 1] if self._at > 0 else None
        if previous is not None and previous.cell == cell:
            self._at -= 1
            return previous
        for k, item in enumerate(self._items):
            if item.cell == cell and not item.repeat:
                self._at = k
                return item
        self._at = max(self._at, 0)
        self._items.insert(self._at, QueueItem(cell))
        return self._items[self._at]
