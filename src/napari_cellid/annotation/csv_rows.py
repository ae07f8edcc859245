"""Rows of a CSV file of answers: read, and checked before any of them is used."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast, get_args

from napari_cellid.annotation.annotators import clean_name, normalised_name
from napari_cellid.annotation.answer import Answer, CellKey, Role
from napari_cellid.annotation.csv_table import POSITION, read_table
from napari_cellid.annotation.jsonl import as_utc
from napari_cellid.errors import InputError
from napari_cellid.naming import clean_name as clean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

#: plane, and centroid y and x (px) of a cell
Position = tuple[int, float, float]

_YES, _NO = ("true", "1", "yes"), ("false", "0", "no", "")
#: bytes of a checksum that fit into an integer of JSON
_CHECKSUM_BYTES = 6


@dataclass(frozen=True)
class CsvRow:
    """A row with an answer.

    Parameters
    ----------
    number
        Number of the row in a spreadsheet, where the header is row 1.
    answer
        Answer in the row. Its time is that of reading if the row has none.
    timed
        Whether the row has a time.
    """

    number: int
    answer: Answer
    timed: bool


def read_rows(
    path: Path,
    answers: Collection[str],
    positions: Mapping[CellKey, Position],
    earlier_names: Mapping[str, str] | None = None,
) -> list[CsvRow]:
    """Read and check a CSV file; rows without an answer are skipped.

    Parameters
    ----------
    path
        File in UTF-8, separated by commas, or by semicolons or tabs and then with
        decimal commas.
    answers
        Answers that the study allows. Upper and lower case, and spaces and `_`, are
        the same.
    positions
        Positions of the study's cells, for rows without one. A name that is that of a
        recording among them is taken as it is; others lose their outer spaces.
    earlier_names
        Current name of each earlier name of a class; both are accepted.

    Raises
    ------
    InputError
        If a row cannot be used; the message gives its number.
    """
    table = read_table(path)
    decimal_comma = table.separator != ","
    reader = _RowReader(answers, positions, decimal_comma, earlier_names or {})
    rows = []
    for number, fields in enumerate(table.rows, 2):
        try:
            row = reader.read(number, table.named(fields))
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
        positions: Mapping[CellKey, Position],
        decimal_comma: bool,
        earlier_names: Mapping[str, str],
    ) -> None:
        self._names = tuple(answers)
        self._answers = {_normalised(old): new for old, new in earlier_names.items()}
        self._answers |= {_normalised(name): name for name in answers}
        self._positions = positions
        self._recordings = {key.recording for key in positions}
        self._by_clean_name = {clean(name): name for name in self._recordings}
        self._decimal_comma = decimal_comma
        self._now = datetime.now(UTC)

    def read(self, number: int, row: dict[str, str]) -> CsvRow | None:
        """Read a row; None if it has no answer."""
        if not row["answer"].strip():
            return None
        row["recording"] = self._recording(row["recording"])
        cell, (plane, y, x) = self._cell(row)
        time = row["time"].strip()
        answer = Answer(
            time=_time(time) if time else self._now,
            annotator=clean_name(row["annotator"]),
            recording=row["recording"],
            cell=cell,
            plane=plane,
            y=y,
            x=x,
            answer=self._answer(row["answer"]),
            shown=row["shown"].strip() or None,
            seconds=self._number(row, "seconds") if row["seconds"].strip() else 0.0,
            role=_role(row["role"].strip()),
            repeat=_yes_or_no(row["repeat"]),
            group=row["group"].strip() or None,
        )
        return CsvRow(number, answer, timed=bool(time))

    def _recording(self, text: str) -> str:
        # earlier versions let names begin or end with a space
        if text in self._recordings:
            return text
        name = clean(text)
        if not name:
            raise InputError("the recording is missing; give its name.")
        return self._by_clean_name.get(name, name)

    def _cell(self, row: dict[str, str]) -> tuple[int, Position]:
        given = [name for name in POSITION if row[name].strip()]
        if 0 < len(given) < len(POSITION):
            raise InputError(
                f"of plane, y and x only {' and '.join(given)} is given; give all "
                "three or none of them."
            )
        if given:
            y, x = self._number(row, "y"), self._number(row, "x")
            position = self._integer(row, "plane"), y, x
            if row["cell"].strip():
                return self._integer(row, "cell"), position
            return _number_of_position(position), position
        if not row["cell"].strip():
            raise InputError("the cell is missing; give its number, or plane, y and x.")
        key = CellKey(row["recording"], self._integer(row, "cell"))
        if key not in self._positions:
            raise InputError(
                f"the study has no cell {key.cell} in a recording '{key.recording}'; "
                "correct it, or give plane, y and x."
            )
        return key.cell, self._positions[key]

    def _answer(self, text: str) -> str:
        if _normalised(text) not in self._answers:
            raise InputError(
                f"'{text.strip()}' is not an answer of this study; use one of "
                f"{', '.join(self._names)}."
            )
        return self._answers[_normalised(text)]

    def _number(self, row: dict[str, str], name: str) -> float:
        text = row[name].strip()
        try:
            value = float(text.replace(",", ".") if self._decimal_comma else text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(f"{name} is {text!r}; give a number.")
        return value

    def _integer(self, row: dict[str, str], name: str) -> int:
        value = self._number(row, name)
        if not value.is_integer() or abs(value) > 2**53:
            raise InputError(f"{name} is {row[name].strip()!r}; give a whole number.")
        return int(value)


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
    """Refuse two different answers of one person about one cell."""
    seen: dict[tuple[str, Role, CellKey], CsvRow] = {}
    for row in rows:
        answer = row.answer
        first = seen.setdefault((answer.annotator, answer.role, answer.key), row)
        if first.answer.answer != answer.answer:
            raise InputError(
                f"{path.name}, row {row.number}: '{answer.annotator}' answers "
                f"'{answer.answer}' for a cell for which row {first.number} says "
                f"'{first.answer.answer}'; remove one of them."
            )


def _number_of_position(position: Position) -> int:
    """Negative number in place of the cell number of a row that has none.

    The same position has the same number, so that a later answer replaces the earlier.
    """
    checksum = hashlib.sha256(repr(position).encode()).digest()[:_CHECKSUM_BYTES]
    return -1 - int.from_bytes(checksum, "big")


def _normalised(answer: str) -> str:
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
