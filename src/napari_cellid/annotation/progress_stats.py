"""How far a person has come: counts, speed, and the time that is left."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_cellid.annotation.answer import Answer, CellKey

#: the speed is that of so many answers, the last ones
_RECENT = 40
#: nobody thinks about a cell longer than this (s): it was a pause
_PAUSE_S = 90.0


class AnnotationProgress:
    """Counts one person's answers as they come, at the same cost for any number.

    Parameters
    ----------
    cells
        Cells that are counted.
    own
        Answers so far.
    """

    def __init__(
        self, cells: Collection[CellKey] = (), own: Mapping[CellKey, str] | None = None
    ) -> None:
        self._cells = frozenset(cells)
        self._own = {
            cell: answer for cell, answer in (own or {}).items() if cell in self._cells
        }
        self._counts = Counter(self._own.values())
        self._recent: deque[float] = deque(maxlen=_RECENT)

    @property
    def total(self) -> int:
        """Number of cells."""
        return len(self._cells)

    @property
    def answered(self) -> int:
        """Number of cells with an answer."""
        return len(self._own)

    def count(self, answer: str) -> int:
        """Number of cells with this answer."""
        return self._counts[answer]

    def update(self, line: Answer) -> None:
        """Count what was written just now."""
        if line.key not in self._cells or line.role != "annotator":
            return
        before = self._own.pop(line.key, None)
        if before is not None:
            self._counts[before] -= 1
        if line.answer is not None:
            self._own[line.key] = line.answer
            self._counts[line.answer] += 1
        if line.origin == "answer" and line.seconds > 0:
            self._recent.append(min(line.seconds, _PAUSE_S))

    def per_minute(self) -> float | None:
        """Cells a minute, lately; None before it can be told."""
        if len(self._recent) < 3 or not sum(self._recent):
            return None
        return 60 * len(self._recent) / sum(self._recent)

    def minutes_left(self) -> float | None:
        """How long the rest takes at this speed; None before it can be told."""
        speed = self.per_minute()
        return None if speed is None else (self.total - self.answered) / speed


def duration_text(minutes: float) -> str:
    """A length of time in words, no more exact than such a guess can be."""
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"about {minutes:.0f} min"
    if minutes < 600:
        return f"about {minutes / 60:.1f} h"
    return f"about {minutes / 60:.0f} h"
