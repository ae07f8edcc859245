"""The dock as a user meets it: buttons, sliders, brushes, notifications."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from driving import click, open_dock, run, wait_until_idle
from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_cellid.colours import class_colours
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.widgets.identify import tasks as run_module
from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    from pathlib import Path

CLASSES = ("excitatory", "inhibitory", "glia")


def test_run_gives_outlined_coloured_cells(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    assert isinstance(layer, Labels)
    assert layer.name == "a17 cells"
    assert layer.data.shape == channels[0].data.shape
    np.testing.assert_allclose(layer.scale, channels[0].scale)
    assert layer.units == channels[0].units
    table = layer.features
    assert list(table["index"]) == list(table["label"])
    assert set(table["label"]) == set(np.unique(layer.data)) - {0}
    assert set(table["predicted"]) <= set(CLASSES)
    first = table.iloc[0]
    colour = class_colours(CLASSES)[first["predicted"]]
    shown = layer.colormap.map(int(first["label"]))
    np.testing.assert_allclose(
        shown[:3], [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)], atol=0.01
    )
    probability = viewer.layers["a17 cell probability"]
    assert not probability.visible
    assert f"all cells {len(table)}" in dock.panel._counts.text()
    assert dock.panel.run_button.text() == "Identify cells"


def test_second_run_takes_the_place_of_the_first(viewer, channels, dock, qtbot):
    run(qtbot, dock)
    run(qtbot, dock)
    assert [type(layer) for layer in viewer.layers] == [Image, Image, Image, Labels]


def test_second_run_keeps_cells_changed_by_hand(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    layer.fill((0, 2, 2), int(layer.data.max()) + 1)
    wait_until_idle(qtbot, dock)
    again = run(qtbot, dock)
    assert layer in viewer.layers
    assert not layer.visible
    assert again is not layer


def test_another_recording_of_the_same_name_removes_nothing(
    viewer, channels, dock, qtbot
):
    first = run(qtbot, dock)
    cells = result_of(first).labelled.cells
    before = first.data.copy()
    probability = viewer.layers["a17 cell probability"]
    for layer in channels:
        layer.data = np.ascontiguousarray(layer.data[:, ::-1])
    second = run(qtbot, dock)
    assert {first, second, probability} <= set(viewer.layers)
    assert (first.visible, second.visible) == (False, True)
    np.testing.assert_array_equal(first.data, before)
    assert result_of(first).labelled.cells is cells
    # the same images once more: their result takes the place of the second
    third = run(qtbot, dock)
    assert {first, third} <= set(viewer.layers) and second not in viewer.layers
    assert sum("probability" in layer.name for layer in viewer.layers) == 2


def test_one_channel_is_outlined_only(viewer, channels, dock, qtbot):
    viewer.layers.remove(channels[0])
    layer = run(qtbot, dock)
    assert set(layer.features["predicted"]) == {""}
    assert "not classified" in dock.panel._counts.text()


def test_cancel_leaves_no_layer_and_gives_the_button_back(
    viewer, channels, dock, qtbot, monkeypatch
):
    def endless(*_):
        while True:
            yield Progress("Waiting", 0, 1)

    monkeypatch.setattr(run_module, "identify_cells", endless)
    click(dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel._status.text() == "Waiting")
    assert dock.panel.run_button.text() == "Cancel"
    click(dock.panel.run_button)
    qtbot.waitUntil(lambda: not dock.worker.busy)
    assert dock.panel.run_button.text() == "Identify cells"
    assert dock.panel.channels.isEnabled()
    assert len(viewer.layers) == 2


@pytest.mark.parametrize(
    ("error", "message"),
    [(InputError("The red channel is 0 everywhere; …"), "The red channel is 0")],
)
def test_input_error_is_one_notification(
    viewer, channels, dock, qtbot, monkeypatch, notifications, error, message
):
    def refusing(*_):
        yield Progress("Averaging frames", 0, 1)
        raise error

    monkeypatch.setattr(run_module, "identify_cells", refusing)
    click(dock.panel.run_button)
    wait_until_idle(qtbot, dock)
    assert len(notifications) == 1
    assert notifications[0].startswith(message)
    assert len(viewer.layers) == 2
    assert dock.panel.run_button.text() == "Identify cells"


def test_a_channel_that_is_empty_is_told(viewer, channels, dock, qtbot, notifications):
    channels[0].data = np.zeros_like(channels[0].data)
    click(dock.panel.run_button)
    wait_until_idle(qtbot, dock)
    assert {"red", "a17", "0"} <= set(notifications[0].split())


def test_without_pixel_size_the_user_is_asked(
    viewer, field, dock, qtbot, notifications
):
    viewer.add_image(field.green[0], name="GCaMP")
    click(dock.panel.run_button)
    assert "type the pixel size in" in notifications[0]
    assert not dock.worker.busy
    spin = dock.panel.channels.pixel_size.spin
    assert dock.focusWidget() is spin
    QTest.keyClicks(spin.lineEdit(), "1.17")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    assert dock.panel.channels.value().pixel_size_um == pytest.approx(1.17)
    layer = run(qtbot, dock)
    assert layer.data.ndim == 2
    assert result_of(layer).run_result.run["pixel_size_source"] == "given"


def test_rgb_picture_is_refused(viewer, dock, qtbot, notifications):
    viewer.add_image(np.zeros((64, 64, 3), np.uint8), name="GCaMP", scale=(1.1, 1.1))
    click(dock.panel.run_button)
    assert "colour picture" in notifications[0]
    assert "Split RGB" in notifications[0]


def test_no_image_is_told(viewer, dock, notifications):
    click(dock.panel.run_button)
    assert "Neither a red nor a green channel is chosen" in notifications[0]


def test_time_series_gives_labels_that_show_at_all_times(viewer, field, dock, qtbot):
    scale = (1, 1.17, 1.17)
    movie = np.repeat(field.green[:1], 50, 0)
    viewer.add_image(movie, name="GCaMP", scale=scale, units=("s", "um", "um"))
    viewer.add_image(field.red[0], name="mCherry", scale=(1.17, 1.17), units="um")
    assert dock.panel.channels.value().first_axis == "time"
    layer = run(qtbot, dock)
    assert layer.data.shape == movie.shape[1:]
    label = int(layer.features["label"].iloc[0])
    y, x = np.argwhere(layer.data == label)[0]
    for time in (0, 40):
        viewer.dims.set_current_step(0, time)
        assert layer.get_value((time, y * 1.17, x * 1.17), world=True) == label


def test_a_movie_gives_way_to_its_mean(viewer, field, dock, qtbot):
    movie = np.stack([field.green[0], field.green[1]] * 25).astype(np.float32)
    viewer.add_image(
        movie, name="GCaMP", scale=(1, 1.17, 1.17), units=("s", "um", "um")
    )
    viewer.add_image(field.red[0], name="mCherry", scale=(1.17, 1.17), units="um")
    for _ in range(2):
        run(qtbot, dock)
        names = [layer.name for layer in viewer.layers]
        assert names.count("GCaMP (mean)") == 1
        assert "mCherry (mean)" not in names
        mean = viewer.layers["GCaMP (mean)"]
        np.testing.assert_allclose(mean.data, movie.mean(0), rtol=1e-6)
        assert mean.visible and not viewer.layers["GCaMP"].visible
        assert viewer.layers["mCherry"].visible
        assert dock.panel.channels.value().green.name == "GCaMP"


def test_two_recordings_in_one_viewer(viewer, channels, dock, qtbot, field):
    first = run(qtbot, dock)
    place = {"scale": (15, 1.17, 1.17), "units": ("um", "um", "um")}
    red = viewer.add_image(field.red, name="b2 mCherry", **place)
    green = viewer.add_image(field.green[:, ::-1], name="b2 GCaMP", **place)
    dock.panel.channels.choose("red", red)
    dock.panel.channels.choose("green", green)
    second = run(qtbot, dock)
    assert second.name == "b2 cells"
    assert dock.panel._result_box.title() == "Cells of b2"
    viewer.layers.selection.active = first
    assert dock.panel._result_box.title() == "Cells of a17"
    rows = first.features.copy()
    set_threshold(dock, 0.4)
    wait_until_idle(qtbot, dock)
    assert result_of(first).config.segment.threshold == pytest.approx(0.4)
    assert result_of(second).config.segment.threshold == pytest.approx(0.7)
    assert len(first.features) != len(rows)


def test_deleting_the_result_layer_breaks_nothing(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    set_threshold(dock, 0.5)
    viewer.layers.remove(layer)
    set_threshold(dock, 0.6)
    wait_until_idle(qtbot, dock)
    assert not dock.panel._result_box.isVisible()
    assert not dock.panel.save_button.isEnabled()
    run(qtbot, dock)


def test_closing_the_dock_during_a_run_breaks_nothing(
    viewer, channels, dock, qtbot, monkeypatch
):
    def long(*_):
        while True:
            yield Progress("Waiting", 0, 1)

    monkeypatch.setattr(run_module, "identify_cells", long)
    click(dock.panel.run_button)
    qtbot.waitUntil(lambda: dock.panel._status.text() == "Waiting")
    worker = dock.worker._running.worker
    with qtbot.waitSignal(worker.finished):
        dock.close()
        dock.deleteLater()
    viewer.add_image(np.zeros((64, 64)), name="later")
    assert len(viewer.layers) == 3


def test_a_new_dock_takes_over_the_results(
    viewer, channels, dock, qtbot, segmenter_folder, classifier_folder
):
    layer = run(qtbot, dock)
    dock.close()
    dock.deleteLater()
    qtbot.wait(50)
    again = open_dock(viewer, segmenter_folder, classifier_folder)
    assert again.current.layer is layer
    set_threshold(again, 0.5)
    wait_until_idle(qtbot, again)
    assert result_of(layer).config.segment.threshold == pytest.approx(0.5)


def test_save_writes_the_four_files(
    viewer, channels, dock, qtbot, monkeypatch, tmp_path: Path
):
    layer = run(qtbot, dock)
    label = int(layer.features["label"].iloc[-1])
    layer.data[layer.data == label] = 0
    layer.refresh()
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path)
    )
    # at once, before the change was taken in
    click(dock.panel.save_button)
    wait_until_idle(qtbot, dock)
    folder = tmp_path / "a17"
    qtbot.waitUntil(lambda: (folder / "run.json").exists(), timeout=20_000)
    assert {path.name for path in folder.iterdir()} == {
        "labels.tif", "cells.csv", "overlay.png", "run.json",
    }  # fmt: skip
    labels = tifffile.imread(folder / "labels.tif")
    table = pd.read_csv(folder / "cells.csv")
    assert set(table["label"]) == set(np.unique(labels)) - {0}
    assert label not in set(table["label"])
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert record["changed_by_hand"] == {"cells_drawn": 0, "cells_erased": True}


def test_save_asks_before_it_replaces(
    viewer, channels, dock, qtbot, monkeypatch, tmp_path: Path
):
    run(qtbot, dock)
    (tmp_path / "a17").mkdir()
    (tmp_path / "a17" / "cells.csv").write_text("mine")
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: str(tmp_path)
    )
    monkeypatch.setattr(
        QMessageBox, "question", lambda *_, **__: QMessageBox.StandardButton.No
    )
    click(dock.panel.save_button)
    wait_until_idle(qtbot, dock)
    assert (tmp_path / "a17" / "cells.csv").read_text() == "mine"


def test_opening_the_dock_does_not_import_torch():
    script = (
        "import os, sys\n"
        "from napari.components import ViewerModel\n"
        "from qtpy.QtWidgets import QApplication\n"
        "app = QApplication([])\n"
        "from napari_cellid.widgets.identify.widget import IdentifyWidget\n"
        "widget = IdentifyWidget(ViewerModel())\n"
        "widget.show()\n"
        "app.processEvents()\n"
        "assert 'torch' not in sys.modules\n"
        # PyQt can crash when it deletes at exit what is still shown
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)


def set_threshold(dock: Any, value: float) -> None:
    dock.panel.threshold.editor("threshold").setValue(value)
