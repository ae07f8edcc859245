"""All answers of a study as one table, read from the annotators' journals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.annotation.annotators import journal_files, normalised_name
from napari_cellid.annotation.journal_tail import JournalTail
from napari_cellid.annotation.jsonl import COLUMNS, ParsedLines, as_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import Role

_TYPES = {
    "time": "datetime64[us, UTC]",
    "cell": "int64",
    "plane": "int64",
    "y": "float64",
    "x": "float64",
    "seconds": "float64",
    "repeat": "bool",
}
#: columns that identify the answers of one annotator about one cell
_ANNOTATOR_AND_CELL = ["annotator", "recording", "cell"]


@dataclass(frozen=True)
class Annotations:
    """The content of all journals of a study.

    Parameters
    ----------
    all_answers
        One row for each valid line, in the order of the files: `time` (UTC),
        `annotator`, `recording`, `cell`, `plane`, `y`, `x` (px), `answer` (None if it
        was withdrawn), `shown`, `seconds`, `role`, `repeat`, `origin`, `group`,
        `markers`.
    problems
        Problems with the files, one sentence each.
    """

    all_answers: pd.DataFrame
    problems: tuple[str, ...]


def read_annotations(folder: Path) -> Annotations:
    """Read all journals in a folder; a folder that does not exist has no answers.

    Raises
    ------
    InputError
        If a journal cannot be read: counts without it would be wrong.
    """
    return follow_annotations(folder)[0]


def follow_annotations(folder: Path) -> tuple[Annotations, list[JournalTail]]:
    """Read all journals in a folder, to read on where they grow.

    Returns
    -------
    The content of the journals, and for each of them what reads on.

    Raises
    ------
    InputError
        As `read_annotations`.
    """
    files = journal_files(folder)
    problems = _similar_names([name for name, _ in files])
    tails, lines = [JournalTail(path, name) for name, path in files], []
    for tail in tails:
        lines.append(tail.read_new(wait=True) or ParsedLines())
        problems += tail.problems
    return Annotations(answers_table(lines), tuple(problems)), tails


def answers_table(lines: Sequence[ParsedLines]) -> pd.DataFrame:
    """Lines of journals as one table, in the form of `Annotations.all_answers`."""
    values: dict[str, list[Any]] = {key: [] for key in COLUMNS}
    for some in lines:
        for key, column in some.values.items():
            values[key] += column
    # dtype object, so that None stays None in every version of pandas
    columns = {key: pd.Series(column, dtype=object) for key, column in values.items()}
    return pd.DataFrame(columns).astype(_TYPES)


def current_answers(
    all_answers: pd.DataFrame, role: Role = "annotator", until: datetime | None = None
) -> pd.DataFrame:
    """The latest answer of each annotator about each cell, without withdrawn ones.

    Parameters
    ----------
    all_answers
        `Annotations.all_answers`.
    role
        Votes of annotators, or decisions of adjudicators.
    until
        Give the state at this time instead: the lines of each annotator up to the last
        one written at or before it. The order of the lines decides, not their times.
    """
    if until is not None:
        all_answers = all_answers[_written_until(all_answers, as_utc(until))]
    last = all_answers[all_answers["role"] == role].drop_duplicates(
        _ANNOTATOR_AND_CELL, keep="last"
    )
    return last[last["answer"].notna()].reset_index(drop=True)


def given_answers(all_answers: pd.DataFrame) -> pd.DataFrame:
    """Answers as people gave them, without those that they undid.

    Lines written by undo, redo and restore are left out as well: they set which answer
    counts, but they are no judgements of a person.
    """
    undone: set[int] = set()
    moved = all_answers["origin"].isin(["undo", "redo"])
    for person in all_answers.loc[moved, "annotator"].unique():
        own = np.flatnonzero(all_answers["annotator"] == person)
        undone |= _undone(all_answers.iloc[own], own.tolist())
    keep = (all_answers["origin"] == "answer").to_numpy(copy=True)
    keep[list(undone)] = False
    return all_answers[keep].reset_index(drop=True)


def _similar_names(names: list[str]) -> list[str]:
    seen: dict[str, str] = {}
    problems = []
    for name in names:
        first = seen.setdefault(normalised_name(name), name)
        if first is name:
            continue
        if first == name:
            problems.append(
                f"There are two journals of '{name}'; the lines of the second count "
                "as later than those of the first."
            )
        else:
            problems.append(
                f"The names of the journals '{first}' and '{name}' differ only in how "
                "they are written, and count as two people; if it is one person, move "
                "the lines of one file to the other."
            )
    return problems


def _written_until(all_answers: pd.DataFrame, until: datetime) -> NDArray[np.bool_]:
    person, names = pd.factorize(all_answers["annotator"])
    place, last = np.arange(len(all_answers)), np.full(len(names), -1)
    written = (all_answers["time"] <= until).to_numpy()
    np.maximum.at(last, person[written], place[written])
    return np.asarray(place <= last[person])


def _undone(all_answers: pd.DataFrame, places: list[int]) -> set[int]:
    """Row numbers of the answers of one person that stay undone."""
    columns = (all_answers[name] for name in ("role", "recording", "cell"))
    slots = zip(*columns, strict=True)
    # by role and cell: row numbers of answers, with the group of each
    standing: dict[tuple[Any, ...], list[tuple[int, str | None]]] = {}
    undone: dict[tuple[Any, ...], list[tuple[int, str | None]]] = {}
    rows = zip(places, slots, all_answers["origin"], all_answers["group"], strict=True)
    for place, slot, origin, group in rows:
        if origin == "answer":
            standing.setdefault(slot, []).append((place, group))
        source, target = (standing, undone) if origin == "undo" else (undone, standing)
        if origin in ("undo", "redo") and (moved := _take(source.get(slot, []), group)):
            target.setdefault(slot, []).append(moved)
    return {place for moved in undone.values() for place, _ in moved}


def _take(
    steps: list[tuple[int, str | None]], group: str | None
) -> tuple[int, str | None] | None:
    """Remove the last step of a group; `AnswerHistory` finds steps in the same way."""
    of_group = (k for k in reversed(range(len(steps))) if steps[k][1] == group)
    # version 0.1.0 undid and redid the cells of a group one by one, without its id
    other = len(steps) - 1 if steps and group is None else None
    at = next(of_group, other)
    return None if at is None else steps.pop(at)
