"""Results of Identify go into the study that is open, when the user says so."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from clicking import click_in_next_box
from driving import click, run, run_into_study, wait_until_idle
from qtpy.QtWidgets import QFileDialog

from napari_cellid.io.tables import write_cells
from napari_cellid.progress import Progress
from napari_cellid.study.replacement import ReplaceQuestionError
from napari_cellid.study.study import Study
from napari_cellid.widgets.identify import tasks
from napari_cellid.widgets.session import study_saver
from napari_cellid.widgets.session.replace_dialog import ask_to_replace
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.save import save_result
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
    wait_until_idle(qtbot, dock)
    assert Study.open(study.path).recordings == ()
    assert not session.contains(result_of(layer))
    assert dock.panel.study_button.text() == "Add a17 to the study study"
    click(dock.panel.study_button)
    qtbot.waitUntil(lambda: not dock.study_offer.saver.queue.busy)
    assert dock.panel.study_button.isHidden()
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
    run_into_study(qtbot, dock)
    recording = Study.open(study.path).recording("a17")
    before = recording.cells()
    # numbers that no run would give by itself: every run counts its cells from 1
    before["cell"] = 100 - 3 * np.arange(len(before))
    write_cells(recording.folder / "cells.csv", before)
    run_into_study(qtbot, dock)
    after = Study.open(study.path).recording("a17").cells()
    place = ["cell", "plane", "y", "x"]
    pd.testing.assert_frame_equal(
        after[place].sort_values("cell", ignore_index=True),
        before[place].sort_values("cell", ignore_index=True),
    )


def test_without_a_study_nothing_is_written(viewer, channels, dock, qtbot, tmp_path):
    run(qtbot, dock)
    assert dock.panel.study_button.isHidden()
    # the settings of the user, where the times of models are kept, are here in tests
    assert [one.name for one in tmp_path.iterdir() if one.name != "settings"] == []


def test_a_result_waits_while_another_one_is_saved(
    viewer, channels, dock, qtbot, study, monkeypatch
):
    released = threading.Event()

    def slow(*arguments, **how):
        released.wait(10)
        return save_result(*arguments, **how)

    session_of(viewer).open_study(study.path)
    monkeypatch.setattr(study_saver, "save_result", slow)
    first = result_of(run(qtbot, dock))
    click(dock.panel.study_button)
    assert not dock.panel.study_button.isEnabled()
    channels[0].name, channels[1].name = "b2 mCherry", "b2 GCaMP"
    second = result_of(run(qtbot, dock))
    click(dock.panel.study_button)
    assert first.name != second.name
    released.set()
    names = tuple(sorted((first.name, second.name)))
    qtbot.waitUntil(lambda: Study.open(study.path).recordings == names, timeout=60_000)
    qtbot.waitUntil(lambda: not dock.study_offer.saver.queue.busy, timeout=60_000)
    assert session_of(viewer).contains(first)
    assert session_of(viewer).contains(second)


def test_files_are_saved_although_the_dock_is_closed_during_a_run(
    viewer, channels, dock, qtbot, monkeypatch, tmp_path
):
    run(qtbot, dock)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))

    def endless(*_):
        while True:
            yield Progress("Waiting", 0, 1)

    monkeypatch.setattr(tasks, "identify_cells", endless)
    # a run begins while the folder is chosen
    dock.panel.run_button.click()
    dock.save()
    assert not (tmp_path / "a17").exists()
    dock.deleteLater()
    qtbot.waitUntil(lambda: (tmp_path / "a17" / "cells.csv").exists(), timeout=60_000)


def run_other_images(dock, channels, qtbot):
    """Run Identify on other images under the same name."""
    run_into_study(qtbot, dock)
    for layer in channels:
        layer.data = np.ascontiguousarray(layer.data[..., ::-1])
    run_into_study(qtbot, dock)


@pytest.mark.parametrize(
    ("decision", "names"),
    [(None, ("a17",)), ("rename", ("a17", "a17 (2)")), ("replace", ("a17",))],
)
def test_other_images_of_the_name_are_asked_about(
    viewer, channels, dock, qtbot, study, monkeypatch, decision, names
):
    questions = []

    def answer(question, _):
        questions.append(question)
        return decision

    monkeypatch.setattr(study_saver, "ask_to_replace", answer)
    session_of(viewer).open_study(study.path)
    before = channels[1].data.mean(axis=(1, 2))
    run_other_images(dock, channels, qtbot)
    assert [question.reason for question in questions] == ["other images"]
    after = Study.open(study.path)
    assert after.recordings == names
    planes = after.recording("a17").planes()
    flipped = np.array_equal(planes.green[..., ::-1], channels[1].data) is False
    assert flipped == (decision == "replace")
    assert planes.green.mean(axis=(1, 2)) == pytest.approx(before, rel=1e-5)


@pytest.mark.parametrize(
    ("button", "decision"), [("Store as", "rename"), ("Replace", "replace"),
                             ("Cancel", None)],
)  # fmt: skip
def test_the_question_has_a_button_for_each_decision(qtbot, button, decision):
    question = ReplaceQuestionError(
        "The study has another recording 'a17'", "use --replace", "other images",
        "a17", "a17 (2)",
    )  # fmt: skip

    told = []
    click_in_next_box(button, told)
    assert ask_to_replace(question, None) == decision
    assert "--replace" not in told[0]
