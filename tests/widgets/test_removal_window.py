"""Removing the bottom layer does not end napari under software OpenGL."""

from __future__ import annotations

from pathlib import Path

import pytest
from napari.components import ViewerModel
from under_xvfb import run_in_window

from napari_cellid.widgets._shared.canvas_context import keep_context_current

SCRIPT = Path(__file__).parent / "window_removal.py"


@pytest.mark.slow
def test_the_bottom_layer_goes_and_another_one_comes(tmp_path: Path) -> None:
    output = run_in_window([str(SCRIPT)], size="1000x700", folder=tmp_path)
    assert "all removed" in output
    assert "Segmentation" not in output


def test_a_viewer_without_a_window_needs_nothing() -> None:
    viewer = ViewerModel()
    keep_context_current(viewer)
    viewer.add_points([[1, 1]])
    viewer.layers.pop(0)
    assert not viewer.layers
