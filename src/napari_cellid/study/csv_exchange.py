"""Exchange of answers as CSV files with people who work without this program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import pandas as pd

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import Role
from napari_cellid.annotation.csv_export import export_answers
from napari_cellid.annotation.csv_import import import_answers
from napari_cellid.study.csv_place_check import check_places

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.study.answer_matching import MatchedAnswers
    from napari_cellid.study.study import Study


@dataclass(frozen=True)
class ExchangeResult:
    """Result of an export or import.

    Parameters
    ----------
    answers
        For each annotator the number of answers: all of an export, the new ones of an
        import.
    notes
        Notes, one sentence each.
    """

    answers: dict[str, int]
    notes: tuple[str, ...]


def export_study_answers(study: Study, path: Path) -> ExchangeResult:
    """Write the current answers as CSV, with the current numbers of the cells.

    Answers for cells that the study does not have any more keep their old number.

    Parameters
    ----------
    study
        The study.
    path
        The CSV file to write.

    Raises
    ------
    InputError
        If a journal cannot be read, or the file cannot be written.
    """
    annotations = read_annotations(study.annotations)
    matched = study.match_answers(annotations.all_answers)
    # later rows replace earlier ones: a present cell replaces one that had its number
    columns = list(annotations.all_answers)
    export_answers(pd.concat([matched.unmatched, matched.all_answers[columns]]), path)
    answers = pd.concat([matched.current(), matched.current("adjudicator")])
    n_unmatched = _count_unmatched(matched)
    notes = [*study.problems, *annotations.problems]
    if n_unmatched:
        notes.append(
            f"{n_unmatched} {_answers(n_unmatched)} for cells that the study does not "
            "have any more; napari-cellid agree lists them as unmatched."
        )
    counts = answers["annotator"].value_counts().sort_index()
    return ExchangeResult({str(k): int(n) for k, n in counts.items()}, tuple(notes))


def import_study_answers(study: Study, path: Path) -> ExchangeResult:
    """Add the answers of a CSV file to the annotators' journals.

    Parameters
    ----------
    study
        The study.
    path
        CSV file with the columns recording, cell (or plane, y and x), annotator and
        answer.

    Raises
    ------
    InputError
        If a row of the file cannot be used; then nothing is written.
    """
    # counted before, so that the note tells only of this file
    before = _count_unmatched(study.read_answers())
    new = import_answers(
        path,
        study.annotations,
        dict.fromkeys(study.config.answers, "")
        | {one.name: one.markers for one in study.config.classes},
        study.cells(),
        study.config.earlier_names,
        lambda rows: check_places(rows, study.cell_positions(), path.name),
    )
    n_unmatched = _count_unmatched(study.read_answers()) - before
    notes = list(study.problems)
    if n_unmatched > 0:
        notes.append(
            f"{n_unmatched} {_answers(n_unmatched)} for positions without a cell, or "
            "for a recording that the study does not have; they are kept, and "
            "napari-cellid agree lists them as unmatched."
        )
    return ExchangeResult(new, tuple(notes))


def _count_unmatched(answers: MatchedAnswers) -> int:
    votes, adjudications = (answers.current_unmatched(role) for role in get_args(Role))
    return len(votes) + len(adjudications)


def _answers(n: int) -> str:
    return "answer is" if n == 1 else "answers are"
