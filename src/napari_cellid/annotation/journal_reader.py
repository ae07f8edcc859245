"""Reading one person's journal, piece by piece as it grows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import normalised_name
from napari_cellid.annotation.jsonl import ParsedLines, parse_lines

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from typing import Any

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: clocks are set right by less than this all the time (s)
_CLOCK_STEP_S = 1.0
#: bytes by which a file is known again
_LAST = 256
#: line numbers that a message names
_NAMED = 3


class JournalReader:
    """What was read of one journal so far, and what was odd about it.

    Attributes
    ----------
    n_bytes
        How many bytes of the file were taken.
    tail
        The end of these bytes, by which the file is known again.
    lacks_newline
        Whether the file's last line has no line end, so that a new line must be begun
        before more is written.
    incomplete
        Whether that last line is torn: it is left where it is and not taken yet.
    """

    def __init__(self, annotator: str) -> None:
        self._annotator = annotator
        self.n_bytes = 0
        self.tail = b""
        self.lacks_newline = self.incomplete = False
        self._lines = 0
        self._broken: list[int] = []
        self._strangers: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._last_time: datetime | None = None
        self._back: list[int] = []

    def feed(self, data: bytes) -> ParsedLines:
        """Read the bytes that follow those taken so far; give this person's lines."""
        if not data:
            return ParsedLines()
        self.lacks_newline = not data.endswith(b"\n")
        whole, last = data[: data.rfind(b"\n") + 1], data[data.rfind(b"\n") + 1 :]
        self.incomplete = bool(last and parse_lines(last).broken)
        if not self.incomplete:  # only its line end may be missing
            whole = data
        text = whole.removeprefix(BYTE_ORDER_MARK) if self.n_bytes == 0 else whole
        found = parse_lines(text, self._lines + 1)
        self.n_bytes += len(whole)
        self.tail = (self.tail + whole[-_LAST:])[-_LAST:]
        self._lines += whole.count(b"\n")
        self._broken += found.broken
        return self._look_through(found)

    def problems(
        self, file: str, answers: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """What was odd, a sentence each; with `answers` also those not among them."""
        found = []
        if self.incomplete:
            found.append(
                f"{file}: the last line ({self._lines + 1}) is half-written, as after "
                "a power cut, and does not count; everything before it does."
            )
        if self._broken:
            found.append(
                f"{file}: {_lines(self._broken)} cannot be read; what is torn stays in "
                "the file and does not count, everything else does."
            )
        found += [
            f"{file}: not counted: {_count(n, 'line')} of '{name}' in the journal of "
            f"'{self._annotator}'; if the file is theirs, give it their name."
            for name, n in self._strangers.items()
        ]
        if self._back:
            found.append(
                f"{file}: the clock went back before {_lines(self._back)}; the order "
                "of the lines counts, not their times."
            )
        unknown = set(self._answers).difference(answers or self._answers)
        if unknown:
            names = ", ".join(f"'{name}'" for name in sorted(unknown))
            lines = _count(sum(self._answers[name] for name in unknown), "line")
            found.append(
                f"{file}: {lines} with answers that the study does not have ({names}); "
                "they are kept."
            )
        return tuple(found)

    def _look_through(self, found: ParsedLines) -> ParsedLines:
        names = found.values["annotator"]
        others = set(names) - {self._annotator}
        strangers = {
            n for n in others if normalised_name(n) != normalised_name(self._annotator)
        }
        if strangers:
            self._strangers.update(name for name in names if name in strangers)
            rows = {row for row, name in enumerate(names) if name in strangers}
            found = found.without(rows)
        found.values["annotator"] = [self._annotator] * len(found.numbers)
        self._note(found.values, found.numbers)
        return found

    def _note(self, values: dict[str, list[Any]], numbers: list[int]) -> None:
        """Look through lines that count: their clock and their answers."""
        self._answers.update(filter(None, values["answer"]))
        for number, time in zip(numbers, values["time"], strict=True):
            if self._last_time is not None and time < self._last_time:
                step = (self._last_time - time).total_seconds()
                if step > _CLOCK_STEP_S:
                    self._back.append(number)
            self._last_time = time


def _lines(numbers: list[int]) -> str:
    """Name lines by number: the first ones, and how many more."""
    some = ", ".join(map(str, numbers[:_NAMED]))
    if len(numbers) > _NAMED:
        return f"lines {some} and {len(numbers) - _NAMED} more"
    return f"{'line' if len(numbers) == 1 else 'lines'} {some}"


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
