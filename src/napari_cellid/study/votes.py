"""Votes of all annotators of a study, kept at hand while the study is open."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.agreement.ratings import tabulate_ratings
from napari_cellid.agreement.vote import DECIDED, count_votes
from napari_cellid.annotation.answer import CellKey
from napari_cellid.study.answer_matching import MatchedAnswers, rename_answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.agreement.ratings import Ratings
    from napari_cellid.annotation.answer import Answer
    from napari_cellid.config import VoteConfig
    from napari_cellid.study.uncounted import UncountedAnswers


@dataclass(frozen=True, eq=False)
class StudyVotes:
    """Answers of all annotators, matched to the cells of the study.

    Parameters
    ----------
    all_answers
        Matched lines of all journals, in the order of the files.
    current
        Current votes: one row for each annotator and cell.
    adjudications
        Current decisions of adjudicators.
    problems
        Problems with the journals, one sentence each.
    unmatched
        Lines for cells that the study does not have, as in the journals.
    uncounted
        Current answers in them, by recording, with the reason.
    """

    all_answers: pd.DataFrame
    current: pd.DataFrame
    adjudications: pd.DataFrame
    problems: tuple[str, ...]
    unmatched: pd.DataFrame | None = None
    uncounted: tuple[UncountedAnswers, ...] = ()

    @cached_property
    def ratings(self) -> Ratings:
        """The votes by cell and annotator."""
        return tabulate_ratings(self.current)

    def count(self, rule: VoteConfig) -> pd.DataFrame:
        """Count the votes: one row for each cell with a vote or an adjudication."""
        return count_votes(self.ratings, rule, self.adjudications)

    def rename_classes(self, names: Mapping[str, str]) -> StudyVotes:
        """Votes after classes were renamed.

        Parameters
        ----------
        names
            Current name of each earlier name of a class.
        """
        return replace(
            self,
            all_answers=rename_answers(self.all_answers, names),
            current=rename_answers(self.current, names),
            adjudications=rename_answers(self.adjudications, names),
        )

    def with_answers(self, answers: Sequence[Answer]) -> StudyVotes:
        """Votes after more answers were written."""
        rows = pd.DataFrame([asdict(answer) for answer in answers])
        # new answers have the current numbers of the cells
        rows["given_cell"] = rows["cell"]
        is_vote = rows["role"] == "annotator"
        return replace(
            self,
            all_answers=pd.concat(
                [self.all_answers, _with_columns_of(rows, self.all_answers)]
            ),
            current=_updated(self.current, rows[is_vote]),
            adjudications=_updated(self.adjudications, rows[~is_vote]),
        )

    def matched(self) -> MatchedAnswers:
        """All lines, matched to the cells of the study."""
        unmatched = self.unmatched
        if unmatched is None:
            unmatched = self.all_answers.iloc[:0]
        return MatchedAnswers(self.all_answers, unmatched)


def make_votes(
    matched: MatchedAnswers,
    problems: tuple[str, ...],
    uncounted: tuple[UncountedAnswers, ...] = (),
) -> StudyVotes:
    """The votes in matched answers, with problems of the journals."""
    return StudyVotes(
        all_answers=matched.all_answers,
        current=matched.current(),
        adjudications=matched.current("adjudicator"),
        problems=problems,
        unmatched=matched.unmatched,
        uncounted=uncounted,
    )


def decided_answers(table: pd.DataFrame) -> dict[CellKey, str]:
    """Decided answer of each cell in a table of counted votes."""
    rows = table[table["status"].isin(DECIDED)]
    columns = (rows[name].tolist() for name in ("recording", "cell", "consensus"))
    return {
        CellKey(recording, cell): answer
        for recording, cell, answer in zip(*columns, strict=True)
    }


def _updated(current: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Current answers after more lines, given in the order of writing."""
    if not len(rows):
        return current
    combined = pd.concat([current, _with_columns_of(rows, current)], ignore_index=True)
    last = combined.drop_duplicates(["annotator", "recording", "cell"], keep="last")
    return last[last["answer"].notna()].reset_index(drop=True)


def _with_columns_of(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Rows with the columns and dtypes of a table."""
    return rows.reindex(columns=table.columns).astype(table.dtypes.to_dict())
