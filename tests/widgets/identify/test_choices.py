"""Choosing channels and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_cellid.errors import InputError
from napari_cellid.widgets.identify.channel_combo import ChannelChoice
from napari_cellid.widgets.identify.model_combo import ModelChoice

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def choice(viewer, qtbot):
    widget = ChannelChoice(viewer)
    qtbot.addWidget(widget)
    for emitter in (viewer.layers.events.inserted, viewer.layers.events.removed):
        emitter.connect(widget.refresh)
    widget.show()
    return widget


def test_guess_follows_the_layers(viewer, choice, channels):
    value = choice.value()
    assert (value.red, value.green) == channels
    assert value.third_axis == "planes"
    assert value.pixel_size_um == pytest.approx(1.17)
    assert value.pixel_size_source == "layer scale"
    viewer.layers.remove(channels[0])
    assert choice.value().red is None


def test_names_in_the_list_follow_the_layer(choice, channels):
    channels[0].name = "renamed mCherry"
    choice.refresh()
    assert choice.boxes["red"].currentText() == "renamed mCherry"


def test_what_the_user_chose_stays(viewer, choice, channels):
    box = choice.boxes["red"]
    QTest.keyClick(box, Qt.Key.Key_Home)
    assert box.currentText() == "none"
    viewer.add_image(np.zeros((64, 64)), name="other tdTomato")
    assert choice.value().red is None


def test_axis_choice_shows_where_it_matters(viewer, choice):
    layer = viewer.add_image(np.zeros((64, 64)), name="GCaMP")
    assert not choice.third.isVisible()
    viewer.layers.remove(layer)
    viewer.add_image(np.zeros((5, 64, 64)), name="GCaMP")
    assert choice.third.isVisible()
    (note,) = choice.value().notes
    assert "assumed: planes" in note
    QTest.keyClick(choice.third, Qt.Key.Key_Down)
    assert choice.value().third_axis == "time"
    assert choice.value().notes == ()


def test_typed_pixel_size_is_not_kept_for_another_recording(viewer, choice):
    first = viewer.add_image(np.zeros((64, 64)), name="GCaMP")
    choice.pixel_size.spin.setValue(0.9)
    assert choice.value().pixel_size_source == "given"
    viewer.layers.remove(first)
    viewer.add_image(np.zeros((64, 64)), name="b GCaMP")
    assert choice.value().pixel_size_um is None


def test_pixel_size_that_cannot_be_is_explained(viewer, choice):
    viewer.add_image(np.zeros((64, 64)), name="GCaMP", scale=(1, 2), units="um")
    assert choice.value().pixel_size_um is None
    assert "square" in choice.pixel_size.source.toolTip()


def test_a_model_from_a_folder(qtbot, monkeypatch, segmenter_folder: Path, told):
    choice = ModelChoice("segment")
    qtbot.addWidget(choice)
    answers = [str(segmenter_folder), "", str(segmenter_folder.parent)]
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: answers.pop(0)
    )
    for _ in range(3):
        choice.setCurrentIndex(choice.count() - 1)
        choice.activated.emit(choice.count() - 1)
        assert choice.value() == segmenter_folder
    assert len(told) == 1
    assert "no model.json" in told[0]


def test_a_model_for_another_job_is_refused(qtbot, classifier_folder: Path):
    choice = ModelChoice("segment")
    qtbot.addWidget(choice)
    with pytest.raises(InputError, match="tells cell classes"):
        choice.setValue(classifier_folder)


def test_no_classifier(qtbot, classifier_folder: Path):
    choice = ModelChoice("classify")
    qtbot.addWidget(choice)
    choice.setValue(classifier_folder)
    assert choice.card().classes == ("excitatory", "inhibitory", "glia")
    choice.setValue(None)
    assert choice.value() is None
    assert "outline cells only" in choice.currentText()
