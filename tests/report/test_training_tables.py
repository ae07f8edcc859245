"""Tables of metrics and confusion matrices, and the cells behind a square."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_cellid.annotation.answer import CellKey
from napari_cellid.report import confusion_matrix_rows, figure_rows
from napari_cellid.report.confusion_cells import ConfusionSquare, cells_in_square

MODEL = {"n": 40, "balanced_accuracy": 0.85}


def test_models_without_metrics_and_metrics_without_values_are_left_out():
    report = {
        "task": "classify", "new": MODEL | {"balanced_accuracy": 0.9}, "old": MODEL,
        "floor": MODEL | {"ece": None},
    }  # fmt: skip
    titles, rows, tips = figure_rows(report)
    assert len(titles) == len(tips) == 3
    [(_, items)] = rows
    assert [item.text for item in items] == ["0.90", "0.85", "0.85"]
    titles, rows, _ = figure_rows(report | {"old": None})
    assert len(titles) == len(rows[0][1]) == 2


def test_shades_of_a_confusion_matrix_are_shares_of_a_row():
    report = {"classes": ["glia", "x"], "new": {"confusion": [[3, 1], [0, 0]]}}
    classes, rows = confusion_matrix_rows(report, "new")
    assert classes == [name for name, _ in rows] == ["glia", "x"]
    assert [item.text for item in rows[0][1]] == ["3", "1"]
    assert [item.shade for item in rows[0][1]] == pytest.approx([0.75, 0.25])
    assert [item.shade for item in rows[1][1]] == [0, 0]
    assert confusion_matrix_rows(report, "old")[1] == []


def test_the_most_probable_errors_come_first():
    table = pd.DataFrame(
        {
            "recording": ["a", "a", "b", "b"], "cell": [1, 2, 1, 2],
            "class": ["glia", "glia", "glia", "x"], "predicted": ["x"] * 4,
            "p_x": [0.5, 0.9, 0.7, 1.0],
        }
    )  # fmt: skip
    cells = cells_in_square(table, ConfusionSquare("glia", "x"))
    keys = [CellKey("a", 2), CellKey("b", 1), CellKey("a", 1)]
    assert cells == list(zip(keys, [0.9, 0.7, 0.5], strict=True))
    old = ConfusionSquare("glia", "x", old=True)
    assert cells_in_square(table, old) == []
