"""Parts of the Retrain dock: texts, form, close guard, training process."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import psutil
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import QApplication, QMainWindow, QWidget
from retraining import use_fake_training
from voting import true_classes, write_answers

from napari_cellid.classification.finetuning import PLANS
from napari_cellid.config import (
    NOT_A_CELL,
    RECIPES,
    ClassifierTrainingConfig,
    SegmenterTrainingConfig,
    SplitConfig,
)
from napari_cellid.errors import InputError
from napari_cellid.models.registry import ENSEMBLE, SHIPPED_MODELS
from napari_cellid.progress import run_to_end
from napari_cellid.report.model_card import card_text
from napari_cellid.retrain import process as retrain_process
from napari_cellid.retrain.dataset_summary import count_decided_cells
from napari_cellid.retrain.process import launch, train_command
from napari_cellid.retrain.request import ClassifierRequest, SegmenterRequest
from napari_cellid.training.run import Run
from napari_cellid.training.summary import RunSummaries, last_error
from napari_cellid.widgets.identify.model_combo import ModelCombo
from napari_cellid.widgets.identify.widget import IdentifyWidget
from napari_cellid.widgets.retrain import close_guard
from napari_cellid.widgets.retrain.close_guard import close_guard_of
from napari_cellid.widgets.retrain.curves import TrainingCurves
from napari_cellid.widgets.retrain.plan_choice import PlanChoice, plan_ids, plan_text
from napari_cellid.widgets.retrain.setup import SetupPanel
from napari_cellid.widgets.retrain.starting_weights import StartingWeightsCombo
from napari_cellid.widgets.session.session import session_of


def test_what_is_no_cell_is_not_trained_on(lab):
    classes = true_classes(lab)
    first, *rest = classes
    for name in ("Ann", "Bo", "Cy"):
        write_answers(
            lab, name, {first: NOT_A_CELL} | {key: classes[key] for key in rest[:9]}
        )
    write_answers(lab, "Ann", {rest[9]: "glia"})
    counts = run_to_end(count_decided_cells(lab))
    assert counts.total == 9 and counts.others[NOT_A_CELL] == 1
    assert counts.others["too_few"] == 1
    assert counts.by == "animal" and set(counts.counts) == {"ma1"}
    assert sum(counts.recordings.values()) == len(classes)


def test_only_what_differs_is_said_to_the_program(tmp_path):
    config = ClassifierTrainingConfig(plan="resnet18_69", rate=2e-4)
    arguments = train_command(tmp_path, ClassifierRequest("imagenet", config))
    assert arguments[4:] == [
        "--start", "imagenet", "--plan", "resnet18_69", "--rate", "0.0002",
    ]  # fmt: skip
    assert arguments[:4] == ["train", "classifier", str(tmp_path), "--json"]
    request = SegmenterRequest("unet", recordings=("a 1", "b2"))
    assert train_command(tmp_path, request)[4:] == [
        "--start", "unet", "--recordings", "a 1", "b2",
    ]  # fmt: skip
    request = ClassifierRequest(split=SplitConfig(held_out=0.4))
    assert train_command(tmp_path, request)[4:] == ["--held-out", "0.4"]


def test_a_recipe_sets_the_form(qtbot):
    panel = SetupPanel()
    qtbot.addWidget(panel)
    panel.recipe.setCurrentIndex(1)
    panel.recipe.activated.emit(1)
    settings = panel.value().settings
    assert settings == ClassifierTrainingConfig(**RECIPES["few-cells"])
    panel.split.setValue({"held_out": 0.4})
    assert panel.value().split == SplitConfig(held_out=0.4)
    panel.recipe.setCurrentIndex(0)
    panel.recipe.activated.emit(0)
    assert panel.value().settings == ClassifierTrainingConfig()


def test_the_command_line_parses_the_train_command(tmp_path):
    from napari_cellid.cli.app import build_parser

    config = ClassifierTrainingConfig(plan="resnet18_69", balance="none", replay=0)
    request = ClassifierRequest("imagenet", config)
    arguments = [*train_command(tmp_path, request), "--run", "one"]
    given = build_parser().parse_args([*arguments, "--estimate"])
    assert (given.start, given.name, given.estimate) == ("imagenet", "one", True)
    assert getattr(given, "ClassifierTrainingConfig.replay") == 0
    config = SegmenterTrainingConfig(iterations=5)
    arguments = train_command(
        tmp_path, SegmenterRequest("random", config, recordings=("a", "b"))
    )
    assert build_parser().parse_args(arguments).recordings == ["a", "b"]


def test_the_child_lives_on_in_a_session_of_its_own(lab, monkeypatch):
    use_fake_training(monkeypatch)
    folder = lab.runs / "one"
    arguments = ["train", "classifier", str(lab.path), "--run", "one"]
    (lab.path / "fake.json").write_text('{"epochs": 40, "seconds": 0.2}')
    child = launch(arguments, folder)
    try:
        if sys.platform != "win32":
            import os

            assert os.getsid(child.pid) == child.pid != os.getsid(0)
            assert psutil.Process(child.pid).nice() == 10
        end = time.monotonic() + 20
        while not (folder / "state.json").exists() and time.monotonic() < end:
            time.sleep(0.05)
        run = Run.open(folder)
        assert run.state().state == "running"
        run.request_stop()
        assert child.wait(20) == 0
        assert run.state().state == "stopped"
        assert RunSummaries().read(run).started_in_napari
    finally:
        child.kill()


def test_a_program_that_cannot_be_asked(lab, monkeypatch):
    monkeypatch.setattr(
        retrain_process, "cli_command", lambda: [sys.executable, "-c", "1"]
    )
    with pytest.raises(InputError, match="cannot be estimated"):
        run_to_end(retrain_process.estimate_in_process(["x"]))
    use_fake_training(monkeypatch)
    (lab.path / "fake.json").write_text('{"refuse": "Too few."}')
    with pytest.raises(InputError, match="Too few"):
        words = retrain_process.train_command(lab.path, ClassifierRequest("shipped"))
        run_to_end(retrain_process.estimate_in_process(words))


def test_an_estimate_that_nobody_wants_ends_its_process(lab, monkeypatch):
    waiting = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(retrain_process, "cli_command", lambda: waiting)
    before = psutil.Process().children()
    step = retrain_process.estimate_in_process(["x"])
    next(step)
    (child,) = set(psutil.Process().children()) - set(before)
    step.close()
    assert not child.is_running()


def test_last_error_of_the_console(tmp_path):
    console = tmp_path / "console.txt"
    assert "without an error message" in last_error(console)
    console.write_text('{"event": "error", "message": "No."}\nTraceback…\n', "utf-8")
    assert last_error(console) == "No."
    console.write_text("Traceback (most recent call last):\n", "utf-8")
    assert "Traceback" not in last_error(console)


def test_what_lies_in_a_run_folder_is_read_once(tmp_path):
    run = Run.create(tmp_path / "one", {"task": "classify", "settings": {}})
    run.log({"event": "epoch", "epoch": 1, "validation": {"loss": 2}})
    run.log({"event": "epoch", "epoch": 0, "validation": {"loss": 3}})
    run.log({"event": "epoch", "epoch": 1, "validation": {"loss": 1}})
    with (run.folder / "log.jsonl").open("a") as file:
        file.write('{"event": "epoch", "ep')
    looks = RunSummaries()
    first = looks.read_all(tmp_path)
    assert looks.read_all(tmp_path) == first
    assert [e["validation"]["loss"] for e in first[0].epochs] == [3, 1]
    assert looks.read_all(tmp_path / "none") == ()


def test_starts_and_plans(qtbot, tmp_path):
    start, plan = StartingWeightsCombo("classify"), PlanChoice()
    qtbot.addWidget(start)
    qtbot.addWidget(plan)
    start.valueChanged.connect(lambda: plan.set_starting_weights(start.value()))
    start.set_study_models(None)
    names = [start.itemText(k) for k in range(start.count())]
    assert names[0].startswith("inception_v3")
    assert names[1].startswith("resnet18")
    assert not any("one_pass" in name for name in names)
    start.setCurrentIndex(1)
    assert (start.value().argument, plan.value()) == ("resnet18", "resnet18_res5b")
    # of a model it is known which network has all its layers trained
    assert plan.combo.findData("everything") >= 0
    start.setCurrentIndex(0)
    assert plan.value() == "inceptionv3_249"
    # the words for people, and the ids where somebody looks them up
    assert plan.combo.currentText() == "The last two blocks"
    assert PLANS["inceptionv3_249"].paper_name in plan.combo.toolTip()
    assert "a few hundred cells" in plan.description.text()
    assert (plan._bar.n_stages, plan._bar.n_frozen) == (17, 14)
    plan.setValue("everything")
    assert plan._bar.n_frozen == 0
    plan.setValue("inceptionv3_311")
    assert plan._bar.n_frozen == 16
    start.setCurrentIndex(start.findText("ResNet18 that knows photographs (ImageNet)"))
    assert start.value().argument == "imagenet"
    assert plan.value() == "resnet18_res5b"
    # the program could not know of which network everything is meant
    assert plan.combo.findData("everything") < 0
    file = tmp_path / "mine.pth"
    with pytest.raises(InputError, match="is no file"):
        start.choose_file(file)
    file.write_bytes(b"")
    start.choose_file(file)
    assert start.value().argument == str(file)
    plans = [plan.combo.itemData(k) for k in range(plan.combo.count())]
    assert {"resnet18_69", "resnet50_139", "inceptionv3_139"} <= set(plans)


def test_files_of_one_name_are_not_taken_for_one_another(qtbot, tmp_path):
    start = StartingWeightsCombo("classify")
    qtbot.addWidget(start)
    for k in range(3):
        file = tmp_path / str(k) / "weights.pth"
        file.parent.mkdir()
        file.write_bytes(b"")
        start.choose_file(file)
        assert start.value().argument == str(file)
    # the list is made again when the study changes, and the choice stays
    start.set_study_models(None)
    assert start.value().argument == str(file)


def test_a_model_of_another_study_is_not_chosen_by_its_name(
    qtbot, tmp_path, classifier_folder
):
    start = StartingWeightsCombo("classify")
    qtbot.addWidget(start)
    for k in range(2):
        shutil.copytree(classifier_folder, tmp_path / str(k) / "better")
    start.set_study_models(tmp_path / "0")
    start.setCurrentIndex(start.findText("better: this study's model"))
    start.set_study_models(tmp_path / "0")
    assert start.value().argument == "better"
    start.set_study_models(tmp_path / "1")
    assert start.findText("better: this study's model") > 0
    assert start.value().argument != "better"


def test_ticks_are_of_one_study(qtbot, tmp_path):
    panel = SetupPanel()
    qtbot.addWidget(panel)
    panel.set_study_models(tmp_path / "one" / "models")
    # only outlines that somebody has corrected are ticked by themselves
    panel.recordings.set_recordings({"day1": 5, "day2": 6}, {"day2"})
    assert panel.recordings.value() == ("day2",)
    assert "corrected by hand" in panel.recordings.item(1).text()
    panel.recordings.item(0).setCheckState(Qt.CheckState.Checked)
    panel.recordings.item(1).setCheckState(Qt.CheckState.Unchecked)
    panel.set_study_models(tmp_path / "one" / "models")
    panel.recordings.set_recordings({"day1": 5, "day2": 6, "day3": 7}, {"day2", "day3"})
    assert panel.recordings.value() == ("day1", "day3")
    panel.set_study_models(tmp_path / "two" / "models")
    assert panel.recordings.value() == ()
    panel.recordings.set_recordings({"day1": 8, "day9": 2}, {"day9"})
    assert panel.recordings.value() == ("day9",)


def test_plans_have_names():
    assert plan_text("inceptionv3_249") == "The last two blocks · Inception-v3"
    assert plan_text("inceptionv3_294_block") == "The last block · Inception-v3"
    assert plan_text("new one") == "new one"
    ids = plan_ids("inceptionv3_249")
    assert (
        ids == "In the paper Inception-v3 (249), in files and commands inceptionv3_249"
    )
    assert plan_text("everything") == "Every layer"


def test_the_card_is_readable(classifier_folder, tmp_path):
    text = card_text(classifier_folder)
    assert "Network: ResNet18" in text and "Classes: excitatory" in text
    assert "118 µm around a cell" in text
    assert card_text(tmp_path) == ""
    assert "sha256" in card_text(SHIPPED_MODELS / "inception_v3")


def test_curves_in_both_themes(qtbot):
    curves = TrainingCurves("dark")
    qtbot.addWidget(curves)
    curves.show()
    events = [
        {"epoch": k, "train": {"loss": 1}, "validation": {"loss": 1, "dice": 0.5}}
        for k in range(3)
    ]
    curves.show_epochs(events, 10)
    loss, figure = curves.figure.axes
    assert "Dice" in figure.get_title() and loss.get_xlim()[1] > 10
    dark = curves.figure.get_facecolor()
    curves.set_theme("light")
    assert curves.figure.get_facecolor() != dark
    assert curves.figure.axes[0].lines[0].get_color() == "#b36b00"


@pytest.fixture
def window(qtbot):
    window, canvas = QMainWindow(), QWidget()
    QWidget(canvas)
    window.setCentralWidget(canvas)
    qtbot.addWidget(window)
    window.show()
    return window


@pytest.fixture
def going_on(tmp_path):
    run = Run.create(tmp_path / "run", {"task": "classify"})
    run.start()
    return run


@pytest.mark.parametrize("answer", ["stop", "continue", "cancel"])
def test_closing_asks(window, going_on, monkeypatch, answer):
    asked = []
    monkeypatch.setattr(
        close_guard, "ask_about_runs", lambda _, n: asked.append(n) or answer
    )
    guard = close_guard_of(window.centralWidget())
    assert guard is close_guard_of(window)
    guard.add_run(going_on.folder)
    window.close()
    assert asked == [1]
    assert window.isVisible() == (answer == "cancel")
    assert going_on.stop_requested() == (answer == "stop")
    going_on.end("finished")
    monkeypatch.setattr(close_guard, "ask_about_runs", lambda *_: pytest.fail("asked"))
    window.show()
    window.close()


def test_a_program_that_closes_is_not_asked(window, going_on, monkeypatch):
    monkeypatch.setattr(close_guard, "ask_about_runs", lambda *_: pytest.fail("asked"))
    guard = close_guard_of(window)
    guard.add_run(going_on.folder)
    # as napari's viewer.close() does
    window.centralWidget().findChild(QWidget).close()
    assert QApplication.sendEvent(window, QCloseEvent())
    assert not guard.eventFilter(window, QEvent(QEvent.Type.Show))


def test_outside_of_a_window_nothing_is_asked(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    assert close_guard_of(widget) is None


def test_identify_offers_the_studys_models(viewer, lab, classifier_folder, qtbot):
    shutil.copytree(classifier_folder, lab.models / "better")
    choice = ModelCombo("classify")
    qtbot.addWidget(choice)
    before = choice.count()
    choice.set_study_models(lab.models, None)
    assert choice.value() == Path(ENSEMBLE)
    choice.setValue(lab.models / "better")
    assert choice.currentText() == "better (of this study)"
    choice.set_study_models(lab.models, None)
    assert choice.value() == lab.models / "better"
    choice.set_study_models(None, None)
    assert choice.count() == before
    assert choice.value() == Path(ENSEMBLE)
    dock = IdentifyWidget(viewer)
    qtbot.addWidget(dock)
    session = session_of(viewer)
    session.open_study(lab.path)
    assert dock.panel.classifier.value() == Path(ENSEMBLE)
    models = session.config.models.model_copy(update={"classify": "better"})
    session.edit_config(lambda now: now.model_copy(update={"models": models}))
    assert dock.panel.classifier.value() == lab.models / "better"
    session.close_study()
    assert dock.panel.classifier.value() == Path(ENSEMBLE)
