"""One answer as a line of JSON, and many such lines as columns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from math import isfinite
from operator import itemgetter
from typing import Any, get_args

from napari_cellid.annotation.answer import Answer, Origin, Role

#: keys of a line, in the order of an answer's fields
COLUMNS = tuple(one.name for one in fields(Answer))
_NEEDED = COLUMNS[: COLUMNS.index("shown")]
_DEFAULTS: dict[str, Any] = {
    "shown": None, "seconds": 0.0, "role": "annotator", "repeat": False,
    "origin": "answer",
}  # fmt: skip
#: keys that are written only where they say something
_RARE = ("role", "repeat", "origin")
_TEXT, _NUMBER = {str}, {int, float}
_TYPES: dict[str, set[Any]] = {
    "time": _TEXT, "annotator": _TEXT, "recording": _TEXT, "cell": {int},
    "plane": {int}, "y": _NUMBER, "x": _NUMBER, "answer": {str, type(None)},
    "shown": {str, type(None)}, "seconds": _NUMBER, "role": _TEXT, "repeat": {bool},
    "origin": _TEXT,
}  # fmt: skip
#: where a line begins; within a text of JSON the quotes would be escaped
_BEGINNING = re.compile(rb'(?=\{"time":)')
#: lines that are read at once
_AT_ONCE = 1000
_INT64 = 2**63
_YEARS = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_UNREADABLE = (ValueError, LookupError, TypeError, OverflowError, RecursionError)


@dataclass
class ParsedLines:
    """What lines say, a list a key.

    Parameters
    ----------
    values
        For each key of a line the values of the good lines; `time` as datetimes in UTC.
    numbers
        Numbers of the good lines, from 1.
    broken
        Numbers of lines that are not wholly readable. Whole answers in them, before or
        behind a torn piece, are among the good ones.
    """

    values: dict[str, list[Any]] = field(
        default_factory=lambda: {key: [] for key in COLUMNS}
    )
    numbers: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)

    def answers(self) -> list[Answer]:
        """The good lines as answers."""
        return list(map(Answer, *self.values.values()))

    def extend(self, more: ParsedLines) -> None:
        """Add the lines that follow."""
        for key, column in self.values.items():
            column += more.values[key]
        self.numbers += more.numbers
        self.broken += more.broken

    def without(self, rows: set[int]) -> ParsedLines:
        """The same without some of the good lines, given by their place from 0."""
        kept = [row for row in range(len(self.numbers)) if row not in rows]
        values = {key: [column[k] for k in kept] for key, column in self.values.items()}
        return ParsedLines(values, [self.numbers[k] for k in kept], self.broken)


def format_line(answer: Answer) -> bytes:
    """The line of a journal that says an answer, with its line end.

    A time without zone is taken as UTC.
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
    for key in _RARE:
        if (value := getattr(answer, key)) != _DEFAULTS[key]:
            line[key] = value
    try:
        text = json.dumps(line, ensure_ascii=False, allow_nan=False)
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # names of files that are no Unicode
        return json.dumps(line).encode() + b"\n"


def parse_lines(data: bytes, first: int = 1) -> ParsedLines:
    """Read lines; whole ones count even where the last has no line end.

    Parameters
    ----------
    data
        Lines as UTF-8, each a JSON object; empty ones are passed over.
    first
        Number of the first line.
    """
    found = ParsedLines()
    lines = data.split(b"\n")
    numbers = [n for n, line in enumerate(lines) if line.strip()]
    for start in range(0, len(numbers), _AT_ONCE):
        some = numbers[start : start + _AT_ONCE]
        _take(found, [lines[n] for n in some], [n + first for n in some])
    return found


def _take(found: ParsedLines, lines: list[bytes], numbers: list[int]) -> None:
    """Read lines all at once; where that fails, halve them until one stands alone."""
    try:
        values = _read(lines)
    except _UNREADABLE:
        if len(lines) == 1:
            _take_pieces(found, lines[0], numbers[0])
            return
        half = len(lines) // 2
        _take(found, lines[:half], numbers[:half])
        _take(found, lines[half:], numbers[half:])
        return
    for key, column in values.items():
        found.values[key].extend(column)
    found.numbers.extend(numbers)


def _take_pieces(found: ParsedLines, line: bytes, number: int) -> None:
    """Read what is whole in a line that a torn piece and another were glued to."""
    pieces = [piece for piece in _BEGINNING.split(line) if piece.strip()]
    if len(pieces) == 1:
        found.broken.append(number)
        return
    for piece in pieces:
        _take(found, [piece], [number])
    found.broken[:] = dict.fromkeys(found.broken)


def _read(lines: list[bytes]) -> dict[str, list[Any]]:
    """Read lines to columns; any of `_UNREADABLE` if one of them is not an answer."""
    # a line break cannot stand within a text: what is torn in one line spoils no other
    records = json.loads("[" + b",\n".join(lines).decode() + "]")
    if len(records) != len(lines):
        raise ValueError
    columns = {key: list(map(itemgetter(key), records)) for key in _NEEDED}
    for key, default in _DEFAULTS.items():
        columns[key] = [record.get(key, default) for record in records]
    for key, column in columns.items():
        if not set(map(type, column)) <= _TYPES[key]:
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
    """The same time in UTC; one without zone is taken as UTC."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
