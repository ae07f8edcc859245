"""Progress of one annotator: counts, speed, and remaining time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_cellid.annotation.answer import Answer

#: number of latest answers from which the speed is computed
_RECENT = 40
#: longer times for one cell (s) are counted as this, for they include a pause
_PAUSE_S = 90.0


class AnnotationProgress:
    """How far one annotator is, and how fast.

    Parameters
    ----------
    total
        Number of cells.
    counts
        Returns how many of them have each answer now.
    """

    def __init__(
        self, total: int = 0, counts: Callable[[], Mapping[str, int]] = dict
    ) -> None:
        self.total = total
        self._counts = counts
        self._recent: deque[float] = deque(maxlen=_RECENT)

    @property
    def answered(self) -> int:
        """Number of cells with an answer."""
        return sum(self._counts().values())

    def count(self, answer: str) -> int:
        """Number of cells with this answer."""
        return self._counts().get(answer, 0)

    def time(self, line: Answer) -> None:
        """Take the time of a line that was just written."""
        if line.origin == "answer" and line.seconds > 0:
            self._recent.append(min(line.seconds, _PAUSE_S))

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
