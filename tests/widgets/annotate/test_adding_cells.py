"""Missed cells are added to a study with clicks, and taken up by other windows."""

from __future__ import annotations

import numpy as np
import pytest
from annotating import canvas_of, cells_of, journal_lines, press
from clicking import click_at, free_places
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget

from napari_cellid.annotation.answer import CellKey
from napari_cellid.io.tables import read_added
from napari_cellid.study.study import Study

INSERT, ESCAPE = Qt.Key.Key_Insert, Qt.Key.Key_Escape
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def dock(annotate):
    return annotate


def settle(qtbot, *docks) -> None:
    for dock in docks:
        qtbot.waitUntil(lambda d=dock: not d.adding.study.queue.busy, timeout=60_000)


def world_of(dock, plane: int, y: float, x: float) -> tuple[float, ...]:
    layer = dock.session._view._layers.outlines.layer
    return tuple(layer.data_to_world((plane, y, x)))


def click(dock, viewer, plane: int, y: float, x: float) -> None:
    click_at(viewer, world_of(dock, plane, y, x))


def added(study: Study, name: str = "a1"):
    return read_added(study.path / "recordings" / name / "added.csv")


def test_insert_clicks_and_escape(dock, viewer, lab, qtbot) -> None:
    first, before = dock.session.cell, len(cells_of(dock.session))
    places = free_places(dock.session.labels[1], 3)
    press(canvas_of(dock), INSERT)
    bar = dock.panel.adding
    assert bar.button.isChecked() and viewer.cursor.style == "cross"
    assert bar.status.text() == "Click the middle of a missed cell; Esc or Insert ends."
    for y, x in places:
        click(dock, viewer, 1, y, x)
        # drawn at once
        outlines = dock.session._view._layers.outlines.layer.data[1]
        assert outlines[y - 8 : y + 9, x - 8 : x + 9].any()
        assert dock.session.labels[1, y, x] != 0
    assert "disc" in bar.status.text()
    settle(qtbot, dock)
    assert len(cells_of(dock.session)) == before + 3
    now = Study.open(lab.path).recording("a1")
    numbers = [now.labels()[1, y, x] for y, x in places]
    assert sorted(numbers) == sorted(set(numbers)) and 0 not in numbers
    np.testing.assert_array_equal(dock.session.labels, now.labels())
    assert added(lab)["added_by"].tolist() == ["Ann"] * 3
    # neither an answer nor another cell to look at
    assert journal_lines(lab) == [] and dock.session.cell == first
    press(canvas_of(dock), ESCAPE)
    assert not bar.button.isChecked() and viewer.cursor.style != "cross"
    assert bar.status.isHidden()


def test_clicks_choose_cells_only_while_the_mode_is_off(dock, viewer, qtbot) -> None:
    session = dock.session
    other = cells_of(session)[4]
    row = session.row(other)
    first = session.cell
    QTest.mouseClick(dock.panel.adding.button, Qt.MouseButton.LeftButton)
    click(dock, viewer, row["plane"], row["y"], row["x"])
    assert session.cell == first
    press(canvas_of(dock), INSERT)
    click(dock, viewer, row["plane"], row["y"], row["x"])
    assert session.cell == other
    y, x = free_places(session.labels[1], 1)[0]
    click(dock, viewer, 1, y, x)
    settle(qtbot, dock)
    assert session.labels[1, y, x] == 0


def test_keys_answer_while_the_mode_is_on(dock, viewer, lab, qtbot) -> None:
    asked = dock.session.cell
    press(canvas_of(dock), INSERT)
    press(canvas_of(dock), Qt.Key.Key_G)
    assert journal_lines(lab) == [("Ann", asked.cell, "glia")]
    assert dock.adding.mode.on


def test_undo_takes_cells_and_answers_back_in_turn(dock, viewer, lab, qtbot) -> None:
    labels, n = dock.session.labels.copy(), len(cells_of(dock.session))
    first, second = free_places(labels[1], 2)
    press(canvas_of(dock), INSERT)
    click(dock, viewer, 1, *first)
    press(canvas_of(dock), Qt.Key.Key_G)
    click(dock, viewer, 1, *second)
    settle(qtbot, dock)
    assert len(cells_of(dock.session)) == n + 2
    press(canvas_of(dock), Qt.Key.Key_Z, CONTROL)
    settle(qtbot, dock)
    assert dock.session.labels[(1, *second)] == 0
    assert dock.session.labels[(1, *first)] != 0
    press(canvas_of(dock), Qt.Key.Key_Z, CONTROL)
    assert [answer for *_, answer in journal_lines(lab)] == ["glia", None]
    press(canvas_of(dock), INSERT)
    # also after the mode
    press(canvas_of(dock), Qt.Key.Key_Z, CONTROL)
    settle(qtbot, dock)
    np.testing.assert_array_equal(dock.session.labels, labels)
    np.testing.assert_array_equal(Study.open(lab.path).recording("a1").labels(), labels)
    assert len(journal_lines(lab)) == 2


