"""Classification by two thresholds, red and green: the baseline for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.measure import measure
from napari_cellid.config.classes import STATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.retrain.dataset import DecidedCells
    from napari_cellid.study.study import Study

#: the measured contrasts
_RED, _GREEN = "red_contrast", "green_contrast"
#: number of thresholds that are tried for each colour
_MOST = 300


def predict_held_out(study: Study, decided: DecidedCells) -> NDArray[np.int64] | None:
    """Classify the held-out cells by two thresholds; None if the classes differ.

    The rule predicts the class of the marker state: red and green, red and not green,
    or not red. Contrast is the brightness of a cell relative to its surroundings. The
    two thresholds are fitted on the training cells.
    """
    names = study.config.state_names
    if sorted(names.values()) != sorted(decided.classes) or len(names) < len(STATES):
        return None
    index = {state: decided.classes.index(name) for state, name in names.items()}
    train, test = decided.part("train"), decided.part("test")
    number = {name: k for k, name in enumerate(decided.classes)}
    truth = np.array([number[one] for one in train["class"]], np.int64)
    limits = fit_thresholds(measure_contrasts(study, train), truth, index)
    if limits is None:
        return None
    return predict_classes(measure_contrasts(study, test), limits, index)


def fit_thresholds(
    values: NDArray[np.float64],
    truth: NDArray[np.int64],
    index: Mapping[str, int],
) -> tuple[float, float] | None:
    """Find the thresholds of red and green with the best balanced accuracy.

    Parameters
    ----------
    values
        (cell, 2): red and green contrast.
    truth
        Class of each cell.
    index
        Number of the class with each marker state.
    """
    if not np.isfinite(values).any(0).all():
        return None
    # a cell without surroundings to compare with is neither red nor green
    filled = np.nan_to_num(values, nan=-np.inf)
    limits = [_candidates(values[:, k]) for k in (0, 1)]
    red, green = (filled[:, k, None] > limits[k] for k in (0, 1))
    # each class has the same weight
    weight = 1 / np.maximum(np.bincount(truth, minlength=len(index)), 1)[truth]
    both, only_green, only_red = (
        np.where(truth == index[state], weight, 0.0) for state in STATES
    )
    # (red threshold, green threshold): correct cells of all pairs at once
    right = (red.T * both) @ green + (red.T * only_red) @ ~green
    right += (only_green @ ~red)[:, None]
    r, g = np.unravel_index(right.argmax(), right.shape)
    return float(limits[0][r]), float(limits[1][g])


def _candidates(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return thresholds between neighbouring values; a subset if there are many."""
    known = np.unique(values[np.isfinite(values)])
    if len(known) < 2:
        return known
    between = (known[1:] + known[:-1]) / 2
    few = np.linspace(0, len(between) - 1, min(len(between), _MOST))
    return np.asarray(between[few.round().astype(int)])


def predict_classes(
    values: NDArray[np.float64],
    limits: tuple[float, float],
    index: Mapping[str, int],
) -> NDArray[np.int64]:
    """Predict the class of each cell from its red and green contrast (cell, 2)."""
    red, green = np.array(limits)[:, None] < np.nan_to_num(values, nan=-np.inf).T
    both, only_green, only_red = (index[state] for state in STATES)
    return np.where(red, np.where(green, both, only_red), only_green)


def measure_contrasts(study: Study, cells: pd.DataFrame) -> NDArray[np.float64]:
    """Measure the red and green contrast (cell, 2); NaN for a removed cell."""
    found = np.full((len(cells), 2), np.nan)
    for name, part in cells.groupby("recording", sort=True):
        recording = study.recording(str(name))
        table = recording.cells()
        if _RED not in table or _GREEN not in table:
            measured = measure(recording.labels(), recording.planes())
            table = table[["cell", "label"]].merge(
                measured.drop(columns="cell"), on="label"
            )
        now = table.set_index("cell")[[_RED, _GREEN]]
        found[part.index] = now.reindex(part["cell"]).to_numpy(float)
    return found
