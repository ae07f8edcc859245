"""Adding cells in napari's real window; run by `test_adding_window.py`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from annotating import identify_result, journal_lines, show_result
from clicking import free_places
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cellid.io.tables import read_added
from napari_cellid.study.study import Study
from napari_cellid.widgets.annotate.open_study import add_study_docks
from napari_cellid.widgets.session.session import session_of

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def viewer(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    yield viewer
    session_of(viewer).close_study()


def type_into(viewer, key, held=NONE) -> None:
    main = viewer.window._qt_window
    QApplication.setActiveWindow(main)
    QTest.keyClick(main.windowHandle(), key, held)
    QApplication.processEvents()


def click_in_canvas(viewer, layer, plane: int, y: float, x: float) -> None:
    """Click where the canvas shows a place of a layer."""
    canvas, camera = viewer.window._qt_viewer.canvas.native, viewer.scene.camera
    viewer.dims.set_point(0, layer.data_to_world((plane, y, x))[0])
    QApplication.processEvents()
    offset = np.subtract(layer.data_to_world((plane, y, x)), camera.center)[-2:]
    down, right = np.round(offset * camera.zoom).astype(int).tolist()
    QTest.mouseClick(canvas, LEFT, NONE, canvas.rect().center() + QPoint(right, down))
    QApplication.processEvents()


def test_in_the_annotate_dock(viewer, lab, qtbot) -> None:
    dock = add_study_docks(viewer, lab.path, "Ann")
    qtbot.wait(700)
    viewer.reset_view()
    qtbot.wait(100)
    layer, session = viewer.layers["a1 classes"], dock.session
    places = free_places(session.labels[1], 2)
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    first = session.cell
    type_into(viewer, Qt.Key.Key_Insert)
    assert dock.panel.adding.button.isChecked()
    assert canvas.cursor().shape() == Qt.CursorShape.CrossCursor
    for place in places:
        click_in_canvas(viewer, layer, 1, *place)
    # a letter is still an answer
    type_into(viewer, Qt.Key.Key_G)
    type_into(viewer, Qt.Key.Key_Escape)
    assert not dock.panel.adding.button.isChecked()
    assert canvas.cursor().shape() != Qt.CursorShape.CrossCursor
    qtbot.waitUntil(lambda: not dock.adding.study.queue.busy, timeout=60_000)
    labels = Study.open(lab.path).recording("a1").labels()
    assert all(labels[(1, *place)] for place in places)
    assert journal_lines(lab) == [("Ann", first.cell, "glia")]
    people = read_added(lab.path / "recordings" / "a1" / "added.csv")
    assert people["added_by"].tolist() == ["Ann", "Ann"]
    # now a click shows the new cell
    click_in_canvas(viewer, layer, 1, *places[0])
    assert session.cell.cell in people["cell"].tolist()


def test_in_the_identify_dock(viewer, lab, qtbot) -> None:
    _, dock = viewer.window.add_plugin_dock_widget("napari-cellid", "Identify cells")
    result = identify_result(lab)
    show_result(viewer, replace(result, run=result.run | {"device": "CPU, fp32"}))
    layer = viewer.layers["a1 cells"]
    qtbot.wait(300)
    viewer.reset_view()
    before = layer.data.copy()
    places = free_places(before[1], 2)
    viewer.window._qt_viewer.canvas.native.setFocus()
    type_into(viewer, Qt.Key.Key_Insert)
    for place in places:
        click_in_canvas(viewer, layer, 1, *place)
    assert all(layer.data[(1, *place)] for place in places)
    type_into(viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert layer.data[(1, *places[0])] and not layer.data[(1, *places[1])]
    type_into(viewer, Qt.Key.Key_Insert)
    assert not dock.panel.adding.button.isChecked()
    # and napari's own undo after the mode
    viewer.layers.selection.active = layer
    type_into(viewer, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(layer.data, before)
