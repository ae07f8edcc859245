"""Ratings of cells by annotators, as an array of codes that is fast to count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

#: code of a missing answer
NO_ANSWER = -1


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of cells by annotators: one row a cell, one column an annotator.

    Parameters
    ----------
    recording, cell
        (cell,), names of recordings and permanent cell numbers, sorted.
    annotators
        Names of the annotators, sorted: the columns of `codes`.
    answers
        Possible answers: `codes` are indices of this list.
    codes
        int16 (cell, annotator), `NO_ANSWER` where an annotator gave no answer.
    """

    recording: NDArray[np.object_]
    cell: NDArray[np.int64]
    annotators: tuple[str, ...]
    answers: tuple[str, ...]
    codes: NDArray[np.int16]

    def votes(self, recording: str, cell: int) -> dict[str, str]:
        """Answer of each annotator of a cell, sorted by name; empty without answers."""
        row = self._rows.get((recording, cell))
        return {} if row is None else self.votes_of_row(row)

    def votes_of_row(self, row: int) -> dict[str, str]:
        """Answer of each annotator of the cell in a row, sorted by name."""
        named = zip(self.annotators, self.codes[row].tolist(), strict=True)
        return {name: self.answers[k] for name, k in named if k != NO_ANSWER}

    @cached_property
    def _rows(self) -> dict[tuple[str, int], int]:
        keys = zip(self.recording.tolist(), self.cell.tolist(), strict=True)
        return {key: row for row, key in enumerate(keys)}

    def select_cells(self, rows: NDArray[np.intp]) -> Ratings:
        """Ratings of some of the cells, given by row."""
        return replace(
            self,
            recording=self.recording[rows],
            cell=self.cell[rows],
            codes=self.codes[rows],
        )

    def select_annotators(self, columns: NDArray[np.intp]) -> Ratings:
        """Ratings by some of the annotators, given by column."""
        names = tuple(self.annotators[k] for k in columns.tolist())
        return replace(self, annotators=names, codes=self.codes[:, columns])

    def without(self, answers: Collection[str]) -> Ratings:
        """Ratings in which some answers count as missing."""
        # NO_ANSWER is -1, so it indexes the last entry and stays missing
        kept = np.array([name not in answers for name in self.answers] + [False])
        codes = np.where(kept[self.codes], self.codes, NO_ANSWER).astype(np.int16)
        return replace(self, codes=codes)

    def counts(self) -> NDArray[np.int64]:
        """Number of annotators who gave each answer: (cell, answer)."""
        return count_answers(self.codes, len(self.answers))


def tabulate_ratings(answers: pd.DataFrame, order: Iterable[str] = ()) -> Ratings:
    """Arrange answers by cell and annotator.

    Parameters
    ----------
    answers
        One row an answer: columns `recording`, `cell`, `annotator`, `answer`; rows
        without an answer are left out. Of several answers of one annotator to a cell,
        the latest by the column `time` counts.
    order
        Answers that come first, in this order; others follow by name.

    Returns
    -------
    The ratings, with a row for each cell that has an answer.
    """
    given = answers[answers["answer"].notna().to_numpy()]
    annotator, annotators = pd.factorize(given["annotator"].to_numpy(object), sort=True)
    code, names = pd.factorize(given["answer"].to_numpy(object), sort=True)
    recording, recordings = pd.factorize(given["recording"].to_numpy(object), sort=True)
    first = tuple(order)
    every = (*first, *(name for name in names if name not in first))
    code = np.array([every.index(name) for name in names], np.int64)[code]
    cell = given["cell"].to_numpy(np.int64)
    one_row, row = _number_cells(recording, cell)
    codes = np.full((len(one_row), len(annotators)), NO_ANSWER, np.int16)
    place = row * max(len(annotators), 1) + annotator
    if np.unique(place).size < place.size:
        # sorted by time, so that the order of the rows does not matter
        by_time = np.lexsort((code, _times(given)))
        place, code = place[by_time], code[by_time]
    # of a place that occurs several times numpy keeps the last value
    codes.reshape(-1)[place] = code
    return Ratings(
        recording=np.asarray(recordings, object)[recording[one_row]],
        cell=cell[one_row],
        annotators=tuple(annotators),
        answers=every,
        codes=codes,
    )


def count_answers(codes: NDArray[np.int16], n_answers: int) -> NDArray[np.int64]:
    """Number of times that each answer occurs in each row: (row, answer)."""
    n_rows, n_columns = codes.shape
    row = np.repeat(np.arange(n_rows), n_columns).reshape(codes.shape)
    given = codes != NO_ANSWER
    flat = row[given] * n_answers + codes[given]
    counts = np.bincount(flat, minlength=n_rows * n_answers)
    return counts.reshape(n_rows, n_answers)


def unique_rows(rows: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find equal rows.

    Returns
    -------
    Index of the first row of each pattern, and the pattern of each row.
    """
    # numpy cannot view rows without columns as bytes
    if not rows.size:
        n_rows = len(rows)
        return np.arange(min(n_rows, 1)), np.zeros(n_rows, np.intp)
    # np.unique(axis=0) compares column by column, which takes ten times as long
    bytes_of_rows = np.ascontiguousarray(rows).view(
        np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))
    )
    _, first, pattern = np.unique(
        bytes_of_rows.ravel(), return_index=True, return_inverse=True
    )
    return first, pattern


def _number_cells(
    recording: NDArray[np.intp], cell: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the cells: one row of each cell, and the cell number of each row."""
    order = np.lexsort((cell, recording))
    new = np.ones(len(cell), bool)
    new[1:] = (np.diff(recording[order]) != 0) | (np.diff(cell[order]) != 0)
    number = np.empty(len(cell), np.intp)
    number[order] = np.cumsum(new) - 1
    return order[new], number


def _times(answers: pd.DataFrame) -> NDArray[np.int64]:
    if "time" not in answers:
        return np.zeros(len(answers), np.int64)
    # answers of one study may come from computers in several time zones
    times = pd.DatetimeIndex(pd.to_datetime(answers["time"], utc=True))
    return times.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
