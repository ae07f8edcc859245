"""The held-out cells behind an entry of a confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.annotation.answer import CellKey
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.progress import Step


@dataclass(frozen=True)
class ConfusionSquare:
    """A square of a confusion matrix: what people and a model said.

    Parameters
    ----------
    truth, told
        Class by people, and by the model.
    old
        Whether it is the model before.
    """

    truth: str
    told: str
    old: bool = False


def cells_in_square(
    table: pd.DataFrame, square: ConfusionSquare
) -> list[tuple[CellKey, float]]:
    """The cells behind a square, and how sure the model was; the surest first."""
    told, chance = ("old_predicted", "old_p_") if square.old else ("predicted", "p_")
    if told not in table:
        return []
    rows = table[(table["class"] == square.truth) & (table[told] == square.told)]
    column = f"{chance}{square.told}"
    sure = rows[column] if column in rows else pd.Series(0.0, index=rows.index)
    rows = rows.assign(sure=sure).sort_values("sure", ascending=False, kind="stable")
    columns = (rows[name].tolist() for name in ("recording", "cell", "sure"))
    return [
        (CellKey(recording, int(cell)), float(value))
        for recording, cell, value in zip(*columns, strict=True)
    ]


def read_held_out(path: Path) -> Step[pd.DataFrame]:
    """Read the table of held-out cells of a run.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    yield from ()
    texts = dict.fromkeys(("recording", "class", "predicted", "old_predicted"), str)
    try:
        return pd.read_csv(path, dtype=texts, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read ({error}); train anew to have it again."
        ) from error
