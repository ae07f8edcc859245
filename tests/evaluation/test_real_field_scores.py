"""Scores of real and semi-real sets on made-up marks, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_cellid.config.classes import STATES
from tools.evaluation.class_scores import calibration, class_scores, detection_scores
from tools.evaluation.figure_table import Report
from tools.evaluation.point_scores import (
    match_points,
    pool_marks,
    random_places,
    rater_figures,
    raters_among_themselves,
)
from tools.evaluation.real_fields import main
from tools.evaluation.red_calls import best_ratio, red_figures

#: three cells far apart, of which all, two and one were marked
RATERS = {
    "a": np.array([[10.0, 10.0], [10, 50], [50, 10]]),
    "b": np.array([[11.0, 10.0], [10, 51]]),
    "c": np.array([[10.0, 12.0]]),
}
BOTH, GREEN, RED = STATES


def test_as_many_pairs_as_possible_come_before_close_ones() -> None:
    first, second = np.array([[0.0, 0], [0, 3]]), np.array([[0.0, 2.9], [0, 6]])
    # the closest pair alone would leave the others without a partner
    assert [list(k) for k in match_points(first, second, 3.0)] == [[0, 1], [0, 1]]
    assert [list(k) for k in match_points(first, second, 2.0)] == [[1], [0]]
    assert len(match_points(first, np.zeros((0, 2)), 3.0)[0]) == 0


def test_raters() -> None:
    places, votes = pool_marks(RATERS, 4)
    assert places.tolist() == RATERS["a"].tolist()
    assert votes.tolist() == [3, 2, 1]
    # the unanimous cell, and one that nobody marked
    figures = rater_figures(np.array([[12.0, 10.0], [80, 80]]), RATERS, 4)
    assert figures == {
        "found": 2,
        "F1, a": 2 / 5,
        "F1, b": 2 / 4,
        "F1, c": 2 / 3,
        "mean F1": pytest.approx((2 / 5 + 2 / 4 + 2 / 3) / 3),
        "recall of unanimous cells": 1.0,
        "precision against anyone": 0.5,
    }
    assert raters_among_themselves(RATERS)["a"] == {
        "found": 3,
        "F1, b": 4 / 5,
        "F1, c": 2 / 4,
        "mean F1": pytest.approx(0.65),
    }


def test_random_places_find_sparse_marks_seldom_and_dense_ones_always() -> None:
    assert random_places(RATERS, radius=1)["mean F1"] < 0.1
    assert random_places(RATERS, radius=100)["precision against anyone"] == 1


def test_red_calls_leave_out_unsure_ones() -> None:
    calls = np.array(["red", "red", "notred", "notred", "notred", "unsure"], object)
    is_red = np.array([True, False, True, False, False, True])
    assert red_figures(is_red, calls) == {
        "judged": 5,
        "red called red": 1,
        "red called not red": 1,
        "not red called red": 1,
        "not red called not red": 2,
        "agreement": 3 / 5,
        "balanced agreement": pytest.approx((1 / 2 + 2 / 3) / 2),
        'agreement of "not red"': 3 / 5,
    }
    ratio = np.array([0.9, 0.7, 0.4, 0.5, 0.3, 0.8])
    assert best_ratio(ratio, calls) == pytest.approx(0.6)


def field() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Five found cells and five true ones: four pairs, one of them ambiguous."""
    truth = pd.DataFrame(
        {
            "y": [10.0, 10, 10, 10, 10],
            "x": [10.0, 40, 70, 100, 130],
            "state": [BOTH, GREEN, RED, BOTH, BOTH],
            "ambiguous": [0, 0, 0, 1, 0],
        }
    )
    cells = truth[["y", "x"]].assign(state=[BOTH, GREEN, BOTH, GREEN, RED])
    # 8 µm away at 2 µm per pixel: the fifth is no pair
    cells.loc[4, "y"] += 4
    return cells, truth


def test_classes_end_to_end() -> None:
    cells, truth = field()
    scores = class_scores(cells, truth, 2.0)
    assert scores["classified"] == 3
    assert scores["balanced accuracy"] == pytest.approx(2 / 3)
    # red and green: 1 of 2 called and 2 true; green alone: 1 of 1 and 1, because the
    # ambiguous one is left out; red alone: 0 of 1 called and 1 true
    expected = (2 * 1 / (2 + 2) + 2 * 1 / (1 + 1) + 0) / 3
    assert scores["end-to-end macro F1"] == pytest.approx(expected)
    assert "ECE" not in scores


def test_detection_uses_the_true_pixel_size() -> None:
    cells, truth = field()
    labels = np.zeros((20, 150), np.int32)
    true_labels = labels.copy()
    labels[5:15, 5:15] = 1
    true_labels[5:15, 8:18] = 1
    near = detection_scores(cells, labels, truth, true_labels, 1.0)
    far = detection_scores(cells, labels, truth, true_labels, 2.0)
    assert (near["F1 (6 µm)"], far["F1 (6 µm)"]) == (1.0, 0.8)
    # 70 pixels of 130
    assert near["F1 (IoU 0.5)"] == 1.0


def test_calibration_error_and_its_interval() -> None:
    probabilities = np.tile([0.8, 0.1, 0.1], (100, 1))
    truth = np.repeat([0, 1], [60, 40])
    error = calibration(probabilities, truth)
    assert error["ECE"] == pytest.approx(0.2)
    # one bin: the interval is that of a share, 0.6 plus or minus 0.096
    assert error["ECE low"] == pytest.approx(0.104, abs=0.02)
    assert error["ECE high"] == pytest.approx(0.296, abs=0.02)


def test_real_and_semi_real_are_in_tables_of_their_own() -> None:
    report = Report()
    report.add("s", "Semi.", [{"kind": "semi-real", "set": "s", "F1": 0.5}])
    report.add("r", "Real.", [{"kind": "real", "set": "r", "recall": float("nan")}])
    text = report.markdown()
    order = ["Real recordings", "| recall |", "Semi-real fields", "| F1 |"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "nan" not in text
    assert json.loads(report.text(".json"))["rows"][1]["recall"] is None
    assert report.text(".csv").splitlines()[0] == "kind,set,F1,recall"


def test_an_empty_folder_is_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "real" / "unmarked").mkdir(parents=True)
    (tmp_path / "real" / "gcamp_three_raters").mkdir()
    out = tmp_path / "out.json"
    assert main(["--data", str(tmp_path), "--out", str(out)]) == 0
    skipped = json.loads(out.read_text("utf-8"))["skipped"]
    assert len(skipped) == 5
    assert all("skipped" in one for one in skipped)
    assert "has no green.tif, rater_a.csv" in skipped[0]
    assert "unmarked: skipped, no marks" in skipped[-1]
    assert (
        "ppc_red_interneurons: skipped, there is no folder" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--only", "nothing"], "There is no set 'nothing'"),
        (["--out", "table.xlsx"], "table.xlsx ends with none of"),
    ],
)
def test_what_cannot_be_scored_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], reason: str
) -> None:
    assert main(["--data", str(tmp_path), *more]) == 2
    assert reason in capsys.readouterr().err


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "no")]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_cells_without_a_class_are_missed_end_to_end() -> None:
    cells, truth = field()
    before = class_scores(cells, truth, 2.0)
    assert before["none of these"] == 0
    cells.loc[0, "state"] = np.nan
    scores = class_scores(cells, truth, 2.0)
    assert (scores["none of these"], scores["classified"]) == (1, 2)
    # red and green: none right of 1 called and 2 true; the others as before
    expected = (0 + 1 + 0) / 3
    assert scores["end-to-end macro F1"] == pytest.approx(expected)
