"""A CSV file of answers as text: its columns, its rows, its separator."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import check_regular_file
from napari_cellid.io.csv_text import unprotect_text

if TYPE_CHECKING:
    from pathlib import Path

_REQUIRED = ("recording", "annotator", "answer")
POSITION = ("plane", "y", "x")
_OPTIONAL = ("time", "shown", "seconds", "role", "repeat", "group")


@dataclass(frozen=True)
class CsvTable:
    """The text of a CSV file.

    Parameters
    ----------
    header
        Name of each column, in lower case.
    rows
        Fields of each row below the header.
    separator
        Between the fields.
    """

    header: list[str]
    rows: list[list[str]]
    separator: str

    def named(self, fields: list[str]) -> dict[str, str]:
        """The fields of a row by column; "" for columns that are not there.

        Raises
        ------
        InputError
            If there are more fields than columns.
        """
        if any(field.strip() for field in fields[len(self.header) :]):
            raise InputError("it has more fields than the first row; remove some.")
        names = (*_REQUIRED, *POSITION, "cell", *_OPTIONAL)
        plain = map(unprotect_text, fields)
        return dict.fromkeys(names, "") | dict(zip(self.header, plain, strict=False))


def read_table(path: Path) -> CsvTable:
    """Read a CSV file in UTF-8 and check its first row.

    Parameters
    ----------
    path
        File separated by commas, semicolons or tabs.

    Raises
    ------
    InputError
        If it cannot be read, or a column is missing or there twice.
    """
    if path.exists():
        check_regular_file(path, "a CSV file of answers")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({file_reason(error)}); give a CSV file of answers."
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8; save it as 'CSV UTF-8' from the spreadsheet."
        ) from error
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        fields = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        raise InputError(
            f"{path} is not a CSV file ({error}); save it as 'CSV UTF-8'."
        ) from error
    header = [name.strip().casefold() for name in fields[0]] if fields else []
    _check_header(path, header)
    return CsvTable(header, fields[1:], separator)


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in _REQUIRED if name not in header]
    if "cell" not in header and not set(POSITION) <= set(header):
        missing.append("cell (or plane, y and x)")
    if missing:
        raise InputError(
            f"{path} has no column {', '.join(missing)} in its first row; it needs "
            "recording, cell (or plane, y and x), annotator and answer."
        )
    repeated = {name for name in header if name and header.count(name) > 1}
    if repeated:
        raise InputError(
            f"{path} has the column {', '.join(sorted(repeated))} twice; remove one."
        )
