"""What red marks: chosen in the Identify dock, kept in a study, asked once."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from functools import partial

import pytest
from annotating import make_window
from driving import run, run_into_study
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QStyle,
    QStyleOptionComboBox,
)
from voting import CLASSES, make_study, write_answers

from napari_cellid.annotation.answer import CellKey
from napari_cellid.colours import class_colours
from napari_cellid.config import StudyConfig, parse_scheme
from napari_cellid.io.results import write_results
from napari_cellid.models.store import CARD_FILE
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.scheme_choice import SchemeChoice
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.save import open_or_create_study
from napari_cellid.widgets.session.scheme_dialog import SchemeDialog
from napari_cellid.widgets.session.session import session_of

INTERNEURONS = StudyConfig.of_scheme(parse_scheme("red-interneurons"))
CALLED = dict(zip(CLASSES, INTERNEURONS.class_names, strict=True))


def choose(dock, name: str) -> None:
    """Choose a scheme in the list, by mouse."""
    combo = dock.panel.scheme.combo
    combo.showPopup()
    view = combo.view()
    row = view.model().index(combo.findData(name), 0)
    place = view.visualRect(row).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


def type_names(dock, text: str) -> None:
    line = dock.panel.scheme.names
    line.clear()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def answer_question(name: str | None) -> list[str]:
    """Answer the next question what red marks; None chooses Later."""
    asked: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, SchemeDialog):
            QTimer.singleShot(20, answer)
            return
        asked.append(dialog.windowTitle())
        combo = dialog.choice.combo
        if name is not None:
            combo.setCurrentIndex(combo.findData(name))
        kind = QDialogButtonBox.StandardButton
        button = dialog.buttons.button(kind.Cancel if name is None else kind.Ok)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    QTimer.singleShot(0, answer)
    return asked


def as_before(study: Study) -> Study:
    """The study as version 0.1 wrote it."""
    path = study.path / STUDY_FILE
    text = re.sub(r', markers = "[^"]*"|scheme = .*\n', "", path.read_text())
    path.write_text(text.replace("format = 3", "format = 2"))
    return Study.open(study.path)


def test_no_title_is_cut_off(qtbot) -> None:
    choice = SchemeChoice()
    qtbot.addWidget(choice)
    choice.resize(choice.minimumSizeHint())
    choice.show()
    combo, option = choice.combo, QStyleOptionComboBox()
    combo.initStyleOption(option)
    part = (
        QStyle.ComplexControl.CC_ComboBox,
        option,
        QStyle.SubControl.SC_ComboBoxEditField,
    )
    room = combo.style().subControlRect(*part, combo).width()
    for k in range(combo.count()):
        assert combo.fontMetrics().horizontalAdvance(combo.itemText(k)) <= room


def test_results_that_are_shown_follow_the_choice(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    before = layer.features["predicted"].tolist()
    assert set(before) <= set(CLASSES)
    choose(dock, "red-interneurons")
    after = layer.features["predicted"].tolist()
    assert after == [CALLED[name] for name in before]
    assert {f"p_{name}" for name in INTERNEURONS.class_names} <= set(layer.features)
    assert "p_glia" not in layer.features
    counts = dock.panel._counts.text()
    for name in INTERNEURONS.class_names:
        assert f"{name} {after.count(name)}" in counts
    colour = class_colours(INTERNEURONS.class_names)[after[0]]
    shown = layer.colormap.map(int(layer.features["label"][0]))
    assert [round(255 * part) for part in shown[:3]] == list(bytes.fromhex(colour[1:]))
    # and back
    choose(dock, "emx1-h2b")
    assert layer.features["predicted"].tolist() == before


def test_files_tell_what_the_classes_show(viewer, channels, dock, qtbot, tmp_path):
    choose(dock, "red-subtype")
    assert not dock.panel.scheme.names.isHidden()
    type_names(dock, "PV")
    layer = run(qtbot, dock)
    result = result_of(layer).current_result()
    assert result.classes == ("PV", "other", "PV without GCaMP")
    folder = write_results(result, tmp_path)
    classes = json.loads((folder / "run.json").read_text())["classes"]
    assert classes.pop("colours") == result_of(layer).colours
    assert classes == {
        "scheme": "red-subtype",
        "markers": {
            "PV": "red and green",
            "other": "green alone",
            "PV without GCaMP": "red alone",
        },
    }
    # a study that is made of it has the scheme, with its keys and colours
    study = open_or_create_study(tmp_path / "new", result_of(layer))
    assert study.config == StudyConfig.of_scheme(parse_scheme("red-subtype=PV"))


def test_names_that_cannot_be_classes_are_told(viewer, channels, dock, notifications):
    choose(dock, "own")
    type_names(dock, "a, b")
    assert "needs the names of: red and green, green alone" in notifications[-1]
    type_names(dock, "a, b, a")
    assert "two classes have the same name" in notifications[-1]
    type_names(dock, "a, b, c")
    assert len(notifications) == 2
    for name in "abc":
        assert f"{name}:" in dock.panel.scheme.legend.text()


def test_the_study_that_is_open_says_it(
    viewer, channels, dock, qtbot, tmp_path, notifications
):
    study = Study.create(tmp_path / "s", INTERNEURONS)
    session_of(viewer).open_study(study.path)
    assert dock.panel.scheme.combo.currentData() == "red-interneurons"
    layer = run_into_study(qtbot, dock)
    saved = Study.open(study.path).recording("a17").cells()
    assert saved["predicted"].tolist() == layer.features["predicted"].tolist()
    assert set(saved["predicted"]) <= set(INTERNEURONS.class_names)
    # nobody has answered yet, so that it can be corrected, and the cells follow
    choose(dock, "emx1-h2b")
    assert Study.open(study.path).config == StudyConfig()
    told = Study.open(study.path).recording("a17").cells()["predicted"].tolist()
    assert told == layer.features["predicted"].tolist()
    assert set(told) <= set(CLASSES)
    assert session_of(viewer).contains(result_of(layer))
    session_of(viewer).close_study()


def test_with_answers_it_stays(viewer, dock, field, tmp_path, notifications):
    study = make_study(tmp_path / "s", field)
    write_answers(study, "Ann", {CellKey("a1", 1): "glia"})
    before = (study.path / STUDY_FILE).read_bytes()
    session_of(viewer).open_study(study.path)
    choose(dock, "red-interneurons")
    assert "would mean something else" in notifications[-1]
    assert dock.panel.scheme.combo.currentData() == "emx1-h2b"
    assert (study.path / STUDY_FILE).read_bytes() == before
    session_of(viewer).close_study()


@pytest.fixture
def annotate_dock(viewer, qtbot):
    window, widget = make_window(viewer)
    yield widget
    widget.close_study()
    window.close()
    window.deleteLater()


def test_a_study_of_before_is_asked_once(viewer, annotate_dock, field, tmp_path):
    study = as_before(make_study(tmp_path / "s", field))
    asked = answer_question("red-interneurons")
    annotate_dock.open_study(study.path)
    assert asked == ["What does red mark?"]
    config = Study.open(study.path).config
    assert config.scheme == "red-interneurons"
    assert config.state_names["red and green"] == "inhibitory"
    assert annotate_dock.session.config == config
    annotate_dock.close_study()
    # nobody would answer a second question
    annotate_dock.open_study(study.path)
    assert annotate_dock.session.config == config


def test_later_is_asked_before_cells_are_classified(
    viewer, channels, dock, annotate_dock, field, tmp_path, notifications
):
    study = as_before(make_study(tmp_path / "s", field))
    answer_question(None)
    annotate_dock.open_study(study.path)
    assert Study.open(study.path).config.scheme is None
    assert dock.panel.scheme.combo.currentText() == ""
    asked = answer_question(None)
    dock.run()
    assert len(asked) == 1
    assert "does not say what red marks" in notifications[-1]
    assert not dock.worker.busy


def test_a_retrained_model_says_it_itself(
    viewer, channels, dock, qtbot, classifier_folder, tmp_path
):
    folder = shutil.copytree(classifier_folder, tmp_path / "ours")
    card = json.loads((folder / CARD_FILE).read_text())
    own = INTERNEURONS.classes
    card |= {
        "name": "ours",
        "classes": [one.name for one in own],
        "markers": [one.markers for one in own],
        "class_ids": [one.id for one in own],
        "scheme": "red-interneurons",
    }
    (folder / CARD_FILE).write_text(json.dumps(card))
    choose(dock, "red-astrocytes")
    dock.panel.classifier.setValue(folder)
    choice = dock.panel.scheme
    assert not choice.isEnabled()
    assert choice.combo.currentData() == "red-interneurons"
    assert "inhibitory without GCaMP: red alone" in choice.legend.text()
    layer = run(qtbot, dock)
    assert result_of(layer).run_result.classes == INTERNEURONS.class_names
    # what was chosen comes back with a model that needs it
    dock.panel.classifier.setValue(classifier_folder)
    assert choice.isEnabled()
    assert choice.combo.currentData() == "red-astrocytes"
    study = session_of(viewer)
    assert study.study is None


def test_classes_of_their_own_say_what_they_show(
    viewer, annotate_dock, field, tmp_path
):
    study = make_study(tmp_path / "s", field)
    study.save_config(StudyConfig.of_scheme(parse_scheme("own=a,b,c")))
    write_answers(study, "Ann", {CellKey("a1", 1): "a"})
    annotate_dock.open_study(study.path)
    rows = annotate_dock.panel.classes.rows
    request = partial(_markers_action, rows)
    request("b", "not determined by red and green").trigger()
    assert _markers(study)["b"] == ""
    request("b", "green alone").trigger()
    assert _markers(study)["b"] == "green alone"
    # a has an answer, given for red and green cells
    request("a", "not determined by red and green").trigger()
    assert _markers(study)["a"] == "red and green"


def _markers(study: Study) -> dict[str, str]:
    return {one.name: one.markers for one in Study.open(study.path).config.classes}


def _markers_action(rows, name: str, text: str):
    actions = {action.text(): action for action in rows[name].markers_menu.actions()}
    return actions[text]


def test_a_study_that_is_opened_names_results_that_are_shown(
    viewer, channels, dock, qtbot, tmp_path, notifications
):
    """Its scheme stands beside them, so names of another one would mislead."""
    layer = run(qtbot, dock)
    before = layer.features["predicted"].tolist()
    study = Study.create(tmp_path / "s", INTERNEURONS)
    session_of(viewer).open_study(study.path)
    assert layer.features["predicted"].tolist() == [CALLED[name] for name in before]
    # a model that does not say what its cells show keeps its names in silence
    result = result_of(layer)
    card = result.classifier.card.model_copy(update={"markers": ("",) * 3})
    result.classifier = replace(result.classifier, card=card)
    result.run_result = replace(result.run_result, classifier_card=card)
    named = layer.features["predicted"].tolist()
    other = Study.create(tmp_path / "t", StudyConfig())
    session_of(viewer).open_study(other.path)
    assert layer.features["predicted"].tolist() == named
    assert not notifications
