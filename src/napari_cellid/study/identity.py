"""Permanent cell numbers, kept when a recording is segmented again or edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.cells.matching import match_by_distance, match_by_overlap
from napari_cellid.cells.plane_links import with_numbers
from napari_cellid.io.tables import RETIRED_COLUMNS, no_retired

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.cells.matching import Pairs

#: cells with centroids farther apart than this (µm) are different cells
SAME_CELL_UM = 6.0


@dataclass(frozen=True, eq=False)
class KnownCells:
    """Cells that a study knows of a recording before new outlines are added.

    Parameters
    ----------
    labels
        Label image (plane, y, x); None if it is lost, and cells are matched by
        position only.
    cells
        Cell table.
    retired
        Cells of earlier outlines that the recording does not have any more.
    highest
        Highest number in use, such as in a journal: new cells get higher numbers.
    other
        Cells of other images that had the name of the recording before. They are never
        matched, but their numbers stay used.
    labels_problem
        Why there is no label image, a sentence; "" if there is one or never was.
    """

    labels: NDArray[np.int32] | None
    cells: pd.DataFrame
    retired: pd.DataFrame
    highest: int = 0
    other: pd.DataFrame = field(default_factory=no_retired)
    labels_problem: str = ""


@dataclass(frozen=True)
class IdentityReport:
    """Summary of the matching of new outlines to known cells, by cell numbers.

    Parameters
    ----------
    by_overlap, by_distance
        Cells that kept their number, by how they were matched.
    returned
        Retired cells that are back.
    new
        New cells.
    retired
        Cells without a new outline.
    """

    by_overlap: tuple[int, ...]
    by_distance: tuple[int, ...]
    returned: tuple[int, ...]
    new: tuple[int, ...]
    retired: tuple[int, ...]

    def __str__(self) -> str:
        """One sentence."""
        n_kept = len(self.by_overlap) + len(self.by_distance)
        whose = "its number" if n_kept == 1 else "their numbers"
        parts = [f"{_cells(n_kept)} kept {whose}"]
        parts.append(f"{len(self.new)} {_are(self.new)} new")
        if self.returned:
            parts.append(f"{len(self.returned)} {_are(self.returned)} back")
        if self.retired:
            few = ", ".join(map(str, self.retired[:8]))
            more = ", …" if len(self.retired) > 8 else ""
            parts.append(f"{len(self.retired)} could not be found again ({few}{more})")
        return f"{'; '.join(parts)}."


@dataclass(frozen=True, eq=False)
class NumberedCells:
    """Cells with their permanent numbers.

    Parameters
    ----------
    cells
        The new cell table; `cell` is the permanent number.
    retired
        All known cells without an outline.
    report
        Summary of the matching.
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
    """Give new outlines the numbers of the cells that they match.

    Cells are matched by overlap first: pairs with an intersection over union above one
    half, then the largest overlaps of the remaining cells, so that the larger part of
    a divided cell keeps the number. Then they are matched by distance: centroids at
    most 6 µm apart in the same plane, nearest first. Retired cells are matched by
    distance as well. The remaining outlines are new cells, with numbers that were
    never used.

    Parameters
    ----------
    known
        Cells that the study knows of the recording.
    labels
        New label image (plane, y, x).
    cells
        New cell table; its column `cell` is ignored.
    pixel_size_um
        Pixel size in µm.
    """
    # 0 stands for a cell that has no number yet
    number = np.zeros(len(cells), np.int64)
    max_distance = SAME_CELL_UM / pixel_size_um
    pairs = _overlapping(known, labels, cells)
    unmatched, by_overlap = _assign(number, known.cells, pairs)
    # only what overlap left over: a cell that kept its outline keeps its number,
    # however near another one lies
    pairs = _near(unmatched, cells, number == 0, max_distance)
    unmatched, by_distance = _assign(number, unmatched, pairs)
    # retired cells come last: a cell that is there goes before one that was away
    pairs = _near(known.retired, cells, number == 0, max_distance)
    still_retired, returned = _assign(number, known.retired, pairs)
    new = np.flatnonzero(number == 0)
    # never a number that was used, or an old answer would be about a new cell
    number[new] = _first_free(known) + np.arange(len(new))
    report = IdentityReport(
        by_overlap=by_overlap,
        by_distance=by_distance,
        returned=returned,
        new=tuple(number[new].tolist()),
        retired=tuple(sorted(unmatched["cell"].tolist())),
    )
    return NumberedCells(
        with_numbers(cells, number), _retire(unmatched, still_retired), report
    )