def test_undo_while_it_is_being_saved(dock, viewer, lab, qtbot) -> None:
    labels = dock.session.labels.copy()
    press(canvas_of(dock), INSERT)
    click(dock, viewer, 1, *free_places(labels[1], 1)[0])
    press(canvas_of(dock), Qt.Key.Key_Z, CONTROL)
    settle(qtbot, dock)
    np.testing.assert_array_equal(dock.session.labels, labels)
    assert not len(added(lab))


def test_what_is_refused_in_one_sentence(dock, viewer, lab, notifications) -> None:
    row = dock.session.row(cells_of(dock.session)[0])
    press(canvas_of(dock), INSERT)
    before = (lab.path / "recordings" / "a1" / "cells.csv").stat()
    click(dock, viewer, row["plane"], row["y"], row["x"])
    click(dock, viewer, 0, -5, 20)
    click(dock, viewer, 0, 20, 500)
    assert len(notifications) == 3
    assert "already" in notifications[0]
    assert all("outside the image" in text for text in notifications[1:])
    assert (lab.path / "recordings" / "a1" / "cells.csv").stat() == before


def test_not_in_the_3d_view_and_not_without_a_name(
    viewer, lab, make_dock, notifications
) -> None:
    dock = make_dock(viewer)
    assert not dock.panel.adding.isEnabled()
    dock.open_study(lab.path, "Ann")
    viewer.dims.ndisplay = 3
    QTest.mouseClick(dock.panel.adding.button, Qt.MouseButton.LeftButton)
    assert "2D" in notifications[-1] and not dock.panel.adding.button.isChecked()
    dock.session.close_study()


def test_keys_switched_off_leave_insert_to_napari(dock) -> None:
    QTest.mouseClick(dock.panel.keys, Qt.MouseButton.LeftButton)
    press(canvas_of(dock), INSERT)
    assert not dock.adding.mode.on


def test_the_mode_ends_with_the_study_and_the_dock(dock, viewer) -> None:
    press(canvas_of(dock), INSERT)
    dock.hide()
    assert dock.session.add_mode is None
    dock.show()
    press(canvas_of(dock), INSERT)
    dock.close_study()
    assert dock.session.add_mode is None and not dock.panel.adding.button.isChecked()


def test_behind_another_tab_clicks_add_and_choose_nothing(dock, viewer, lab, qtbot):
    """And in front again clicks choose cells; the mode is off."""
    window, session = dock.window(), dock.session
    other = QDockWidget("other", window)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, other)
    window.tabifyDockWidget(dock.parentWidget(), other)
    # the tabs follow when the docks are laid out
    qtbot.wait(300)
    dock.parentWidget().raise_()
    qtbot.waitUntil(lambda: dock.front.in_front)
    press(canvas_of(dock), INSERT)
    assert dock.adding.mode.on
    other.raise_()
    qtbot.waitUntil(lambda: not dock.front.in_front)
    assert not dock.adding.mode.on and not dock.panel.adding.button.isChecked()
    first, cell = session.cell, cells_of(session)[4]
    row = session.row(cell)
    place = world_of(dock, row["plane"], row["y"], row["x"])
    n = len(session.cells())
    click_at(viewer, place)
    click_at(viewer, world_of(dock, 1, *free_places(session.labels[1], 1)[0]))
    assert session.cell == first and len(session.cells()) == n
    # shown and hidden with the window, it is still behind the tab
    window.hide()
    window.show()
    qtbot.wait(100)
    click_at(viewer, place)
    assert session.cell == first
    dock.parentWidget().raise_()
    qtbot.waitUntil(lambda: dock.front.in_front)
    click_at(viewer, place)
    assert session.cell == cell


def test_points_become_cells(dock, viewer, lab, qtbot, notifications) -> None:
    button = dock.panel.adding.points
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "no points layer" in notifications[-1]
    places = free_places(dock.session.labels[1], 3)
    world = [world_of(dock, 1, y, x) for y, x in places]
    # points with a scale of their own, where the screen shows the cells
    scale = (15, 0.5, 0.5)
    points = viewer.add_points(np.array(world) / scale, scale=scale, name="missed")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(qtbot, dock)
    labels = Study.open(lab.path).recording("a1").labels()
    assert all(labels[1, y, x] for y, x in places)
    assert len(added(lab)) == 3 and not points.visible
    # the same points once more
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "already" in notifications[-1]
    points.data = np.zeros((0, 3))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "is empty" in notifications[-1]
    viewer.add_points(np.zeros((1, 2)), name="flat")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert "have no plane" in notifications[-1]
    assert len(added(lab)) == 3


