"""Outlines of the U-Net in the recordings of a cross-validation, beside the true ones.

A classifier sees only cells that are found. So that missed cells and superfluous
outlines count, too, the U-Net outlines the recordings, and each method classifies its
outlines as it classifies the true ones.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.cells.matching import match_by_distance, match_labels
from napari_cellid.cells.measure import measure
from napari_cellid.crossvalidation.hand_features import FEATURES, hand_features
from napari_cellid.errors import InputError, file_reason
from napari_cellid.evaluation.detection import DetectionCounts, count_detections
from napari_cellid.evaluation.scoring import RADIUS_UM
from napari_cellid.files import atomic_write
from napari_cellid.json_file import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.config.evaluation import ProtocolName
    from napari_cellid.crossvalidation.cells import EvaluationCells
    from napari_cellid.crossvalidation.folds import Fold
    from napari_cellid.recording import MeanPlanes

#: random stream of the superfluous outlines that are drawn
_DRAWN = 401
_COLUMNS = ("recording", "plane", "y", "x", "row")


@dataclass(frozen=True, eq=False)
class Detections:
    """Outlines of the U-Net that are classified.

    Parameters
    ----------
    table
        `recording`, `plane`, `y`, `x` of each outline, and `row`: that of the cell it
        lies on, -1 for a superfluous outline.
    features
        (outline, feature), see `hand_features`.
    """

    table: pd.DataFrame
    features: NDArray[np.float64]

    def __len__(self) -> int:
        """Number of outlines."""
        return len(self.table)


def compare_outlines(
    planes: MeanPlanes,
    found: NDArray[np.int32],
    truth: NDArray[np.int32],
    cells: pd.DataFrame,
) -> dict[str, Any]:
    """Compare the outlines of the U-Net in a recording with the true ones.

    Parameters
    ----------
    planes
        Mean images.
    found, truth
        Labels (plane, y, x) of the U-Net, and those of people.
    cells
        The cells of the evaluation in this recording, `label` is read; its index are
        their rows.

    Returns
    -------
    For JSON: `counts` of the outlines, how many centroids match, and the `outlines`
    that are classified: those on cells of the evaluation, and of the superfluous ones
    as large a share as of the cells.
    """
    table, true = measure(found, planes), measure(truth, planes)
    reach = RADIUS_UM / planes.pixel_size_um
    on_true, matched = match_by_distance(table, true, reach)
    row_of = dict(zip(cells["label"].tolist(), cells.index.tolist(), strict=True))
    row = np.full(len(table), -2)
    row[on_true] = [row_of.get(k, -2) for k in true["label"].to_numpy()[matched]]
    superfluous = np.setdiff1d(np.arange(len(table)), on_true)
    share = len(cells) / max(len(true), 1)
    n = min(round(share * len(superfluous)), len(superfluous))
    rng = np.random.default_rng([_DRAWN, len(table), len(true)])
    row[rng.choice(superfluous, n, replace=False)] = -1
    kept = table.assign(row=row)[row > -2]
    features = hand_features(planes, found, kept)
    return {
        "counts": vars(count_detections(found, truth)),
        "centroids": len(matched),
        "identical": _n_identical(found, truth),
        "share": share,
        "outlines": kept[["plane", "y", "x", "row"]].round(3).to_dict("list"),
        "features": features.round(6).tolist(),
    }


def _n_identical(found: NDArray[np.int32], truth: NDArray[np.int32]) -> int:
    """Outlines that are the same to the pixel: those come from the same network."""
    partner = match_labels(truth, found)
    same = (found > 0) & (partner[found] == truth)
    inside = np.bincount(found[same], minlength=len(partner))
    area = np.bincount(found[found > 0], minlength=len(partner))
    area_true = np.bincount(truth[truth > 0], minlength=int(partner.max()) + 1)
    return int(((partner > 0) & (inside == area) & (area == area_true[partner])).sum())


def write_detections(path: Path, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Write what was found in each recording, for the folds.

    Parameters
    ----------
    path
        The file.
    results
        Result of `compare_outlines` by recording.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    try:
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(results), "utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({file_reason(error)}); choose another folder "
            "with --out."
        ) from error


def read_comparisons(path: Path) -> dict[str, Any]:
    """Read what `write_detections` wrote; empty where there is no file.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    try:
        return dict(read_json(path)) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}, the outlines of this evaluation, cannot be read; remove the "
            "file, and give the command again."
        ) from error


def read_detections(path: Path) -> Detections:
    """Read the outlines that `write_detections` wrote; none where there is no file.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    parts = [pd.DataFrame(columns=list(_COLUMNS))]
    features = [np.zeros((0, len(FEATURES)))]
    for name, one in read_comparisons(path).items():
        if one["features"]:
            parts.append(pd.DataFrame(one["outlines"]).assign(recording=name))
            features.append(np.asarray(one["features"], float))
    # an empty table would turn the types of the others into objects
    table = pd.concat(parts[1:] or parts, ignore_index=True)
    return Detections(table[list(_COLUMNS)], np.concatenate(features))


def outlines_of_fold(
    detections: Detections,
    fold: Fold,
    cells: EvaluationCells,
    place: tuple[ProtocolName, int, int, int],
) -> NDArray[np.int64]:
    """Outlines that are classified in a fold: each one in one fold of a protocol.

    Parameters
    ----------
    detections
        All outlines.
    fold
        Rows of the cells: outlines on test cells are tested.
    cells
        The cells.
    place
        Protocol, seed, number of the fold, and number of folds. Superfluous outlines
        are tested with the recordings of the test cells; where cells of a recording
        are in several folds, they are spread over the folds at random.
    """
    protocol, seed, number, n_folds = place
    row = detections.table["row"].to_numpy(int)
    superfluous = row < 0
    if protocol == "paper":
        rng = np.random.default_rng([_DRAWN, seed])
        here = rng.permutation(len(row)) % n_folds == number
    else:
        tested = set(cells.table["recording"].to_numpy()[fold.test])
        here = detections.table["recording"].isin(tested).to_numpy()
    return np.flatnonzero(np.where(superfluous, here, np.isin(row, fold.test)))


def total_counts(results: Mapping[str, Mapping[str, Any]]) -> DetectionCounts:
    """Sum of the counts of all recordings."""
    parts = [DetectionCounts(**one["counts"]) for one in results.values()]
    return sum(parts, DetectionCounts())