def number_as_new(known: KnownCells, cells: pd.DataFrame) -> NumberedCells:
    """Give the cells of other images numbers that were never used.

    Parameters
    ----------
    known
        Cells that the study knows of the images that are replaced.
    cells
        New cell table; its column `cell` is ignored.

    Returns
    -------
    The cells; `retired` has all known cells, of which none is matched later.
    """
    number = _first_free(known) + np.arange(len(cells))
    report = IdentityReport(
        by_overlap=(),
        by_distance=(),
        returned=(),
        new=tuple(number.tolist()),
        retired=tuple(sorted(known.cells["cell"].tolist())),
    )
    retired = _retire(_retire(known.cells, known.retired), known.other)
    return NumberedCells(with_numbers(cells, number), retired, report)


def number_added_cells(
    known: KnownCells, cells: pd.DataFrame, pixel_size_um: float
) -> NumberedCells:
    """Give cells that are added to the others their numbers.

    A retired cell at most 6 µm away is back and has its number again, and with it its
    answers. The others get numbers that were never used.

    Parameters
    ----------
    known
        Cells that the study knows of the recording; they keep their outlines.
    cells
        Table of the added cells; its column `cell` is ignored.
    pixel_size_um
        Pixel size in µm.
    """
    number = np.zeros(len(cells), np.int64)
    max_distance = SAME_CELL_UM / pixel_size_um
    pairs = _near(known.retired, cells, number == 0, max_distance)
    still_retired, returned = _assign(number, known.retired, pairs)
    new = np.flatnonzero(number == 0)
    number[new] = _first_free(known) + np.arange(len(new))
    kept = tuple(known.cells["cell"].tolist())
    report = IdentityReport(kept, (), returned, tuple(number[new].tolist()), ())
    return NumberedCells(with_numbers(cells, number), still_retired, report)


def retire_cells(known: KnownCells, cells: pd.DataFrame) -> pd.DataFrame:
    """The retired cells of a recording after some of its cells were removed.

    Parameters
    ----------
    known
        Cells that the study knows of the recording.
    cells
        Rows of the removed cells.
    """
    return _retire(cells, known.retired)


def _overlapping(
    known: KnownCells, labels: NDArray[np.int32], cells: pd.DataFrame
) -> Pairs:
    # pixels of images of another size are not the same places
    if known.labels is None or known.labels.shape != labels.shape:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return match_by_overlap(known.labels, labels, known.cells, cells)


def _near(
    candidates: pd.DataFrame,
    cells: pd.DataFrame,
    free: NDArray[np.bool_],
    max_distance: float,
) -> Pairs:
    rows = np.flatnonzero(free)
    old, new = match_by_distance(candidates, cells.iloc[rows], max_distance)
    return old, rows[new]


def _assign(
    number: NDArray[np.int64], candidates: pd.DataFrame, pairs: Pairs
) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Set the numbers of pairs; return the unmatched candidates, and the numbers."""
    old, new = pairs
    numbers = candidates["cell"].to_numpy()[old]
    number[new] = numbers
    unmatched = candidates.drop(index=candidates.index[old])
    return unmatched, tuple(sorted(numbers.tolist()))


def _first_free(known: KnownCells) -> int:
    tables = (known.cells, known.retired, known.other)
    used = [known.highest, *(table["cell"].max() for table in tables)]
    # the largest of an empty column is NaN, which is not equal to itself
    return int(max(n for n in [0, *used] if n == n)) + 1


def _retire(unmatched: pd.DataFrame, retired: pd.DataFrame) -> pd.DataFrame:
    """All cells without an outline: those retired before, and those retired now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    retired_now = unmatched.assign(retired=unmatched.get("retired", now))
    # an empty table would turn the types of the others into objects
    parts = [
        part[list(RETIRED_COLUMNS)] for part in (retired, retired_now) if len(part)
    ]
    if not parts:
        return no_retired()
    return pd.concat(parts).sort_values("cell", ignore_index=True)


def _cells(n: int) -> str:
    return f"{n} {'cell' if n == 1 else 'cells'}"


def _are(numbers: tuple[int, ...]) -> str:
    return "is" if len(numbers) == 1 else "are"
