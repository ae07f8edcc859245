"""Cells and image on napari's canvas; run by `test_layers_window.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from driving import run
from scipy import ndimage

from napari_cellid.widgets.identify.widget import IdentifyWidget

PX = 1.17
SPOTS = ((20, 30), (20, 100), (48, 60), (75, 20), (80, 130))


def blobs(spots: Any) -> Any:
    y, x = np.mgrid[:96, :160]
    image = np.random.default_rng(0).normal(100, 3, y.shape)
    for row, column in spots:
        image[np.hypot(y - row, x - column) < 6] = 1000
    return image.astype(np.float32)


def seen(viewer: Any, layer: Any, *, above: int) -> Any:
    """Where the canvas shows a layer brightly, no other layer being visible."""
    for other in viewer.layers:
        other.visible = other is layer
    picture = viewer.screenshot(canvas_only=True, flash=False)
    return picture[..., :3].max(axis=-1) > above


@pytest.mark.parametrize(
    ("green", "red"),
    [
        ({}, {"translate": (0, -5 * PX)}),
        ({"scale": (-PX, PX)}, {"scale": (-PX, PX)}),
        ({"scale": (PX, -PX), "translate": (300, 200)}, None),
        ({"rotate": 90}, {"rotate": 90}),
        ({"affine": [[0, 1, 0], [1, 0, 0], [0, 0, 1]]}, None),
        (
            {"translate": (-99, 7)},
            {"scale": (PX * 1.25, PX * 1.25), "translate": (-99, 7)},
        ),
    ],
)
def test_cells_are_drawn_on_what_the_canvas_shows(
    make_napari_viewer, qtbot, segmenter_folder, classifier_folder, green, red
):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1000, 700)
    dock = IdentifyWidget(viewer)
    qtbot.addWidget(dock)
    dock.panel.segmenter.setValue(segmenter_folder)
    dock.panel.classifier.setValue(classifier_folder)
    if red is not None:
        # red is uniform: only its place is another one
        image = np.random.default_rng(1).normal(100, 3, (96, 160)).astype(np.float32)
        viewer.add_image(image, name="mCherry", **{"scale": (PX, PX), **red})
    image = blobs(SPOTS)
    layer = viewer.add_image(image, name="GCaMP", **{"scale": (PX, PX), **green})
    cells = run(qtbot, dock)
    assert len(cells.features) == len(SPOTS)
    viewer.reset_view()
    cells.contour = 0
    layer.contrast_limits = (0, 1000)
    bright, drawn = seen(viewer, layer, above=150), seen(viewer, cells, above=30)
    _, count = ndimage.label(bright)
    assert count == len(SPOTS)
    assert (bright & drawn).sum() / (bright | drawn).sum() > 0.6


@pytest.mark.parametrize("planes", [1, 2])
def test_cells_come_back_on_the_canvas(
    make_napari_viewer, qtbot, segmenter_folder, planes
):
    viewer = make_napari_viewer(show=True)
    dock = IdentifyWidget(viewer)
    qtbot.addWidget(dock)
    dock.panel.segmenter.setValue(segmenter_folder)
    stack = np.stack([blobs(SPOTS)] * planes)
    scale = (15, PX, PX)[-2:] if planes == 1 else (15, PX, PX)
    viewer.add_image(stack[0] if planes == 1 else stack, name="GCaMP", scale=scale)
    cells = run(qtbot, dock)
    cells.contour = 0
    data = cells.data.copy()
    viewer.reset_view()
    before = seen(viewer, cells, above=30)
    for other in (data[..., :50], data[None], data[:1, :40]):
        cells.data = other
        qtbot.wait(50)
        np.testing.assert_array_equal(cells.data, data)
    viewer.reset_view()
    after = seen(viewer, cells, above=30)
    assert before.any()
    assert (before == after).mean() > 0.99
