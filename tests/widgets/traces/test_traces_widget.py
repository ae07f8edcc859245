"""The Traces dock shows the cell that is clicked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clicking import click_at
from napari.utils.theme import get_theme

from napari_cellid.cells.measure import measure
from napari_cellid.cells.traces import TraceReader
from napari_cellid.config import IdentifyConfig
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.outline_edits import apply_edits, initial_cells
from napari_cellid.widgets._shared.channels import Channels
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.show_result import add_result
from napari_cellid.widgets.traces import CellTraces, TracesWidget
from napari_cellid.widgets.traces.plot import TracePlot

N = 20
TRANSFORM = {"scale": (1.17, 1.17), "units": ("um", "um")}


def identified(frames: np.ndarray, labels: np.ndarray) -> IdentifyResult:
    planes = MeanPlanes("m", None, frames.mean(0), 1.17)
    reader = TraceReader(labels, N)
    reader.add(slice(0, N), frames)
    traces = reader.traces(np.arange(N) / 7, "s", "green")
    images = {"max": frames.max(0)}
    return IdentifyResult(
        planes, labels, measure(labels, planes), (), None, traces=traces,
        projections=images,
    )  # fmt: skip


@pytest.fixture
def shown(viewer: Any) -> tuple[Any, IdentifyResult]:
    """A labels layer of two cells of a movie, and the result that it shows."""
    from napari_cellid.widgets.session.result_layer import ShownResult

    labels = np.zeros((1, 64, 64), np.int32)
    labels[0, 8:18, 8:18], labels[0, 40:50, 30:42] = 1, 2
    frames = np.random.default_rng(0).uniform(0, 9, (N, 1, 64, 64)).astype(np.float32)
    result = identified(frames, labels)
    green = viewer.add_image(result.planes.green[0], name="green", **TRANSFORM)
    shown = ShownResult(
        result, initial_cells(labels, result.cells), IdentifyConfig(), None
    )
    layer = add_result(viewer, shown, Channels(None, green, "planes", 1.17), TRANSFORM)
    return layer, result


@pytest.fixture
def dock(viewer: Any, qtbot: Any) -> TracesWidget:
    widget = TracesWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def lines(dock: TracesWidget) -> list[np.ndarray]:
    return [line.get_ydata() for axes in dock.plot.figure.axes for line in axes.lines]


def test_a_click_shows_the_trace_of_the_cell(viewer, shown, dock):
    _, result = shown
    assert not lines(dock)
    click_at(viewer, (45 * 1.17, 35 * 1.17))
    fluorescence, neuropil = lines(dock)
    np.testing.assert_array_equal(fluorescence, result.traces.fluorescence[1])
    np.testing.assert_array_equal(neuropil, result.traces.neuropil[1])
    (axes,) = dock.plot.figure.axes
    assert axes.get_title() == "cell 2"
    assert axes.get_xlabel() == "time (s)"
    # beside the cells nothing changes
    click_at(viewer, (2, 2))
    assert len(lines(dock)) == 2


def test_a_cell_that_was_drawn_anew_has_no_trace(viewer, shown, dock):
    layer, _ = shown
    result = result_of(layer)
    labels = result.labelled.labels.copy()
    labels[0, 8, 8] = 0
    planes = result.run_result.planes
    result.labelled = apply_edits(result.labelled, labels, planes, classified=False)
    click_at(viewer, (12 * 1.17, 12 * 1.17))
    assert not lines(dock)
    assert "no trace" in dock.line.text()


def test_a_result_without_traces_says_how_to_get_them(viewer, shown, dock):
    layer, _ = shown
    result = result_of(layer)
    result.run_result = replace(result.run_result, traces=None)
    click_at(viewer, (12 * 1.17, 12 * 1.17))
    assert not lines(dock)
    assert "More settings" in dock.line.text()


def test_imported_traces_are_shown_for_their_labels(viewer, dock):
    data = np.zeros((32, 32), int)
    data[4:9, 4:9] = 30
    layer = viewer.add_labels(data)
    values = np.arange(8, dtype=np.float32).reshape(2, 4)
    traces = CellTraces(values, np.arange(4.0), ["ROI 1", "ROI 2"])
    dock.setTraces(layer, traces, np.array([10, 30]))
    click_at(viewer, (6, 6))
    (line,) = lines(dock)
    np.testing.assert_array_equal(line, values[1])
    assert dock.plot.figure.axes[0].get_title() == "ROI 2"


def test_traces_of_another_size_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        CellTraces(np.zeros((2, 4), np.float32), np.arange(3.0), ["a", "b"])


def test_projections_are_hidden_layers(viewer, shown):
    layer = viewer.layers["m max"]
    assert not layer.visible
    assert layer.data.shape == (64, 64)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_an_empty_plot_has_the_background_of_the_theme(qtbot: Any, theme: str) -> None:
    plot = TracePlot(theme)
    qtbot.addWidget(plot)
    background = np.array(get_theme(theme).background.as_rgb_tuple()[:3]) / 255
    np.testing.assert_allclose(plot.figure.get_facecolor()[:3], background, atol=1e-6)


def test_an_empty_dock_says_at_its_top_what_to_do(dock: TracesWidget) -> None:
    dock.resize(dock.sizeHint().width(), 600)
    dock.show()
    assert dock.width() >= 340
    assert dock.line.geometry().top() < dock.plot.geometry().top()
    assert "Click a cell" in dock.line.text()
