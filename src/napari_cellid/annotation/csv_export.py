"""Answers as a table (CSV), to and from people who work without this program."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import pandas as pd

from napari_cellid.annotation.all_answers import current_answers
from napari_cellid.annotation.answer import CellKey
from napari_cellid.annotation.csv_rows import read_rows
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.jsonl import COLUMNS
from napari_cellid.errors import InputError
from napari_cellid.files import replacing_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from napari_cellid.annotation.answer import Answer, Role
    from napari_cellid.annotation.csv_rows import CsvRow, Position

#: columns of the file: how a line came about is the journal's own affair
_COLUMNS = [name for name in COLUMNS if name != "origin"]

_ROLES: tuple[Role, ...] = ("annotator", "adjudicator")


def export_answers(lines: pd.DataFrame, target: Path | TextIO) -> int:
    """Write the answers that count now, votes and adjudications, as CSV in UTF-8.

    Parameters
    ----------
    lines
        As in `Annotations`.
    target
        The file, or a stream of text.

    Returns
    -------
    How many there are.

    Raises
    ------
    InputError
        If the file cannot be written; an earlier one is left as it was.
    """
    table = pd.concat([current_answers(lines, role) for role in _ROLES])[_COLUMNS]
    table = table.sort_values(["recording", "cell", "role", "annotator"])
    table["time"] = table["time"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    table["repeat"] = table["repeat"].map({True: "true", False: ""})
    try:
        if isinstance(target, Path):
            with replacing_file(target) as temporary:
                table.to_csv(
                    temporary,
                    index=False,
                    lineterminator="\n",
                    errors="backslashreplace",
                )
        else:
            table.to_csv(target, index=False, lineterminator="\n")
    except OSError as error:
        raise InputError(
            f"{target} cannot be written ({error.strerror}); make room, close programs "
            "that have it open, or choose another file."
        ) from error
    return len(table)


def import_answers(
    path: Path,
    folder: Path,
    answers: Collection[str],
    cells: pd.DataFrame | None = None,
) -> dict[str, int]:
    """Add the answers of a CSV file to people's journals.

    What counts already is not added, nor a row that stands in the journal word for word
    (of an older export): importing twice adds nothing. A row keeps its time where the
    journal has no later line; otherwise it counts as answered now.

    Parameters
    ----------
    path
        CSV with the columns recording, cell (or plane, y and x), annotator, answer,
        and as may be time, shown, seconds, role, repeat. Rows without answer are
        passed over. A place without a cell gets a negative number.
    folder
        The `annotations` of the study.
    answers
        Answers that the study has.
    cells
        Tables of its cells, with `recording`: for rows that give no place.

    Returns
    -------
    For each person in the file the number of new lines.

    Raises
    ------
    InputError
        If anything in the file cannot be used, with the row: then nothing is written.
        If a disk is full on the way, importing again goes on from there.
    """
    rows = read_rows(path, answers, _places(cells))
    people: dict[str, list[CsvRow]] = {}
    for row in rows:
        people.setdefault(row.answer.annotator, []).append(row)
    journals = {name: Journal.open(folder, name) for name in people}
    new = {name: _new(journals[name], rows) for name, rows in people.items()}
    for name, journal in journals.items():
        journal.add_all(new[name])
    return {name: len(lines) for name, lines in new.items()}


def _new(journal: Journal, rows: Iterable[CsvRow]) -> list[Answer]:
    now, lines, new = datetime.now(UTC), journal.lines, []
    known = {(one.time, one.role, one.key, one.answer) for one in lines}
    counting = {
        (one.role, one.key): one.answer
        for role in _ROLES
        for one in journal.current(role).values()
    }
    last = lines[-1].time if lines else datetime.min.replace(tzinfo=UTC)
    for row in sorted(rows, key=lambda row: row.answer.time):
        one = row.answer
        if counting.get((one.role, one.key)) == one.answer:
            continue
        if row.timed and (one.time, one.role, one.key, one.answer) in known:
            continue
        last = one.time if last <= one.time <= now else now
        counting[one.role, one.key] = one.answer
        new.append(replace(one, time=last))
    return new


def _places(cells: pd.DataFrame | None) -> dict[CellKey, Position]:
    if cells is None:
        return {}
    names, numbers = cells["recording"].tolist(), cells["cell"].tolist()
    planes, y, x = (cells[name].tolist() for name in ("plane", "y", "x"))
    keys = map(CellKey, names, numbers)
    return dict(zip(keys, zip(planes, y, x, strict=True), strict=True))
