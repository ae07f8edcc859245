"""Outlines and classes compared with a field of which the truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config.classes import STATES
from napari_cellid.evaluation.bootstrap import N_RESAMPLES, percentile_interval
from napari_cellid.evaluation.detection import count_detections
from napari_cellid.evaluation.metrics import (
    balanced_accuracy,
    confusion_matrix,
    expected_calibration_error,
)
from napari_cellid.evaluation.scoring import RADIUS_UM
from tools.evaluation.point_scores import match_points

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def detection_scores(
    cells: pd.DataFrame,
    labels: NDArray[np.int32],
    truth: pd.DataFrame,
    true_labels: NDArray[np.int32],
    pixel_size_um: float,
) -> dict[str, float]:
    """F1, precision and recall within 6 µm, and F1 at IoU 0.5.

    Parameters
    ----------
    cells, truth
        Found and true cells with their centroids `y` and `x` (px).
    labels, true_labels
        Their outlines, (y, x).
    pixel_size_um
        Pixel size of the field. It can differ from the size that a model was told.
    """
    pairs = len(match_cells(cells, truth, pixel_size_um)[0])
    overlap = count_detections(labels, true_labels).metrics()
    return {
        "found": len(cells),
        "F1 (6 µm)": _share(2 * pairs, len(cells) + len(truth)),
        "precision (6 µm)": _share(pairs, len(cells)),
        "recall (6 µm)": _share(pairs, len(truth)),
        "F1 (IoU 0.5)": overlap["f1"] or 0.0,
    }


def match_cells(
    cells: pd.DataFrame, truth: pd.DataFrame, pixel_size_um: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of found and true cells that match within 6 µm, one to one."""
    found, true = (table[["y", "x"]].to_numpy(float) for table in (cells, truth))
    return match_points(found, true, RADIUS_UM / pixel_size_um)


def class_scores(
    cells: pd.DataFrame, truth: pd.DataFrame, pixel_size_um: float
) -> dict[str, Any]:
    """Balanced accuracy, macro F1 end to end, and calibration error.

    Parameters
    ----------
    cells
        Found cells: `y`, `x`, `state` (what they show, one of `STATES`; NaN if that
        cannot be told), and a probability for each of `STATES` where a model gave one.
        Those without a state count as missed, and are reported as `none of these`.
    truth
        True cells: `y`, `x`, `state` and `ambiguous` (the image does not show it).
    pixel_size_um
        Pixel size of the field.
    """
    n_outlines = len(cells)
    cells = cells[cells["state"].notna()]
    found, true = match_cells(cells, truth, pixel_size_um)
    unclear = truth["ambiguous"].to_numpy(bool)
    clear = ~unclear[true]
    # an ambiguous cell cannot be right or wrong, so its outline is left out as well
    counted = np.setdiff1d(np.arange(len(cells)), found[~clear])
    said, is_ = _numbers(cells), _numbers(truth)
    table = confusion_matrix(is_[true[clear]], said[found[clear]], len(STATES))
    scores = {
        "classified": int(table.sum()),
        "balanced accuracy": balanced_accuracy(table),
        "end-to-end macro F1": _end_to_end(table, said[counted], is_[~unclear]),
        "none of these": n_outlines - len(cells),
    }
    if not set(STATES) <= set(cells.columns):
        return scores
    probabilities = cells[list(STATES)].to_numpy(float)[found[clear]]
    return scores | calibration(probabilities, is_[true[clear]])


def calibration(
    probabilities: NDArray[np.float64], truth: NDArray[np.int64], seed: int = 0
) -> dict[str, float]:
    """Expected calibration error with its 95 % interval, by bootstrap over cells.

    Cells drawn with replacement scatter more within the bins of confidence, which
    raises their error; the mean of this rise is taken off the interval again.
    """
    value = expected_calibration_error(truth, probabilities)
    rng, n = np.random.default_rng(seed), len(truth)
    drawn = rng.integers(n, size=(N_RESAMPLES, n)) if n else np.zeros((0, 0), int)
    errors = [expected_calibration_error(truth[k], probabilities[k]) for k in drawn]
    rise = float(np.mean(errors)) - value if errors else 0.0
    interval = percentile_interval(value, [one - rise for one in errors])
    low, high = (float(np.maximum(one, 0)) for one in (interval.low, interval.high))
    return {"ECE": value, "ECE low": low, "ECE high": high}


def _end_to_end(
    table: NDArray[np.int64], said: NDArray[np.int64], truth: NDArray[np.int64]
) -> float:
    """Mean F1 of the classes that occur; missed and superfluous cells count."""
    n_said, n_true = (np.bincount(k, minlength=len(STATES)) for k in (said, truth))
    occurs = n_true > 0
    if not occurs.any():
        return float("nan")
    return float((2 * np.diag(table) / np.maximum(n_said + n_true, 1))[occurs].mean())


def _numbers(table: pd.DataFrame) -> NDArray[np.int64]:
    """Number of the marker state of each cell."""
    return table["state"].map(STATES.index).to_numpy(np.int64)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
