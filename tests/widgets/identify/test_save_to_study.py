"""Runs of Identify go into the study that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from driving import run, wait_until_idle

from napari_cellid.io.tables import write_cells
from napari_cellid.study.study import Study
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "study")


def test_a_run_goes_into_the_open_study(
    viewer, channels, dock, qtbot, study, notifications
):
    session = session_of(viewer)
    session.open_study(study.path)
    layer = run(qtbot, dock)
    qtbot.waitUntil(lambda: not dock.study_saver.worker.busy)
    wait_until_idle(qtbot, dock)
    assert Study.open(study.path).recordings == ("a17",)
    assert session.contains(result_of(layer))
    recording = Study.open(study.path).recording("a17")
    np.testing.assert_array_equal(recording.labels(), layer.data)
    table = pd.read_csv(recording.folder / "cells.csv")
    assert table["predicted"].tolist() == layer.features["predicted"].tolist()
    assert any("a17" in text and study.path.name in text for text in notifications)


def test_a_second_run_keeps_the_numbers_of_the_cells(
    viewer, channels, dock, qtbot, study
):
    session_of(viewer).open_study(study.path)
    run(qtbot, dock)
    qtbot.waitUntil(lambda: not dock.study_saver.worker.busy)
    recording = Study.open(study.path).recording("a17")
    before = recording.cells()
    # numbers that no run would give by itself: every run counts its cells from 1
    before["cell"] = 100 - 3 * np.arange(len(before))
    write_cells(recording.folder / "cells.csv", before)
    run(qtbot, dock)
    qtbot.waitUntil(lambda: not dock.study_saver.worker.busy)
    after = Study.open(study.path).recording("a17").cells()
    place = ["cell", "plane", "y", "x"]
    pd.testing.assert_frame_equal(
        after[place].sort_values("cell", ignore_index=True),
        before[place].sort_values("cell", ignore_index=True),
    )


def test_without_a_study_nothing_is_written(viewer, channels, dock, qtbot, tmp_path):
    run(qtbot, dock)
    assert not dock.study_saver.worker.busy
    assert list(tmp_path.iterdir()) == []
