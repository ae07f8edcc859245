"""Current answers of one annotator, with their numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_cellid.annotation.answer import CellKey


class CurrentAnswers:
    """Answer to each cell, and number of cells with each answer, at constant cost."""

    def __init__(self) -> None:
        self._by_cell: dict[CellKey, str] = {}
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)

    @property
    def by_cell(self) -> Mapping[CellKey, str]:
        """Current answer to each cell; it changes with each `set`."""
        return self._by_cell

    def set(self, cell: CellKey, answer: str | None) -> None:
        """Set the answer to a cell; None withdraws it."""
        before = self._by_cell.pop(cell, None)
        counts = self._counts[cell.recording]
        if before is not None:
            counts[before] -= 1
        if answer is not None:
            self._by_cell[cell] = answer
            counts[answer] += 1

    def counts(self, recordings: Iterable[str]) -> Counter[str]:
        """Number of cells of some recordings with each answer."""
        total: Counter[str] = Counter()
        for name in recordings:
            total.update(self._counts.get(name, {}))
        return total
