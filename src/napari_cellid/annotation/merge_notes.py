"""What a person must check after two copies of a journal were merged."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from napari_cellid.annotation.annotators import journal_files, normalised_name
from napari_cellid.annotation.merge_lines import interleave, split_lines
from napari_cellid.errors import InputError, file_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.annotation.merge_lines import JournalLine

    Slot = tuple[str, str, int]

#: largest number of cells in a note
_MAX_CELLS = 3


class _Conflict(NamedTuple):
    """Different last answers of one person to one cell in two copies."""

    ours: Answer
    theirs: Answer
    theirs_counts: bool


def merge_notes(source_folder: Path, target_folder: Path) -> list[str]:
    """Notes on journals that will be merged: wrong clocks, and different answers.

    Parameters
    ----------
    source_folder, target_folder
        Folders `annotations` of the other copy, and of the study that is extended.

    Returns
    -------
    One sentence for each annotator and thing to check.

    Raises
    ------
    InputError
        If a journal cannot be read.
    """
    own = {normalised_name(name): path for name, path in journal_files(target_folder)}
    notes: list[str] = []
    for name, path in journal_files(source_folder):
        target = own.get(normalised_name(name))
        theirs = split_lines(_read(path), name)
        ours = split_lines(_read(target), name) if target is not None else []
        notes += _notes(name, ours, [line for line in theirs if line.answers])
    return notes


def _notes(
    name: str, ours: list[JournalLine], theirs: list[JournalLine]
) -> Iterator[str]:
    both = {line.key for line in ours} & {line.key for line in theirs}
    only_ours = [line for line in ours if line.key not in both]
    only_theirs = [line for line in theirs if line.key not in both]
    if not only_theirs:
        return
    for place, lines in (("this study", only_ours), ("the copy", only_theirs)):
        if wrong := [line for line in lines if line.clock_error]:
            yield _clock_note(name, place, wrong)
    merged = interleave(ours, theirs)
    if conflicts := _conflicts(only_ours, only_theirs, merged):
        yield _conflict_note(name, conflicts)


def _clock_note(name: str, place: str, lines: Sequence[JournalLine]) -> str:
    worst = max((line.clock_error for line in lines), key=abs)
    lines_have = (
        "1 line has a time" if len(lines) == 1 else f"{len(lines)} lines have times"
    )
    how = "ahead of" if worst > timedelta(0) else "behind"
    return (
        f"In the journal of {name} in {place}, {lines_have} up to "
        f"{_span(abs(worst))} {how} what the order of the lines and the clock of this "
        "computer allow; only their order within that journal counts."
    )


def _conflicts(
    ours: Sequence[JournalLine],
    theirs: Sequence[JournalLine],
    merged: Sequence[JournalLine],
) -> list[_Conflict]:
    place = {line.key: row for row, line in enumerate(merged)}
    own, others = _last_answers(ours), _last_answers(theirs)
    return [
        _Conflict(mine, answer, place[line.key] > place[own[slot][1].key])
        for slot, (answer, line) in others.items()
        if slot in own and (mine := own[slot][0]).answer != answer.answer
    ]


def _last_answers(
    lines: Sequence[JournalLine],
) -> dict[Slot, tuple[Answer, JournalLine]]:
    return {
        (answer.role, answer.recording, answer.cell): (answer, line)
        for line in lines
        for answer in line.answers
    }


def _conflict_note(name: str, conflicts: Sequence[_Conflict]) -> str:
    n_theirs = sum(one.theirs_counts for one in conflicts)
    which = {0: "those of this study", len(conflicts): "those of the copy"}.get(
        n_theirs,
        f"{n_theirs} of the copy and {len(conflicts) - n_theirs} of this study",
    )
    cells = [f"{one.ours.recording} {one.ours.cell}" for one in conflicts]
    listed = ", ".join(cells[:_MAX_CELLS]) + " and others" * (len(cells) > _MAX_CELLS)
    apart = max(abs(one.theirs.time - one.ours.time) for one in conflicts)
    return (
        f"{name} answered {len(cells)} {'cell' if len(cells) == 1 else 'cells'} "
        f"differently in the two copies ({listed}); by order and clock {which} are the "
        f"later ones and count (up to {_span(apart)} apart): check them if the clock "
        "of a computer was wrong."
    )


def _span(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes / 60:.0f} h"
    return f"{minutes / 1440:.0f} days"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The journal {path} cannot be read ({file_reason(error)}); make it "
            "readable, and merge again."
        ) from error
