"""Result layers that are given other data: the cells come back, in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from annotating import canvas_of, colour_at, press
from driving import run, wait_until_idle
from qtpy.QtCore import Qt

from napari_cellid.widgets.session.result_layer import result_of

#: data (plane, y, x) of two planes, 128 x 160 px, become these
OTHER = {
    "cropped": lambda d: d[:, :100, :100],
    "fewer planes": lambda d: d[:1],
    "one plane": lambda d: d[0],
    "more axes": lambda d: d[None],
    "larger": lambda d: np.pad(d, 5),
    "transposed": lambda d: d.swapaxes(1, 2),
}
WRONG_NUMBERS = {
    "negative": lambda d: np.where(d == 0, -1, d).astype(np.int32),
    "huge": lambda d: d.astype(np.int64) + (1 << 40),
}


@pytest.mark.parametrize("kind", [*OTHER, *WRONG_NUMBERS])
def test_cells_of_a_result_come_back(
    viewer, channels, dock, qtbot, notifications, kind
):
    layer = run(qtbot, dock)
    data, features = layer.data.copy(), layer.features.copy()
    scale, units = layer.scale.copy(), layer.units
    layer.data = (OTHER | WRONG_NUMBERS)[kind](data)
    wait_until_idle(qtbot, dock)
    np.testing.assert_array_equal(layer.data, data)
    np.testing.assert_array_equal(layer.features["cell"], features["cell"])
    np.testing.assert_array_equal(layer.scale, scale)
    assert layer.units == units
    assert layer.axis_labels == ("plane", "y", "x")
    (said,) = notifications
    assert "a17 cells" in said
    assert "put back" in said
    # the layer goes on as before
    layer.fill((0, 2, 2), int(layer.data.max()) + 1)
    wait_until_idle(qtbot, dock)
    assert len(layer.features) == len(features) + 1
    assert len(result_of(layer).labelled.cells) == len(features) + 1


def test_painted_cells_come_back_too(viewer, channels, dock, qtbot, notifications):
    layer = run(qtbot, dock)
    layer.fill((0, 2, 2), int(layer.data.max()) + 1)
    wait_until_idle(qtbot, dock)
    data = layer.data.copy()
    layer.data = data[:, :64]
    np.testing.assert_array_equal(layer.data, data)
    assert len(notifications) == 1


def test_data_of_the_same_size_are_taken_over(
    viewer, channels, dock, qtbot, notifications
):
    layer = run(qtbot, dock)
    label = int(layer.features["label"].iloc[0])
    layer.data = np.where(layer.data == label, 0, layer.data)
    wait_until_idle(qtbot, dock)
    assert label not in set(layer.features["label"])
    assert notifications == []


def test_a_single_plane_keeps_its_two_axes(viewer, field, dock, qtbot, notifications):
    viewer.add_image(field.green[0], name="GCaMP", scale=(1.17, 1.17))
    layer = run(qtbot, dock)
    data = layer.data.copy()
    for other in (data[None], data[:50], data[:, 7:]):
        layer.data = other
        np.testing.assert_array_equal(layer.data, data)
        np.testing.assert_allclose(layer.scale, (1.17, 1.17))
    assert len(notifications) == 3


@pytest.mark.parametrize("kind", OTHER)
def test_outlines_of_a_study_come_back(annotate, viewer, notifications, kind):
    session = annotate.session
    press(canvas_of(annotate), Qt.Key.Key_G)
    layer = viewer.layers["a1 classes"]
    before, scale, cell = layer.data.copy(), layer.scale.copy(), session.cell
    answered = next(iter(session.own_answers))
    colour = colour_at(layer, answered, session)
    layer.data = OTHER[kind](before)
    np.testing.assert_array_equal(layer.data, before)
    np.testing.assert_array_equal(layer.scale, scale)
    assert colour_at(layer, answered, session) == colour
    (said,) = notifications
    assert "'a1 classes'" in said
    # picking and answering go on as before
    row = session.row(cell)
    place = (row["plane"], round(row["y"]), round(row["x"]))
    assert session.cell_at(layer.data_to_world(place)) == cell
    press(canvas_of(annotate), Qt.Key.Key_E)
    assert session.cell != cell
    assert colour_at(layer, cell, session) != colour


def test_a_ring_that_was_moved_or_removed_comes_back(annotate, viewer):
    ring = viewer.layers["current cell"]
    for other in (np.zeros((0, 3)), np.zeros((4, 3))):
        ring.data = other
        press(canvas_of(annotate), Qt.Key.Key_G)
        row = annotate.session.row(annotate.session.cell)
        np.testing.assert_allclose(ring.data, [[row["plane"], row["y"], row["x"]]])


@pytest.mark.parametrize("shape", [(3, 4, 64, 64), (64, 64), (9, 64, 64)])
def test_axes_are_asked_about_again(viewer, dock, shape):
    layer = viewer.add_image(np.zeros((5, 64, 64)), name="GCaMP")
    axes = dock.panel.channels.axes
    assert axes.first.isVisibleTo(dock)
    layer.data = np.zeros(shape)
    assert axes.first.isVisibleTo(dock) == (len(shape) == 3)
    assert axes.leading.isVisibleTo(dock) == (len(shape) == 4)
