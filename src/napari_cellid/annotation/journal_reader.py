"""Reader of one annotator's journal, fed piece by piece as the file grows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import normalised_name
from napari_cellid.annotation.jsonl import ParsedLines, parse_lines
from napari_cellid.annotation.line_errors import unreadable_reason

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from typing import Any

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: clocks are often corrected by less than this (s)
_CLOCK_STEP_S = 1.0
#: bytes by which a file is recognised
_TAIL_BYTES = 256
#: largest number of line numbers in a message
_MAX_LISTED = 3
#: largest number of different reasons in a message
_MAX_REASONS = 4


class JournalReader:
    """Reads the lines of one journal, and collects problems with them.

    Attributes
    ----------
    n_bytes
        Number of bytes of the file that were read.
    tail
        The last of these bytes, by which the file is recognised.
    lacks_newline
        Whether the last line has no newline, so that a newline must be written before
        the next line.
    incomplete
        Whether the last line is incomplete. It stays in the file and is not used yet.
    """

    def __init__(self, annotator: str) -> None:
        self._annotator = annotator
        self.n_bytes = 0
        self.tail = b""
        self.lacks_newline = self.incomplete = False
        self._lines = 0
        #: number of each line that cannot be read, and why
        self._broken: dict[int, str] = {}
        self._other_annotators: Counter[str] = Counter()
        self._answers: Counter[str] = Counter()
        self._last_time: datetime | None = None
        self._backwards: list[int] = []

    def feed(self, data: bytes) -> ParsedLines:
        """Read the next bytes of the file; return the annotator's lines in them."""
        if not data:
            return ParsedLines()
        self.lacks_newline = not data.endswith(b"\n")
        whole, last = data[: data.rfind(b"\n") + 1], data[data.rfind(b"\n") + 1 :]
        self.incomplete = bool(last and parse_lines(last).broken)
        if not self.incomplete:  # at most its newline is missing
            whole = data
        text = whole.removeprefix(BYTE_ORDER_MARK) if self.n_bytes == 0 else whole
        first = self._lines + 1
        lines = parse_lines(text, first)
        self.n_bytes += len(whole)
        self.tail = (self.tail + whole[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        self._lines += whole.count(b"\n")
        if lines.broken:
            texts = text.split(b"\n")
            reasons = {n: unreadable_reason(texts[n - first]) for n in lines.broken}
            self._broken |= reasons
        return self._own_lines(lines)

    def problems(
        self, file: str, answers: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """Problems so far, one sentence each.

        Parameters
        ----------
        file
            Name of the file, for the messages.
        answers
            Answers that the study allows; others are reported. None allows any.
        """
        problems = []
        if self.incomplete:
            problems.append(
                f"{file}: the last line ({self._lines + 1}) is incomplete, as after a "
                "power cut, and does not count; everything before it does."
            )
        if self._broken:
            problems.append(
                f"{file}: {_lines([*self._broken])} cannot be read "
                f"({_reasons(self._broken)}); the broken text stays in the file and "
                "does not count, everything else does."
            )
        problems += [
            f"{file}: {_count(n, 'line')} of '{name}' in the journal of "
            f"'{self._annotator}' {'does' if n == 1 else 'do'} not count; if the "
            f"journal belongs to '{name}', rename the file."
            for name, n in self._other_annotators.items()
        ]
        if self._backwards:
            problems.append(
                f"{file}: the clock was set back before {_lines(self._backwards)}; the "
                "order of the lines counts, not their times."
            )
        unknown = set(self._answers).difference(answers or self._answers)
        if unknown:
            names = ", ".join(f"'{name}'" for name in sorted(unknown))
            lines = _count(sum(self._answers[name] for name in unknown), "line")
            problems.append(
                f"{file}: {lines} with answers that the study does not have ({names}) "
                "are kept."
            )
        return tuple(problems)

    def _own_lines(self, lines: ParsedLines) -> ParsedLines:
        """Lines of this annotator, under the name as it is stored."""
        names = lines.values["annotator"]
        own = normalised_name(self._annotator)
        foreign = {name for name in set(names) if normalised_name(name) != own}
        if foreign:
            self._other_annotators.update(name for name in names if name in foreign)
            rows = {row for row, name in enumerate(names) if name in foreign}
            lines = lines.without(rows)
        lines.values["annotator"] = [self._annotator] * len(lines.numbers)
        self._check(lines.values, lines.numbers)
        return lines

    def _check(self, values: dict[str, list[Any]], numbers: list[int]) -> None:
        """Note times that go back, and which answers occur."""
        self._answers.update(filter(None, values["answer"]))
        for number, time in zip(numbers, values["time"], strict=True):
            if self._last_time is not None and time < self._last_time:
                step = (self._last_time - time).total_seconds()
                if step > _CLOCK_STEP_S:
                    self._backwards.append(number)
            self._last_time = time


def _lines(numbers: list[int]) -> str:
    """Text of line numbers: the first ones, and how many more there are."""
    listed = ", ".join(map(str, numbers[:_MAX_LISTED]))
    if len(numbers) > _MAX_LISTED:
        return f"lines {listed} and {len(numbers) - _MAX_LISTED} more"
    return f"{'line' if len(numbers) == 1 else 'lines'} {listed}"


def _reasons(broken: Mapping[int, str]) -> str:
    """Why lines cannot be read; with their numbers if the reasons differ."""
    by_reason: dict[str, list[int]] = {}
    for number, reason in broken.items():
        by_reason.setdefault(reason, []).append(number)
    if len(by_reason) == 1:
        return next(iter(by_reason))
    texts = [f"{_lines(numbers)}: {reason}" for reason, numbers in by_reason.items()]
    others = ["others for other reasons"] if len(texts) > _MAX_REASONS else []
    return "; ".join([*texts[:_MAX_REASONS], *others])


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
