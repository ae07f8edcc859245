"""The held-out cells behind an entry of a confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.annotation.answer import CellKey
from napari_cellid.errors import InputError
from napari_cellid.io.csv_text import unprotect_table

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.progress import Step


@dataclass(frozen=True)
class ConfusionSquare:
    """A square of a confusion matrix: the class by people and the class by a model.

    Parameters
    ----------
    truth, predicted
        Class by people, and by the model.
    old
        Whether the model is the old one.
    """

    truth: str
    predicted: str
    old: bool = False


def cells_in_square(
    table: pd.DataFrame, square: ConfusionSquare
) -> list[tuple[CellKey, float]]:
    """Return the cells of a square with their probabilities, the highest first."""
    prefix = "old_" if square.old else ""
    predicted = f"{prefix}predicted"
    # a run without an old model has no predictions of it
    if predicted not in table:
        return []
    rows = table[
        (table["class"] == square.truth) & (table[predicted] == square.predicted)
    ]
    column = f"{prefix}p_{square.predicted}"
    p = rows[column] if column in rows else pd.Series(0.0, index=rows.index)
    # stable: cells of equal probability keep the order of recording and number
    rows = rows.assign(p=p).sort_values("p", ascending=False, kind="stable")
    columns = (rows[name].tolist() for name in ("recording", "cell", "p"))
    return [
        (CellKey(recording, int(cell)), float(p))
        for recording, cell, p in zip(*columns, strict=True)
    ]


def read_held_out(path: Path) -> Step[pd.DataFrame]:
    """Read the table of held-out cells of a run.

    Raises
    ------
    InputError
        If the table cannot be read.
    """
    yield from ()
    # recordings may be named 007 or NA: pandas would read a number and a missing value
    texts = dict.fromkeys(("recording", "class", "predicted", "old_predicted"), str)
    try:
        return unprotect_table(pd.read_csv(path, dtype=texts, keep_default_na=False))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read ({error}); train again to get it back."
        ) from error
