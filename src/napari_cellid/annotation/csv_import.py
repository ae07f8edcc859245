"""Import of answers from a CSV file into the annotators' journals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, get_args

from napari_cellid.annotation.answer import CellKey, Role, new_group
from napari_cellid.annotation.csv_rows import read_rows
from napari_cellid.annotation.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.annotation.csv_rows import CsvRow, Position


def import_answers(
    path: Path,
    folder: Path,
    answers: Collection[str] | Mapping[str, str],
    cells: pd.DataFrame | None = None,
    earlier_names: Mapping[str, str] | None = None,
    check: Callable[[Sequence[CsvRow]], None] | None = None,
) -> dict[str, int]:
    """Add the answers of a CSV file to the annotators' journals.

    Answers that count already are not added, and neither are rows that the journal has
    unchanged (from an older export), so that importing twice adds nothing. A row keeps
    its time if the journal has no later line; otherwise it gets the current time.

    Parameters
    ----------
    path
        CSV with the columns recording, cell (or plane, y and x), annotator and answer,
        and optionally time, shown, seconds, role, repeat, group. Rows without an
        answer are skipped. A position without a cell number gets a negative number.
    folder
        Folder `annotations` of the study.
    answers
        Answers that the study allows; a mapping also says what cells of each class
        show.
    cells
        Cell table of the study with a column `recording`, for rows without a position
        and for the names of recordings.
    earlier_names
        Current name of each earlier name of a class; both are accepted.
    check
        Gets the rows whose place no journal has yet, and refuses what is wrong.

    Returns
    -------
    For each annotator in the file the number of new lines.

    Raises
    ------
    InputError
        If a row of the file cannot be used: then nothing is written. If the disk is
        full: then importing the file again continues from there.
    """
    names = earlier_names or {}
    shown = answers if isinstance(answers, Mapping) else {}
    rows = read_rows(path, answers, _positions(cells), names)
    rows_of: dict[str, list[CsvRow]] = {}
    for row in rows:
        rows_of.setdefault(row.answer.annotator, []).append(row)
    journals = {name: Journal.open(folder, name) for name in rows_of}
    if check is not None:
        known = {_place(line) for one in journals.values() for line in one.lines}
        check([row for row in rows if _place(row.answer) not in known])
    new = {
        name: _new_answers(journals[name], rows, names)
        for name, rows in rows_of.items()
    }
    for name, journal in journals.items():
        lines = [
            replace(one, markers=shown.get(one.answer or "", "")) for one in new[name]
        ]
        journal.add_all(lines)
    return {name: len(lines) for name, lines in new.items()}


def _place(answer: Answer) -> tuple[str, CellKey, int, float, float]:
    return answer.annotator, answer.key, answer.plane, answer.y, answer.x


def _new_answers(
    journal: Journal, rows: Iterable[CsvRow], names: Mapping[str, str]
) -> list[Answer]:
    now, lines, new = datetime.now(UTC), journal.lines, []

    def named(answer: Answer) -> str | None:
        return names.get(answer.answer or "", answer.answer)

    known = {(answer.time, answer.role, answer.key, named(answer)) for answer in lines}
    current = {
        (answer.role, answer.key): named(answer)
        for role in get_args(Role)
        for answer in journal.current(role).values()
    }
    last = lines[-1].time if lines else datetime.min.replace(tzinfo=UTC)
    for row in sorted(rows, key=lambda row: row.answer.time):
        answer = row.answer
        if current.get((answer.role, answer.key)) == answer.answer:
            continue
        if row.timed and (answer.time, answer.role, answer.key, answer.answer) in known:
            continue
        last = answer.time if last <= answer.time <= now else now
        current[answer.role, answer.key] = answer.answer
        new.append(replace(answer, time=last))
    return _with_new_groups(new, {answer.group for answer in lines})


def _with_new_groups(new: list[Answer], known: Collection[str | None]) -> list[Answer]:
    """Answers whose groups are none of the journal, which may be undone there."""
    groups = {answer.group for answer in new} - {None}
    group_of = {group: new_group() if group in known else group for group in groups}
    return [replace(answer, group=group_of.get(answer.group)) for answer in new]


def _positions(cells: pd.DataFrame | None) -> dict[CellKey, Position]:
    if cells is None:
        return {}
    names, numbers = cells["recording"].tolist(), cells["cell"].tolist()
    planes, y, x = (cells[name].tolist() for name in ("plane", "y", "x"))
    keys = map(CellKey, names, numbers)
    return dict(zip(keys, zip(planes, y, x, strict=True), strict=True))
