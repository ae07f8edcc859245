"""Middles of cells in CSV files."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.cells.middles import as_middles
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import check_regular_file

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.cells.middles import Middle

#: names that napari gives to the axes of a points layer in its CSV files
_NAPARI = {
    2: {"axis-0": "y", "axis-1": "x"},
    3: {"axis-0": "plane", "axis-1": "y", "axis-2": "x"},
}


def read_middles(path: Path) -> list[Middle]:
    """Read the middles of cells: columns y and x in px, and plane (from 0) if needed.

    The CSV file of a points layer of napari (axis-0, axis-1) is read, too.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, has no rows, or a row is no place.
    """
    check_regular_file(path, "a CSV file with the columns y and x")
    table = _named(_parsed(path))
    for name in ("y", "x"):
        if name not in table:
            raise InputError(
                f"{path} lacks the column {name}; give the middles of cells as columns "
                "y, x and, for several planes, plane."
            )
    if not len(table):
        raise InputError(f"{path} has no rows; give one row for each missed cell.")
    plane = table["plane"] if "plane" in table else ["0"] * len(table)
    rows = zip(plane, table["y"], table["x"], strict=True)
    # row 1 of a spreadsheet is the header
    return [_row(path, number, row) for number, row in enumerate(rows, 2)]


def _parsed(path: Path) -> pd.DataFrame:
    try:
        text = path.read_text("utf-8-sig")
        if not text.strip():
            raise InputError(
                f"{path} is empty; give a CSV file with the columns y and x."
            )
        header = text.lstrip().partition("\n")[0]
        separator = next((mark for mark in ";\t" if mark in header), ",")
        table = pd.read_csv(
            StringIO(text), sep=separator, dtype=str, keep_default_na=False
        )
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({file_reason(error)}); check its permissions."
        ) from error
    except InputError:
        # it is a ValueError, too
        raise
    except ValueError as error:  # also pandas' own errors, and text that is no UTF-8
        raise InputError(
            f"{path} is not a table ({error}); give a CSV file with the columns y and "
            "x."
        ) from error
    # such files come from computers that write decimal commas
    return table if separator == "," else table.replace(",", ".", regex=True)


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with lower-case names, and those of napari's axes replaced."""
    table = table.rename(columns=lambda name: str(name).strip().casefold())
    axes = [name for name in table if str(name).startswith("axis-")]
    return table.rename(columns=_NAPARI.get(len(axes), {}))


def _row(path: Path, number: int, row: tuple[str, str, str]) -> Middle:
    try:
        return as_middles([[float(value.strip()) for value in row]])[0]
    except (ValueError, InputError):
        given = ", ".join(row)
        # the cause says no more: the row is not one of three numbers
        raise InputError(
            f"{path}, row {number}: {given} (plane, y, x) is no place; give y and x as "
            "numbers of pixels, and the plane as a whole number from 0."
        ) from None
