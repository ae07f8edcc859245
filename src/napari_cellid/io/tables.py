"""The tables of a recording as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.cells.measure import COLUMNS
from napari_cellid.errors import InputError, file_reason
from napari_cellid.io.csv_text import protect_table, unprotect_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: columns of retired.csv: cells that were removed, and the time of removal (UTC)
RETIRED_COLUMNS = ("cell", "label", "plane", "y", "x", "area_um2", "retired")
#: columns of added.csv: cells that people added, who added each, when (UTC), and
#: whether its outline is from the probability map or a disc
ADDED_COLUMNS = ("cell", "label", "plane", "y", "x", "added_by", "added_at", "added_as")
_TEXT = frozenset({"predicted", "retired", "added_by", "added_at", "added_as"})
_REMEDY = (
    "put it back from a copy, or delete the recording's folder and identify it again "
    "(answers are kept apart from it)"
)
_WHOLE = ("cell", "label", "plane")


def read_cells(path: Path) -> pd.DataFrame:
    """Read a `cells.csv`.

    Raises
    ------
    InputError
        If it is missing or broken, lacks a column, or a cell stands in it twice.
    """
    return _read(path, COLUMNS)


def read_retired(path: Path) -> pd.DataFrame:
    """Read a `retired.csv`.

    Raises
    ------
    InputError
        If it is broken, lacks a column, or a cell stands in it twice. Rows with the
        label 0 are no cells but places where answers were given.
    """
    return _read(path, RETIRED_COLUMNS)


def read_added(path: Path) -> pd.DataFrame:
    """Read an `added.csv`; a file that does not exist has no rows.

    Raises
    ------
    InputError
        If it is broken, lacks a column, or a cell stands in it twice.
    """
    if path.exists():
        return _read(path, ADDED_COLUMNS)
    return pd.DataFrame(columns=list(ADDED_COLUMNS))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, the same bytes on every computer.

    Numbers have six significant digits. A text that a spreadsheet would take for a
    formula begins with an apostrophe, which reading takes off.
    """
    protect_table(table).to_csv(
        path, index=False, float_format="%.6g", lineterminator="\n", encoding="utf-8"
    )


def write_cells(path: Path, cells: pd.DataFrame) -> None:
    """Write a table of cells as CSV; positions have three digits after the point."""
    write_table(path, cells.round({"y": 3, "x": 3}))


def no_retired() -> pd.DataFrame:
    """A table of retired cells without any."""
    return _without_rows(RETIRED_COLUMNS, RETIRED_COLUMNS)


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    table = _parsed(path)
    if lacking := [name for name in columns if name not in table]:
        raise InputError(f"{path} lacks the column {lacking[0]}; {_REMEDY}.")
    if not len(table):
        return _without_rows(list(map(str, table)), columns)
    try:
        table = _typed(table, columns)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{path} holds something that is not a number ({error}); {_REMEDY}."
        ) from error
    numbered = table["cell"]
    if columns == RETIRED_COLUMNS:
        # places of answers have the label 0, and numbers that a copy of the study gave
        numbered = numbered[table["label"] != 0]
    if numbered.duplicated().any():
        twice = numbered[numbered.duplicated()].iloc[0]
        raise InputError(
            f"{path} has the cell {twice} twice, but every cell needs a number of its "
            f"own; {_REMEDY}."
        )
    return table


def _typed(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Convert the columns whose type is another one; most have theirs already."""
    for name in _WHOLE:
        if table[name].dtype != "int64":
            table[name] = _whole(table[name])
    kinds = {
        name: "float64"
        for name, kind in table.dtypes.items()
        if _is_number(name, columns) and kind != "float64"
    }
    return table.astype(kinds) if kinds else table


def _without_rows(names: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """A table without rows whose columns have the types of one with rows."""
    kinds = dict.fromkeys(names, "object")
    kinds |= {name: "float64" for name in names if _is_number(name, columns)}
    kinds |= dict.fromkeys(_WHOLE, "int64")
    return pd.DataFrame({name: np.empty(0, kinds[name]) for name in names})


def _is_number(name: object, columns: Sequence[str]) -> bool:
    """Whether a column holds numbers; the columns that people added are theirs."""
    known = name in columns or str(name).startswith("p_")
    return known and name not in (*_TEXT, *_WHOLE)


def _whole(values: pd.Series[Any]) -> pd.Series[int]:
    numbers = values.astype("int64")
    # one that is not whole would only be cut off
    if not (numbers == values.astype("float64")).all():
        raise ValueError(f"{values.name} must be whole")
    return numbers


def _parsed(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = file.readline().strip().split(",")
            file.seek(0)
            # a class may be called "NA" or "None": empty alone means empty
            empty = {name: [""] for name in names if name not in _TEXT}
            table = pd.read_csv(
                file,
                keep_default_na=False,
                na_values=empty,
                dtype=dict.fromkeys(_TEXT & set(names), object),
            )
            return unprotect_table(table)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing; {_REMEDY}.") from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({file_reason(error)}); check its permissions."
        ) from error
    except ValueError as error:  # also pandas' own errors, and text that is no UTF-8
        raise InputError(
            f"{path} is not a table of cells ({error}); {_REMEDY}."
        ) from error
