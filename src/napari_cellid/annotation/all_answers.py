"""All journals of a study as one table, and what counts of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.annotation.annotators import journal_files, normalised_name
from napari_cellid.annotation.journal_reader import JournalReader
from napari_cellid.annotation.jsonl import COLUMNS, as_utc
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import Role
    from napari_cellid.annotation.jsonl import ParsedLines

_TYPES = {
    "time": "datetime64[us, UTC]",
    "cell": "int64",
    "plane": "int64",
    "y": "float64",
    "x": "float64",
    "seconds": "float64",
    "repeat": "bool",
}
#: one person's answers about one cell
_WHO_AND_WHAT = ["annotator", "recording", "cell"]
#: a line that is just being written is whole after this time (s)
_MOMENT_S = 0.02


@dataclass(frozen=True)
class Annotations:
    """What people have said so far.

    Parameters
    ----------
    all_answers
        Every good line in the order of the files: `time` (UTC), `annotator`,
        `recording`, `cell`, `plane`, `y`, `x`, `answer` (None: taken back), `shown`,
        `seconds`, `role`, `repeat`, `origin`.
    problems
        What was odd about the files, one sentence each.
    """

    all_answers: pd.DataFrame
    problems: tuple[str, ...]


def read_annotations(folder: Path) -> Annotations:
    """Read all journals of a folder; one that does not exist has no all_answers.

    Raises
    ------
    InputError
        If a journal cannot be read: a count without it would be wrong.
    """
    files = journal_files(folder)
    values: dict[str, list[Any]] = {key: [] for key in COLUMNS}
    problems = _twins([name for name, _ in files])
    for name, path in files:
        found, odd = read_journal(path, name)
        problems += odd
        for key, column in found.values.items():
            values[key] += column
    return Annotations(_table(values), tuple(problems))


def read_journal(path: Path, annotator: str) -> tuple[ParsedLines, tuple[str, ...]]:
    """Read one journal: its good all_answers, and what was odd about it.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    reader = JournalReader(annotator)
    try:
        data = path.read_bytes()
        found = reader.feed(data)
        if reader.incomplete:  # or its writer is not done yet
            time.sleep(_MOMENT_S)
            data = path.read_bytes()
            if len(data) > reader.n_bytes:
                found.extend(reader.feed(data[reader.n_bytes :]))
    except OSError as error:
        raise InputError(
            f"The journal {path} cannot be read ({error.strerror}); make it readable."
        ) from error
    return found, reader.problems(path.name)


def current_answers(
    all_answers: pd.DataFrame, role: Role = "annotator", until: datetime | None = None
) -> pd.DataFrame:
    """The last line of each person about each cell, without those taken back.

    Parameters
    ----------
    all_answers
        As in `Annotations`.
    role
        Votes, or what adjudicators settled.
    until
        What counted then: each person's lines up to the last one written at or before
        that time, for the order of the lines counts, not their times.
    """
    if until is not None:
        all_answers = all_answers[_written_until(all_answers, as_utc(until))]
    last = all_answers[all_answers["role"] == role].drop_duplicates(
        _WHO_AND_WHAT, keep="last"
    )
    return last[last["answer"].notna()].reset_index(drop=True)


def given_answers(all_answers: pd.DataFrame) -> pd.DataFrame:
    """Lines by which people answered, without those that they undid.

    What undo, redo and bringing back wrote is left out as well: it tells what counts,
    not how somebody judged.
    """
    undone: set[int] = set()
    moved = all_answers["origin"].isin(["undo", "redo"])
    for person in all_answers.loc[moved, "annotator"].unique():
        own = np.flatnonzero(all_answers["annotator"] == person)
        undone |= _undone(all_answers.iloc[own], own.tolist())
    keep = (all_answers["origin"] == "answer").to_numpy(copy=True)
    keep[list(undone)] = False
    return all_answers[keep].reset_index(drop=True)


def _table(values: dict[str, list[Any]]) -> pd.DataFrame:
    # objects, so that None stays None in any version of pandas
    columns = {key: pd.Series(column, dtype=object) for key, column in values.items()}
    return pd.DataFrame(columns).astype(_TYPES)


def _twins(names: list[str]) -> list[str]:
    seen: dict[str, str] = {}
    problems = []
    for name in names:
        other = seen.setdefault(normalised_name(name), name)
        if other is name:
            continue
        if other == name:
            problems.append(
                f"There are two journals of '{name}'; the lines of the second count "
                "after those of the first."
            )
        else:
            problems.append(
                f"The journals of '{other}' and '{name}' differ only in how the name "
                "is written and count as two people; if it is one, move the lines of "
                "one file to the other."
            )
    return problems


def _written_until(all_answers: pd.DataFrame, until: datetime) -> NDArray[np.bool_]:
    person, names = pd.factorize(all_answers["annotator"])
    place, last = np.arange(len(all_answers)), np.full(len(names), -1)
    written = (all_answers["time"] <= until).to_numpy()
    np.maximum.at(last, person[written], place[written])
    return np.asarray(place <= last[person])


def _undone(all_answers: pd.DataFrame, places: list[int]) -> set[int]:
    """Places of the answers of one person that are undone in the end."""
    slots = zip(
        all_answers["role"], all_answers["recording"], all_answers["cell"], strict=True
    )
    standing: dict[tuple[Any, ...], list[int]] = {}
    undone: dict[tuple[Any, ...], list[int]] = {}
    for place, slot, origin in zip(places, slots, all_answers["origin"], strict=True):
        if origin == "answer":
            standing.setdefault(slot, []).append(place)
        source, target = (standing, undone) if origin == "undo" else (undone, standing)
        if origin in ("undo", "redo") and source.get(slot):
            target.setdefault(slot, []).append(source[slot].pop())
    return {place for places in undone.values() for place in places}
