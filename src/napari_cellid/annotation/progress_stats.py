"""Progress of one annotator: counts, speed, and remaining time."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_cellid.annotation.answer import Answer, CellKey

#: number of latest answers from which the speed is computed
_RECENT = 40
#: longer times for one cell (s) are counted as this, for they include a pause
_PAUSE_S = 90.0


class AnnotationProgress:
    """Counts of one annotator's answers, updated with each answer at constant cost.

    Parameters
    ----------
    cells
        Cells to count.
    own
        Current answers of the annotator.
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
        """Count a line that was just written."""
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

    def rename_answers(self, names: Mapping[str, str]) -> None:
        """Count answers under new names, given by the earlier ones."""
        self._own = {
            cell: names.get(answer, answer) for cell, answer in self._own.items()
        }
        self._counts = Counter(self._own.values())

    def per_minute(self) -> float | None:
        """Recent speed in cells per minute; None with too few answers."""
        if len(self._recent) < 3 or not sum(self._recent):
            return None
        return 60 * len(self._recent) / sum(self._recent)

    def minutes_left(self) -> float | None:
        """Time for the remaining cells (min); None while the speed is unknown."""
        speed = self.per_minute()
        return None if speed is None else (self.total - self.answered) / speed


def duration_text(minutes: float) -> str:
    """Text of a duration (min), rounded as an estimate."""
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"about {minutes:.0f} min"
    if minutes < 600:
        return f"about {minutes / 60:.1f} h"
    return f"about {minutes / 60:.0f} h"
