"""The Cell table lists, filters and sorts cells, and is linked with the image."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from annotating import cells_of, identify_result, journal_lines, press, show_result
from clicking import click_at
from qtpy.QtCore import QItemSelectionModel, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QMainWindow, QScrollArea

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import CellKey
from napari_cellid.cells.cell_filter import (
    CellFilter,
    matching_cells,
    sorted_rows,
    with_categories,
)
from napari_cellid.study.study import Study
from napari_cellid.widgets.cell_table import CellTableWidget
from napari_cellid.widgets.cell_table import answering as answering_module
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.session import session_of

CELLS = pd.DataFrame(
    {
        "cell": [1, 2, 3, 4],
        "predicted": ["glia", "", "inhibitory", "glia"],
        "confidence": [0.5, np.nan, 0.9, 0.7],
    }
)


@pytest.fixture
def table(viewer: Any, qtbot: Any) -> Any:
    widget = CellTableWidget(viewer)
    qtbot.addWidget(widget)
    widget.resize(440, 700)
    widget.show()
    yield widget
    widget.session.close_study()


@pytest.fixture
def result(viewer: Any, table: Any, lab: Study, qtbot: Any) -> Any:
    """A result of Identify of cells of a1, of a recording that no study has."""
    identified = identify_result(lab)
    planes = replace(identified.planes, name="a17")
    run = {**identified.run, "recording": "a17"}
    shown = show_result(viewer, replace(identified, planes=planes, run=run))
    wait_until_listed(qtbot, table)
    return shown


def wait_until_listed(qtbot: Any, table: Any) -> None:
    qtbot.waitUntil(
        lambda: (
            not table._stale and not any(timer.isActive() for timer in table._timers)
        )
    )


def tick(qtbot: Any, table: Any, name: str) -> None:
    table.panel.filters.predicted.boxes[name].click()
    wait_until_listed(qtbot, table)


def texts(table: Any, column: int) -> list[str]:
    model = table.panel.model
    return [model.index(row, column).data() for row in range(model.rowCount())]


def select(table: Any, *rows: int) -> None:
    flag = QItemSelectionModel.SelectionFlag
    model, selection = table.panel.model, table.panel.view.selectionModel()
    selection.clearSelection()
    for row in rows:
        selection.select(model.index(row, 0), flag.Select | flag.Rows)


def place_of(layer: Any, cell: pd.Series) -> np.ndarray:
    inside = np.argwhere(layer.data == cell["label"])
    return layer.data_to_world(inside[len(inside) // 2])


def test_filters_hide_values_and_ranges() -> None:
    def listed(**changes: Any) -> list[int]:
        return np.flatnonzero(matching_cells(CELLS, CellFilter(**changes))).tolist()

    assert listed() == [0, 1, 2, 3]
    assert listed(hidden={"predicted": frozenset({"glia"})}) == [1, 2]
    # without a number no cell is in a range
    assert listed(ranges={"confidence": (0.5, 0.7)}) == [0, 3]
    assert listed(ranges={"confidence": (-np.inf, np.inf)}) == [0, 2, 3]
    assert listed(ranges={"no such column": (0, 1)}) == [0, 1, 2, 3]


@pytest.mark.parametrize("column", ["confidence", "predicted"])
@pytest.mark.parametrize("descending", [False, True])
def test_missing_values_sort_last(column: str, descending: bool) -> None:
    cells = with_categories(CELLS, ["predicted"])
    rows = sorted_rows(cells, np.arange(4), column, descending=descending)
    first = {("confidence", False): [0, 3, 2], ("confidence", True): [2, 3, 0]}
    by_name = [2, 0, 3] if descending else [0, 3, 2]
    assert rows.tolist() == [*first.get((column, descending), by_name), 1]


def test_an_empty_table_says_what_to_do(table: Any) -> None:
    assert table.source is None
    assert table.panel._pages.currentIndex() == 1


def test_a_result_is_listed_filtered_and_sorted(
    table: Any, result: Any, qtbot: Any
) -> None:
    cells = result.labelled.cells
    model, view = table.panel.model, table.panel.view
    assert texts(table, 0) == [str(k) for k in cells["cell"]]
    assert [column.title for column in model.columns][:4] == [
        "Cell", "Model", "Conf.", "My answer",
    ]  # fmt: skip
    head = view.horizontalHeader()
    place = head.sectionPosition(4) + 5, head.height() // 2
    for _ in range(2):
        # the first click sorts upwards, the second one downwards
        QTest.mouseClick(
            head.viewport(),
            Qt.MouseButton.LeftButton,
            pos=type(head.viewport().rect().topLeft())(*place),
        )
    areas = cells["area_um2"].sort_values(ascending=False)
    assert texts(table, 4) == [f"{area:.0f}" for area in areas]
    tick(qtbot, table, "excitatory")
    assert set(texts(table, 1)) == {"inhibitory", "glia"}
    n = int((cells["predicted"] != "excitatory").sum())
    assert table.panel.status.text() == f"{n} of {len(cells)} cells"


def test_filters_scroll_only_where_the_dock_has_no_room_for_them(
    table: Any, result: Any, qtbot: Any
) -> None:
    area = table.panel.filters.parentWidget().parentWidget()
    assert isinstance(area, QScrollArea)
    # as the themes of napari have it
    area.setStyleSheet("QScrollArea { border: 3px solid red; }")
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() == 0)
    table.panel.filters.section.toggleButton().click()
    qtbot.waitUntil(lambda: area.height() > 120)
    table.resize(440, 400)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    # what is listed keeps its room
    assert table.panel.view.height() > 40


def test_classes_are_hidden_in_the_image_and_come_back(
    viewer: Any, table: Any, result: Any, qtbot: Any
) -> None:
    layer, cells = result.layer_ref(), result.labelled.cells

    def visible() -> set[int]:
        colours = {k: layer.colormap.map(int(k))[3] for k in cells["label"]}
        return {label for label, alpha in colours.items() if alpha > 0}

    every = set(cells["label"])
    assert visible() == every
    tick(qtbot, table, "excitatory")
    assert visible() == set(cells["label"][cells["predicted"] != "excitatory"])
    table.close()
    assert visible() == every


def test_behind_the_tab_of_another_dock_the_image_is_as_it_was(
    viewer: Any, table: Any, result: Any, qtbot: Any
) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    docks = [QDockWidget(name) for name in ("Cell table", "Identify cells")]
    docks[0].setWidget(table)
    for dock in docks:
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    window.tabifyDockWidget(*docks)
    window.resize(900, 700)
    window.show()
    docks[0].raise_()
    wait_until_listed(qtbot, table)
    layer, cells = result.layer_ref(), result.labelled.cells
    hidden = int(cells["label"][cells["predicted"] == "excitatory"].iloc[0])
    tick(qtbot, table, "excitatory")
    select(table, 0)
    assert layer.colormap.map(hidden)[3] == 0
    assert "chosen cells" in viewer.layers
    docks[1].raise_()
    qtbot.waitUntil(lambda: layer.colormap.map(hidden)[3] > 0)
    assert "chosen cells" not in viewer.layers
    # what happens meanwhile does not bring the filter back
    table.refresh()
    qtbot.wait(100)
    assert layer.colormap.map(hidden)[3] > 0
    docks[0].raise_()
    qtbot.waitUntil(lambda: layer.colormap.map(hidden)[3] == 0)
    # the window would delete it before the fixture ends
    table.setParent(None)


def test_rows_and_cells_in_the_image_are_the_same(
    viewer: Any, table: Any, result: Any
) -> None:
    layer, cells = result.layer_ref(), result.labelled.cells
    row = cells.iloc[7]
    before = tuple(viewer.scene.camera.center)
    select(table, 7)
    # the cell is in the picture, which stays where it is
    assert tuple(viewer.scene.camera.center) == before
    select(table, 6)
    # as napari does when the canvas shows a corner of the image
    layer.corner_pixels = np.array([[0, 0, 0], [layer.data.shape[0], 5, 5]])
    select(table, 7)
    middle = layer.data_to_world(row[["plane", "y", "x"]].to_numpy(float))
    np.testing.assert_allclose(viewer.scene.camera.center[-2:], middle[-2:])
    assert viewer.dims.point[0] == middle[0]
    rings = viewer.layers["chosen cells"]
    np.testing.assert_allclose(rings.data[0], row[["plane", "y", "x"]].astype(float))
    other = cells.iloc[21]
    click_at(viewer, place_of(layer, other))
    assert table.selection.keys() == [CellKey("a17", other["cell"])]
    # beside the cells nothing is selected
    free = np.argwhere(layer.data[0] == 0)[0]
    click_at(viewer, layer.data_to_world((0, *free)))
    assert table.selection.keys() == []
    assert "chosen cells" not in viewer.layers


def test_a_lasso_selects_listed_cells(
    viewer: Any, table: Any, result: Any, qtbot: Any
) -> None:
    tick(qtbot, table, "excitatory")
    cells = result.labelled.cells
    listed = cells[cells["predicted"] != "excitatory"]
    middle = listed["red_contrast"].median()
    inside = listed[listed["red_contrast"] > middle]
    assert 0 < len(inside) < len(listed)
    table.panel.contrasts.choose_within(
        [(middle, -50), (50, -50), (50, 50), (middle, 50)]
    )
    chosen = table.selection.keys()
    assert [key.cell for key in chosen] == inside["cell"].tolist()
    assert len(viewer.layers["chosen cells"].data) == len(inside)


def test_keys_answer_for_cells_that_the_mouse_chose_in_plot_or_image(
    viewer: Any, table: Any, lab: Study, qtbot: Any
) -> None:
    session = session_of(viewer)
    session.open_study(lab.path)
    session.start_annotating("Ann")
    session.show_recording("a1")
    wait_until_listed(qtbot, table)
    view, plot = table.panel.view, table.panel.contrasts
    qtbot.waitUntil(lambda: plot._lasso is not None)
    # drawn once, as before a mouse can point at it
    plot.draw()
    other = table.panel.filters

    def begin_elsewhere() -> None:
        other.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        other.setFocus()
        assert table.focusWidget() is not view

    begin_elsewhere()
    box = plot.figure.axes[0].bbox
    top = plot.height() - int(box.y1 / plot.device_pixel_ratio)
    low = plot.height() - int(box.y0 / plot.device_pixel_ratio)
    left, right = (int(x / plot.device_pixel_ratio) for x in (box.x0, box.x1))
    corners = [(left + 2, top + 2), (right - 2, top + 2), (right - 2, low - 2)]
    corners += [(left + 2, low - 2), (left + 2, top + 4)]
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(*corners[0]))
    for corner in corners[1:]:
        QTest.mouseMove(plot, QPoint(*corner))
        qtbot.wait(20)
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(*corners[-1]))
    assert len(table.selection.keys()) > 1
    assert table.focusWidget() is view
    begin_elsewhere()
    session.show_recording("a1")
    cell = cells_of(session)[4]
    row = session.row(cell)
    outlines = viewer.layers["a1 classes"]
    place = [float(row[axis]) for axis in ("plane", "y", "x")]
    click_at(viewer, outlines.data_to_world(place))
    assert table.selection.keys() == [cell]
    assert table.focusWidget() is view
    QTest.keyClick(table.focusWidget(), Qt.Key.Key_G)
    assert journal_lines(lab) == [("Ann", cell.cell, "glia")]
    wait_until_listed(qtbot, table)
    # two rows of the same classes are told apart
    filters = table.panel.filters
    assert filters.answers_title.isVisibleTo(filters.answers_title.parentWidget())


def test_a_key_straight_after_identify_makes_a_study(
    table: Any, result: Any, qtbot: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    folder = tmp_path / "made on the spot"
    dialog = SimpleNamespace(
        value=lambda: folder,
        who=lambda: "Ann",
        one_answer=SimpleNamespace(isChecked=lambda: True),
    )
    monkeypatch.setattr(answering_module, "ask_where", lambda *_: dialog)
    predicted = list(result.labelled.cells["predicted"])
    select(table, 3, 4)
    press(table.panel.view, Qt.Key.Key_G)
    qtbot.waitUntil(lambda: not table.answers.busy, timeout=60_000)
    wait_until_listed(qtbot, table)
    study, cells = Study.open(folder), result.labelled.cells
    rows = cells.iloc[[3, 4]]
    numbers = rows["cell"].tolist()
    assert journal_lines(study) == [("Ann", number, "glia") for number in numbers]
    # the classes of the model stay what they were, in the study and in the table
    assert list(study.recording("a17").cells()["predicted"]) == predicted
    assert texts(table, 3)[2:6] == ["", "glia", "glia", ""]
    assert texts(table, 1) == [name or "" for name in predicted]
    # the answers say that the model's classes were in view
    assert set(read_annotations(study.annotations).all_answers["shown"]) == {"no model"}
    assert study.config.vote.min_annotators == 1
    assert result_of(result.layer_ref()) is result
    select(table, 3)
    press(table.panel.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait_until_listed(qtbot, table)
    assert texts(table, 3) == [""] * len(predicted)


def test_without_a_place_there_is_no_answer(
    table: Any, result: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(answering_module, "ask_where", lambda *_: None)
    select(table, 3)
    press(table.panel.view, Qt.Key.Key_G)
    assert table.session.study is None
    assert not table.answers.busy


def test_a_study_is_linked_both_ways(
    viewer: Any, table: Any, lab: Study, qtbot: Any
) -> None:
    session = session_of(viewer)
    session.open_study(lab.path)
    session.set_blind(False)
    wait_until_listed(qtbot, table)
    n = len(session.cells())
    assert table.panel.model.rowCount() == n
    assert {"Recording", "Animal"} <= {c.title for c in table.panel.model.columns}
    first, second = cells_of(session, "b2")[:2]
    select(table, table.panel.model.row_of(first))
    assert (session.cell, session.recording.name) == (first, "b2")
    session.go_to(second)
    assert table.selection.keys() == [second]
    layer = viewer.layers["b2 classes"]
    row = session.row(first)
    mask = session.labels == row["label"]
    click_at(viewer, layer.data_to_world(np.argwhere(mask)[0]))
    assert table.selection.keys() == [first]
    # one recording alone
    box = table.panel.filters.places["recording"]
    box.setCurrentIndex(box.findData("a1"))
    box.activated.emit(box.currentIndex())
    wait_until_listed(qtbot, table)
    model = table.panel.model
    assert {model.key(row).recording for row in range(model.rowCount())} == {"a1"}
    # whose outlines are all hidden
    assert not layer.data.any()
    table.hide()
    assert layer.data[mask].any()


def test_blind_people_see_nothing_of_the_model(
    viewer: Any, table: Any, lab: Study, qtbot: Any
) -> None:
    session = session_of(viewer)
    session.open_study(lab.path)
    session.start_annotating("Ann")
    wait_until_listed(qtbot, table)
    assert session.blind
    titles = [column.title for column in table.panel.model.columns]
    assert "Model" not in titles
    assert "Conf." not in titles
    filters = table.panel.filters
    assert not filters.predicted.isVisible()
    assert not filters.predicted.boxes
    assert not filters.ranges.sliders["confidence"].isVisibleTo(filters)
    plotted = table.panel.histograms._cells
    assert set(plotted.values) == {"red_contrast", "green_contrast", "area_um2"}
    assert set(plotted.groups) == {""}
    key = cells_of(session)[2]
    select(table, table.panel.model.row_of(key))
    press(table.panel.view, Qt.Key.Key_I)
    wait_until_listed(qtbot, table)
    assert session.own_answers == {key: "inhibitory"}
    assert read_annotations(lab.annotations).all_answers["shown"].isna().all()
    assert "blind" in table.panel.status.text()


def test_several_docks_leave_a_click_to_the_last_one(
    viewer: Any, annotate: Any, qtbot: Any
) -> None:
    """Otherwise Ctrl+click would select a cell twice, which is not at all."""
    widget = CellTableWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    assert widget.source._mouse._acts
    assert not annotate.mouse._acts
    widget.hide()
    assert annotate.mouse._acts


def test_heads_and_texts_fit_their_columns(
    annotate: Any, table: Any, lab: Study, qtbot: Any
) -> None:
    annotate.session.set_blind(False)
    wait_until_listed(qtbot, table)
    view, model = table.panel.view, table.panel.model
    measure = view.fontMetrics().horizontalAdvance
    for k, column in enumerate(model.columns):
        assert view.columnWidth(k) > measure(f"{column.title} ▾")
        shown = [model.index(row, k).data() or "" for row in range(model.rowCount())]
        icons = 20 if column.name in ("predicted", "answer") else 0
        assert view.columnWidth(k) >= max(map(measure, shown)) + icons


def test_the_plots_are_named_by_what_may_be_seen(
    annotate: Any, table: Any, qtbot: Any
) -> None:
    wait_until_listed(qtbot, table)
    assert annotate.session.blind
    assert table.panel.plots.tabText(1) == "Area"
    annotate.session.set_blind(False)
    wait_until_listed(qtbot, table)
    assert table.panel.plots.tabText(1) == "Confidence and area"
