"""Annotating in napari's real window; run by `test_annotate_window.py`."""

from __future__ import annotations

import numpy as np
import pytest
from annotating import cells_of, identify_result, journal_lines, show_result
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDockWidget, QLineEdit

from napari_cellid.widgets.annotate.open_study import add_study_docks
from napari_cellid.widgets.session.session import session_of

LEFT, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier
E, G = Qt.Key.Key_E, Qt.Key.Key_G
LAYERS = {
    "image": lambda v: v.add_image(np.zeros((2, 9, 9))),
    "labels": lambda v: v.add_labels(np.zeros((2, 9, 9), int)),
    "points": lambda v: v.add_points(np.zeros((1, 3))),
    "shapes": lambda v: v.add_shapes([np.eye(3) * 5], shape_type="polygon"),
    "vectors": lambda v: v.add_vectors(np.zeros((1, 2, 3))),
    "tracks": lambda v: v.add_tracks(np.array([[1, 0, 1, 1], [1, 1, 2, 2]])),
    "surface": lambda v: v.add_surface((np.eye(3) * 5, np.array([[0, 1, 2]]))),
}


@pytest.fixture
def study(lab):
    return lab


@pytest.fixture
def window(make_napari_viewer, study, qtbot):
    """A viewer on the study, as the command line opens it."""
    viewer = make_napari_viewer(show=True)
    widget = add_study_docks(viewer, study.path, "Ann")
    qtbot.wait(100)
    yield viewer, widget
    session_of(viewer).close_study()


def canvas_of(viewer):
    return viewer.window._qt_viewer.canvas.native


def type_into(window, key, held=Qt.KeyboardModifier.NoModifier):
    """Type as the keyboard does: to the window, which knows where the focus is."""
    QApplication.setActiveWindow(window)
    QTest.keyClick(window.windowHandle(), key, held)
    QApplication.processEvents()


def test_annotate_is_in_front(window):
    _, widget = window
    assert widget.session.annotator == "Ann"
    assert widget.mapTo(widget.window(), QPoint()).x() > 0
    assert widget.shortcuts.active


