"""Matching of answers in the journals to the cells that a study has now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from napari_cellid.naming import clean_name
from napari_cellid.study.identity import SAME_CELL_UM

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import Role

#: a cell farther than this (µm) from the position of the answer is another cell
OWN_CELL_UM = 12.0
#: if another cell is as near as this (µm) to the position of the answer, the number of
#: the answer counts only up to `SAME_CELL_UM`: copies of a study can differ in numbers
_SAME_POSITION_UM = 2.0


@dataclass(frozen=True, eq=False)
class CellPositions:
    """Positions of the cells of one recording.

    Parameters
    ----------
    cells
        Cell table.
    retired
        Cells of earlier outlines that the recording does not have any more.
    pixel_size_um
        Edge of a pixel in µm.
    """

    cells: pd.DataFrame
    retired: pd.DataFrame
    pixel_size_um: float


@dataclass(frozen=True, eq=False)
class MatchedAnswers:
    """Answers of the journals, matched to the cells that the study has now.

    Parameters
    ----------
    all_answers
        Matched answers. `cell` is the number of the matched cell, `given_cell` the one
        in the journal; `plane`, `y` and `x` are those of the journal.
    unmatched
        Answers without a matching cell, as in the journals.
    """

    all_answers: pd.DataFrame
    unmatched: pd.DataFrame

    def current(
        self, role: Role = "annotator", until: datetime | None = None
    ) -> pd.DataFrame:
        """Current answer of each annotator to each cell, now or at a time."""
        from napari_cellid.annotation.all_answers import current_answers

        return current_answers(self.all_answers, role, until)

    def current_unmatched(self, role: Role = "annotator") -> pd.DataFrame:
        """Current answers that have no matching cell."""
        from napari_cellid.annotation.all_answers import current_answers

        return current_answers(self.unmatched, role)


def match_answers(
    all_answers: pd.DataFrame, positions: Mapping[str, CellPositions]
) -> MatchedAnswers:
    """Match the answers of all journals to the cells that a study has now.

    An answer matches the cell of its number if that lies within 12 µm of the position
    of the answer. Otherwise it matches the nearest cell within 6 µm in the same plane,
    unless its own cell is known to be gone. For several answers of one person about
    one cell, the position of the last one counts for all.

    Parameters
    ----------
    all_answers
        `Annotations.all_answers`.
    positions
        For each recording of the study the positions of its cells.
    """
    number = np.zeros(len(all_answers), np.int64)
    given = all_answers["cell"].to_numpy()
    # float, because an imported answer can lack its place
    point = all_answers[["plane", "y", "x"]].to_numpy(float)
    people = _people(all_answers)
    codes, names = pd.factorize(all_answers["recording"])
    for k, name in enumerate(names):
        if name in positions:
            rows = np.flatnonzero(codes == k)
            # planes are numbers, not micrometres: only y and x are scaled
            point_um = point[rows] * (1, *[positions[name].pixel_size_um] * 2)
            point_um = _last_position(point_um, given[rows], people[rows])
            number[rows] = _match_numbers(given[rows], point_um, positions[name])
    matched = number > 0
    with_cell = all_answers[matched].assign(
        cell=number[matched], given_cell=all_answers["cell"][matched]
    )
    return MatchedAnswers(with_cell, all_answers[~matched])


def answers_of_recording(all_answers: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows about one recording, whose name journals can have in another Unicode form.

    Parameters
    ----------
    all_answers
        `Annotations.all_answers`.
    name
        Name of the recording.
    """
    clean, given = clean_name(name), all_answers["recording"].unique()
    own = [other for other in given if clean_name(other) == clean]
    return all_answers[all_answers["recording"].isin(own)]


