"""Comparing found cells with the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_cellid.evaluation.scoring import SimulationScore, score_result
from napari_cellid.simulation.field import SimulatedField


def found_cells(field: SimulatedField) -> pd.DataFrame:
    """The truth itself, as if it had been found."""
    return field.cells[["plane", "y", "x"]].assign(predicted=field.cells["class"])


def test_the_truth_agrees_with_itself(field: SimulatedField) -> None:
    clear = int((~field.cells["ambiguous"]).sum())
    n = len(field.cells)
    assert score_result(found_cells(field), field) == SimulationScore(
        n, 0, 0, 0, clear, clear
    )


def test_nothing_found(field: SimulatedField) -> None:
    n = len(field.cells)
    assert score_result(found_cells(field)[:0], field) == SimulationScore(
        0, n, 0, 0, 0, 0
    )
    assert "(nan" not in str(SimulationScore(0, n, 0, 0, 0, 0))


def test_each_kind_of_mistake(field: SimulatedField) -> None:
    cells = found_cells(field)
    clear = np.flatnonzero(~field.cells["ambiguous"])
    cells.loc[clear[0], "predicted"] = "another"
    missed = cells.drop(index=clear[1])
    # the same cell twice: the second outline has no cell
    twice = pd.concat([missed, missed[missed.index == clear[2]]], ignore_index=True)
    agreement = score_result(twice, field)
    assert agreement.missed == 1
    assert agreement.found == len(field.cells) - 1
    assert agreement.superfluous + agreement.doubtful == 1
    assert agreement.judged == len(clear) - 1
    assert agreement.right == len(clear) - 2


@pytest.mark.parametrize(("away_um", "found"), [(5.9, 1), (6.1, 0)])
def test_within_six_micrometres(
    field: SimulatedField, away_um: float, found: int
) -> None:
    alone = replace(field, cells=field.cells.iloc[:1])
    cells = found_cells(alone)
    cells["y"] += away_um / field.config.pixel_size_um
    cells["y"] = cells["y"].clip(upper=field.red.shape[1] - 1)
    assert score_result(cells, alone).found == found


def test_planes_are_apart(field: SimulatedField) -> None:
    cells = found_cells(field)
    alone = replace(field, cells=field.cells[field.cells["plane"] == 0])
    cells["plane"] = 1
    assert score_result(cells, alone).found == 0


def test_faint_sections_are_nobodys_mistake(field: SimulatedField) -> None:
    plane, y, x = np.argwhere(field.unsure)[0]
    cells = pd.DataFrame({"plane": [plane], "y": [y], "x": [x], "predicted": ["glia"]})
    nothing = replace(field, cells=field.cells[:0])
    assert score_result(cells, nothing) == SimulationScore(0, 0, 0, 1, 0, 0)


def test_one_honest_line() -> None:
    line = str(SimulationScore(90, 10, 5, 2, 80, 72))
    assert "\n" not in line
    for words in ("Simulated truth", "90 of 100", "10 missed", "5 outlines", "90%"):
        assert words in line


def test_a_cell_without_a_class_is_missed_and_reported(field: SimulatedField) -> None:
    cells, n = found_cells(field), len(field.cells)
    clear = np.flatnonzero(~field.cells["ambiguous"])
    cells.loc[clear[:2], "predicted"] = "none"
    nowhere = cells.iloc[:1].assign(plane=0, y=-40.0, x=-40.0, predicted="none")
    score = score_result(pd.concat([cells, nowhere], ignore_index=True), field)
    assert (score.found, score.missed, score.superfluous) == (n - 2, 2, 0)
    assert (score.judged, score.right) == (len(clear) - 2, len(clear) - 2)
    assert (score.none, score.none_on_cells) == (3, 2)
    assert (
        "The class of 3 more outlines cannot be told; 2 of them lie on cells, which "
        "count as missed. Real recordings are more difficult."
    ) in str(score)
    assert "cannot be told" not in str(score_result(cells[clear[2] :], field))
