"""Format of a journal: an answer as a line of JSON, and many lines as columns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from math import isfinite
from operator import itemgetter
from typing import Any, get_args

from napari_cellid.annotation.answer import Answer, Origin, Role

#: keys of a line, in the order of the fields of `Answer`
COLUMNS = tuple(one.name for one in fields(Answer))
#: keys that every line has
REQUIRED = COLUMNS[: COLUMNS.index("shown")]
#: values of keys that a line may lack
DEFAULTS: dict[str, Any] = {
    "shown": None, "seconds": 0.0, "role": "annotator", "repeat": False,
    "origin": "answer", "group": None, "markers": "",
}  # fmt: skip
#: keys that are written only if they differ from their default
_OPTIONAL = ("role", "repeat", "origin", "group", "markers")
_TEXT, _NUMBER = {str}, {int, float}
#: types that the value of each key may have
TYPES: dict[str, set[Any]] = {
    "time": _TEXT, "annotator": _TEXT, "recording": _TEXT, "cell": {int},
    "plane": {int}, "y": _NUMBER, "x": _NUMBER, "answer": {str, type(None)},
    "shown": {str, type(None)}, "seconds": _NUMBER, "role": _TEXT, "repeat": {bool},
    "origin": _TEXT, "group": {str, type(None)}, "markers": _TEXT,
}  # fmt: skip
#: beginning of a line; within a JSON string the quotes would be escaped
BEGINNING = re.compile(rb'(?=\{"time":)')
#: number of lines that are parsed at once
_BLOCK_LINES = 1000
_INT64 = 2**63
_YEARS = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_UNREADABLE = (ValueError, LookupError, TypeError, OverflowError, RecursionError)


@dataclass
class ParsedLines:
    """Parsed lines of a journal as columns.

    Parameters
    ----------
    values
        For each key the values of the valid lines; `time` as datetimes in UTC.
    numbers
        Numbers of the valid lines, from 1.
    broken
        Numbers of lines that cannot be read completely. Complete answers in them,
        before or behind the broken text, are among the valid lines.
    """

    values: dict[str, list[Any]] = field(
        default_factory=lambda: {key: [] for key in COLUMNS}
    )
    numbers: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)

    def answers(self) -> list[Answer]:
        """The valid lines as answers."""
        return list(map(Answer, *self.values.values()))

    def extend(self, more: ParsedLines) -> None:
        """Add the lines that follow."""
        for key, column in self.values.items():
            column += more.values[key]
        self.numbers += more.numbers
        self.broken += more.broken

    def without(self, rows: set[int]) -> ParsedLines:
        """A copy without some of the valid lines, given by their index."""
        kept = [row for row in range(len(self.numbers)) if row not in rows]
        values = {key: [column[k] for k in kept] for key, column in self.values.items()}
        return ParsedLines(values, [self.numbers[k] for k in kept], self.broken)


def format_line(answer: Answer) -> bytes:
    """Format an answer as a line of a journal, with its newline.

    A time without time zone is taken as UTC.
    """
    line = {
        "time": as_utc(answer.time).isoformat(timespec="microseconds")[:-6] + "Z",
        "annotator": answer.annotator,
        "recording": answer.recording,
        "cell": int(answer.cell),
        "plane": int(answer.plane),
        "y": float(answer.y),
        "x": float(answer.x),
        "answer": answer.answer,
        "shown": answer.shown,
        "seconds": float(answer.seconds),
    }
    for key in _OPTIONAL:
        if (value := getattr(answer, key)) != DEFAULTS[key]:
            line[key] = value
    try:
        text = json.dumps(line, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # a file name that is not valid Unicode
        return json.dumps(line).encode() + b"\n"


def parse_lines(data: bytes, first: int = 1) -> ParsedLines:
    """Parse lines; the last one may lack its newline.

    Parameters
    ----------
    data
        Lines in UTF-8, each a JSON object; empty lines are skipped.
    first
        Number of the first line.
    """
    parsed = ParsedLines()
    lines = data.split(b"\n")
    numbers = [n for n, line in enumerate(lines) if line.strip()]
    for start in range(0, len(numbers), _BLOCK_LINES):
        block = numbers[start : start + _BLOCK_LINES]
        _parse_block(parsed, [lines[n] for n in block], [n + first for n in block])
    return parsed


def _parse_block(parsed: ParsedLines, lines: list[bytes], numbers: list[int]) -> None:
    """Parse lines at once; if that fails, halve the block down to single lines."""
    try:
        values = _decode(lines)
    except _UNREADABLE:
        if len(lines) == 1:
            _parse_fragments(parsed, lines[0], numbers[0])
            return
        half = len(lines) // 2
        _parse_block(parsed, lines[:half], numbers[:half])
        _parse_block(parsed, lines[half:], numbers[half:])
        return
    for key, column in values.items():
        parsed.values[key].extend(column)
    parsed.numbers.extend(numbers)


def _parse_fragments(parsed: ParsedLines, line: bytes, number: int) -> None:
    """Parse the complete answers in a line that also holds broken text."""
    pieces = [piece for piece in BEGINNING.split(line) if piece.strip()]
    if len(pieces) == 1:
        parsed.broken.append(number)
        return
    for piece in pieces:
        _parse_block(parsed, [piece], [number])
    parsed.broken[:] = dict.fromkeys(parsed.broken)


def _decode(lines: list[bytes]) -> dict[str, list[Any]]:
    """Parse lines as columns; raises one of `_UNREADABLE` if a line is no answer."""
    # a JSON string cannot contain a newline: a broken line does not affect the next
    records = json.loads("[" + b",\n".join(lines).decode() + "]")
    if len(records) != len(lines):
        raise ValueError
    columns = {key: list(map(itemgetter(key), records)) for key in REQUIRED}
    for key, default in DEFAULTS.items():
        columns[key] = [record.get(key, default) for record in records]
    for key, column in columns.items():
        if not set(map(type, column)) <= TYPES[key]:
            raise TypeError
    _check_values(columns)
    columns["time"] = _times(columns["time"])
    return columns


def _check_values(columns: dict[str, list[Any]]) -> None:
    if not set(columns["role"]) <= set(get_args(Role)):
        raise ValueError
    if not set(columns["origin"]) <= set(get_args(Origin)):
        raise ValueError
    for key in ("cell", "plane"):
        if not -_INT64 <= min(columns[key]) <= max(columns[key]) < _INT64:
            raise OverflowError
    for key in ("y", "x", "seconds"):
        if not all(map(isfinite, columns[key])):
            raise ValueError


def _times(texts: list[str]) -> list[datetime]:
    times = list(map(datetime.fromisoformat, texts))
    if any(time.tzinfo is not UTC for time in times):
        times = list(map(as_utc, times))
    if not _YEARS[0] <= min(times) <= max(times) < _YEARS[1]:
        raise ValueError
    return times


def as_utc(time: datetime) -> datetime:
    """Convert a time to UTC; a time without time zone is taken as UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
