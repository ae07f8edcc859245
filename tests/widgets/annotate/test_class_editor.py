"""The classes of a study in the Annotate dock, by mouse and keys."""

from __future__ import annotations

from functools import partial

import pytest
from annotating import (
    canvas_of,
    cells_of,
    colour_at,
    journal_lines,
    press,
    type_into,
)
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QColorDialog
from voting import write_answers

from napari_cellid.config import VoteConfig
from napari_cellid.study.classes import find_class, rename_class
from napari_cellid.study.consensus import consensus_table
from napari_cellid.study.study import Study
from napari_cellid.study.training_set import decided_cells

E, G, M = Qt.Key.Key_E, Qt.Key.Key_G, Qt.Key.Key_M
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def study(lab):
    return lab


@pytest.fixture
def dock(annotate):
    return annotate


def editor_of(dock):
    return dock.panel.classes


def journal_bytes(study):
    return {path.name: path.read_bytes() for path in study.annotations.glob("*.jsonl")}


def test_a_renamed_class_keeps_its_answers(dock, study, notifications):
    asked = dock.session.cell
    press(canvas_of(dock), G)
    before = journal_bytes(study)
    type_into(editor_of(dock).rows["glia"].name, "astrocyte")
    assert notifications == []
    assert journal_bytes(study) == before
    assert dock.session.own_answers[asked] == "astrocyte"
    assert "astrocyte" in dock.panel.buttons.buttons
    assert "glia" not in dock.panel.buttons.buttons
    assert "astrocyte 1" in dock.panel.progress.text().replace("\xa0", " ")
    # predictions of a model follow
    predicted = dock.session.cells()["predicted"]
    assert "glia" not in set(predicted)
    reopened = Study.open(study.path)
    table = consensus_table(reopened, rule=VoteConfig(min_annotators=1))
    assert set(table["consensus"]) == {"astrocyte", ""}
    cells, description = decided_cells(reopened, VoteConfig(min_annotators=1))
    assert cells["class"].tolist() == ["astrocyte"]
    assert description["cells_of_other_classes"] == {}


def test_undo_of_an_answer_with_the_earlier_name(dock, study, viewer):
    first = dock.session.cell
    press(canvas_of(dock), G)
    dock.session.go_to(first)
    press(canvas_of(dock), E)
    type_into(editor_of(dock).rows["glia"].name, "astrocyte")
    press(canvas_of(dock), Qt.Key.Key_Backspace)
    assert dock.session.own_answers[first] == "astrocyte"
    expected = QColor(find_class(dock.session.config, "glia").colour).getRgbF()[:3]
    drawn = colour_at(viewer.layers["a1 classes"], first, dock.session)
    assert drawn == pytest.approx(expected, abs=0.01)


def test_a_new_class_gets_a_key_and_is_answered(dock, study, notifications):
    editor = editor_of(dock)
    editor.new_name.setFocus()
    QTest.keyClicks(editor.new_name, "microglia")
    QTest.mouseClick(editor.add_button, LEFT)
    assert notifications == []
    assert editor.rows["microglia"].key.text() == "M"
    assert editor.new_name.text() == ""
    asked = dock.session.cell
    press(canvas_of(dock), M)
    assert journal_lines(study) == [("Ann", asked.cell, "microglia")]
    assert Study.open(study.path).config.class_names[-1] == "microglia"


def test_a_new_colour_shows_at_once(dock, study, viewer, monkeypatch):
    asked = dock.session.cell
    press(canvas_of(dock), G)
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#00ff40"))
    QTest.mouseClick(editor_of(dock).rows["glia"].colour, LEFT)
    drawn = colour_at(viewer.layers["a1 classes"], asked, dock.session)
    assert drawn == pytest.approx((0, 1, 64 / 255), abs=0.01)
    assert find_class(Study.open(study.path).config, "glia").colour == "#00ff40"


