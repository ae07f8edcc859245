"""Forms: what is set is read back, for every settings model."""

from __future__ import annotations

import inspect
from typing import Literal

import pytest
from pydantic import Field, ValidationError
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox

import napari_cellid.config as settings
from napari_cellid.config import Config, IdentifyConfig, SegmentConfig, SimulationConfig
from napari_cellid.widgets._shared.settings_form import SettingsForm

#: what the files of a study say of names, classes and recordings; no form shows them
IN_FILES = {
    settings.RecordingInfo,
    # a list and a line for names show it
    settings.Scheme,
    settings.StudyClass,
    settings.StudyConfig,
    settings.StudyModels,
}
MODELS = [
    model
    for _, model in inspect.getmembers(settings, inspect.isclass)
    if issubclass(model, Config) and model not in {Config, *IN_FILES}
]


class Every(Config):
    """A field of each kind."""

    flag: bool = Field(False, title="Flag")
    count: int = Field(3, gt=1, lt=9)
    share: float = Field(0.5, ge=0, le=1)
    size: float = Field(2.0, gt=0)
    bits: Literal[8, 16] = 16


@pytest.mark.parametrize("model", [*MODELS, Every])
def test_defaults_are_shown(model, qtbot):
    form = SettingsForm(model)
    qtbot.addWidget(form)
    assert form.value() == model()


@pytest.mark.parametrize(
    "value",
    [
        Every(flag=True, count=8, share=0.25, size=1.234567, bits=8),
        SegmentConfig(threshold=0.31, split="none", min_area_um2=12.5),
        SimulationConfig(seed=12345678, bleed_red_to_green=0.0125, bit_depth=8),
        IdentifyConfig(segment=SegmentConfig(threshold=0.4)),
    ],
)
def test_what_is_set_is_read_back(value, qtbot):
    form = SettingsForm(type(value))
    qtbot.addWidget(form)
    with qtbot.waitSignal(form.valueChanged):
        form.setValue(value)
    assert form.value() == value
    form.setValue(type(value)().model_dump())
    assert form.value() == type(value)()


def test_the_same_value_again_tells_nothing(qtbot):
    form = SettingsForm(SegmentConfig)
    qtbot.addWidget(form)
    with qtbot.assertNotEmitted(form.valueChanged):
        form.setValue(SegmentConfig())


def test_what_is_not_valid_changes_nothing(qtbot):
    form = SettingsForm(SegmentConfig)
    qtbot.addWidget(form)
    with pytest.raises(ValidationError):
        form.setValue({"threshold": 3})
    assert form.value() == SegmentConfig()


def test_fields_have_range_words_and_explanation(qtbot):
    form = SettingsForm(Every)
    qtbot.addWidget(form)
    assert isinstance(form.editor("flag"), QCheckBox)
    assert isinstance(form.editor("bits"), QComboBox)
    assert isinstance(form.editor("size"), QDoubleSpinBox)
    assert (form.editor("count").minimum(), form.editor("count").maximum()) == (2, 8)
    form = SettingsForm(SegmentConfig)
    qtbot.addWidget(form)
    assert "touching cells" in form.editor("split").toolTip()


def test_some_fields_alone(qtbot):
    form = SettingsForm(SegmentConfig, ["threshold"])
    qtbot.addWidget(form)
    form.setValue(SegmentConfig(threshold=0.3, split="none"))
    assert form.values() == {"threshold": pytest.approx(0.3)}


def test_a_tiny_rate_is_typed_for_no_slider_goes_there(qtbot):
    form = SettingsForm(settings.ClassifierTrainingConfig)
    qtbot.addWidget(form)
    rate = form.editor("rate")
    assert isinstance(rate, QDoubleSpinBox)
    assert rate.text() == "0.0001"
    rate.setValue(0.00025)
    assert form.value().rate == 0.00025
    assert not isinstance(form.editor("momentum"), QDoubleSpinBox)


def test_a_zero_that_stands_for_a_rule_is_a_word(qtbot: QtBot) -> None:
    form = SettingsForm(settings.ClassifierTrainingConfig, ["epochs", "patience"])
    qtbot.addWidget(form)
    form.show()
    epochs, patience = form.editor("epochs"), form.editor("patience")
    assert (epochs.text(), patience.text()) == ("by the model", "never")
    line = epochs.lineEdit()
    line.selectAll()
    QTest.keyClicks(line, "12")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert form.values() == {"epochs": 12, "patience": 0}
    line.selectAll()
    QTest.keyClicks(line, "0")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert epochs.text() == "by the model"
    # and the arrow key counts up from there
    QTest.keyClick(epochs, Qt.Key.Key_Up)
    assert form.values()["epochs"] == 1
