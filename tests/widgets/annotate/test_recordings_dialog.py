"""Recordings of a study in a table; studies that were opened last; new studies."""

from __future__ import annotations

from pathlib import Path

from annotating import cells_of, press
from clicking import click_in_next_box, in_next_dialog
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialogButtonBox

from napari_cellid.study.study import Study
from napari_cellid.widgets.annotate.recordings_dialog import RecordingsDialog
from napari_cellid.widgets.session.new_study_dialog import NewStudyDialog
from napari_cellid.widgets.session.recent_studies import recent_studies

LEFT = Qt.MouseButton.LeftButton


def rows(dialog):
    table = dialog.table
    return [
        [table.item(row, column).text() for column in range(5)]
        for row in range(table.rowCount())
        if not table.isRowHidden(row)
    ]


def choose(dialog, row):
    table = dialog.table
    place = table.visualItemRect(table.item(row, 0)).center()
    QTest.mouseClick(table.viewport(), LEFT, pos=place)


def test_recordings_are_listed_and_searched(annotate, qtbot):
    press(annotate, Qt.Key.Key_G)
    dialog = RecordingsDialog(annotate.session)
    qtbot.addWidget(dialog)
    dialog.show()
    n = str(len(cells_of(annotate.session)))
    # blind: how others have answered is not counted
    assert rows(dialog) == [["a1", "ma1", n, "–", "–"], ["b2", "mb2", n, "–", "–"]]
    QTest.keyClicks(dialog.search, "MB2")
    assert [row[0] for row in rows(dialog)] == ["b2"]
    dialog.search.clear()
    annotate.session.set_blind(False)
    annotate.session.load_votes()
    dialog.refresh()
    assert rows(dialog)[0][3:] == ["1", "0"]
    assert not dialog.show_button.isEnabled()
    choose(dialog, 1)
    assert dialog.show_button.isEnabled() and dialog.chosen() == "b2"


def test_a_recording_is_removed_when_that_is_confirmed(annotate, lab, qtbot):
    session = annotate.session
    press(annotate, Qt.Key.Key_G)
    dialog = RecordingsDialog(session, annotate)
    dialog.show()
    choose(dialog, 0)

    click_in_next_box("Cancel")
    QTest.mouseClick(dialog.remove_button, LEFT)
    assert session.recordings() == ("a1", "b2")
    click_in_next_box("Remove")
    QTest.mouseClick(dialog.remove_button, LEFT)
    assert session.recordings() == ("b2",)
    assert Study.open(lab.path).recordings == ("b2",)
    assert [row[0] for row in rows(dialog)] == ["b2"]
    assert session.annotator == "Ann"
    dialog.close()
    # the next cell is one of what is left
    annotate.step(1)
    press(annotate, Qt.Key.Key_E)
    assert {cell.recording for cell in session.own_answers} == {"b2"}


def test_the_table_shows_a_recording(annotate, qtbot):
    def show(dialog):
        choose(dialog, 1)
        QTest.mouseClick(dialog.show_button, LEFT)

    in_next_dialog(show, RecordingsDialog)
    QTest.mouseClick(annotate.panel.study.recordings_button, LEFT)
    assert annotate.session.recording.name == "b2"
    assert annotate.panel.recording.currentData() == "b2"


def test_studies_that_were_opened_last_are_offered(annotate, lab, tmp_path):
    assert recent_studies() == [lab.path]
    annotate.close_study()
    # as on the screen: everything takes its place
    QApplication.processEvents()
    (button,) = annotate.panel.study.opener.recent_buttons
    assert button.isVisible() and button.text() == lab.path.name
    QTest.mouseClick(button, LEFT)
    assert annotate.session.study.path == lab.path
    # nobody answers yet
    assert annotate.session.annotator == ""
    assert not annotate.panel.study.opener.isVisible()


def test_a_new_study_says_where_it_will_be(qtbot, tmp_path):
    dialog = NewStudyDialog(tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not ok.isEnabled()
    QTest.keyClicks(dialog.name, "V1 spring")
    assert str(tmp_path / "V1 spring") in dialog.path_text.text()
    assert ok.isEnabled() and dialog.value() == Path(tmp_path / "V1 spring")


def test_a_new_study_is_made_and_opened(viewer, make_dock, tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    dock = make_dock(viewer)

    def fill(dialog):
        QTest.keyClicks(dialog.name, "fresh")
        ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
        QTest.mouseClick(ok, LEFT)

    in_next_dialog(fill, NewStudyDialog)
    QTest.mouseClick(dock.panel.study.opener.new_button, LEFT)
    assert dock.session.study.path == tmp_path / "fresh"
    assert Study.open(tmp_path / "fresh").recordings == ()
