"""Results of channels that the user chose open again with their images."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from driving import click, drop, run
from napari.components import ViewerModel
from napari.layers._source import layer_source
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_cellid.widgets.identify.widget import IdentifyWidget

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.simulation.field import SimulatedField

PIXEL_UM = 1.17


@pytest.fixture
def planes(field: SimulatedField) -> Any:
    """The first plane, green before red: (channel, y, x)."""
    return np.stack([field.green[0], field.red[0]]).astype(np.uint16)


def choose_second_as_red(dock: IdentifyWidget) -> None:
    for colour, downs in (("red", 2), ("green", 1)):
        QTest.keyClick(dock.panel.channels.boxes[colour], Qt.Key.Key_Home)
        for _ in range(downs):
            QTest.keyClick(dock.panel.channels.boxes[colour], Qt.Key.Key_Down)
        QTest.keyClick(dock.panel.channels.boxes[colour], Qt.Key.Key_Return)


def save(qtbot: Any, dock: IdentifyWidget, folder: Path, monkeypatch: Any) -> Path:
    """Identify the cells, and press Save; gives the folder of the results."""
    run(qtbot, dock)
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: str(folder)
    )
    click(dock.panel.save_button)
    saved = folder / "m1"
    qtbot.waitUntil(lambda: (saved / "run.json").exists(), timeout=60_000)
    return saved


def opened_again(folder: Path, monkeypatch: Any) -> ViewerModel:
    """A viewer on which the folder of results was dropped."""
    from napari_cellid.widgets.folder_reader import get_reader

    again = ViewerModel()
    monkeypatch.setattr("napari.current_viewer", lambda: again)
    reader = get_reader(str(folder))
    assert reader is not None
    reader(str(folder))
    return again


def test_a_file_that_does_not_name_its_channels(
    qtbot: Any,
    dock: IdentifyWidget,
    viewer: Any,
    planes: Any,
    tmp_path: Path,
    monkeypatch: Any,
    notifications: list[str],
) -> None:
    path = tmp_path / "m1.tif"
    tifffile.imwrite(
        path,
        planes,
        imagej=True,
        resolution=(1 / PIXEL_UM, 1 / PIXEL_UM),
        metadata={"axes": "CYX", "unit": "um"},
    )
    drop(viewer, path)
    assert "choose them in the Identify dock" in notifications[-1]
    choose_second_as_red(dock)
    saved = save(qtbot, dock, tmp_path, monkeypatch)
    record = json.loads((saved / "run.json").read_text(encoding="utf-8"))
    assert record["read_as"] == {"red_channel": 1, "green_channel": 0}
    # they have been chosen, so nobody is asked to choose any more
    assert not [note for note in record["notes"] if "choose" in note]
    again = opened_again(saved, monkeypatch)
    assert [layer.name for layer in again.layers] == ["red", "green", "m1 cells"]
    np.testing.assert_allclose(np.squeeze(again.layers["red"].data), planes[1])


def test_a_file_that_does_not_name_its_axes(
    qtbot: Any,
    dock: IdentifyWidget,
    viewer: Any,
    planes: Any,
    tmp_path: Path,
    monkeypatch: Any,
) -> None:
    path = tmp_path / "m1.tif"
    tifffile.imwrite(path, planes, photometric="minisblack")
    # as napari's own reader opens it
    with layer_source(path=str(path), reader_plugin="napari"):
        viewer.add_image(planes, name="m1")
    # the last entry: channels
    QTest.keyClick(dock.panel.channels.axes.first, Qt.Key.Key_End)
    choose_second_as_red(dock)
    dock.panel.channels.pixel_size.spin.setValue(PIXEL_UM)
    saved = save(qtbot, dock, tmp_path, monkeypatch)
    again = opened_again(saved, monkeypatch)
    assert [layer.name for layer in again.layers] == ["red", "green", "m1 cells"]
    np.testing.assert_allclose(np.squeeze(again.layers["green"].data), planes[0])
