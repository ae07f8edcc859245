"""Choosing channels and models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_cellid.errors import InputError
from napari_cellid.widgets.identify.channel_selector import ChannelSelector
from napari_cellid.widgets.identify.model_combo import ModelCombo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def selector(viewer, qtbot):
    widget = ChannelSelector(viewer)
    qtbot.addWidget(widget)
    for emitter in (viewer.layers.events.inserted, viewer.layers.events.removed):
        emitter.connect(widget.refresh)
    widget.show()
    return widget


def test_guess_follows_the_layers(viewer, selector, channels):
    value = selector.value()
    assert (value.red, value.green) == channels
    assert value.first_axis == "planes"
    assert value.pixel_size_um == pytest.approx(1.17)
    assert value.pixel_size_source == "layer scale"
    viewer.layers.remove(channels[0])
    assert selector.value().red is None


def test_names_in_the_list_follow_the_layer(selector, channels):
    channels[0].name = "renamed mCherry"
    selector.refresh()
    assert selector.boxes["red"].currentText() == "renamed mCherry"


def test_what_the_user_chose_stays(viewer, selector, channels):
    box = selector.boxes["red"]
    QTest.keyClick(box, Qt.Key.Key_Home)
    assert box.currentText() == "none"
    viewer.add_image(np.zeros((64, 64)), name="other tdTomato")
    assert selector.value().red is None


def test_one_channel_of_two_settles_both(viewer, selector):
    for number in (1, 2):
        viewer.add_image(np.zeros((64, 64)), name=f"m1 channel {number}")
    assert (selector.value().red, selector.value().green) == (None, None)
    assert "chosen" in selector.pixel_size.source.text()
    QTest.keyClick(selector.boxes["red"], Qt.Key.Key_End)
    assert selector.value().red is viewer.layers[1]
    assert selector.value().green is viewer.layers[0]
    # and both are shown in their colours
    assert [layer.colormap.name for layer in viewer.layers] == ["green", "red"]
    # whoever wants none, has none
    QTest.keyClick(selector.boxes["green"], Qt.Key.Key_Home)
    QTest.keyClick(selector.boxes["red"], Qt.Key.Key_Home)
    QTest.keyClick(selector.boxes["red"], Qt.Key.Key_End)
    assert selector.value().green is None


def test_a_typed_pixel_size_that_contradicts_the_recording(viewer, selector):
    viewer.add_image(np.zeros((64, 64)), name="GCaMP", scale=(1.8, 1.8))
    line = selector.pixel_size.spin.lineEdit()
    line.selectAll()
    QTest.keyClicks(line, "0.4")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert selector.value().pixel_size_um == 0.4
    said = selector.pixel_size.source.text()
    assert said == "typed in; the layer's scale says 1.8"
    line.selectAll()
    QTest.keyClicks(line, "1.8")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert selector.pixel_size.source.text() == "typed in"


def test_axis_choice_shows_where_it_matters(viewer, selector):
    layer = viewer.add_image(np.zeros((64, 64)), name="GCaMP")
    assert not selector.axes.first.isVisible()
    viewer.layers.remove(layer)
    viewer.add_image(np.zeros((5, 64, 64)), name="GCaMP")
    assert selector.axes.first.isVisible()
    (note,) = selector.value().notes
    assert "assumed: planes" in note
    QTest.keyClick(selector.axes.first, Qt.Key.Key_Down)
    assert selector.value().first_axis == "time"
    assert selector.value().notes == ()


def test_typed_pixel_size_is_not_kept_for_another_recording(viewer, selector):
    first = viewer.add_image(np.zeros((64, 64)), name="GCaMP")
    selector.pixel_size.spin.setValue(0.9)
    assert selector.value().pixel_size_source == "given"
    viewer.layers.remove(first)
    viewer.add_image(np.zeros((64, 64)), name="b GCaMP")
    assert selector.value().pixel_size_um is None


def test_pixel_size_that_cannot_be_is_explained(viewer, selector):
    viewer.add_image(np.zeros((64, 64)), name="GCaMP", scale=(1, 2), units="um")
    assert selector.value().pixel_size_um is None
    assert "square" in selector.pixel_size.source.toolTip()


def test_a_model_from_a_folder(
    qtbot, monkeypatch, segmenter_folder: Path, notifications
):
    selector = ModelCombo("segment")
    qtbot.addWidget(selector)
    answers = [str(segmenter_folder), "", str(segmenter_folder.parent)]
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: answers.pop(0)
    )
    for _ in range(3):
        selector.setCurrentIndex(selector.count() - 1)
        selector.activated.emit(selector.count() - 1)
        assert selector.value() == segmenter_folder
    assert len(notifications) == 1
    assert "no model.json" in notifications[0]


def test_a_model_for_another_job_is_refused(qtbot, classifier_folder: Path):
    selector = ModelCombo("segment")
    qtbot.addWidget(selector)
    with pytest.raises(InputError, match="classifies cells"):
        selector.setValue(classifier_folder)


def test_no_classifier(qtbot, classifier_folder: Path):
    selector = ModelCombo("classify")
    qtbot.addWidget(selector)
    selector.setValue(classifier_folder)
    assert selector.card().classes == ("excitatory", "inhibitory", "glia")
    selector.setValue(None)
    assert selector.value() is None
    assert "outline cells only" in selector.currentText()


@pytest.mark.parametrize(
    ("names", "red", "green"),
    [
        (["mCherry", "tdTomato"], "tdTomato", None),
        (["registered 1", "GCaMP6s"], "registered 1", "GCaMP6s"),
        (["registered", "evergreen"], None, None),
        (["red", "image"], "red", "image"),
    ],
)
def test_a_colour_is_not_given_against_a_name(viewer, qtbot, names, red, green):
    for name in names:
        viewer.add_image(np.ones((40, 40)), name=name)
    selector = ChannelSelector(viewer)
    qtbot.addWidget(selector)
    chosen = selector.value()
    given = {"red": chosen.red, "green": chosen.green}
    found = {key: None if layer is None else layer.name for key, layer in given.items()}
    assert found == {"red": red, "green": green}


def test_a_layer_used_against_its_name_is_doubted(viewer, qtbot):
    layers = [viewer.add_image(np.ones((40, 40)), name=n) for n in ("red", "green")]
    selector = ChannelSelector(viewer)
    qtbot.addWidget(selector)
    assert selector.value().notes == ()
    selector.choose("red", layers[1])
    selector.choose("green", layers[0])
    notes = " ".join(selector.value().notes)
    assert "'green' is used as red" in notes
    assert "'red' is used as green" in notes
