"""Answers of people who work without this program, and answers for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.csv_export import export_answers
from napari_cellid.annotation.csv_import import import_answers

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.study.study import Study


@dataclass(frozen=True)
class ExchangeResult:
    """What went to or came from a file.

    Parameters
    ----------
    answers
        For each person the number of answers: all at an export, the new ones at an
        import.
    notes
        What is worth a look, one sentence each.
    """

    answers: dict[str, int]
    notes: tuple[str, ...]


def export_study_answers(study: Study, path: Path) -> ExchangeResult:
    """Write the answers that count now, under the numbers that the cells have now.

    Answers for cells that are not there any more follow under their old number.

    Parameters
    ----------
    study
        The study.
    path
        A CSV file.

    Raises
    ------
    InputError
        If a journal cannot be read, or the file not be written.
    """
    found = read_annotations(study.annotations)
    resolved = study.match_answers(found.all_answers)
    # the last line counts: a cell that is there goes before one that had its number
    lines = pd.concat(
        [resolved.unmatched, resolved.all_answers[list(found.all_answers)]]
    )
    export_answers(lines, path)
    answers = pd.concat([resolved.current(), resolved.current("adjudicator")])
    lost = len(resolved.current_unmatched()) + len(
        resolved.current_unmatched("adjudicator")
    )
    notes = [*study.problems, *found.problems]
    if lost:
        notes.append(
            f"{lost} {_answers(lost)} for cells that are not there any more; "
            "napari-cellid agree lists them as unmatched."
        )
    counts = answers["annotator"].value_counts().sort_index()
    return ExchangeResult({str(k): int(n) for k, n in counts.items()}, tuple(notes))


def import_study_answers(study: Study, path: Path) -> ExchangeResult:
    """Add the answers of a CSV file to people's journals.

    Parameters
    ----------
    study
        The study.
    path
        CSV with the columns recording, cell (or plane, y and x), annotator and answer.

    Raises
    ------
    InputError
        If anything in the file cannot be used, with the row: then nothing is written.
    """
    before = _lost(study)
    answers = study.config.answers
    new = import_answers(path, study.annotations, answers, study.cells())
    lost = _lost(study) - before
    notes = list(study.problems)
    if lost > 0:
        notes.append(
            f"{lost} {_answers(lost)} for places where there is no cell, or for a "
            "recording that is not there; they are kept, and napari-cellid agree lists "
            "them as unmatched."
        )
    return ExchangeResult(new, tuple(notes))


def _lost(study: Study) -> int:
    resolved = study.read_answers()
    return len(resolved.current_unmatched()) + len(
        resolved.current_unmatched("adjudicator")
    )


def _answers(n: int) -> str:
    return "answer is" if n == 1 else "answers are"