def test_a_hidden_class_is_not_offered_and_can_come_back(dock, study):
    press(canvas_of(dock), G)
    before = dict(dock.session.own_answers)
    editor = editor_of(dock)
    hide = editor.rows["glia"].menu.actions()[0]
    hide.trigger()
    assert "glia" not in dock.panel.buttons.buttons
    assert dict(dock.session.own_answers) == before
    press(canvas_of(dock), G)
    assert len(journal_lines(study)) == 1
    assert "glia" in Study.open(study.path).config.answers
    QTest.mouseClick(editor.show_buttons["glia"], LEFT)
    assert "glia" in dock.panel.buttons.buttons
    press(canvas_of(dock), G)
    assert len(journal_lines(study)) == 2


def test_a_class_with_answers_is_not_removed(dock, study, notifications):
    press(canvas_of(dock), G)
    # also one that was taken back counts: it can be given again
    press(canvas_of(dock), Qt.Key.Key_Backspace)
    editor = editor_of(dock)
    editor.rows["glia"].menu.actions()[1].trigger()
    assert len(notifications) == 1 and "hide it" in notifications[0]
    assert "glia" in editor.rows
    editor.rows["inhibitory"].menu.actions()[1].trigger()
    assert "inhibitory" not in Study.open(study.path).config.answers
    assert "inhibitory" not in dock.panel.buttons.buttons


@pytest.mark.parametrize("name", ["excitatory", "Excitatory", "unsure", "a;b", ""])
def test_a_name_that_cannot_be_is_refused_once(dock, study, notifications, name):
    before = (study.path / "study.toml").read_bytes()
    type_into(editor_of(dock).rows["glia"].name, name)
    assert len(notifications) == 1
    assert editor_of(dock).rows["glia"].name.text() == "glia"
    assert (study.path / "study.toml").read_bytes() == before


def test_another_window_renames_a_class(dock, study, notifications):
    asked = dock.session.cell
    press(canvas_of(dock), G)
    Study.open(study.path).edit_config(
        partial(rename_class, class_id="glia", name="astrocyte")
    )
    dock.session.settings_watch.look()
    assert notifications == []
    assert dock.session.own_answers[asked] == "astrocyte"
    assert editor_of(dock).rows["glia"].name.text() == "astrocyte"
    # an edit in this window keeps the name of the other
    type_into(editor_of(dock).rows["glia"].key, "a")
    changed = find_class(Study.open(study.path).config, "glia")
    assert (changed.name, changed.key) == ("astrocyte", "A")


def test_an_edit_meets_one_that_was_not_noticed_yet(dock, study):
    """The rename of another window is kept, although this one has not seen it."""
    Study.open(study.path).edit_config(
        partial(rename_class, class_id="glia", name="astrocyte")
    )
    type_into(editor_of(dock).rows["excitatory"].key, "x")
    config = Study.open(study.path).config
    assert config.class_names == ("excitatory", "inhibitory", "astrocyte")
    assert find_class(config, "excitatory").key == "X"
    assert dock.session.config == config


def test_a_broken_settings_file_is_told_and_mended(dock, study, notifications):
    path = study.path / "study.toml"
    text = path.read_text("utf-8")
    path.write_text("classes = [", "utf-8")
    dock.session.settings_watch.look()
    dock.session.settings_watch.look()
    assert len(notifications) == 1 and "study.toml" in notifications[0]
    assert dock.session.config.class_names == ("excitatory", "inhibitory", "glia")
    path.write_text(text.replace('"glia"', '"glia"', 1) + "\n", "utf-8")
    dock.session.settings_watch.look()
    assert len(notifications) == 1


def test_votes_of_the_others_follow_a_rename(dock, study):
    cell = cells_of(dock.session)[0]
    for name in ("Bo", "Cem"):
        write_answers(study, name, {cell: "glia"})
    type_into(editor_of(dock).rows["glia"].name, "astrocyte")
    press(canvas_of(dock), E)
    answers = dock.session.answers()
    others = answers[answers["annotator"].isin(["Bo", "Cem"])]
    assert set(others["answer"]) == {"astrocyte"}
