"""The Retrain dock as a person meets it: from the answers to a model in use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from retraining import (
    begin,
    click,
    click_square,
    finish,
    set_fake_training,
    show,
    train,
    use_fake_training,
)
from voting import make_study, true_classes, write_answers

from napari_cellid.config import ClassifierTrainingConfig
from napari_cellid.models.store import load_card
from napari_cellid.retrain.verdict import read_verdict
from napari_cellid.study.study import Study
from napari_cellid.training.layout import MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run
from napari_cellid.widgets.retrain.panel import CURVES, REPORT
from napari_cellid.widgets.retrain.widget import RetrainWidget
from napari_cellid.widgets.session.session import session_of


@pytest.fixture(scope="module")
def made(tmp_path_factory, field):
    """A study in which three people said the truth of every cell."""
    study = make_study(tmp_path_factory.mktemp("retrain") / "study", field)
    for name in ("Ann", "Bo", "Cy"):
        write_answers(study, name, true_classes(study))
    return study.path


@pytest.fixture
def study(tmp_path, made, monkeypatch):
    use_fake_training(monkeypatch)
    return Study.open(Path(shutil.copytree(made, tmp_path / "study")))


@pytest.fixture
def session(viewer, study):
    session = session_of(viewer)
    session.open_study(study.path)
    yield session
    session.close_study()


@pytest.fixture
def dock(viewer, session, qtbot):
    dock = show(viewer, qtbot)
    yield dock
    if dock.controller.active_run:
        dock.stop()
        finish(qtbot, dock)


def test_without_a_study_it_says_what_to_do(viewer, qtbot):
    dock = show(viewer, qtbot)
    assert "No study is open" in dock.panel.message()
    assert not dock.panel.start_button.isVisible()


def test_counts_by_class_and_animal(dock, study):
    classes = list(true_classes(study).values())
    n = {name: classes.count(name) for name in ("excitatory", "inhibitory", "glia")}
    table = dock.panel.setup.table
    rows = [[table.text(r, c) for c in range(4)] for r in range(table.rowCount())]
    assert rows[-1] == ["in all", *map(str, n.values())]
    assert [row[0] for row in rows[:2]] == ["ma1", "mb2"]
    assert [2 * int(text) for text in rows[0][1:]] == list(n.values())
    assert "all say the same" in dock.panel.setup.rule.text()
    few = [name for name, count in n.items() if count < 20]
    assert few
    assert all(f"{n[name]} {name}" in dock.panel.setup.warning.text() for name in few)


def test_the_time_and_what_is_held_out_are_told(viewer, session, qtbot):
    dock = show(viewer, qtbot, measure_ms=50)
    panel = dock.panel
    assert panel.estimate.text().startswith("Measuring")
    qtbot.waitUntil(lambda: "3 minutes" in panel.estimate.text(), timeout=10_000)
    assert "3 minutes" in panel.estimate.text() and "CPU" in panel.estimate.text()
    held = panel.setup.held_out["classify"].text()
    assert "40 are held out" in held and "animal mb2" in held


def test_another_depth_takes_another_time(viewer, session, study, qtbot):
    dock = show(viewer, qtbot, measure_ms=50)
    panel, plan = dock.panel, dock.panel.setup.plan
    qtbot.waitUntil(lambda: dock.estimates.estimator.worker.busy, timeout=10_000)
    # given up, and taken up again
    plan.setValue("inceptionv3_311")
    assert panel.estimate.text().startswith("Measuring")
    qtbot.waitUntil(lambda: "3 minutes" in panel.estimate.text(), timeout=10_000)
    plan.setValue("inceptionv3_249")
    assert panel.estimate.text().startswith("Measuring")
    qtbot.waitUntil(lambda: "3 minutes" in panel.estimate.text(), timeout=10_000)
    # known by now
    plan.setValue("inceptionv3_311")
    assert "3 minutes" in panel.estimate.text()


def test_a_time_that_cannot_be_told_is_asked_once(
    viewer, session, study, qtbot, notifications
):
    set_fake_training(study, refuse="The class glia has 1 decided cell; answer more.")
    dock = show(viewer, qtbot, measure_ms=20)
    held = dock.panel.setup.held_out["classify"]
    qtbot.waitUntil(lambda: "glia" in held.text(), timeout=10_000)
    qtbot.wait(300)
    # where the answers are counted; an error pops up when Start is pressed
    assert held.text() == "⚠ The class glia has 1 decided cell; answer more."
    assert notifications == []
    assert dock.panel.estimate.text() == ""


def test_nothing_to_train_on(viewer, lab, qtbot, notifications, monkeypatch):
    use_fake_training(monkeypatch)
    session_of(viewer).open_study(lab.path)
    dock = show(viewer, qtbot)
    assert "Nobody has answered yet" in dock.panel.setup.warning.text()
    assert dock.panel.estimate.text() == ""
    click(dock.panel.start_button)
    assert len(notifications) == 1 and "nothing to train on" in notifications[0]
    assert not lab.runs.exists()
    session_of(viewer).close_study()


def test_from_start_to_the_figures(dock, study, qtbot):
    set_fake_training(study, hold=3)
    begin(qtbot, dock)
    panel = dock.panel
    assert panel.tabs.currentIndex() == CURVES
    assert panel.stop_button.isVisible() and not panel.start_button.isVisible()
    assert not panel.setup.starting_weights["classify"].isEnabled()
    qtbot.waitUntil(lambda: panel.progress_text().startswith("epoch "), timeout=5000)
    assert " of 3" in panel.progress_text() and "left" in panel.progress_text()
    (study.path / "go").touch()
    finish(qtbot, dock)
    assert panel.tabs.currentIndex() == REPORT
    assert (
        panel.start_button.isVisible()
        and panel.setup.starting_weights["classify"].isEnabled()
    )
    loss, accuracy = panel.progress.curves.figure.axes
    assert [len(line.get_xdata()) for line in loss.lines[:2]] == [3, 4]
    assert list(accuracy.lines[1].get_xdata()) == [0, 1, 2, 3]
    epochs = panel.progress.epochs
    assert [epochs.text(r, 0) for r in range(4)] == ["3 ★", "2", "1", "before"]
    assert panel.progress.star.isVisibleTo(panel.progress)
    report = panel.report
    written = Run.open(dock.controller.runs[0].folder).read_json(REPORT_FILE)
    verdict = read_verdict(written)
    assert verdict.headline in report.headline.text()
    assert report.explanation.text() == verdict.explanation
    assert written["measured_on"] in report.details.text()
    head = [report.figures.horizontalHeaderItem(c).text() for c in range(1, 5)]
    assert head == ["new", "before", "rule", "people"]
    assert "3 epochs" in panel.progress.state.text()
    about = Run.open(dock.controller.runs[0].folder).about
    assert about["task"] == "classify"
    assert about["start"]["asked"] == "inception_v3"
    assert about["settings"] == ClassifierTrainingConfig().model_dump(mode="json")


def test_stop_keeps_the_best(dock, study, qtbot, notifications):
    set_fake_training(study, epochs=400, seconds=0.2)
    run = begin(qtbot, dock)
    click(dock.panel.stop_button)
    assert (
        dock.panel.stop_button.text() == "Stopping…"
        and not dock.panel.stop_button.isEnabled()
    )
    finish(qtbot, dock)
    assert Run.open(run.folder).state().state == "stopped"
    assert any("stopped" in text for text in notifications)
    assert "Better" in dock.panel.report.headline.text()
    assert (
        dock.panel.stop_button.text() == "Stop" and dock.panel.stop_button.isEnabled()
    )


def test_stop_before_it_began_leaves_nothing(dock, study, qtbot):
    set_fake_training(study, prepare=30)
    click(dock.panel.start_button)
    qtbot.waitUntil(lambda: dock.controller.active_run is not None)
    (child, _), *_ = dock.controller._processes.values()
    click(dock.panel.stop_button)
    assert dock.controller.active_run is None and child.poll() is not None
    assert list(study.runs.iterdir()) == []


def test_a_run_is_found_again(viewer, study, session, qtbot):
    set_fake_training(study, epochs=400, seconds=0.2)
    dock = RetrainWidget(viewer)
    dock.show()
    qtbot.waitUntil(lambda: dock.estimates.decided_cells is not None, timeout=10_000)
    run = begin(qtbot, dock)
    dock.deleteLater()
    session.close_study()
    session.open_study(study.path)
    again = show(viewer, qtbot)
    qtbot.waitUntil(lambda: again.controller.active_run is not None, timeout=10_000)
    assert again.controller.active_run.folder == run.folder
    assert again.panel.stop_button.isVisible()
    assert again.panel.progress.epochs.rowCount() >= 2
    click(again.panel.stop_button)
    finish(qtbot, again)
    assert Run.open(run.folder).state().state == "stopped"


def test_what_is_refused_is_told_in_one_sentence(dock, study, qtbot, notifications):
    refused = "The class glia has 1 decided cell; answer more."
    set_fake_training(study, refuse=refused)
    click(dock.panel.start_button)
    finish(qtbot, dock)
    assert refused in notifications
    assert refused in dock.panel.error.text()
    assert list(study.runs.iterdir()) == []


def test_a_failure_is_told_and_stays_in_the_list(dock, study, qtbot, notifications):
    set_fake_training(study, fail=2)
    run = train(qtbot, dock)
    assert run.state == "failed"
    error = Run.open(run.folder).state().error
    assert "loss" in error and "epoch 2" in error
    assert error in notifications
    assert error in dock.panel.progress.state.text()
    assert dock.panel.runs.table.item(0, 3).text() == "failed"
    set_fake_training(study)
    click(dock.panel.start_button)
    assert not dock.panel.error.isVisible()


@pytest.mark.parametrize("page", ["progress", "runs"])
def test_killed_and_resumed(dock, study, qtbot, notifications, page):
    set_fake_training(study, crash=2)
    run = train(qtbot, dock)
    assert run.state == "interrupted" and len(run.epochs) == 2
    assert any("without an error message" in text for text in notifications)
    dock.panel.tabs.setCurrentWidget(getattr(dock.panel, page))
    button = getattr(dock.panel, page).resume_button
    assert button.isVisible()
    click(button)
    assert not button.isVisible() or not button.isEnabled()
    assert dock.controller.active_run.folder == run.folder
    finish(qtbot, dock)
    (run,) = dock.controller.runs
    assert run.state == "finished"
    assert [event["epoch"] for event in run.epochs] == [0, 1, 2, 3]


def test_a_square_shows_its_cells(dock, study, session, qtbot):
    session.set_blind(False)
    train(qtbot, dock)
    report = dock.panel.report
    matrix = Run.open(dock.controller.runs[0].folder).read_json("report.json")["new"][
        "confusion"
    ]
    places = [(r, c) for r in range(3) for c in range(3) if r != c and matrix[r][c] > 1]
    row, column = places[0]
    click_square(report.confusion, row, column + 1)
    qtbot.waitUntil(lambda: session.cell is not None, timeout=10_000)
    n, first = matrix[row][column], session.cell
    assert report.cells.title.text().startswith(f"{n} cells")
    assert f"<b>1 of {n}</b> · b2 · cell {first.cell}" in report.cells.position.text()
    assert true_classes(study)[first] == report._classes[row]
    click(report.cells.next_button)
    assert session.cell != first and f"2 of {n}" in report.cells.position.text()
    click(report.cells.previous_button)
    assert session.cell == first
    click(report.cells.previous_button)
    assert f"{n} of {n}" in report.cells.position.text()
    # by keys, the model before
    report.model_combo.setCurrentIndex(report.model_combo.findData("old"))
    assert report.cells.position.isHidden()
    report.confusion.setCurrentCell(0, 1)
    QTest.keyClick(report.confusion, Qt.Key.Key_Return)
    assert "the model before says excitatory" in report.cells.title.text()


def test_somebody_blind_is_asked_first(dock, session, qtbot):
    train(qtbot, dock)
    report = dock.panel.report
    click_square(report.confusion, 0, 1)
    assert session.cell is None
    assert "annotating blind" in report.cells.title.text()
    click(report.cells.reveal_button)
    qtbot.waitUntil(lambda: session.cell is not None, timeout=10_000)
    assert session.votes_visible and report.cells.reveal_button.isHidden()


def test_use_this_model(dock, study, session, qtbot, classifier_folder, notifications):
    set_fake_training(study, model=str(classifier_folder))
    run = train(qtbot, dock)
    report = dock.panel.report
    classes = load_card(run.folder / MODEL_FOLDER).classes
    assert all(name in report.card.text() for name in classes)
    click(report.use_button)
    qtbot.waitUntil(lambda: report.restore_button.isVisible(), timeout=10_000)
    assert Study.open(study.path).config.models.classify == run.name
    assert session.config.models.classify == run.name
    assert run.name in notifications[-1]
    assert (study.models / run.name / "weights.safetensors").is_file()
    assert (run.folder / MODEL_FOLDER / "weights.safetensors").is_file()
    assert dock.panel.runs.table.item(0, 3).text() == "finished ✓"
    starts = dock.panel.setup.starting_weights["classify"]
    assert starts.findText(f"{run.name}: this study's model") > 0
    qtbot.waitUntil(report.restore_button.isEnabled)
    click(report.restore_button)
    qtbot.waitUntil(lambda: report.use_button.isVisible(), timeout=10_000)
    assert Study.open(study.path).config.models.classify == ""
    assert "the package's model" in notifications[-1]
    assert (study.models / run.name).is_dir()


def test_runs_are_chosen_from_the_list(dock, study, qtbot):
    first = train(qtbot, dock)
    set_fake_training(study, fail=2)
    second = train(qtbot, dock)
    table = dock.panel.runs.table
    rows = [[table.item(r, c).text() for c in range(1, 4)] for r in range(2)]
    assert [row[-1] for row in rows] == ["failed", "finished"]
    assert rows[0][:2] == ["The last two blocks · Inception-v3", "–"]
    assert "Inception-v3 (249)" in table.item(0, 1).toolTip()
    assert float(rows[1][1]) > 0.5
    dock.panel.tabs.setCurrentWidget(dock.panel.runs)
    place = table.visualItemRect(table.item(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert dock.selection.run.folder == first.folder != second.folder
    assert "Better" in dock.panel.report.headline.text()
    place = table.visualItemRect(table.item(0, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "no figures" in dock.panel.report.message()


def test_outlines(dock, study, qtbot):
    setup = dock.panel.setup
    click(setup.segmenter_button)
    # nobody has corrected an outline of either
    assert setup.recordings.value() == ()
    setup.recordings.item(0).setCheckState(Qt.CheckState.Checked)
    run = train(qtbot, dock)
    about = Run.open(run.folder).about
    assert about["task"] == "segment"
    assert about["data"]["recordings"] == ["a1"]
    report = dock.panel.report
    assert "+0.11" in report.headline.text()
    assert report.figures.text(0, 0) == "F1"
    assert report.model_combo.count() == 0 and report._matrix_box.isHidden()
    assert "simulated fields" in report.notes.text()
    assert "F1" in dock.panel.progress.curves.figure.axes[1].get_title()
    # what was not ticked is not ticked after the next answer either
    dock.refresh()
    qtbot.waitUntil(lambda: not dock.counting.busy)
    assert setup.recordings.value() == ("a1",)


def test_opening_the_dock_does_not_import_torch():
    script = (
        "import os, sys\n"
        "from napari.components import ViewerModel\n"
        "from qtpy.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from napari_cellid.widgets.retrain.widget import RetrainWidget\n"
        "widget = RetrainWidget(ViewerModel())\n"
        "widget.show()\n"
        "app.processEvents()\n"
        "assert 'torch' not in sys.modules\n"
        # PyQt can crash when it deletes at exit what is still shown
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)
