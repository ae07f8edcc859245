"""Import of answers from a CSV file into the annotators' journals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

from napari_cellid.annotation.answer import CellKey, Role
from napari_cellid.annotation.csv_rows import read_rows
from napari_cellid.annotation.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    import pandas as pd

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.annotation.csv_rows import CsvRow, Position


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
        for role in get_args(Role)
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
