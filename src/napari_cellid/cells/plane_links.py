"""The same cell in neighbouring planes, where planes lie close enough for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.matching import (
    count_overlaps,
    match_by_distance,
    match_by_overlap,
)
from napari_cellid.cells.measure import with_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.cells.none_of_these import NoneLimits

#: column that joins the outlines of one cell: the smallest `cell` among them
LINKED = "linked_cell"
#: planes farther apart than this (µm) are not linked: on simulated volumes of planes
#: 12 µm apart most outlines that lie over one another are of two cells
MOST_UM = 10.0
#: depth (µm) between the first and the last outline of one cell at most: large somata
_DEEPEST_UM = 20.0
#: distance (µm) of centroids within which outlines of little overlap are linked
_NEAR_UM = 3.0
#: of outlines that overlap: the share of the smaller one, and the distance (µm) of
#: their centroids, beyond which they are two cells one above the other
_LEAST_SHARE, _FARTHEST_UM = 0.5, 4.0


def link_planes(
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    depths_um: Sequence[float] | None,
    pixel_size_um: float,
) -> pd.DataFrame:
    """Join the outlines of one cell in neighbouring planes by a column `linked_cell`.

    Outlines of planes that follow one another in depth, at most 10 µm apart, are
    matched one to one: first by overlap, of at least half of the smaller one with
    centroids at most 4 µm apart, then those that are left by a distance of their
    centroids of at most 3 µm. A cell reaches over 20 µm at most.

    Parameters
    ----------
    labels
        (plane, y, x).
    cells
        Cell table.
    depths_um
        Depth of each plane; None where it is unknown.
    pixel_size_um
        Edge of a pixel in µm.

    Returns
    -------
    The table with the column, which is the number of the cell itself where nothing is
    linked; without it if depths are unknown or no planes lie so close.
    """
    if depths_um is None or len(depths_um) != len(labels):
        return cells
    depths = np.asarray(depths_um, float)
    order = np.argsort(depths, kind="stable")
    steps = list(zip(order[:-1].tolist(), order[1:].tolist(), strict=True))
    close = [(a, b) for a, b in steps if 0 < depths[b] - depths[a] <= MOST_UM]
    if not close:
        return cells
    #: row -> rows of its cell, from the first plane on
    group = [[row] for row in range(len(cells))]
    plane = cells["plane"].to_numpy()
    for a, b in close:
        upper, lower = np.flatnonzero(plane == a), np.flatnonzero(plane == b)
        pairs = _pairs(labels, cells, upper, lower, pixel_size_um)
        for i, j in pairs:
            if depths[b] - depths[plane[group[i][0]]] <= _DEEPEST_UM:
                group[i].append(j)
                group[j] = group[i]
    number = cells["cell"].to_numpy()
    linked = [int(number[rows].min()) for rows in group]
    return cells.assign(**{LINKED: np.array(linked, np.int64)})


def _pairs(
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    upper: NDArray[np.intp],
    lower: NDArray[np.intp],
    pixel_size_um: float,
) -> list[tuple[int, int]]:
    """Rows of a plane and of the next one that are the same cell."""
    if not (len(upper) and len(lower)):
        return []
    tables = [cells.iloc[rows] for rows in (upper, lower)]
    images = [labels[int(table["plane"].iloc[0])] for table in tables]
    first, second = match_by_overlap(images[0], images[1], tables[0], tables[1])
    good = _is_one_cell(images, tables, (first, second), pixel_size_um)
    first, second = first[good], second[good]
    pairs = list(zip(upper[first].tolist(), lower[second].tolist(), strict=True))
    left = [np.delete(upper, first), np.delete(lower, second)]
    # as if in one plane, because the distance of depths is that of all pairs
    rest = [cells.iloc[rows].assign(plane=0) for rows in left]
    first, second = match_by_distance(rest[0], rest[1], _NEAR_UM / pixel_size_um)
    pairs += zip(left[0][first].tolist(), left[1][second].tolist(), strict=True)
    return pairs


def _is_one_cell(
    images: list[NDArray[np.int32]],
    tables: list[pd.DataFrame],
    rows: tuple[NDArray[np.intp], NDArray[np.intp]],
    pixel_size_um: float,
) -> NDArray[np.bool_]:
    """Which of the matched rows (pair,) of two planes overlap enough, and are near."""
    overlaps = count_overlaps(images[0], images[1])
    smaller = np.minimum(overlaps.first_area, overlaps.second_area)
    share = dict(
        zip(
            zip(overlaps.first.tolist(), overlaps.second.tolist(), strict=True),
            (overlaps.intersection / smaller).tolist(),
            strict=True,
        )
    )
    first, second = (table.iloc[own] for table, own in zip(tables, rows, strict=True))
    labels = zip(first["label"].tolist(), second["label"].tolist(), strict=True)
    shares = np.array([share.get(pair, 0.0) for pair in labels])
    step = first[["y", "x"]].to_numpy(float) - second[["y", "x"]].to_numpy(float)
    near = np.hypot(step[:, 0], step[:, 1]) * pixel_size_um <= _FARTHEST_UM
    return np.asarray((shares >= _LEAST_SHARE) & near)


def pool_classes(
    cells: pd.DataFrame, classes: Sequence[str], limits: NoneLimits
) -> pd.DataFrame:
    """Decide the class of a cell from all its linked outlines.

    The probabilities of a cell are the mean of those of its outlines, weighted by
    their areas; all its outlines get them. A table without links stays as it is.
    """
    if LINKED not in cells or not classes or not len(cells):
        return cells
    names = [f"p_{name}" for name in classes]
    area = cells["area_um2"].to_numpy(float)[:, None]
    weighted = cells[names] * area
    group = cells[LINKED]
    total = weighted.groupby(group).transform("sum").to_numpy()
    areas = cells["area_um2"].groupby(group).transform("sum").to_numpy()[:, None]
    pooled = (total / areas).astype(np.float32)
    alone = (group.map(group.value_counts()) == 1).to_numpy()
    # not even rounding changes a cell of one outline
    pooled[alone] = cells[names].to_numpy(np.float32)[alone]
    return with_classes(cells, pooled, classes, limits)


def with_numbers(cells: pd.DataFrame, numbers: NDArray[Any]) -> pd.DataFrame:
    """Give cells other numbers (cell,); `linked_cell` follows."""
    if LINKED not in cells:
        return cells.assign(cell=numbers)
    new = cells.assign(cell=numbers)
    return new.assign(**{LINKED: new["cell"].groupby(cells[LINKED]).transform("min")})


def count_cells(cells: pd.DataFrame) -> int:
    """Number of cells, of which several outlines can be one."""
    return int(cells[LINKED].nunique()) if LINKED in cells else len(cells)


def linked_text(cells: pd.DataFrame) -> str:
    """How many cells the outlines are, one sentence; "" where nothing is linked."""
    n = count_cells(cells)
    if n == len(cells):
        return ""
    return (
        f"The {len(cells)} outlines are {n} cells: those of one cell in neighbouring "
        "planes are linked (column linked_cell), and have one class. Counts of classes "
        "count outlines."
    )
