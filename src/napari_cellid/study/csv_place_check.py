"""Places in a CSV file of answers, compared with the cells that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from napari_cellid.errors import InputError
from napari_cellid.study.answer_matching import OWN_CELL_UM
from napari_cellid.study.identity import SAME_CELL_UM

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_cellid.annotation.csv_rows import CsvRow
    from napari_cellid.study.answer_matching import CellPositions

#: farther than any two cells of a plane (µm)
_OTHER_PLANE_UM = 1e6
_EXCHANGED = "x and y seem to be exchanged"
_MICROMETRES = "y and x seem to be µm, but px are expected"


def check_places(
    rows: Sequence[CsvRow], positions: Mapping[str, CellPositions], file: str
) -> None:
    """Check that the places in rows of a file are not those of other cells.

    Parameters
    ----------
    rows
        Rows that are new to the study.
    positions
        Positions of the cells of each recording.
    file
        Name of the file, for the message.

    Raises
    ------
    InputError
        If a row names a cell that lies elsewhere, or if places without a number fit
        the cells better in another unit or with x and y exchanged.
    """
    for name, cells in positions.items():
        own = [row for row in rows if row.answer.recording == name]
        if not own or not len(cells.cells):
            continue
        number = cells.cells["cell"].tolist()
        at = {cell: k for k, cell in enumerate(number)}
        points = cells.cells[["plane", "y", "x"]].to_numpy(float)
        named = [row for row in own if row.answer.cell in at]
        for row in named:
            _check_named(row, points[at[row.answer.cell]], cells.pixel_size_um, file)
        free = [row for row in own if row.answer.cell < 0]
        if free:
            _check_free(free, points, cells.pixel_size_um, file)


def _check_named(
    row: CsvRow, cell: NDArray[np.float64], pixel_size_um: float, file: str
) -> None:
    variants = _variants(_points([row]), pixel_size_um)
    fits = {
        what: bool(_distance_um(place[0], cell, pixel_size_um) <= OWN_CELL_UM)
        for what, place in variants.items()
    }
    if fits.pop(""):
        return
    reason = next((f"; {what}" for what, fit in fits.items() if fit), "")
    plane, y, x = cell
    answer = row.answer
    raise InputError(
        f"{file}, row {row.number}: cell {answer.cell} of '{answer.recording}' lies at "
        f"plane {plane:g}, y {y:.1f}, x {x:.1f} (px), but the row says {answer.plane}, "
        f"{answer.y:g}, {answer.x:g}{reason}; correct the row, or leave the number or "
        "the place out."
    )


def _check_free(
    rows: Sequence[CsvRow],
    cells: NDArray[np.float64],
    pixel_size_um: float,
    file: str,
) -> None:
    scale = np.array([_OTHER_PLANE_UM, pixel_size_um, pixel_size_um])
    tree = cKDTree(cells * scale)
    on_cell = {
        what: tree.query(places * scale)[0] <= SAME_CELL_UM
        for what, places in _variants(_points(rows), pixel_size_um).items()
    }
    given = on_cell.pop("")
    what, best = max(on_cell.items(), key=lambda item: int(item[1].sum()))
    if best.sum() > given.sum():
        row = rows[int(np.flatnonzero(best & ~given)[0])]
        raise InputError(
            f"{file}, row {row.number}: no cell lies at plane {row.answer.plane}, y "
            f"{row.answer.y:g}, x {row.answer.x:g} (px); {what}, because {best.sum()} "
            f"of {len(rows)} rows would then lie on a cell, and {given.sum()} do as "
            "they are; correct the columns."
        )


def _variants(
    points: NDArray[np.float64], pixel_size_um: float
) -> dict[str, NDArray[np.float64]]:
    """Points (plane, y, x) as they are, and as they may have been meant."""
    to_px = np.array([1.0, 1 / pixel_size_um, 1 / pixel_size_um])
    exchanged = points[:, [0, 2, 1]]
    return {
        "": points,
        _EXCHANGED: exchanged,
        _MICROMETRES: points * to_px,
        f"{_EXCHANGED}, and {_MICROMETRES}": exchanged * to_px,
    }


def _points(rows: Sequence[CsvRow]) -> NDArray[np.float64]:
    answers = [row.answer for row in rows]
    return np.array([(one.plane, one.y, one.x) for one in answers], float)


def _distance_um(
    one: NDArray[np.float64], other: NDArray[np.float64], pixel_size_um: float
) -> float:
    if one[0] != other[0]:
        return np.inf
    return float(np.hypot(*(one - other)[1:]) * pixel_size_um)
