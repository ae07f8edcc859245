"""Export of answers as a CSV file for people who work without this program."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO, get_args

import pandas as pd

from napari_cellid.annotation.all_answers import current_answers
from napari_cellid.annotation.answer import Role
from napari_cellid.annotation.jsonl import COLUMNS
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.io.csv_text import protect_table

#: columns of the file; the others concern the journal alone
_COLUMNS = [name for name in COLUMNS if name not in ("origin", "markers")]


def export_answers(all_answers: pd.DataFrame, target: Path | TextIO) -> int:
    """Write the current answers, votes and adjudications, as CSV in UTF-8.

    Parameters
    ----------
    all_answers
        `Annotations.all_answers`.
    target
        The file, or a text stream.

    Returns
    -------
    Number of answers written.

    Raises
    ------
    InputError
        If the file cannot be written; an existing file is left unchanged.
    """
    table = pd.concat([current_answers(all_answers, role) for role in get_args(Role)])[
        _COLUMNS
    ]
    table = table.sort_values(["recording", "cell", "role", "annotator"])
    if table["group"].isna().all():  # no answer for several cells
        table = table.drop(columns="group")
    table["time"] = table["time"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    table["repeat"] = table["repeat"].map({True: "true", False: ""})
    table = protect_table(table)
    try:
        if isinstance(target, Path):
            with atomic_write(target) as temporary:
                table.to_csv(
                    temporary,
                    index=False,
                    lineterminator="\n",
                    errors="backslashreplace",
                )
        else:
            table.to_csv(target, index=False, lineterminator="\n")
    except OSError as error:
        raise InputError(
            f"{target} cannot be written ({file_reason(error)}); make room, close "
            "programs "
            "that have it open, or choose another file."
        ) from error
    return len(table)
