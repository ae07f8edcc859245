"""Answers find the cells that are there now."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.io.tables import RETIRED_COLUMNS, no_retired
from napari_cellid.study.answer_matching import CellPositions, match_answers

UM = 1.25


def cells(*rows: tuple[int, int, float, float]) -> pd.DataFrame:
    """Cells by number, plane, y and x (µm)."""
    table = pd.DataFrame(rows, columns=["cell", "plane", "y", "x"])
    table[["y", "x"]] = table[["y", "x"]].astype(float) / UM
    return table.astype({"cell": "int64", "plane": "int64"})


def away(*rows: tuple[int, int, float, float]) -> pd.DataFrame:
    table = cells(*rows).assign(label=1, area_um2=50.0, retired="2026-01-01")
    return table[list(RETIRED_COLUMNS)]


def lines(*rows: tuple[str, int, int, float, float]) -> pd.DataFrame:
    """Lines by annotator, number, plane, y and x (µm)."""
    table = pd.DataFrame(rows, columns=["annotator", "cell", "plane", "y", "x"])
    table[["y", "x"]] = table[["y", "x"]].astype(float) / UM
    table["recording"] = "r1"
    table["role"] = "annotator"
    table["answer"] = [f"answer {k}" for k in range(len(table))]
    return table.astype({"cell": "int64", "plane": "int64"})


def places(table: pd.DataFrame, retired: pd.DataFrame | None = None):
    return {
        "r1": CellPositions(table, no_retired() if retired is None else retired, UM)
    }


def cell_of(line: tuple[str, int, int, float, float], *there, gone=()) -> int | None:
    """The cell that one line comes to; None where it comes to none."""
    found = match_answers(
        lines(line), places(cells(*there), away(*gone) if gone else None)
    )
    assert len(found.all_answers) + len(found.unmatched) == 1
    return int(found.all_answers["cell"].iloc[0]) if len(found.all_answers) else None


def test_its_own_number_where_that_is_near() -> None:
    assert cell_of(("Ann", 5, 0, 50, 50), (5, 0, 50, 50)) == 5
    assert cell_of(("Ann", 5, 0, 50, 50), (5, 0, 61.9, 50)) == 5
    assert cell_of(("Ann", 5, 0, 50, 50), (5, 0, 62.1, 50)) is None
    assert cell_of(("Ann", 5, 0, 50, 50), (5, 1, 50, 50)) is None


def test_else_the_nearest_cell() -> None:
    there = ((7, 0, 54, 50), (8, 0, 50, 53), (9, 1, 50, 50))
    assert cell_of(("Ann", 5, 0, 50, 50), *there) == 8
    assert cell_of(("Ann", 5, 1, 50, 50), *there) == 9
    assert cell_of(("Ann", 5, 0, 59.9, 50), *there) == 7
    assert cell_of(("Ann", 5, 0, 60.1, 50), *there) is None
    assert cell_of(("Ann", 5, 2, 50, 50), *there) is None


def test_its_own_number_goes_before_a_nearer_cell() -> None:
    assert cell_of(("Ann", 5, 0, 50, 50), (5, 0, 55, 50), (6, 0, 50, 50)) == 5
    assert cell_of(("Ann", 5, 0, 50, 50), (5, 0, 60, 50), (6, 0, 53, 50)) == 5


def test_a_copy_that_numbers_differently() -> None:
    # 5 is near, but at the very place is another cell
    assert cell_of(("Ann", 5, 0, 50, 50), (5, 0, 60, 50), (6, 0, 51, 50)) == 6


def test_a_cell_that_is_known_to_be_gone() -> None:
    there, gone = (7, 0, 53, 50), (5, 0, 50, 50)
    assert cell_of(("Ann", 5, 0, 50, 50), there, gone=[gone]) is None
    # another copy's 5
    assert cell_of(("Ann", 5, 0, 50, 50), there, gone=[(5, 0, 90, 50)]) == 7


def test_a_recording_that_is_not_there() -> None:
    given_ = lines(("Ann", 1, 0, 50, 50)).assign(recording="other")
    found = match_answers(given_, places(cells((1, 0, 50, 50))))
    assert len(found.all_answers) == 0
    pd.testing.assert_frame_equal(found.unmatched, given_)


def test_lines_stay_as_they_are_given() -> None:
    given_ = lines(("Ann", 5, 0, 50, 50), ("Bo", 9, 0, 50, 51), ("Bo", 2, 3, 1, 1))
    found = match_answers(given_, places(cells((5, 0, 51, 50))))
    assert found.all_answers["cell"].tolist() == [5, 5]
    assert found.all_answers["given_cell"].tolist() == [5, 9]
    kept = [name for name in given_ if name != "cell"]
    pd.testing.assert_frame_equal(found.all_answers[kept], given_.iloc[:2][kept])
    pd.testing.assert_frame_equal(found.unmatched, given_.iloc[2:])


def test_the_last_place_counts_for_all_lines_of_a_cell() -> None:
    said = lines(("Ann", 5, 0, 50, 50), ("Ann", 5, 0, 58, 50), ("Bo", 5, 0, 50, 50))
    found = match_answers(said, places(cells((5, 0, 65, 50))))
    assert found.all_answers["annotator"].tolist() == ["Ann", "Ann"]
    assert found.all_answers["y"].tolist() == [40, 46.4]
    # so far apart they are two cells that have one number in two copies
    said = lines(("Ann", 5, 0, 20, 50), ("Ann", 5, 0, 65, 50))
    found = match_answers(said, places(cells((5, 0, 65, 50), (6, 0, 21, 50))))
    assert found.all_answers["cell"].tolist() == [6, 5]


def test_the_last_place_counts_in_its_own_plane() -> None:
    # in two copies of a study one number can be of cells in two planes
    said = lines(("Ann", 5, 1, 50, 50), ("Ann", 5, 0, 52, 50))
    found = match_answers(said, places(cells((5, 0, 52, 50), (6, 1, 50, 50))))
    assert found.all_answers["cell"].tolist() == [6, 5]


def test_the_last_place_counts_in_its_own_role() -> None:
    said = lines(("Ann", 5, 0, 50, 50), ("Ann", 5, 0, 58, 50))
    said["role"] = ["annotator", "adjudicator"]
    found = match_answers(said, places(cells((5, 0, 65, 50))))
    assert found.all_answers["role"].tolist() == ["adjudicator"]


@pytest.mark.parametrize("there", [(), ((5, 0, 50, 50),)])
@pytest.mark.parametrize("said", [(), (("Ann", 1, 0, 0, 0),)])
def test_nothing(there, said) -> None:
    found = match_answers(lines(*said), places(cells(*there)))
    assert len(found.all_answers) == 0
    assert len(found.unmatched) == len(said)


POINTS = st.lists(
    st.tuples(
        st.integers(1, 9), st.integers(0, 1), st.integers(0, 40), st.integers(0, 40)
    ),
    max_size=9,
    unique_by=lambda row: row[0],
)


@settings(deadline=None, max_examples=80)
@given(POINTS, POINTS)
def test_whatever_it_may_be(there, said) -> None:
    given_ = lines(*(("Ann", *row) for row in said))
    found = match_answers(given_, places(cells(*there)))
    assert len(found.all_answers) + len(found.unmatched) == len(given_)
    place = {number: np.array(rest, float) for number, *rest in there}
    for number, cell, plane, y, x in zip(
        found.all_answers["given_cell"], found.all_answers["cell"],
        *(found.all_answers[name] for name in ("plane", "y", "x")), strict=True,
    ):  # fmt: skip
        to = np.hypot(*(place[cell][1:] - np.array([y, x]) * UM))
        assert place[cell][0] == plane
        assert to <= (12 if number == cell else 6) + 1e-9
    for _, number, plane, y, x in found.unmatched[
        ["annotator", "cell", "plane", "y", "x"]
    ].itertuples(index=False):
        for other, (of, *where) in place.items():
            to = np.hypot(*(np.array(where) - np.array([y, x]) * UM))
            assert of != plane or to > (12 if other == number else 6) - 1e-9


def test_a_hundred_thousand_lines_of_two_numberings() -> None:
    rng = np.random.default_rng(0)
    n = 1000
    there = pd.DataFrame(
        {"cell": np.arange(1, n + 1), "plane": 0, "y": rng.random(n) * 900,
         "x": rng.random(n) * 900}
    )  # fmt: skip
    each = pd.concat([there] * 100, ignore_index=True)
    # half of them by another numbering
    each.loc[::2, "cell"] += 5000
    each = each.assign(recording="r1", role="annotator", answer="a", annotator="Ann")
    found = match_answers(each, places(there))
    assert (found.all_answers["cell"].to_numpy() == np.tile(there["cell"], 100)).all()
