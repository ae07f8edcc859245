"""Which cells of a table are listed, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class CellFilter:
    """What a cell must be like to be listed.

    Parameters
    ----------
    hidden
        For a column of texts, such as `predicted`, the values that are not listed.
    ranges
        For a column of numbers, its smallest and its largest value that are listed.
        A cell without a number is not listed.
    """

    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def matching_cells(cells: pd.DataFrame, wanted: CellFilter) -> NDArray[np.bool_]:
    """Which rows (cell,) of a table a filter lists.

    Parameters
    ----------
    cells
        A cell table; columns that it lacks exclude no cell.
    wanted
        The filter.
    """
    listed = np.ones(len(cells), bool)
    for name, values in wanted.hidden.items():
        if values and name in cells:
            listed &= ~cells[name].isin(list(values)).to_numpy(bool)
    for name, (low, high) in wanted.ranges.items():
        if name in cells:
            numbers = cells[name].to_numpy(float)
            # a comparison with NaN is never true
            listed &= (numbers >= low) & (numbers <= high)
    return listed


def sorted_rows(
    cells: pd.DataFrame, rows: NDArray[np.intp], column: str, *, descending: bool
) -> NDArray[np.intp]:
    """Sort rows by a column; rows that are equal keep their order.

    Parameters
    ----------
    cells
        A cell table.
    rows
        (row,) positions in the table.
    column
        Its values are compared: texts by the alphabet, whole numbers and fractions by
        size. Missing values are last in either direction.
    descending
        Whether the largest value is first.
    """
    values = _as_numbers(cells[column])[rows]
    order = np.argsort(-values if descending else values, kind="stable")
    return np.asarray(rows[order])


def with_categories(cells: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Columns of texts as categories, which are compared and sorted quickly."""
    present = [name for name in names if name in cells]
    texts = {name: cells[name].fillna("").astype("category") for name in present}
    return cells.assign(**texts)


def _as_numbers(values: pd.Series) -> NDArray[np.float64]:
    """Numbers that sort as the values do; NaN for missing ones."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy(float)
        empty = values.eq("").to_numpy(bool) | (codes < 0)
        codes[empty] = np.nan
        return np.asarray(codes)
    return np.asarray(values.to_numpy(float))
