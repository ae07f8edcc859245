"""Cells whose class cannot be told: debris, vessels, what is out of focus.

Their column `predicted` is `none`, and their probabilities stay as they are. `none` is
the outcome of a model; it is no class, no answer, and not people's `not_a_cell`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import NO_CLASS, NO_CLASS_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

#: key of `run.json` under which the limits and the number of such cells stand
NONE_RECORD = "none_of_these"
#: probability of a class that is called `none`, as in studies of earlier versions
_OF_CLASS = f"p_{NO_CLASS}"


@dataclass(frozen=True)
class NoneLimits:
    """Limits below which a cell has no class.

    Parameters
    ----------
    confidence
        Of the largest class probability; 0 for no limit.
    contrast
        Of the larger one of the contrasts of red and of green (`cells.measure`); None
        for no limit.
    """

    confidence: float = 0.0
    contrast: float | None = None

    def __bool__(self) -> bool:
        """Whether any cell can be without a class."""
        return self.confidence > 0 or self.contrast is not None

    def record(self, cells: pd.DataFrame) -> dict[str, Any]:
        """What `run.json` says of them; empty where no cell can be without a class.

        Parameters
        ----------
        cells
            Classified cells, whose `none` are counted.
        """
        if not self:
            return {}
        return {
            NONE_RECORD: {
                "confidence_below": self.confidence,
                "contrast_below": self.contrast,
                "cells": count_none(cells),
            }
        }


def with_predictions(
    cells: pd.DataFrame, classes: Sequence[str], limits: NoneLimits
) -> pd.DataFrame:
    """Fill in `predicted` from the probabilities of the classes.

    Parameters
    ----------
    cells
        Cell table with `confidence` and `p_<class>`; `red_contrast` and
        `green_contrast` are read if it has them.
    classes
        Names of the classes.
    limits
        Below them a cell is `none`.

    Returns
    -------
    The table with its most probable class, or `none`, for each cell that has
    probabilities; other cells stay as they are.
    """
    if not classes:
        return cells
    known = cells["confidence"].notna().to_numpy(bool)
    probabilities = cells[[f"p_{name}" for name in classes]].to_numpy(float)
    best = np.where(known[:, None], probabilities, 0).argmax(1)
    names = np.where(
        _below(cells, limits), NO_CLASS, np.array(classes, dtype=object)[best]
    )
    predicted = np.where(known, names, cells["predicted"].to_numpy(object))
    return cells.assign(predicted=predicted)


def most_probable(cells: pd.DataFrame) -> pd.DataFrame:
    """A cell table in which `none` is replaced by the most probable class."""
    none = is_none(cells)
    if not none.any():
        return cells
    names = [str(name) for name in cells if str(name).startswith("p_")]
    classes = [name.removeprefix("p_") for name in names]
    changed = with_predictions(cells[none], classes, NoneLimits())
    predicted = cells["predicted"].to_numpy(object, copy=True)
    predicted[none] = changed["predicted"]
    return cells.assign(predicted=predicted)


def is_none(cells: pd.DataFrame) -> NDArray[np.bool_]:
    """Which cells have no class because it cannot be told.

    A cell of a class that is called `none` has a probability of that name.
    """
    none = cells["predicted"].eq(NO_CLASS).to_numpy(bool)
    if _OF_CLASS in cells:
        # not in place: pandas may give an array that cannot be written
        none = none & cells[_OF_CLASS].isna().to_numpy(bool)
    return np.asarray(none)


def count_none(cells: pd.DataFrame) -> int:
    """Number of the cells whose class cannot be told."""
    return int(is_none(cells).sum())


def prediction_text(row: Mapping[str, Any]) -> str:
    """The prediction of a row of a cell table in words; "" without one."""
    predicted, of_class = str(row.get("predicted") or ""), row.get(_OF_CLASS)
    is_class = of_class is not None and of_class == of_class
    return NO_CLASS_TEXT if predicted == NO_CLASS and not is_class else predicted


def _below(cells: pd.DataFrame, limits: NoneLimits) -> NDArray[np.bool_]:
    below = cells["confidence"].to_numpy(float) < limits.confidence
    names = [name for name in ("red_contrast", "green_contrast") if name in cells]
    if limits.contrast is not None and names:
        # one channel can be without surroundings; fmax ignores its NaN
        contrast = np.fmax.reduce(cells[names].to_numpy(float), axis=1)
        below |= contrast < limits.contrast
    return np.asarray(below)
