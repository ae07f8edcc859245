"""Answers brought to the cells that are there now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from napari_cellid.study.identity import SAME_CELL_UM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import Role

#: a cell that lies farther than this (µm) from where it was answered is another one
OWN_CELL_UM = 12.0
#: with another cell as near as this (µm) to the answered place, a cell's own number
#: counts only up to `SAME_CELL_UM`: two copies of a study can number differently
_THE_VERY_PLACE_UM = 2.0


@dataclass(frozen=True, eq=False)
class CellPositions:
    """Where the cells of one recording are.

    Parameters
    ----------
    cells
        Cell table.
    retired
        Cells that are not there now.
    pixel_size_um
        Edge of a pixel in µm.
    """

    cells: pd.DataFrame
    retired: pd.DataFrame
    pixel_size_um: float


@dataclass(frozen=True, eq=False)
class MatchedAnswers:
    """Lines of journals, sorted by whether their cell is there now.

    Parameters
    ----------
    all_answers
        As they were given, with `cell` being the number of the cell that is there
        now and `given_cell` the one in the journal; `plane`, `y` and `x` stay where
        the answer was given.
    unmatched
        Lines whose cell is not there, as they were given.
    """

    all_answers: pd.DataFrame
    unmatched: pd.DataFrame

    def current(
        self, role: Role = "annotator", until: datetime | None = None
    ) -> pd.DataFrame:
        """The answer of each person for each cell that counts (at a time)."""
        from napari_cellid.annotation.all_answers import current_answers

        return current_answers(self.all_answers, role, until)

    def current_unmatched(self, role: Role = "annotator") -> pd.DataFrame:
        """The answers that count for cells that are not there now."""
        from napari_cellid.annotation.all_answers import current_answers

        return current_answers(self.unmatched, role)


def match_answers(
    all_answers: pd.DataFrame, places: Mapping[str, CellPositions]
) -> MatchedAnswers:
    """Bring the lines of all journals to the cells that are there now.

    A line belongs to the cell of its number where that lies within 12 µm of the
    place of the answer, else to the nearest cell within 6 µm in the same plane, unless
    its own cell is known to be gone. Of several lines of one person about one cell,
    the place of the last counts for all.

    Parameters
    ----------
    all_answers
        `Annotations.all_answers`: all all_answers, in the order of the files.
    places
        For each recording of the study its cells.
    """
    number = np.zeros(len(all_answers), np.int64)
    given = all_answers["cell"].to_numpy()
    point = all_answers[["plane", "y", "x"]].to_numpy(float)
    people = _people(all_answers)
    codes, names = pd.factorize(all_answers["recording"])
    for k, name in enumerate(names):
        if name in places:
            rows = np.flatnonzero(codes == k)
            there = point[rows] * (1, *[places[name].pixel_size_um] * 2)
            there = _seen_last(there, given[rows], people[rows])
            number[rows] = _cells_of(given[rows], there, places[name])
    found = number > 0
    resolved = all_answers[found].assign(
        cell=number[found], given_cell=all_answers["cell"][found]
    )
    return MatchedAnswers(resolved, all_answers[~found])


def _people(all_answers: pd.DataFrame) -> NDArray[np.int64]:
    """A number for each person in each role."""
    person, _ = pd.factorize(all_answers["annotator"])
    role, roles = pd.factorize(all_answers["role"])
    return person.astype(np.int64) * max(len(roles), 1) + role


def _seen_last(
    point: NDArray[np.float64], cell: NDArray[np.int64], people: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Where each line's cell was seen last by the same person (plane, µm, µm).

    A cell moves a little whenever it is outlined again: an answer and what takes it
    back must not go different ways.
    """
    _, dense = np.unique(cell, return_inverse=True)
    group, _ = pd.factorize(people * (dense.max(initial=0) + 1) + dense)
    last = np.zeros(int(group.max(initial=-1)) + 1, np.intp)
    last[group] = np.arange(len(group))
    there = point[last[group]]
    near = np.hypot(*(there - point)[:, 1:].T) <= OWN_CELL_UM
    near &= there[:, 0] == point[:, 0]
    return np.where(near[:, None], there, point)


def _cells_of(
    given: NDArray[np.int64], point: NDArray[np.float64], places: CellPositions
) -> NDArray[np.int64]:
    """Number of the cell that each line of one recording means, 0 for none."""
    own = _distance_to_own(given, point, places.cells, places.pixel_size_um)
    number = np.where(own <= OWN_CELL_UM, given, 0)
    # a cell that is as near as this needs no comparing with others
    far = np.flatnonzero(own > SAME_CELL_UM)
    if len(far) == 0:
        return number
    near, nearest = _nearest(point[far], places)
    number[far[near <= _THE_VERY_PLACE_UM]] = 0
    retired = places.retired
    gone = _distance_to_own(given[far], point[far], retired, places.pixel_size_um)
    is_near = (near <= SAME_CELL_UM) & ~(gone <= OWN_CELL_UM) & (number[far] == 0)
    number[far[is_near]] = nearest[is_near]
    return number


def _distance_to_own(
    given: NDArray[np.int64],
    point: NDArray[np.float64],
    cells: pd.DataFrame,
    pixel_size_um: float,
) -> NDArray[np.float64]:
    """How far (µm) the cell of a line's number lies from the line's place.

    Infinite where there is no such cell or it lies in another plane, and 0 where the
    line has no place.
    """
    if len(cells) == 0:
        return np.full(len(given), np.inf)
    place = cells[["plane", "y", "x"]].to_numpy(float)
    order = np.argsort(cells["cell"].to_numpy())
    numbers = cells["cell"].to_numpy()[order]
    at = np.searchsorted(numbers, given).clip(max=len(numbers) - 1)
    there = place[order[at]]
    apart = there[:, 1:] * pixel_size_um - point[:, 1:]
    distance: NDArray[np.float64] = np.hypot(apart[:, 0], apart[:, 1])
    distance[there[:, 0] != point[:, 0]] = np.inf
    distance[np.isnan(point).any(1)] = 0
    distance[numbers[at] != given] = np.inf
    return distance


def _nearest(
    point: NDArray[np.float64], places: CellPositions
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distance (µm) to the nearest cell in the same plane, and its number."""
    distance = np.full(len(point), np.inf)
    number = np.zeros(len(point), np.int64)
    known = ~np.isnan(point).any(1)
    if len(places.cells) == 0 or not known.any():
        return distance, number
    cells = places.cells[["plane", "y", "x"]].to_numpy(float)
    cells[:, 1:] *= places.pixel_size_um
    apart = np.array([10 * SAME_CELL_UM, 1, 1])
    # the same place is asked for once, not for each of those who answered
    asked, back = np.unique(point[known] * apart, axis=0, return_inverse=True)
    away, index = cKDTree(cells * apart).query(
        asked, distance_upper_bound=SAME_CELL_UM * 1.001
    )
    within = np.isfinite(away)
    nearest = np.where(within, places.cells["cell"].to_numpy()[index * within], 0)
    distance[known], number[known] = away[back.ravel()], nearest[back.ravel()]
    return distance, number
