"""Missed cells are added to the labels layer of a result with clicks."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from clicking import click_at, free_places
from driving import click, run, wait_until_idle
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cellid.cells.measure import measure
from napari_cellid.widgets.annotate.widget import AnnotateWidget
from napari_cellid.widgets.identify.widget import IdentifyWidget
from napari_cellid.widgets.session.result_layer import result_of

INSERT, ESCAPE = Qt.Key.Key_Insert, Qt.Key.Key_Escape
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def layer(viewer, channels, dock, qtbot):
    """The labels of a run."""
    return run(qtbot, dock)


def press(dock, key, held=Qt.KeyboardModifier.NoModifier) -> None:
    QApplication.setActiveWindow(dock.window())
    dock.setFocus()
    QTest.keyClick(dock, key, held)


def add(viewer, layer, *place: float) -> None:
    click_at(viewer, layer.data_to_world(place))


def test_clicks_add_cells_that_are_measured_and_classified(
    viewer, layer, dock, qtbot
) -> None:
    before, n = layer.data.copy(), len(layer.features)
    places = free_places(before[1], 2)
    press(dock, INSERT)
    bar = dock.panel.adding
    assert bar.button.isChecked() and viewer.cursor.style == "cross"
    assert "Esc or Insert ends" in bar.status.text()
    for y, x in places:
        add(viewer, layer, 1, y, x)
        # at once
        assert layer.data[1, y, x] != 0
    np.testing.assert_array_equal(layer.data[before > 0], before[before > 0])
    wait_until_idle(qtbot, dock)
    rows = layer.features.set_index("label").loc[[layer.data[1, *k] for k in places]]
    assert len(layer.features) == n + 2
    assert rows["predicted"].isin(["excitatory", "inhibitory", "glia"]).all()
    own = measure(layer.data, result_of(layer).run_result.planes).set_index("label")
    np.testing.assert_allclose(rows["area_um2"], own.loc[rows.index, "area_um2"])
    # the size of the other cells
    median = own["area_um2"].median()
    assert (rows["area_um2"] < 2.3 * median).all()
    press(dock, ESCAPE)
    assert not dock.adding.mode.on and viewer.cursor.style != "cross"


def test_undo_takes_the_cell_away(viewer, layer, dock, qtbot) -> None:
    before, n = layer.data.copy(), len(layer.features)
    press(dock, INSERT)
    add(viewer, layer, 1, *free_places(before[1], 1)[0])
    wait_until_idle(qtbot, dock)
    assert len(layer.features) == n + 1
    press(dock, Qt.Key.Key_Z, CONTROL)
    wait_until_idle(qtbot, dock)
    np.testing.assert_array_equal(layer.data, before)
    assert len(layer.features) == n


def test_it_survives_another_threshold(viewer, layer, dock, qtbot) -> None:
    place = free_places(layer.data[1], 1)[0]
    press(dock, INSERT)
    add(viewer, layer, 1, *place)
    wait_until_idle(qtbot, dock)
    number = layer.features.set_index("label").loc[layer.data[(1, *place)], "cell"]
    dock.panel.threshold.editor("threshold").setValue(0.85)
    wait_until_idle(qtbot, dock)
    label = layer.data[(1, *place)]
    assert label and layer.features.set_index("label").loc[label, "cell"] == number


def test_what_is_refused(viewer, layer, dock, notifications) -> None:
    before = layer.data.copy()
    press(dock, INSERT)
    row = layer.features.iloc[0]
    add(viewer, layer, row["plane"], row["y"], row["x"])
    add(viewer, layer, 0, -4, 10)
    assert len(notifications) == 2
    assert "already" in notifications[0] and "outside" in notifications[1]
    np.testing.assert_array_equal(layer.data, before)
    # a layer that is hidden gets no cells
    layer.visible = False
    assert not dock.adding.mode.on
    click(dock.panel.adding.button)
    assert not dock.panel.adding.button.isChecked() and len(notifications) == 3


def test_without_results_there_are_no_buttons(dock, notifications) -> None:
    assert dock.panel.adding.isHidden()
    press(dock, INSERT)
    assert not dock.adding.mode.on and notifications == []


def test_a_brush_is_put_away(viewer, layer, dock) -> None:
    viewer.layers.selection.active, layer.mode = layer, "paint"
    press(dock, INSERT)
    assert layer.mode == "pan_zoom"


def test_points_are_one_step_of_undo(viewer, layer, dock, qtbot, notifications) -> None:
    before = layer.data.copy()
    places = free_places(before[0], 3)
    points = viewer.add_points(
        np.array([layer.data_to_world((0, y, x)) for y, x in places])
    )
    click(dock.panel.adding.points)
    assert all(layer.data[0, y, x] for y, x in places) and not points.visible
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    points.data = np.array([[0, np.nan, 3.0]])
    click(dock.panel.adding.points)
    assert "NaN" in notifications[-1]
    points.data = np.array([layer.data_to_world((0, *places[0]))] * 2)
    click(dock.panel.adding.points)
    assert "once" in notifications[-1]
    np.testing.assert_array_equal(layer.data, before)


def test_a_moved_and_scaled_layer(viewer, field, dock, qtbot) -> None:
    transform = {"scale": (2.0, 2.0), "translate": (100, -50), "units": ("um", "um")}
    for name in ("red", "green"):
        viewer.add_image(getattr(field, name)[0], name=name, colormap=name, **transform)
    layer = run(qtbot, dock)
    y, x = free_places(layer.data, 1)[0]
    press(dock, INSERT)
    click_at(viewer, (100 + 2 * y, -50 + 2 * x))
    assert layer.data[y, x] != 0


def test_one_dock_at_a_time(viewer, layer, dock, lab, qtbot) -> None:
    press(dock, INSERT)
    annotate = AnnotateWidget(viewer)
    qtbot.addWidget(annotate)
    annotate.show()
    annotate.open_study(lab.path, "Ann")
    # the study hides the layer of the result
    assert not dock.adding.mode.on
    click(annotate.panel.adding.button)
    assert annotate.adding.mode.on and annotate.session.add_mode is annotate.adding.mode
    layer.visible = True
    click(dock.panel.adding.button)
    assert dock.adding.mode.on and not annotate.adding.mode.on
    assert not annotate.panel.adding.button.isChecked()
    annotate.session.close_study()


def test_a_closed_dock_leaves_no_mode(viewer: ViewerModel, layer, dock, qtbot) -> None:
    n = len(viewer.mouse_drag_callbacks)
    press(dock, INSERT)
    session = dock._session
    assert session.add_mode is not None
    dock.close()
    assert session.add_mode is None and len(viewer.mouse_drag_callbacks) == n


def test_a_dock_that_nobody_holds_is_deleted_in_silence(viewer, qtbot) -> None:
    with qtbot.captureExceptions() as exceptions:
        dock = IdentifyWidget(viewer)
        dock.show()
        # as the garbage collector does before the dock is deleted
        vars(dock.adding.mode._shortcuts).clear()
        vars(dock.adding.mode).clear()
        dock.hide()
        dock.deleteLater()
        del dock
        gc.collect()
        QApplication.processEvents()
    assert exceptions == []
