"""The rows of a CSV file of answers, each checked before any is taken."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast, get_args

from napari_cellid.annotation.annotators import clean_name, normalised_name
from napari_cellid.annotation.answer import Answer, CellKey, Role
from napari_cellid.annotation.jsonl import as_utc
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

#: plane, y and x of a cell (px)
Position = tuple[int, float, float]

_NEEDED = ("recording", "annotator", "answer")
_PLACE = ("plane", "y", "x")
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no", "")
#: bytes of a checksum that fit a whole number of JSON
_CHECKSUM_BYTES = 6


@dataclass(frozen=True)
class CsvRow:
    """A row that answers.

    Parameters
    ----------
    number
        As a spreadsheet counts: the heading is row 1.
    answer
        What it says; without a time in the row, that of reading it.
    timed
        Whether the row says when.
    """

    number: int
    answer: Answer
    timed: bool


def read_rows(
    path: Path, answers: Collection[str], places: Mapping[CellKey, Position]
) -> list[CsvRow]:
    """Read and check a CSV file; rows without answer are passed over.

    Parameters
    ----------
    path
        UTF-8, separated by commas, or semicolons or tabs with decimal commas.
    answers
        Answers that the study has; neither case nor a space for a `_` matters.
    places
        Where cells lie whose row does not say so.

    Raises
    ------
    InputError
        If anything cannot be used, with the number of the row.
    """
    table, separator = _table(path)
    header = [name.strip().casefold() for name in table[0]] if table else []
    _check_header(path, header)
    reader = _RowReader(answers, places, separator != ",")
    rows = []
    for number, fields in enumerate(table[1:], 2):
        try:
            row = reader.read(number, _named(header, fields))
        except InputError as error:
            raise InputError(f"{path.name}, row {number}: {error}") from error
        if row is not None:
            rows.append(row)
    _check_names(path, rows)
    _check_contradictions(path, rows)
    return rows


class _RowReader:
    def __init__(
        self,
        answers: Collection[str],
        places: Mapping[CellKey, Position],
        decimal_comma: bool,
    ) -> None:
        self._answers = {_plain(one): one for one in answers}
        self._places = places
        self._decimal_comma = decimal_comma
        self._now = datetime.now(UTC)

    def read(self, number: int, row: dict[str, str]) -> CsvRow | None:
        """Read a row; None if it does not answer."""
        if not row["answer"].strip():
            return None
        if not row["recording"].strip():
            raise InputError("the recording is missing; give its name.")
        cell, place = self._where(row)
        time = row["time"].strip()
        answer = Answer(
            time=_time(time) if time else self._now,
            annotator=clean_name(row["annotator"]),
            recording=row["recording"],
            cell=cell,
            plane=place[0],
            y=place[1],
            x=place[2],
            answer=self._answer(row["answer"]),
            shown=row["shown"].strip() or None,
            seconds=self._number(row, "seconds") if row["seconds"].strip() else 0.0,
            role=_role(row["role"].strip()),
            repeat=_yes_or_no(row["repeat"]),
        )
        return CsvRow(number, answer, timed=bool(time))

    def _where(self, row: dict[str, str]) -> tuple[int, Position]:
        given = [name for name in _PLACE if row[name].strip()]
        if 0 < len(given) < len(_PLACE):
            raise InputError(
                f"of plane, y and x only {' and '.join(given)} is given; give all or "
                "none."
            )
        if given:
            y, x = self._number(row, "y"), self._number(row, "x")
            place = self._whole(row, "plane"), y, x
            cell = self._whole(row, "cell") if row["cell"].strip() else _at(place)
            return cell, place
        if not row["cell"].strip():
            raise InputError("the cell is missing; give its number, or plane, y and x.")
        key = CellKey(row["recording"], self._whole(row, "cell"))
        if key not in self._places:
            raise InputError(
                f"there is no cell {key.cell} in a recording '{key.recording}' here; "
                "correct it, or give plane, y and x."
            )
        return key.cell, self._places[key]

    def _answer(self, text: str) -> str:
        if _plain(text) not in self._answers:
            raise InputError(
                f"'{text.strip()}' is not an answer of this study; use one of "
                f"{', '.join(self._answers.values())}."
            )
        return self._answers[_plain(text)]

    def _number(self, row: dict[str, str], name: str) -> float:
        text = row[name].strip()
        try:
            value = float(text.replace(",", ".") if self._decimal_comma else text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{name} is {text!r}; give a number.")
        return value

    def _whole(self, row: dict[str, str], name: str) -> int:
        value = self._number(row, name)
        if not value.is_integer() or abs(value) > 2**53:
            raise InputError(f"{name} is {row[name].strip()!r}; give a whole number.")
        return int(value)


def _table(path: Path) -> tuple[list[list[str]], str]:
    """The fields of a CSV file, and what separates them."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); give a CSV file of answers."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8; save it as 'CSV UTF-8' from the spreadsheet."
        ) from error
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        fields = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise InputError(
            f"{path} is not a CSV file ({error}); save it as 'CSV UTF-8'."
        ) from error
    return fields, separator


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in header]
    if "cell" not in header and not set(_PLACE) <= set(header):
        missing.append("cell (or plane, y and x)")
    if missing:
        raise InputError(
            f"{path} has no column {', '.join(missing)} in its first row; it needs "
            "recording, cell (or plane, y and x), annotator and answer."
        )
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise InputError(
            f"{path} has the column {', '.join(sorted(twice))} twice; remove one."
        )


