"""The diameter of cells, typed in the dock in place of or beside the pixel size."""

from __future__ import annotations

import numpy as np
import pytest
from driving import click, run
from napari.layers import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cellid.recording.data import SOMA_UM
from napari_cellid.widgets.session.result_layer import result_of


def type_in(spin, text: str) -> None:
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, text)
    QTest.keyClick(spin, Qt.Key.Key_Return)


@pytest.mark.parametrize("typed", ["9.5", "9,5"])
def test_a_diameter_takes_the_place_of_a_pixel_size(
    viewer, channels, dock, qtbot, typed: str
) -> None:
    for layer in channels:
        layer.scale = [1] * layer.ndim
        layer.units = ["pixel"] * layer.ndim
    selector = dock.panel.channels
    assert selector.value().pixel_size_um is None
    assert selector.pixel_size.source.text() == "please type it in"
    type_in(selector.diameter, typed)
    assert selector.value().diameter_px == 9.5
    said = f"assumed from the diameter: {SOMA_UM / 9.5:.3g} µm"
    assert selector.pixel_size.source.text() == said
    # in a dock of usual width nothing is cut off
    assert dock.panel.minimumSizeHint().width() <= 300
    result = result_of(run(qtbot, dock))
    planes = result.run_result.planes
    assert planes.size_assumed
    assert planes.pixel_size_um == pytest.approx(SOMA_UM / 9.5)
    assert any("assumed" in note for note in result.run_result.notes)
    assert "assumed" in dock.panel._notes.text()
    # and no diameter is remembered when it is taken away
    type_in(selector.diameter, "0")
    assert selector.value().diameter_px is None
    assert selector.pixel_size.source.text() == "please type it in"


def test_micrometres_stay_those_of_the_pixel_size(viewer, channels, dock, qtbot):
    size = dock.panel.channels.value().pixel_size_um
    type_in(dock.panel.channels.diameter, "11")
    planes = result_of(run(qtbot, dock)).run_result.planes
    assert planes.pixel_size_um == size
    assert planes.network_pixel_um == pytest.approx(SOMA_UM / 11)
    assert not planes.size_assumed


def test_a_contradiction_is_one_notification(
    viewer, channels, dock, qtbot, notifications
):
    type_in(dock.panel.channels.diameter, "60")
    click(dock.panel.run_button)
    assert len(notifications) == 1
    assert "one of both is wrong" in str(notifications[0])


def test_the_next_recording_begins_without_it(viewer, channels, dock, qtbot):
    type_in(dock.panel.channels.diameter, "11")
    for layer in list(viewer.layers):
        viewer.layers.remove(layer)
    image = np.random.default_rng(1).random((64, 80), np.float32)
    viewer.add_layer(Image(image, name="b green"))
    assert dock.panel.channels.value().diameter_px is None