def test_two_windows_add_at_the_same_time(dock, viewer, lab, make_dock, qtbot) -> None:
    other_viewer = ViewerModel()
    other = make_dock(other_viewer)
    other.open_study(lab.path, "Bo")
    places = free_places(dock.session.labels[1], 6)
    dock.adding.mode.start()
    other.adding.mode.start()
    for k, place in enumerate(places):
        click(*((dock, viewer) if k % 2 else (other, other_viewer)), 1, *place)
    settle(qtbot, dock, other)
    for one in (dock, other):
        one.session.look_for_cells()
    labels = Study.open(lab.path).recording("a1").labels()
    assert len({labels[(1, *place)] for place in places} - {0}) == 6
    for one in (dock, other):
        np.testing.assert_array_equal(one.session.labels, labels)
        assert len(cells_of(one.session)) == len(np.unique(labels)) - 1
    people = added(lab)["added_by"].tolist()
    assert sorted(people) == ["Ann"] * 3 + ["Bo"] * 3
    # Bo is asked about the cells that Ann has added, like any other cell
    own = added(lab).query("added_by == 'Ann'")["cell"].tolist()
    queued = {item.cell for item in other.controller._queue._items}
    assert {CellKey("a1", cell) for cell in own} <= queued
    assert other.controller.progress.total == len(cells_of(other.session))
    other.session.close_study()


def test_other_windows_lose_a_cell_that_is_taken_away(
    dock, viewer, lab, make_dock, qtbot
) -> None:
    other = make_dock(ViewerModel())
    other.open_study(lab.path, "Bo")
    place = free_places(dock.session.labels[1], 1)[0]
    dock.adding.mode.start()
    click(dock, viewer, 1, *place)
    settle(qtbot, dock)
    other.session.look_for_cells()
    (number,) = added(lab)["cell"]
    other.session.go_to(CellKey("a1", number))
    dock.undo()
    settle(qtbot, dock)
    other.session.look_for_cells()
    assert other.session.row(CellKey("a1", number)) is None
    assert other.session.cell not in (None, CellKey("a1", number))
    assert other.session.labels[(1, *place)] == 0
    other.session.close_study()


def test_a_cell_that_somebody_answered_stays(
    dock, viewer, lab, make_dock, qtbot, notifications
) -> None:
    other = make_dock(ViewerModel())
    other.open_study(lab.path, "Bo")
    place = free_places(dock.session.labels[1], 1)[0]
    dock.adding.mode.start()
    click(dock, viewer, 1, *place)
    settle(qtbot, dock)
    other.session.look_for_cells()
    (number,) = added(lab)["cell"]
    other.session.go_to(CellKey("a1", number))
    other.answer("glia")
    assert journal_lines(lab) == [("Bo", number, "glia")]
    dock.undo()
    settle(qtbot, dock)
    assert "has an answer already" in notifications[-1]
    assert Study.open(lab.path).recording("a1").labels()[(1, *place)] != 0
    other.session.close_study()


def test_both_windows_click_the_same_cell(
    dock, viewer, lab, make_dock, qtbot, notifications
) -> None:
    other_viewer = ViewerModel()
    other = make_dock(other_viewer)
    other.open_study(lab.path, "Bo")
    place = free_places(dock.session.labels[1], 1)[0]
    for one, its in ((dock, viewer), (other, other_viewer)):
        one.adding.mode.start()
        click(one, its, 1, *place)
    settle(qtbot, dock, other)
    assert len(added(lab)) == 1
    assert "Somebody has added" in notifications[-1]
    labels = Study.open(lab.path).recording("a1").labels()
    np.testing.assert_array_equal(other.session.labels, labels)
    other.session.close_study()


def test_the_other_recording_follows_when_it_is_shown(dock, lab) -> None:
    from napari_cellid.cells.middles import Middle
    from napari_cellid.progress import run_to_end
    from napari_cellid.study.add_middles import add_middles
    from napari_cellid.study.run_models import RunModels

    study = Study.open(lab.path)
    y, x = free_places(study.recording("b2").labels()[0], 1)[0]
    step = add_middles(study, "b2", [Middle(0, y, x)], "Bo", RunModels())
    (number,) = run_to_end(step).numbers
    assert dock.session.row(CellKey("b2", number)) is None
    dock.session.show_recording("b2")
    row = dock.session.row(CellKey("b2", number))
    assert dock.session.labels[0, y, x] == row["label"]
