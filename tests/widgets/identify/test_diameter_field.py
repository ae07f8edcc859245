"""The diameter of cells, typed in the dock in place of or beside the pixel size."""

from __future__ import annotations

import numpy as np
import pytest
from driving import click, run, wait_until_idle
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
    type_in(selector.diameter.spin, typed)
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
    type_in(selector.diameter.spin, "0")
    assert selector.value().diameter_px is None
    assert selector.pixel_size.source.text() == "please type it in"


def test_micrometres_stay_those_of_the_pixel_size(viewer, channels, dock, qtbot):
    size = dock.panel.channels.value().pixel_size_um
    type_in(dock.panel.channels.diameter.spin, "11")
    planes = result_of(run(qtbot, dock)).run_result.planes
    assert planes.pixel_size_um == size
    assert planes.network_pixel_um == pytest.approx(SOMA_UM / 11)
    assert not planes.size_assumed


def test_a_contradiction_is_one_notification(
    viewer, channels, dock, qtbot, notifications
):
    type_in(dock.panel.channels.diameter.spin, "60")
    click(dock.panel.run_button)
    assert len(notifications) == 1
    assert "one of both is wrong" in str(notifications[0])


def test_the_next_recording_begins_without_it(viewer, channels, dock, qtbot):
    type_in(dock.panel.channels.diameter.spin, "11")
    for layer in list(viewer.layers):
        viewer.layers.remove(layer)
    image = np.random.default_rng(1).random((64, 80), np.float32)
    viewer.add_layer(Image(image, name="b green"))
    assert dock.panel.channels.value().diameter_px is None


@pytest.fixture
def discs(viewer):
    """A layer of unknown scale with bright discs 12 px across."""
    y, x = np.mgrid[:240, :300] + 0.5
    near = np.hypot(y % 30 - 15, x % 30 - 15) <= 6
    return viewer.add_image(np.where(near, 1000, 10).astype(np.uint16), name="green")


def test_an_unknown_scale_is_estimated_by_a_click(viewer, discs, dock, qtbot):
    field = dock.panel.channels.diameter
    assert field.status.isVisible()
    assert "estimate the" in field.status.text()
    click(field.button)
    assert dock.worker.busy
    assert dock.panel.run_button.text() == "Cancel"
    assert not field.button.isEnabled()
    wait_until_idle(qtbot, dock)
    assert field.value() == pytest.approx(12, abs=0.6)
    assert field.status.text() == "estimated from the image, 80 outlines"
    assert field.button.isEnabled()
    assumed = dock.panel.channels.pixel_size.source.text()
    assert assumed.startswith("assumed from the diameter")
    # in a dock of usual width nothing is cut off
    assert dock.panel.minimumSizeHint().width() <= 300
    result = result_of(run(qtbot, dock)).run_result
    assert result.run["diameter_source"] == "estimated from the image"
    assert result.run["diameter_px"] == field.value()
    assert any("was estimated from the image" in note for note in result.notes)
    # what is typed over it is the user's
    type_in(field.spin, "11")
    assert not field.status.isVisible()
    again = result_of(run(qtbot, dock)).run_result.run
    assert (again["diameter_px"], again["diameter_source"]) == (11, "given")


def test_a_cancelled_estimate_changes_nothing(viewer, discs, dock, qtbot):
    field = dock.panel.channels.diameter
    click(field.button)
    click(dock.panel.run_button)
    wait_until_idle(qtbot, dock)
    assert field.value() is None
    assert dock.panel.run_button.text() == "Identify cells"


def test_an_estimate_is_not_for_layers_that_came_later(viewer, discs, dock, qtbot):
    click(dock.panel.channels.diameter.button)
    viewer.layers.remove(discs)
    viewer.add_layer(Image(np.ones((64, 80), np.float32), name="b green"))
    wait_until_idle(qtbot, dock)
    assert dock.panel.channels.value().diameter_px is None


def test_no_estimate_is_one_notification(viewer, dock, qtbot, notifications):
    viewer.add_image(np.full((100, 120), 7, np.uint16), name="green")
    field = dock.panel.channels.diameter
    click(field.button)
    wait_until_idle(qtbot, dock)
    assert len(notifications) == 1
    assert "cannot be estimated" in notifications[0]
    assert field.value() is None


def test_an_estimate_against_the_pixel_size_is_one_notification(
    viewer, discs, dock, qtbot, notifications
):
    type_in(dock.panel.channels.pixel_size.spin, "4")
    click(dock.panel.channels.diameter.button)
    wait_until_idle(qtbot, dock)
    assert len(notifications) == 1
    assert "one of both is wrong" in notifications[0]
    assert dock.panel.channels.diameter.value() is None


def test_without_layers_nothing_is_offered_and_a_click_says_why(
    dock, notifications
) -> None:
    field = dock.panel.channels.diameter
    assert not field.status.isVisible()
    click(field.button)
    assert len(notifications) == 1
    assert "Neither a red nor a green channel is chosen" in notifications[0]


@pytest.mark.parametrize("typed", ["-5", "nan", "9999"])
def test_what_is_no_diameter_cannot_be_typed(viewer, discs, dock, typed: str):
    spin = dock.panel.channels.diameter.spin
    type_in(spin, "12")
    type_in(spin, typed)
    assert spin.value() == 12


def test_a_diameter_larger_than_the_image_is_one_notification(
    viewer, discs, dock, qtbot, notifications
):
    type_in(dock.panel.channels.diameter.spin, "400")
    click(dock.panel.run_button)
    assert len(notifications) == 1
    assert "is not that of a cell" in notifications[0]
    assert not dock.worker.busy
