"""The Annotate dock and its study: names, recordings, offers, and what can go wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest
from annotating import (
    canvas_of,
    cells_of,
    identify_result,
    journal_lines,
    press,
    show_result,
    type_into,
)
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog
from voting import write_answers

from napari_cellid.annotation.answer import CellKey
from napari_cellid.annotation.journal import Journal
from napari_cellid.study.study import Study
from napari_cellid.widgets.annotate.open_study import show_study
from napari_cellid.widgets.session.session import session_of

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
KEYS = [getattr(Qt.Key, f"Key_{letter}") for letter in "EIGNU"]
E, G, N = KEYS[0], KEYS[2], KEYS[3]


@pytest.fixture
def study(lab):
    return lab


@pytest.fixture
def dock(annotate):
    return annotate


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_nobody_is_asked_before_a_name_is_there(viewer, study, make_dock):
    dock = make_dock(viewer)
    dock.open_study(study.path)
    panel, line = dock.panel, dock.panel.name.line
    assert line.isVisible() and line.placeholderText()
    assert not panel.buttons.isEnabled()
    assert "Who answers?" in panel.patch.canvas.message
    # the recording can be looked at meanwhile
    assert "a1 classes" in viewer.layers
    assert not dock.shortcuts.enabled
    QTest.keyClicks(line, "Ann")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert dock.session.annotator == "Ann"
    assert dock.session.cell is not None
    assert panel.buttons.isEnabled() and dock.shortcuts.enabled
    assert not line.hasFocus()
    assert not study.annotations.exists()


def test_the_name_is_known_next_time(dock, study, make_dock):
    other = make_dock(ViewerModel())
    other.open_study(study.path)
    # nobody answers under the name of the person before without a click
    assert other.session.annotator == ""
    assert other.panel.name.line.text() == "Ann"
    assert not other.panel.buttons.isEnabled() and not other.shortcuts.enabled
    press(canvas_of(other), E)
    assert journal_lines(study) == []
    assert other.panel.name.button.text() == "Continue as Ann?"
    click(other.panel.name.button)
    assert other.session.annotator == "Ann"
    assert other.panel.name.button.isHidden()
    other.session.close_study()


def test_the_next_person_types_over_the_name(dock, study, make_dock):
    other = make_dock(ViewerModel())
    other.open_study(study.path)
    line = other.panel.name.line
    QTest.keyClicks(line, "Cy")
    assert other.panel.name.button.text() == "Start"
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert other.session.annotator == "Cy"
    other.session.close_study()


def test_a_name_can_be_changed(dock, study):
    press(canvas_of(dock), E)
    dock.panel.name.line.setText("Bo")
    click(dock.panel.name.button)
    assert dock.session.annotator == "Bo"
    assert dock.session.own_answers == {}
    press(canvas_of(dock), G)
    assert {who for who, *_ in journal_lines(study)} == {"Ann", "Bo"}


def test_a_name_that_cannot_be_is_told(dock, study, notifications):
    write_answers(study, "Bo", {CellKey("a1", 1): "glia"})
    dock.panel.name.line.setText("bo")
    click(dock.panel.name.button)
    assert len(notifications) == 1 and "'Bo'" in notifications[0]
    assert dock.session.annotator == "Ann"


def test_a_study_without_recordings_is_just_empty(
    viewer, make_dock, tmp_path, notifications
):
    dock = make_dock(viewer)
    dock.open_study(Study.create(tmp_path / "empty").path, "Ann")
    assert notifications == [] and dock.session.cell is None
    assert "0 of 0 answered" in dock.panel.progress.text()
    dock.answer("glia")


def test_a_recording_without_images_is_told_and_left_out(
    viewer, study, make_dock, notifications
):
    (study.recording("a1").folder / "images.tif").unlink()
    dock = make_dock(viewer)
    dock.open_study(study.path, "Ann")
    assert len(notifications) == 1 and "images.tif" in notifications[0]
    assert dock.session.cell.recording == "b2"
    assert dock.panel.recording.count() == 1


def test_keys_of_classes_can_be_changed(dock, study, notifications):
    type_into(dock.panel.classes.rows["excitatory"].key, "p")
    assert Study.open(study.path).config.classes[0].key == "P"
    assert dock.panel.buttons.buttons["excitatory"].text().endswith("P")
    asked = dock.session.cell
    press(canvas_of(dock), E)
    assert journal_lines(study) == []
    press(canvas_of(dock), Qt.Key.Key_P)
    assert journal_lines(study) == [("Ann", asked.cell, "excitatory")]
    for refused in ("N", "5", ""):
        type_into(dock.panel.classes.rows["excitatory"].key, refused)
        assert dock.panel.classes.rows["excitatory"].key.text() == "P"
    assert len(notifications) == 3
    type_into(dock.panel.classes.rows["excitatory"].key, "i")
    keys = [one.key for one in Study.open(study.path).config.classes]
    assert keys == ["I", "P", "G"]


def test_a_recording_can_be_chosen(dock, study, viewer):
    box = dock.panel.recording
    assert [box.itemText(k) for k in range(3)] == ["a1", "b2", "all recordings"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert dock.session.cell.recording == "b2"
    assert dock.controller.progress.total == len(cells_of(dock.session, "b2"))
    box.setCurrentIndex(2)
    box.activated.emit(2)
    assert dock.controller.progress.total == len(dock.session.cells())


def test_work_goes_on_in_the_recording_that_is_not_done(viewer, study, make_dock):
    dock = make_dock(viewer)
    dock.session.open_study(study.path)
    write_answers(study, "Ann", dict.fromkeys(cells_of(dock.session), "glia"))
    dock.begin("Ann")
    assert dock.session.cell.recording == "b2"


def test_full_disk_shows_no_answer(dock, notifications, monkeypatch):
    asked, counts = dock.session.cell, dock.panel.progress.text()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    press(canvas_of(dock), E)
    assert len(notifications) == 1 and "No space left" in notifications[0]
    assert dock.session.cell == asked and dock.panel.progress.text() == counts
    monkeypatch.undo()
    press(canvas_of(dock), E)
    assert dock.session.own_answers == {asked: "excitatory"}


def test_no_study_is_told(viewer, make_dock, notifications, monkeypatch, tmp_path):
    dock = make_dock(viewer)
    assert dock.panel.study.name.text() == "No study is open"
    assert not dock.panel.patch.isVisible()
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path)
    )
    click(dock.panel.study.open_button)
    assert len(notifications) == 1 and "is not a study" in notifications[0]


def test_study_is_opened_by_its_button(viewer, study, make_dock, monkeypatch):
    dock = make_dock(viewer)
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: str(study.path)
    )
    click(dock.panel.study.open_button)
    assert "study" in dock.panel.study.name.text()
    assert dock.panel.patch.isVisible()


def test_what_identify_found_is_offered(
    viewer, study, make_dock, qtbot, monkeypatch, tmp_path
):
    dock = make_dock(viewer)
    assert dock.panel.study.result_buttons == []
    result = show_result(viewer, identify_result(study))
    (offer,) = dock.panel.study.result_buttons
    assert "a1" in offer.text().split()
    asked = []

    def folder(*_, **__):
        asked.append(1)
        return str(tmp_path / "lab")

    (tmp_path / "lab").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", folder)
    click(offer)
    qtbot.waitUntil(lambda: dock.session.study is not None, timeout=20_000)
    assert dock.session.study.path == tmp_path / "lab" / "a1 study"
    assert dock.panel.study.result_buttons == []
    dock.begin("Ann")
    dock.answer("glia")
    assert [layer.name for layer in viewer.layers if layer.visible] == [
        "raw red", "raw green", "a1 classes", "current cell",
    ]  # fmt: skip
    # another run of the same recording goes into the study that there is
    viewer.layers.remove(viewer.layers["a1 cells"])
    again = show_result(viewer, identify_result(study))
    (offer,) = dock.panel.study.result_buttons
    assert again is not result
    click(offer)
    qtbot.waitUntil(lambda: not dock.offered_results.busy, timeout=20_000)
    assert len(asked) == 1
    assert list(dock.session.own_answers.values()) == ["glia"]
    assert dock.session.annotator == "Ann"


def test_study_comes_beside_the_files(viewer, study, make_dock, qtbot, tmp_path):
    dock = make_dock(viewer)
    folder = tmp_path / "files"
    folder.mkdir()
    show_result(viewer, identify_result(study, "b2"), folder=folder)
    click(dock.panel.study.result_buttons[0])
    qtbot.waitUntil(lambda: dock.session.study is not None, timeout=20_000)
    assert dock.session.study.path == folder / "b2 study"


def test_dock_opened_again_goes_on(dock, viewer, study, make_dock, qtbot):
    dock.answer("glia")
    session, cell = dock.session, dock.session.cell
    dock.parentWidget().close()
    dock.deleteLater()
    qtbot.wait(20)
    again = make_dock(viewer)
    assert again.session is session
    assert again.session.annotator == "Ann" and again.session.cell == cell
    press(canvas_of(again), E)
    assert len(journal_lines(study)) == 2


def test_second_viewer_is_independent(dock, study, make_dock):
    other = make_dock(ViewerModel())
    other.open_study(study.path, "Bo")
    mine, theirs = dock.session.cell, other.session.cell
    press(canvas_of(other), G)
    assert journal_lines(study) == [("Bo", theirs.cell, "glia")]
    assert dock.session.cell == mine and dock.session.own_answers == {}
    other.session.close_study()
    press(canvas_of(dock), E)
    assert journal_lines(study)[0] == ("Ann", mine.cell, "excitatory")


def test_two_windows_of_one_person_lose_nothing(dock, study):
    other = Journal.open(study.annotations, "Ann")
    dock.answer("glia")
    first = journal_lines(study)
    cell = dock.session.cell
    write_answers(study, "Ann", {CellKey("b2", 1): "unsure"})
    dock.answer("excitatory")
    assert journal_lines(study)[0] == first[0] and len(journal_lines(study)) == 3
    assert ("Ann", cell.cell, "excitatory") in journal_lines(study)
    other.close()


def test_without_qt_the_way_out_is_told(monkeypatch, study):
    monkeypatch.setitem(sys.modules, "qtpy.QtWidgets", None)
    with pytest.raises(ImportError, match=r"napari\[all\]"):
        show_study(study.path)


def test_opening_the_dock_does_not_import_torch():
    script = (
        "import os, sys\n"
        "from napari.components import ViewerModel\n"
        "from qtpy.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from napari_cellid.widgets.annotate.widget import AnnotateWidget\n"
        "widget = AnnotateWidget(ViewerModel())\n"
        "widget.show()\n"
        "app.processEvents()\n"
        "assert 'torch' not in sys.modules\n"
        # PyQt can crash when it deletes at exit what is still shown
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)


def test_read_only_study_is_told(viewer, study, make_dock, notifications, monkeypatch):
    dock = make_dock(viewer)
    monkeypatch.setattr("os.access", lambda *_: False)
    dock.open_study(study.path, "Ann")
    assert len(notifications) == 1 and "is read-only" in notifications[0]
    assert dock.session.journal is None and not dock.shortcuts.enabled
    assert not dock.panel.buttons.isEnabled()


def test_a_dock_that_is_opened_later_shows_its_first_cell(viewer, lab, make_dock):
    # as after an answer in the Cell table, which makes a study
    session = session_of(viewer)
    session.open_study(lab.path)
    session.start_annotating("Ann")
    dock = make_dock(viewer)
    canvas = dock.panel.patch.canvas
    row = session.row(session.cell)
    assert canvas._centre == (row["plane"], row["y"], row["x"])
    assert canvas._outline
    session.close_study()
