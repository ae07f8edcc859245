"""Files and folders as layers for napari."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from prairie_files import PrairieFolder

from napari_cellid.errors import InputError
from napari_cellid.io.napari_layers import layers_of, reader_for_napari
from suite2p_folder import roi, write_plane

SHAPE = (32, 40)


def layers(path):
    return layers_of(reader_for_napari(path), path)


def test_a_prairieview_folder_is_a_red_and_a_green_layer(tmp_path):
    data = np.arange(3 * 2 * 32 * 40, dtype=np.uint16).reshape(1, 3, 2, *SHAPE)
    folder = PrairieFolder().write(tmp_path / "Z", data)
    (red, green), notes = layers(folder)
    assert [red[1]["name"], green[1]["name"]] == ["Z red (Ch1)", "Z green (Ch2)"]
    assert [red[1]["colormap"], green[1]["colormap"]] == ["red", "green"]
    for (array, attributes, kind), channel in ((red, 0), (green, 1)):
        assert kind == "image"
        np.testing.assert_array_equal(array.compute(), data[0, :, channel])
        assert attributes["scale"] == (5, 1.17, 1.17)
        assert attributes["units"] == ("um", "um", "um")
        assert attributes["axis_labels"] == ("plane", "y", "x")
    assert "Ch1 as red and Ch2 as green" in notes[-1]


def test_a_time_series_has_seconds(tmp_path):
    data = np.ones((1, 4, 2, *SHAPE), np.uint16)
    writer = PrairieFolder(kind="TSeries Timed Element")
    (red, _), _ = layers(writer.write(tmp_path / "T", data))
    assert red[1]["scale"] == (0.5, 1.17, 1.17)
    assert red[1]["units"] == ("s", "um", "um")
    assert red[1]["axis_labels"] == ("time", "y", "x")


def test_pixel_size_and_channels_of_imagej_files_are_used(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, np.ones((5, 2, *SHAPE), np.uint16), imagej=True,
        resolution=(1 / 0.5, 1 / 0.5),
        metadata={"axes": "TCYX", "unit": "um", "finterval": 0.1},
    )  # fmt: skip
    both, notes = layers(path)
    assert [layer[0].shape for layer in both] == [(5, *SHAPE)] * 2
    assert both[0][1]["scale"] == (0.1, 0.5, 0.5)
    assert both[0][1]["colormap"] == "gray"
    assert "which green, is not said" in notes[-1]


def test_channel_names_of_ome_files_give_the_colours(tmp_path):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(
        path, np.ones((2, *SHAPE), np.uint16),
        metadata={"axes": "CYX", "Channel": {"Name": ["GCaMP", "tdTomato"]}},
    )  # fmt: skip
    both, _ = layers(path)
    assert [layer[1]["colormap"] for layer in both] == ["green", "red"]


@pytest.mark.parametrize("name", ["plain.tif", "photo.tif", "text.tif", "a.xml"])
def test_what_is_no_recording_is_left_to_napari(tmp_path, name):
    path = tmp_path / name
    if name == "plain.tif":
        tifffile.imwrite(path, np.ones((4, *SHAPE), np.uint16), metadata=None)
    elif name == "photo.tif":
        tifffile.imwrite(path, np.ones((*SHAPE, 3), np.uint8), photometric="rgb")
    else:
        path.write_text("<experiment/>")
    assert reader_for_napari(path) is None


def test_a_folder_of_other_files_is_left_to_napari(tmp_path):
    (tmp_path / "notes.txt").write_text("a mouse")
    assert reader_for_napari(tmp_path) is None
    assert reader_for_napari(tmp_path / "missing") is None


def test_what_is_wrong_with_a_folder_is_said(tmp_path):
    data = np.ones((1, 3, 2, *SHAPE), np.uint16)
    lost = {"Z_Cycle00001_Ch1_000002.ome.tif"}
    folder = PrairieFolder(leave_out=lost).write(tmp_path / "Z", data)
    with pytest.raises(InputError, match="000002"):
        layers(folder)


def test_a_suite2p_folder_is_its_mean_images_and_labels(tmp_path):
    stat = [roi([3, 4, 4], [7, 7, 8], [1.0, 2.0, 1.5]), roi([20], [30], [1.0])]
    image = np.random.default_rng(0).uniform(1, 9, (40, 48))
    plane = write_plane(tmp_path / "suite2p" / "plane0", stat, image, iscell=[1, 0])
    (green, cells), _ = layers(plane)
    assert (green[1]["colormap"], green[0].shape) == ("green", (40, 48))
    assert cells[2] == "labels"
    assert [cells[0][3, 7], cells[0][20, 30]] == [1, 2]
    assert cells[1]["features"]["index"].tolist() == [1, 2]
    assert cells[1]["features"]["iscell"].tolist() == [1, 0]
