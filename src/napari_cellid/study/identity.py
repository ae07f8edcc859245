"""Cells keep their numbers when a recording is outlined again or edited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.cells.matching import match_by_distance, match_by_overlap
from napari_cellid.io.tables import RETIRED_COLUMNS, no_retired

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.cells.matching import Pairs

#: cells whose middles are farther apart than this (µm) are two cells
SAME_CELL_UM = 6.0


@dataclass(frozen=True, eq=False)
class KnownCells:
    """What is known of a recording's cells before it is outlined again.

    Parameters
    ----------
    labels
        (plane, y, x); None where the image is lost, and only places are compared.
    cells
        Cell table.
    retired
        Cells of earlier outlines that are not there now.
    highest
        Highest number that stands anywhere, such as in a journal: new cells get
        numbers above it.
    """

    labels: NDArray[np.int32] | None
    cells: pd.DataFrame
    retired: pd.DataFrame
    highest: int = 0


@dataclass(frozen=True)
class IdentityReport:
    """What became of the cells of a recording: their lasting numbers.

    Parameters
    ----------
    by_overlap, by_distance
        Cells that kept their number, and how they were found again.
    returned
        Cells that had been away and are back.
    new
        Cells that nobody saw before.
    retired
        Cells that are not there any more.
    """

    by_overlap: tuple[int, ...]
    by_distance: tuple[int, ...]
    returned: tuple[int, ...]
    new: tuple[int, ...]
    retired: tuple[int, ...]

    def __str__(self) -> str:
        """One sentence."""
        kept = len(self.by_overlap) + len(self.by_distance)
        one = kept == 1
        words = [f"{_cells(kept)} kept {'its number' if one else 'their numbers'}"]
        words.append(f"{len(self.new)} {_are(self.new)} new")
        if self.returned:
            words.append(f"{len(self.returned)} {_are(self.returned)} back")
        if self.retired:
            few = ", ".join(map(str, self.retired[:8]))
            more = ", …" if len(self.retired) > 8 else ""
            words.append(f"{len(self.retired)} could not be found again ({few}{more})")
        return f"{'; '.join(words)}."


@dataclass(frozen=True, eq=False)
class NumberedCells:
    """Cells with their lasting numbers.

    Parameters
    ----------
    cells
        The new cell table, `cell` being the lasting number.
    retired
        All cells that are known and not there now.
    report
        What became of which cell.
    """

    cells: pd.DataFrame
    retired: pd.DataFrame
    report: IdentityReport


def assign_cell_numbers(
    known: KnownCells,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    pixel_size_um: float,
) -> NumberedCells:
    """Give the cells of new outlines the numbers that they had.

    First by overlap: cells that share more than half of their common area, then the
    largest overlaps of what is left, so that of a cell that came apart the larger
    part keeps the number. Then by distance: middles at most 6 µm apart in the same
    plane, the nearest first. Then cells that had been away come back in the same way.
    What is left is new, and gets a number that was never used.

    Parameters
    ----------
    known
        The recording so far.
    labels
        The new label image (plane, y, x).
    cells
        Its cell table; `cell` is not looked at.
    pixel_size_um
        Edge of a pixel in µm.
    """
    number = np.zeros(len(cells), np.int64)
    reach = SAME_CELL_UM / pixel_size_um
    pairs = _overlapping(known, labels, cells)
    left, by_overlap = _assign(number, known.cells, pairs)
    pairs = _near(left, cells, number == 0, reach)
    left, by_distance = _assign(number, left, pairs)
    pairs = _near(known.retired, cells, number == 0, reach)
    away, returned = _assign(number, known.retired, pairs)
    fresh = np.flatnonzero(number == 0)
    number[fresh] = _first_free(known) + np.arange(len(fresh))
    report = IdentityReport(
        by_overlap=by_overlap,
        by_distance=by_distance,
        returned=returned,
        new=tuple(number[fresh].tolist()),
        retired=tuple(sorted(left["cell"].tolist())),
    )
    return NumberedCells(cells.assign(cell=number), _retire(left, away), report)


def _overlapping(
    known: KnownCells, labels: NDArray[np.int32], cells: pd.DataFrame
) -> Pairs:
    if known.labels is None or known.labels.shape != labels.shape:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return match_by_overlap(known.labels, labels, known.cells, cells)


def _near(
    candidates: pd.DataFrame, cells: pd.DataFrame, free: NDArray[np.bool_], reach: float
) -> Pairs:
    rows = np.flatnonzero(free)
    old, new = match_by_distance(candidates, cells.iloc[rows], reach)
    return old, rows[new]


def _assign(
    number: NDArray[np.int64], candidates: pd.DataFrame, pairs: Pairs
) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Write numbers down; returns the candidates that are left, and the numbers."""
    old, new = pairs
    numbers = candidates["cell"].to_numpy()[old]
    number[new] = numbers
    left = candidates.drop(index=candidates.index[old])
    return left, tuple(sorted(numbers.tolist()))


def _first_free(known: KnownCells) -> int:
    used = [known.cells["cell"].max(), known.retired["cell"].max(), known.highest]
    return int(max(n for n in [0, *used] if n == n)) + 1


def _retire(left: pd.DataFrame, away: pd.DataFrame) -> pd.DataFrame:
    """All cells that are not there: who were away already, and who left now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    gone = left.assign(retired=now)
    parts = [part[list(RETIRED_COLUMNS)] for part in (away, gone) if len(part)]
    if not parts:
        return no_retired()
    return pd.concat(parts).sort_values("cell", ignore_index=True)


def _cells(n: int) -> str:
    return f"{n} {'cell' if n == 1 else 'cells'}"


def _are(numbers: tuple[int, ...]) -> str:
    return "is" if len(numbers) == 1 else "are"
