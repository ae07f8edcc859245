"""The page of columns names every column that is written."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from napari_cellid.annotation.answer import Answer
from napari_cellid.cells.measure import COLUMNS, measure
from napari_cellid.io.tables import ADDED_COLUMNS, RETIRED_COLUMNS
from napari_cellid.study.training_set import TRAINING_COLUMNS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "columns.md"


def documented(heading: str) -> set[str]:
    """Columns in the table below a heading."""
    _, _, rest = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")
    rows = re.findall(r"^\| (`.*?) \|", rest.partition("\n## ")[0], flags=re.M)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize(
    ("heading", "written"),
    [
        ("cells.csv", COLUMNS),
        ("training_set.csv", TRAINING_COLUMNS),
        ("retired.csv and added.csv", {*RETIRED_COLUMNS, *ADDED_COLUMNS}),
        (
            "Answers, exported and imported",
            {one.name for one in fields(Answer)} - {"origin", "markers"},
        ),
    ],
)
def test_columns_are_on_the_page(heading, written):
    assert set(written) <= documented(heading)


def test_measures_of_cells_are_on_the_page(field, planes):
    assert set(measure(field.labels, planes).columns) <= documented("cells.csv")
