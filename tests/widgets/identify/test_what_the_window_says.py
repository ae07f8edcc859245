"""Sentences of the dock: why there is nothing, exchanged channels, sizes, models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from driving import click, run, wait_until_idle
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMessageBox

from napari_cellid.cells.channel_order import EXCHANGED_TEXT
from napari_cellid.widgets._shared import torch_import
from napari_cellid.widgets.identify import model_combo
from napari_cellid.widgets.identify.model_combo import ModelCombo
from napari_cellid.widgets.identify.run_times import remember_time, time_text
from napari_cellid.widgets.session.hover_text import class_words
from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    from pathlib import Path


def test_an_outlined_channel_alone_says_why_there_are_no_classes(
    viewer: Any, channels: Any, dock: Any, qtbot: Any
) -> None:
    viewer.layers.remove(channels[0])
    run(qtbot, dock)
    assert "there is no red channel" in dock.panel._missing.text()


def test_no_cells_say_what_may_be_wrong(channels: Any, dock: Any, qtbot: Any) -> None:
    for layer in channels:
        layer.data = np.full(layer.data.shape, 100, np.uint16)
    layer = run(qtbot, dock)
    assert len(layer.features) == 0
    text = dock.panel._missing.text()
    assert "No cell was outlined" in text
    assert "Pixel size: at 1.17 µm" in text
    assert "13 px across" in text
    assert "Channels:" in text


def test_an_unusual_pixel_size_asks(
    channels: Any, dock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def no(_: Any, __: str, text: str, *___: Any) -> Any:
        asked.append(text)
        return QMessageBox.StandardButton.No

    monkeypatch.setattr(QMessageBox, "question", no)
    dock.panel.channels.pixel_size.spin.setValue(0.05)
    click(dock.panel.run_button)
    assert not dock.worker.busy
    (text,) = asked
    assert "0.05 µm" in text and "300 px" in text


def test_swapped_channels_are_swapped_back_with_one_click(
    viewer: Any, channels: Any, dock: Any, qtbot: Any
) -> None:
    red, green = channels
    layer = run(qtbot, dock)
    warning = dock.panel.exchanged
    assert not warning.isVisible()
    shown = result_of(layer)
    planes = shown.run_result.planes
    # as a run says it that suspects them
    object.__setattr__(planes, "notes", (*planes.notes, EXCHANGED_TEXT))
    dock.panel.show_result(shown)
    assert warning.isVisible() and warning.button.isVisible()
    click(warning.button)
    wait_until_idle(qtbot, dock)
    value = dock.panel.channels.value()
    assert (value.red, value.green) == (green, red)
    assert (green.colormap.name, red.colormap.name) == ("red", "green")
    np.testing.assert_array_equal(
        result_of(dock.current.layer).run_result.planes.red, planes.green
    )


def test_a_doubted_pixel_size_is_said_above_the_counts_and_corrected(
    viewer: Any, channels: Any, dock: Any, qtbot: Any
) -> None:
    layer = run(qtbot, dock)
    warning, spin = dock.panel.size_warning, dock.panel.channels.pixel_size.spin
    shown = result_of(layer)
    shown.run_result.run["pixel_size_check"] = {"doubtful": False, "text": ""}
    dock.panel.show_result(shown)
    assert not warning.isVisible()
    doubt = "The pixel size may be wrong: cells have 27 µm."
    # as a run says it that doubts the size
    shown.run_result.run["pixel_size_check"] = {"doubtful": True, "text": doubt}
    planes = shown.run_result.planes
    object.__setattr__(planes, "notes", (*planes.notes, doubt))
    dock.panel.show_result(shown)
    assert warning.isVisible() and warning.line.text() == doubt
    assert doubt not in dock.panel._notes.text()
    click(warning.button)
    assert dock.window().focusWidget() in (spin, spin.lineEdit())
    assert spin.lineEdit().selectedText() == spin.lineEdit().text()
    # what is typed takes the place of the wrong size
    QTest.keyClicks(spin, "0.5")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    assert dock.panel.channels.value().pixel_size_um == pytest.approx(0.5)
    dock.panel.show_result(None)
    assert not warning.isVisible()


def test_the_cell_under_the_mouse_is_named_in_words(
    viewer: Any, channels: Any, dock: Any, qtbot: Any
) -> None:
    layer = run(qtbot, dock)
    row = layer.features.iloc[0]
    where = np.argwhere(layer.data == row["label"])[0]
    position = layer.data_to_world(where)
    status = layer.get_status(position, world=True)
    words = f"{row['predicted']} {row['confidence']:.2f}"
    assert words in status["coordinates"]
    assert "area" not in status["coordinates"]
    # blind annotation takes the column away
    layer.features = layer.features[["index", "label"]]
    assert row["predicted"] not in layer.get_status(position, world=True)["coordinates"]
    assert class_words(layer.features, int(row["label"])) == ""


def test_models_are_named_by_what_they_are_for(
    viewer: Any, channels: Any, dock: Any, qtbot: Any, classifier_folder: Path
) -> None:
    combo = ModelCombo("classify")
    qtbot.addWidget(combo)
    names = [combo.itemText(index) for index in range(combo.count())]
    assert "Inception-v3, as in the paper" in names
    assert "both: best in our figures" in names
    assert not any("one_pass" in name or "inception_v3" in name for name in names)
    run(qtbot, dock)
    result = result_of(dock.current.layer).run_result
    assert time_text("classify", classifier_folder).startswith("300 cells in ")
    n = len(result.cells)
    result.run["seconds"]["classifying"] = 0.05 * n
    remember_time("classify", classifier_folder, result)
    assert time_text("classify", classifier_folder) == "300 cells in 15 s here"
    result.run["seconds"]["classifying"] = 9.7 / 300 * n
    remember_time("classify", classifier_folder, result)
    assert time_text("classify", classifier_folder) == "300 cells in 10 s here"


def test_a_narrow_dock_leaves_the_time_out_and_the_open_list_shows_it(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_combo, "time_text", lambda *_: "300 cells in 38 s here")
    combo = ModelCombo("classify")
    qtbot.addWidget(combo)
    whole = "both: best in our figures, 300 cells in 38 s here"
    assert combo.currentText() == whole and whole in combo.toolTip()
    for width, shown in ((600, whole), (290, "both: best in our figures")):
        combo.resize(width, combo.sizeHint().height())
        combo.show()
        assert combo.shown_text() == shown
    QTest.mouseClick(combo, Qt.MouseButton.LeftButton)
    view = combo.view()
    assert view.viewport().width() >= view.sizeHintForColumn(0)
    combo.hidePopup()


def test_the_import_of_torch_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_import, "_DRAW_S", 0.0)
    monkeypatch.setitem(sys.modules, "torch", sys)
    assert list(torch_import.announce_torch()) == []
    monkeypatch.delitem(sys.modules, "torch")
    (news,) = torch_import.announce_torch()
    assert news.stage == "Loading PyTorch…"
