"""Cells whose class cannot be told."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from napari_cellid.cells.measure import count_classes, with_classes
from napari_cellid.cells.none_of_these import (
    NoneLimits,
    count_none,
    is_none,
    most_probable,
    prediction_text,
    with_predictions,
)
from napari_cellid.io.tables import read_cells, write_cells

CLASSES = ("PV", "SST")
CHANCES = np.array([[0.45, 0.55], [0.9, 0.1], [0.3, 0.7], [0.8, 0.2]], np.float32)


def table() -> pd.DataFrame:
    """Four cells; the second one stands out in no channel, the last in green alone."""
    return pd.DataFrame(
        {
            "cell": [1, 2, 3, 4], "label": [1, 2, 3, 4], "plane": 0,
            "y": 5.0, "x": [1.0, 2.0, 3.0, 4.0], "area_um2": 100.0,
            "predicted": "", "confidence": np.nan,
            "red_contrast": [0.5, 0.01, 0.6, np.nan],
            "green_contrast": [0.2, -0.3, 0.4, 0.3],
        }
    )  # fmt: skip


def classified(limits: NoneLimits | None) -> pd.DataFrame:
    return with_classes(table(), CHANCES, CLASSES, limits)


@pytest.mark.parametrize(
    ("limits", "predicted"),
    [
        (None, ["SST", "PV", "SST", "PV"]),
        (NoneLimits(), ["SST", "PV", "SST", "PV"]),
        (NoneLimits(0.6), ["none", "PV", "SST", "PV"]),
        (NoneLimits(0.75), ["none", "PV", "none", "PV"]),
        (NoneLimits(0.0, 0.05), ["SST", "none", "SST", "PV"]),
        (NoneLimits(0.6, 0.05), ["none", "none", "SST", "PV"]),
        (NoneLimits(1.0), ["none"] * 4),
    ],
)
def test_below_a_limit_a_cell_has_no_class(limits, predicted) -> None:
    cells = classified(limits)
    assert cells["predicted"].tolist() == predicted
    assert is_none(cells).tolist() == [name == "none" for name in predicted]
    counts = count_classes(cells, CLASSES)
    assert sum(counts.values()) + count_none(cells) == 4
    # nothing else of the table differs, and the probabilities still sum to 1
    pd.testing.assert_frame_equal(
        cells.drop(columns="predicted"), classified(None).drop(columns="predicted")
    )
    np.testing.assert_allclose(cells[["p_PV", "p_SST"]].sum(axis=1), 1, rtol=1e-6)


def test_without_contrast_only_the_confidence_counts() -> None:
    bare = table().drop(columns=["red_contrast", "green_contrast"])
    cells = with_classes(bare, CHANCES, CLASSES, NoneLimits(0.6, 0.05))
    assert cells["predicted"].tolist() == ["none", "PV", "SST", "PV"]


def test_limits_can_be_changed_afterwards() -> None:
    cells = classified(NoneLimits(0.75))
    pd.testing.assert_frame_equal(
        with_predictions(cells, CLASSES, NoneLimits()), classified(None)
    )
    pd.testing.assert_frame_equal(most_probable(cells), classified(None))
    # a cell that was not classified stays so
    cells.loc[3, ["confidence", "p_PV", "p_SST"]] = np.nan
    cells.loc[3, "predicted"] = ""
    again = with_predictions(cells, CLASSES, NoneLimits(1.0))
    assert again["predicted"].tolist() == ["none"] * 3 + [""]


def test_a_class_that_is_called_none_is_one() -> None:
    cells = with_classes(table(), CHANCES, ("none", "SST"))
    assert cells["predicted"].tolist() == ["SST", "none", "SST", "none"]
    assert not is_none(cells).any()
    assert prediction_text(cells.iloc[1].to_dict()) == "none"
    # beside a recording that was classified by another model
    both = pd.concat([cells, classified(NoneLimits(0.6))], ignore_index=True)
    assert is_none(both).tolist() == [False] * 4 + [True] + [False] * 3
    assert prediction_text(both.iloc[4].to_dict()) == "none of these"


def test_texts_for_people() -> None:
    cells = classified(NoneLimits(0.6))
    texts = [prediction_text(row) for row in cells.to_dict("records")]
    assert texts == ["none of these", "PV", "SST", "PV"]
    assert prediction_text({"predicted": ""}) == ""


def test_the_file_has_the_word(tmp_path) -> None:
    path = tmp_path / "cells.csv"
    write_cells(path, classified(NoneLimits(0.6)))
    first = pd.read_csv(io.StringIO(path.read_text("utf-8")), keep_default_na=False)
    assert first["predicted"].tolist() == ["none", "PV", "SST", "PV"]
    assert (first.loc[0, "p_PV"], first.loc[0, "p_SST"]) == (0.45, 0.55)
    assert is_none(read_cells(path)).tolist() == [True, False, False, False]


def test_the_record_is_empty_where_no_cell_can_be_without_a_class() -> None:
    assert NoneLimits().record(classified(None)) == {}
    limits = NoneLimits(0.6, 0.05)
    assert limits.record(classified(limits)) == {
        "none_of_these": {"confidence_below": 0.6, "contrast_below": 0.05, "cells": 2}
    }
