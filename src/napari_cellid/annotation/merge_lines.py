"""Lines of two copies of a journal in one order.

The order of the lines within a copy is kept. Between lines of different copies the
time decides, if it can be right: a time that is ahead of the present, or that does not
fit the order of its own journal because the clock was changed, decides nothing, and
its line follows the line before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from napari_cellid.annotation.journal_reader import BYTE_ORDER_MARK, JournalReader

if TYPE_CHECKING:
    from napari_cellid.annotation.answer import Answer

#: clocks of computers differ by less than this
CLOCK_TOLERANCE = timedelta(minutes=5)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class JournalLine:
    """A line of a journal.

    Parameters
    ----------
    text
        The line, without its end.
    answers
        The answers in it; none if it cannot be read.
    stated
        The time in it, or that of the line before it if it cannot be read.
    time
        The time that decides its place among the lines of another copy.
    key
        Identifies the line in both copies.
    clock_error
        How far the time in it is ahead of one that can be right; negative: behind.
    """

    text: bytes
    answers: tuple[Answer, ...]
    stated: datetime
    time: datetime
    key: Hashable
    clock_error: timedelta = timedelta(0)

    @property
    def order(self) -> tuple[datetime, datetime, bytes]:
        """What decides its place among the lines of another copy."""
        return self.time, self.stated, self.text


def split_lines(
    data: bytes, annotator: str, now: datetime | None = None
) -> list[JournalLine]:
    """Split a journal into lines, and find the times that cannot be right.

    Parameters
    ----------
    data
        Content of the file.
    annotator
        Name of the annotator.
    now
        The present, by default by the clock of this computer.
    """
    data = data.removeprefix(BYTE_ORDER_MARK)
    parsed = JournalReader(annotator).feed(data + b"\n")
    answers_at: dict[int, tuple[Answer, ...]] = {}
    for number, answer in zip(parsed.numbers, parsed.answers(), strict=True):
        answers_at[number] = (*answers_at.get(number, ()), answer)
    lines, time, n_seen = [], _BEFORE_ALL, Counter[Hashable]()
    for number, line in enumerate(data.split(b"\n"), 1):
        if not (text := line.strip()):
            continue
        answers = answers_at.get(number, ())
        time = answers[-1].time if answers else time
        content = answers or text
        n_seen[content] += 1
        key = content, n_seen[content]
        lines.append(JournalLine(text, answers, time, time, key))
    return _with_possible_times(lines, now or datetime.now(UTC))


def interleave(ours: list[JournalLine], theirs: list[JournalLine]) -> list[JournalLine]:
    """Interleave the lines of two copies; the order within each copy is kept."""
    both = {line.key for line in ours} & {line.key for line in theirs}
    merged: dict[Hashable, JournalLine] = {}
    left, right = deque(ours), deque(theirs)
    while left and right:
        a, b = left[0], right[0]
        if a.key in merged or b.key in merged:  # the copies have different orders
            (left if a.key in merged else right).popleft()
            continue
        right_first = b.order < a.order
        if (a.key in both) != (b.key in both):  # up to the next common line
            right_first = a.key in both
        elif a.key in both:
            right_first = False
        first = (right if right_first else left).popleft()
        merged[first.key] = first
    for rest in (*left, *right):
        merged.setdefault(rest.key, rest)
    return list(merged.values())


def _with_possible_times(lines: list[JournalLine], now: datetime) -> list[JournalLine]:
    """Give lines whose time cannot be right the time of the line before them."""
    possible = _possible([line.stated for line in lines], now + CLOCK_TOLERANCE)
    if len(possible) == len(lines):
        return lines
    times, latest = [], now
    for row in reversed(range(len(lines))):
        latest = lines[row].stated if row in possible else latest
        times.append(latest)
    earliest, placed = _BEFORE_ALL, []
    for row, (line, latest) in enumerate(zip(lines, reversed(times), strict=True)):
        if row in possible:
            earliest = line.stated
            placed.append(line)
        else:
            bound = latest if line.stated > latest else earliest
            error = line.stated - bound
            placed.append(replace(line, time=earliest, clock_error=error))
    return placed


def _possible(times: list[datetime], latest: datetime) -> set[int]:
    """Rows whose times can be right: as many as possible, up to the latest, in order.

    A clock that was set wrong for a while, ahead or behind, spoils the fewer lines.
    """
    rows = [row for row, time in enumerate(times) if time <= latest]
    highest, falls = _BEFORE_ALL, False
    for row in rows:
        highest = max(highest, times[row])
        falls |= highest - times[row] > CLOCK_TOLERANCE
    return _longest_rise(rows, times) if falls else set(rows)


def _longest_rise(rows: list[int], times: list[datetime]) -> set[int]:
    """The longest selection of rows whose times do not fall."""
    # of all selections of each length, the one that ends earliest
    ends: list[datetime] = []
    last_rows: list[int] = []
    before: dict[int, int | None] = {}
    for row in rows:
        at = bisect_right(ends, times[row])
        before[row] = last_rows[at - 1] if at else None
        ends[at : at + 1], last_rows[at : at + 1] = [times[row]], [row]
    chosen, row_or_none = set(), last_rows[-1] if last_rows else None
    while row_or_none is not None:
        chosen.add(row_or_none)
        row_or_none = before[row_or_none]
    return chosen
