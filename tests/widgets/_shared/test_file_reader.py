"""Files dropped on napari: their layers, and what the Identify dock makes of them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from napari.layers import Layer

from napari_cellid.widgets._shared import file_reader
from napari_cellid.widgets._shared.channels import (
    Channels,
    recording_from_layers,
)
from napari_cellid.widgets._shared.file_reader import get_reader
from napari_cellid.widgets._shared.layer_pixel_size import layer_pixel_size
from napari_cellid.widgets.identify.infer_channels import (
    infer_first_axis,
    infer_red_and_green,
)

sys.path.append(str(Path(__file__).parents[2] / "io"))
from prairie_files import PrairieFolder

DATA = np.random.default_rng(0).integers(0, 900, (1, 4, 2, 40, 48)).astype(np.uint16)


@pytest.fixture
def said(monkeypatch):
    said = {"info": [], "error": []}
    for kind in said:
        monkeypatch.setattr(file_reader, f"show_{kind}", said[kind].append)
    return said


@pytest.mark.parametrize(
    ("kind", "axis"), [("ZSeries", "planes"), ("TSeries Timed Element", "time")]
)
@pytest.mark.parametrize("name", ["mouse", "tdTomato mouse 3"])
def test_the_dock_needs_no_further_word(tmp_path, said, kind, axis, name):
    folder = PrairieFolder(kind=kind).write(tmp_path / name, DATA)
    opened = get_reader(str(folder))(str(folder))
    layers = [Layer.create(*layer) for layer in opened]
    channels = infer_red_and_green(layers)
    assert [channels["red"], channels["green"]] == layers
    assert infer_first_axis(layers[0]) == (axis, False)
    assert layer_pixel_size(layers[0]) == pytest.approx(1.17)
    recording = recording_from_layers(Channels(*layers, axis, 1.17))
    images = recording.red[0] if axis == "planes" else recording.red[:, 0]
    np.testing.assert_array_equal(images.compute(), DATA[0, :, 0])
    assert "4 planes" in recording.notes[0] or "4 time points" in recording.notes[0]
    for notes in (said["info"][0], " ".join(recording.notes)):
        assert "Ch1 as red and Ch2 as green" in notes


def test_what_is_wrong_is_said_and_nothing_is_opened(tmp_path, said):
    lost = {"Z_Cycle00001_Ch1_000002.ome.tif"}
    folder = PrairieFolder(leave_out=lost).write(tmp_path / "Z", DATA)
    assert get_reader(str(folder))(str(folder)) == [(None,)]
    assert "000002" in said["error"][0]


def test_stacks_and_other_files_are_left_to_napari(tmp_path):
    path = tmp_path / "a.tif"
    path.write_text("not at all")
    assert get_reader(str(path)) is None
    assert get_reader([str(path)]) is None
