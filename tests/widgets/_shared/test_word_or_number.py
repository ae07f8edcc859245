"""A field for a word or a number, with real keys."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_cellid.config import ClassifyConfig
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets._shared.word_or_number import WordOrNumberBox


@pytest.fixture
def form(qtbot):
    form = SettingsForm(ClassifyConfig, ["bleed_through"])
    qtbot.addWidget(form)
    form.show()
    return form


def typed(qtbot, form, text):
    line = form.editor("bleed_through").lineEdit()
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    return form.value().bleed_through


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("auto", "auto"),
        ("AUTO", "auto"),
        ("0.25", 0.25),
        ("0,25", 0.25),
        ("100", 100.0),
    ],
)
def test_words_and_numbers_are_taken(qtbot, form, text, value):
    with qtbot.waitSignal(form.valueChanged):
        assert typed(qtbot, form, text) == value


@pytest.mark.parametrize("text", ["101", "-1", "nan", "some", "1,234.5", "inf"])
def test_anything_else_leaves_the_value_before(qtbot, form, text):
    typed(qtbot, form, "0.5")
    assert typed(qtbot, form, text) == 0.5
    assert form.editor("bleed_through").currentText() == "0.5"


def test_a_word_is_chosen_with_the_arrow_keys(qtbot, form):
    box = form.editor("bleed_through")
    assert isinstance(box, WordOrNumberBox)
    assert form.value().bleed_through == "off"
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert form.value().bleed_through == "auto"


def test_settings_are_shown(form):
    for value in ("auto", 0.125, "off"):
        form.setValue(ClassifyConfig(bleed_through=value))
        assert form.value() == ClassifyConfig(bleed_through=value)