@pytest.mark.parametrize("kind", LAYERS)
def test_keys_work_whichever_layer_is_active(window, study, kind):
    viewer, _ = window
    layer = LAYERS[kind](viewer)
    viewer.layers.selection.active = layer
    mode = getattr(layer, "mode", None)
    main = viewer.window._qt_window
    canvas_of(viewer).setFocus()
    type_into(main, E)
    type_into(main, Qt.Key.Key_Right)
    type_into(main, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert getattr(layer, "mode", None) == mode
    assert [answer for *_, answer in journal_lines(study)] == ["excitatory", None]


def test_keys_work_from_the_layer_list(window, study):
    viewer, _ = window
    layers = viewer.window._qt_viewer.layers
    layers.setFocus()
    n = len(viewer.layers)
    type_into(viewer.window._qt_window, E)
    type_into(viewer.window._qt_window, Qt.Key.Key_Backspace)
    assert len(journal_lines(study)) == 2
    assert len(viewer.layers) == n


def test_keys_leave_text_alone(window, study):
    viewer, widget = window
    line = widget.panel.name.line
    line.setFocus()
    type_into(viewer.window._qt_window, E)
    assert line.text() in ("Anne", "e")
    field = viewer.window._qt_window.findChildren(QLineEdit)[0]
    field.setFocus()
    type_into(viewer.window._qt_window, E)
    assert journal_lines(study) == []


def test_switched_off_napari_has_its_keys(window, study):
    viewer, widget = window
    labels = viewer.add_labels(np.zeros((2, 9, 9), int))
    canvas_of(viewer).setFocus()
    widget.panel.keys.click()
    type_into(viewer.window._qt_window, Qt.Key.Key_1)
    assert labels.mode == "erase"
    assert journal_lines(study) == []


def test_click_in_the_image(window, study, qtbot):
    viewer, widget = window
    session, canvas = widget.session, canvas_of(viewer)
    first, other = session.cell, cells_of(session)[4]
    session.go_to(other)
    session.go_to(first, centre=False)
    qtbot.wait(100)
    middle = canvas.rect().center()
    QTest.mouseClick(canvas, LEFT, Qt.KeyboardModifier.NoModifier, middle)
    assert session.cell == other
    type_into(viewer.window._qt_window, G)
    assert journal_lines(study) == [("Ann", other.cell, "glia")]


def test_behind_another_tab_clicks_are_not_for_the_dock(window, study, qtbot):
    viewer, widget = window
    session, canvas = widget.session, canvas_of(viewer)
    first, other = session.cell, cells_of(session)[4]
    session.go_to(other)
    session.go_to(first, centre=False)
    docks = {
        dock.windowTitle(): dock
        for dock in viewer.window._qt_window.findChildren(QDockWidget)
    }
    docks["Agreement"].raise_()
    qtbot.wait(200)
    QTest.mouseClick(canvas, LEFT, Qt.KeyboardModifier.NoModifier)
    assert session.cell == first
    docks["Annotate cells"].raise_()
    qtbot.wait(200)
    QTest.mouseClick(canvas, LEFT, Qt.KeyboardModifier.NoModifier)
    assert session.cell == other


def test_frame_in_the_image(window, study, qtbot):
    viewer, widget = window
    session, canvas = widget.session, canvas_of(viewer)
    session.go_to(cells_of(session)[4])
    qtbot.wait(100)
    before = viewer.scene.camera.center
    middle, reach = canvas.rect().center(), QPoint(60, 60)
    QTest.mousePress(canvas, LEFT, SHIFT, middle - reach)
    for step in range(-5, 7):
        QTest.mouseMove(canvas, middle + reach * step / 6)
        qtbot.wait(5)
    QTest.mouseRelease(canvas, LEFT, SHIFT, middle + reach)
    assert cells_of(session)[4] in session.selected
    assert viewer.scene.camera.center == before
    n = len(session.selected)
    type_into(viewer.window._qt_window, G)
    assert len(journal_lines(study)) == n


def test_closed_dock_gives_everything_back(window, study, qtbot):
    viewer, widget = window
    n = len(viewer.mouse_drag_callbacks)
    viewer.window.remove_dock_widget(widget)
    assert not widget.shortcuts.active
    assert len(viewer.mouse_drag_callbacks) == n - 1
    labels = viewer.add_labels(np.zeros((2, 9, 9), int))
    canvas_of(viewer).setFocus()
    type_into(viewer.window._qt_window, Qt.Key.Key_1)
    type_into(viewer.window._qt_window, E)
    assert labels.mode == "erase" and journal_lines(study) == []
    # and comes back from the menu, with the same person at the same place
    _, again = viewer.window.add_plugin_dock_widget("napari-cellid", "Annotate cells")
    qtbot.waitUntil(lambda: again.session.annotator == "Ann")
    # napari lays the window out anew, and the window is not active meanwhile
    qtbot.wait(1500)
    canvas_of(viewer).setFocus()
    type_into(viewer.window._qt_window, E)
    assert len(journal_lines(study)) == 1


def test_second_viewer_is_independent(window, study, make_napari_viewer, qtbot):
    viewer, widget = window
    other = make_napari_viewer(show=True)
    theirs = add_study_docks(other, study.path, "Bo")
    qtbot.wait(50)
    canvas_of(other).setFocus()
    type_into(other.window._qt_window, G)
    assert [who for who, *_ in journal_lines(study)] == ["Bo"]
    assert widget.session.own_answers == {}
    canvas_of(viewer).setFocus()
    type_into(viewer.window._qt_window, E)
    assert {who for who, *_ in journal_lines(study)} == {"Ann", "Bo"}
    assert len(theirs.session.own_answers) == 1
    theirs.session.close_study()


def test_layers_of_identify_step_back_while_blind(make_napari_viewer, study, qtbot):
    viewer = make_napari_viewer(show=True)
    show_result(viewer, identify_result(study))
    widget = add_study_docks(viewer, study.path, "Ann")
    qtbot.wait(50)
    assert not viewer.layers["a1 cells"].visible
    # its images are those of the study
    assert viewer.layers["raw red"].visible and "a1 red" not in viewer.layers
    # a tooltip of napari, and its status bar, tell of the layer below the mouse
    row = widget.session.row(widget.session.cell)
    layer = viewer.layers["a1 classes"]
    place = layer.data_to_world((row["plane"], row["y"], row["x"]))
    for one in viewer.layers:
        if one.visible:
            status = one.get_status(place, world=True)
            assert row["predicted"] not in str(status)
    widget.session.close_study()
    assert viewer.layers["a1 cells"].visible and viewer.layers["raw red"].visible
