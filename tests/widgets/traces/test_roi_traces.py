"""The traces that suite2p and CaImAn have of their ROIs, in the Traces dock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from clicking import click_at
from driving import drop

from napari_cellid.io.rois import read_rois
from napari_cellid.widgets.traces import TracesWidget
from suite2p_folder import roi, write_caiman, write_plane

SHAPE = (40, 48)
STAT = [roi([3, 4, 4], [7, 7, 8]), roi([20, 20], [30, 31]), roi([30], [9])]


@pytest.fixture
def dock(viewer: Any, qtbot: Any) -> TracesWidget:
    widget = TracesWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def shown(dock: TracesWidget) -> list[np.ndarray]:
    return [line.get_ydata() for axes in dock.plot.figure.axes for line in axes.lines]


def test_a_click_on_an_roi_of_suite2p_shows_its_trace(viewer, dock, tmp_path):
    image = np.random.default_rng(0).uniform(1, 9, SHAPE)
    for number in (0, 1):
        write_plane(tmp_path / f"plane{number}", STAT[number:], image)
    layer = drop(viewer, tmp_path)[-1]
    viewer.dims.set_point(0, 1)
    # the second ROI of the second plane, which is the last of all
    click_at(viewer, (1, 30, 9))
    assert layer.data[1, 30, 9] == 5
    folder = tmp_path / "plane1"
    for line, name in zip(shown(dock), ("F", "Fneu"), strict=True):
        np.testing.assert_array_equal(line, np.load(folder / f"{name}.npy")[1])
    assert dock.line.text() == ""


def test_components_of_caiman_have_their_traces(viewer, dock, tmp_path):
    path = write_caiman(tmp_path / "m.hdf5", STAT, SHAPE)
    layer = drop(viewer, path)[0]
    dock.show_label(layer, 2)
    np.testing.assert_array_equal(shown(dock)[0], read_rois(path).traces["C"][0][1])
    one = read_rois(path).trace(1)
    assert (one.name, one.unit, one.neuropil) == ("C", "s", None)
    np.testing.assert_allclose(one.times, np.arange(20) / 15)
    # a label that somebody painted
    dock.show_label(layer, 9)
    assert "has no trace" in dock.line.text()
