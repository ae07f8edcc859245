"""The rows of the table that each real or semi-real set gives, by its kind of marks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tifffile

from napari_cellid.config.classes import STATES
from napari_cellid.config.markers import DEFAULT_CLASSES
from napari_cellid.evaluation.scoring import RADIUS_UM
from napari_cellid.recording import MeanPlanes
from tools.evaluation.class_scores import class_scores, detection_scores
from tools.evaluation.point_scores import (
    match_points,
    random_places,
    rater_figures,
    raters_among_themselves,
)
from tools.evaluation.red_calls import SUITE2P_RATIO, best_ratio, red_figures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tools.evaluation.compared_methods import Methods

Row = dict[str, Any]
#: pixel sizes (µm) that the sets of unknown pixel size are declared to have
RATERS_UM, RED_UM = (1.4, 1.7, 2.0), (1.2, 1.6, 1.9)
#: factors of the pixel size where one is presumed
FACTORS = (0.75, 1.0, 1.25)
#: marks of people, in the column `source`
_BY_HAND = "real ROI"
#: the column with the declared pixel size
_UM = "declared µm/px"


def score_raters(folder: Path, methods: Methods) -> Iterator[Row]:
    """Centroids in a green image against three raters, and these among themselves."""
    raters = read_raters(folder)
    for um in RATERS_UM:
        for outcome in methods.outlines(read_field(folder, um, red=False)):
            figures = rater_figures(points(outcome.cells), raters)
            yield {_UM: um, **outcome.about, **figures}
    yield {"method": "random places", **random_places(raters)}
    for name, figures in raters_among_themselves(raters).items():
        yield {"method": name, **figures}


def score_red_calls(folder: Path, methods: Methods) -> Iterator[Row]:
    """Recall of given outlines, and red or not against the calls of a person."""
    calls = _usable(pd.read_csv(folder / "rois_with_calls.csv"))
    eye, ratio = calls["eye"].to_numpy(), calls["redprob"].to_numpy(float)
    for um in RED_UM:
        for outcome in methods.classified(read_field(folder, um)):
            both = points(calls), points(outcome.cells)
            known, found = match_points(*both, RADIUS_UM / um)
            is_red = _is_red(outcome.cells)[found]
            figures = {
                "found": len(outcome.cells),
                "recall (6 µm)": len(known) / len(calls),
                **red_figures(is_red, eye[known]),
                **_by_ratio(ratio[known], eye[known]),
            }
            yield {_UM: um, **outcome.about, **figures}
    for name, limit in (
        (f"suite2p ratio, {SUITE2P_RATIO}", SUITE2P_RATIO),
        ("suite2p ratio, best threshold", best_ratio(ratio, eye)),
    ):
        yield {"method": name, **red_figures(ratio > limit, eye)}


def score_truth(folder: Path, methods: Methods) -> Iterator[Row]:
    """Outlines and classes in two channels against the truth of a semi-real field."""
    true_labels, truth, true_um = read_truth(folder)
    for factor in FACTORS:
        um = round(true_um * factor, 4)
        for outcome in methods.classified(read_field(folder, um)):
            yield {
                _UM: um,
                **outcome.about,
                **detection_scores(
                    outcome.cells, outcome.cell_labels, truth, true_labels, true_um
                ),
                **class_scores(outcome.cells, truth, true_um),
            }


def score_hand_marks(folder: Path, methods: Methods) -> Iterator[Row]:
    """Outlines in the real green channel alone against the marks made by hand."""
    true_labels, truth, true_um = read_truth(folder)
    true_labels, by_hand = hand_marks(true_labels, truth)
    for factor in FACTORS:
        um = round(true_um * factor, 4)
        for outcome in methods.outlines(read_field(folder, um, red=False)):
            figures = detection_scores(
                outcome.cells, outcome.labels, by_hand, true_labels, true_um
            )
            yield {_UM: um, **outcome.about, **figures}


def read_raters(folder: Path) -> dict[str, NDArray[np.float64]]:
    """Marks (cell, axis) in px of each of the three raters."""
    return {
        f"rater {letter}": points(pd.read_csv(folder / f"rater_{letter}.csv"))
        for letter in "abc"
    }


def hand_marks(
    labels: NDArray[np.int32], truth: pd.DataFrame
) -> tuple[NDArray[np.int32], pd.DataFrame]:
    """Outlines (y, x) and rows of the cells that were marked by hand alone."""
    by_hand = truth[truth["source"] == _BY_HAND]
    return np.where(np.isin(labels, by_hand["label"]), labels, 0), by_hand


def _by_ratio(ratio: NDArray[np.float64], eye: NDArray[np.object_]) -> dict[str, float]:
    """Agreement of suite2p's ratio on the same cells."""
    limits = (str(SUITE2P_RATIO), SUITE2P_RATIO), ("best", best_ratio(ratio, eye))
    return {
        f"agreement of suite2p ratio, {name}": red_figures(ratio > limit, eye)[
            "agreement"
        ]
        for name, limit in limits
    }


def _usable(calls: pd.DataFrame) -> pd.DataFrame:
    """Outlines that are whole, and that no other drawing hid from the person."""
    whole = (calls["touches_edge"] == 0) & (calls["selected_cyan_patch"] == 0)
    return calls[whole].reset_index(drop=True)


def _is_red(cells: pd.DataFrame) -> NDArray[np.bool_]:
    return cells["state"].isin([one for one in STATES if "red" in one]).to_numpy()


def read_truth(folder: Path) -> tuple[NDArray[np.int32], pd.DataFrame, float]:
    """True outlines (y, x), cells with `state`, and the pixel size in µm."""
    states = {one.name: one.markers for one in DEFAULT_CLASSES}
    truth = pd.read_csv(folder / "cells.csv")
    truth["state"] = truth["class"].map(states)
    labels = np.asarray(tifffile.imread(folder / "labels.tif"), np.int32)
    meta = json.loads((folder / "meta.json").read_text("utf-8"))
    return labels, truth, float(meta["pixel_size_um"])


def read_field(folder: Path, um: float, *, red: bool = True) -> MeanPlanes:
    """The images of a folder as one plane of a declared pixel size."""
    images = {
        name: np.asarray(tifffile.imread(folder / f"{name}.tif"), np.float32)[None]
        for name in (("red", "green") if red else ("green",))
    }
    return MeanPlanes(folder.name, images.get("red"), images["green"], um)


def points(table: pd.DataFrame) -> NDArray[np.float64]:
    """Positions (cell, axis) in px of the rows of a table."""
    return table[["y", "x"]].to_numpy(float)