def _check_names(path: Path, rows: list[CsvRow]) -> None:
    """Refuse two names that differ only in how they are written."""
    seen: dict[str, str] = {}
    for row in rows:
        name = row.answer.annotator
        other = seen.setdefault(normalised_name(name), name)
        if other != name:
            raise InputError(
                f"{path.name}, row {row.number}: '{name}' differs from '{other}' only "
                "in how it is written; write the name of one person in one way."
            )


def _check_contradictions(path: Path, rows: list[CsvRow]) -> None:
    """Refuse two answers of one person about one cell: which counts is not said."""
    seen: dict[tuple[str, Role, CellKey], CsvRow] = {}
    for row in rows:
        one = row.answer
        first = seen.setdefault((one.annotator, one.role, one.key), row)
        if first.answer.answer != one.answer:
            raise InputError(
                f"{path.name}, row {row.number}: '{one.annotator}' answers "
                f"'{one.answer}' for a cell for which row {first.number} says "
                f"'{first.answer.answer}'; remove one of them."
            )


def _named(header: list[str], fields: list[str]) -> dict[str, str]:
    if any(field.strip() for field in fields[len(header) :]):
        raise InputError("it has more fields than the first row; remove some.")
    names = (*_NEEDED, *_PLACE, "cell", "time", "shown", "seconds", "role", "repeat")
    return dict.fromkeys(names, "") | dict(zip(header, fields, strict=False))


def _at(place: Position) -> int:
    """The number of an answered place whose cell is not said: negative, as no cell's.

    The same place always has the same one, so that a later answer replaces the earlier.
    """
    checksum = hashlib.sha256(repr(place).encode()).digest()[:_CHECKSUM_BYTES]
    return -1 - int.from_bytes(checksum, "big")


def _plain(answer: str) -> str:
    return "_".join(answer.casefold().replace("_", " ").split())


def _time(text: str) -> datetime:
    try:
        return as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"time is {text!r}; write it as 2026-11-20T14:30:00Z, or leave it out."
        ) from error


def _role(text: str) -> Role:
    if text not in ("", *get_args(Role)):
        raise InputError(
            f"role is {text!r}; use one of {', '.join(get_args(Role))}, or "
            "leave it out."
        )
    return cast("Role", text or "annotator")


def _yes_or_no(text: str) -> bool:
    plain = text.strip().casefold()
    if plain not in (*_YES, *_NO):
        raise InputError(f"repeat is {text!r}; use true or false, or leave it out.")
    return plain in _YES
