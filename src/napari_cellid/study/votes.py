"""Everybody's answers to a study, read in the worker thread."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.agreement.ratings import tabulate_ratings
from napari_cellid.agreement.vote import DECIDED, count_votes
from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import CellKey
from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.agreement.ratings import Ratings
    from napari_cellid.annotation.answer import Answer
    from napari_cellid.config import VoteConfig
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study


@dataclass(frozen=True, eq=False)
class StudyVotes:
    """What everybody said, brought to the cells that are there.

    Parameters
    ----------
    all_answers
        All lines of all journals whose cell is there, in the order of the files.
    current
        The answer of each person for each cell that counts.
    adjudications
        The same of those who settled disputes.
    n_unmatched
        Number of answers whose cell is not there any more.
    problems
        What is wrong with the journals, one sentence each.
    """

    all_answers: pd.DataFrame
    current: pd.DataFrame
    adjudications: pd.DataFrame
    n_unmatched: int
    problems: tuple[str, ...]

    @cached_property
    def ratings(self) -> Ratings:
        """The answers by cell and person."""
        return tabulate_ratings(self.current)

    def count(self, rule: VoteConfig) -> pd.DataFrame:
        """Count the votes; one row a cell that somebody answered or settled."""
        return count_votes(self.ratings, rule, self.adjudications)

    def with_answers(self, answers: Sequence[Answer]) -> StudyVotes:
        """The votes after some more lines were written."""
        rows = pd.DataFrame([asdict(answer) for answer in answers])
        # answers to the cells of now, under their numbers of now
        rows["given_cell"] = rows["cell"]
        votes = rows["role"] == "annotator"
        return replace(
            self,
            all_answers=pd.concat([self.all_answers, _like(rows, self.all_answers)]),
            current=_after(self.current, rows[votes]),
            adjudications=_after(self.adjudications, rows[~votes]),
        )

    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of the journals, one sentence each."""
        if not self.n_unmatched:
            return self.problems
        unmatched = (
            f"{self.n_unmatched} answers are for cells that the study does not have "
            "any more. They are kept but not counted; the consensus table lists them "
            "at its end."
        )
        return (*self.problems, unmatched)


def read_votes(study: Study) -> Step[StudyVotes]:
    """Read the journals of a study.

    Raises
    ------
    InputError
        If one of them, or a table of cells, cannot be read.
    """
    yield Progress("Reading answers")
    found = read_annotations(study.annotations)
    yield Progress("Finding the cells of the answers")
    resolved = study.match_answers(found.all_answers)
    return StudyVotes(
        all_answers=resolved.all_answers,
        current=resolved.current(),
        adjudications=resolved.current("adjudicator"),
        n_unmatched=len(resolved.current_unmatched()),
        problems=found.problems,
    )


def decided_answers(table: pd.DataFrame) -> dict[CellKey, str]:
    """What was decided, by cell, of a table of counted votes."""
    rows = table[table["status"].isin(DECIDED)]
    columns = (rows[name].tolist() for name in ("recording", "cell", "consensus"))
    return {
        CellKey(recording, cell): answer
        for recording, cell, answer in zip(*columns, strict=True)
    }


def _after(current: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """What counts after some more lines, which were written one after the other."""
    if not len(rows):
        return current
    every = pd.concat([current, _like(rows, current)], ignore_index=True)
    last = every.drop_duplicates(["annotator", "recording", "cell"], keep="last")
    return last[last["answer"].notna()].reset_index(drop=True)


def _like(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Rows with the columns and types of a table."""
    return rows.reindex(columns=table.columns).astype(table.dtypes.to_dict())