def rename_answers(rows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Give answers the current names of their classes.

    Parameters
    ----------
    rows
        One row an answer: column `answer`.
    names
        Current name of each earlier name of a class.

    Returns
    -------
    The same table if no answer has an earlier name, else a changed copy.
    """
    if not rows["answer"].isin(list(names)).any():
        return rows
    answers = rows["answer"].map(lambda name: names.get(name, name))
    return rows.assign(answer=answers)


def _people(all_answers: pd.DataFrame) -> NDArray[np.int64]:
    """A code for each annotator in each role."""
    person, _ = pd.factorize(all_answers["annotator"])
    role, roles = pd.factorize(all_answers["role"])
    return person.astype(np.int64) * max(len(roles), 1) + role


def _last_position(
    point: NDArray[np.float64], cell: NDArray[np.int64], people: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Last position at which the same person answered the same cell (plane, µm, µm).

    A cell moves a little with each segmentation: an answer and its withdrawal must
    match the same cell.
    """
    _, dense = np.unique(cell, return_inverse=True)
    # dense numbers keep the product small: labels can be of any size
    group, _ = pd.factorize(people * (dense.max(initial=0) + 1) + dense)
    last = np.zeros(int(group.max(initial=-1)) + 1, np.intp)
    # of several assignments to one element, numpy keeps the last
    last[group] = np.arange(len(group))
    position = point[last[group]]
    # an answer far from the last one is about another cell of that number,
    # such as in a copy of the study that numbers differently
    near = np.hypot(*(position - point)[:, 1:].T) <= OWN_CELL_UM
    near &= position[:, 0] == point[:, 0]
    return np.where(near[:, None], position, point)


def _match_numbers(
    given: NDArray[np.int64], point: NDArray[np.float64], positions: CellPositions
) -> NDArray[np.int64]:
    """Number of the matching cell for each answer of one recording, 0 for none."""
    pixel_size_um = positions.pixel_size_um
    own = distance_to_own(given, point, positions.cells, pixel_size_um)
    number = np.where(own <= OWN_CELL_UM, given, 0)
    # a cell as near as this needs no comparison with other cells
    far = np.flatnonzero(own > SAME_CELL_UM)
    if len(far) == 0:
        return number
    near, nearest = _nearest(point[far], positions)
    # another cell lies exactly where the answer was given: that is the one meant
    number[far[near <= _SAME_POSITION_UM]] = 0
    retired = positions.retired
    # an answer about a cell that was removed must not move to its neighbour
    gone = distance_to_own(given[far], point[far], retired, pixel_size_um)
    is_near = (near <= SAME_CELL_UM) & ~(gone <= OWN_CELL_UM) & (number[far] == 0)
    number[far[is_near]] = nearest[is_near]
    return number


def distance_to_own(
    given: NDArray[np.int64],
    point: NDArray[np.float64],
    cells: pd.DataFrame,
    pixel_size_um: float,
) -> NDArray[np.float64]:
    """Distance (µm) between the position of an answer and the cell of its number.

    Parameters
    ----------
    given
        Number of the cell of each answer.
    point
        (answer, 3): plane, and y and x in µm.
    cells
        Cells with columns `cell`, `plane`, `y` and `x` (px). Of several rows of one
        number the nearest counts.
    pixel_size_um
        Edge of a pixel in µm.

    Returns
    -------
    Infinite if there is no such cell or it lies in another plane; 0 if the answer has
    no position.
    """
    nearest = np.full(len(given), np.inf)
    if len(cells) == 0:
        return nearest
    positions = cells[["plane", "y", "x"]].to_numpy(float)
    order = np.argsort(cells["cell"].to_numpy(), kind="stable")
    numbers = cells["cell"].to_numpy()[order]
    first = np.searchsorted(numbers, given)
    # almost always one: copies of a study can give one number to two cells
    most = int(np.unique(numbers, return_counts=True)[1].max())
    for k in range(most):
        at = (first + k).clip(max=len(numbers) - 1)
        own = positions[order[at]]
        offset = own[:, 1:] * pixel_size_um - point[:, 1:]
        distance: NDArray[np.float64] = np.hypot(offset[:, 0], offset[:, 1])
        distance[own[:, 0] != point[:, 0]] = np.inf
        # an imported answer without a position can be matched by its number alone
        distance[np.isnan(point).any(1)] = 0
        # after the line above, because a number that does not exist matches nothing
        distance[numbers[at] != given] = np.inf
        nearest = np.minimum(nearest, distance)
    return nearest


def _nearest(
    point: NDArray[np.float64], positions: CellPositions
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distance (µm) to the nearest cell in the same plane, and its number."""
    distance = np.full(len(point), np.inf)
    number = np.zeros(len(point), np.int64)
    known = ~np.isnan(point).any(1)
    if len(positions.cells) == 0 or not known.any():
        return distance, number
    cells = positions.cells[["plane", "y", "x"]].to_numpy(float)
    cells[:, 1:] *= positions.pixel_size_um
    # planes are set far apart, so that only cells of the same plane are near
    scale = np.array([10 * SAME_CELL_UM, 1, 1])
    # each position is queried once, not once for each annotator
    # many annotators answer the same cells at the same positions
    queries, inverse = np.unique(point[known] * scale, axis=0, return_inverse=True)
    distances, index = cKDTree(cells * scale).query(
        queries, distance_upper_bound=SAME_CELL_UM * 1.001
    )
    within = np.isfinite(distances)
    nearest = np.where(within, positions.cells["cell"].to_numpy()[index * within], 0)
    distance[known], number[known] = (
        distances[inverse.ravel()],
        nearest[inverse.ravel()],
    )
    return distance, number
