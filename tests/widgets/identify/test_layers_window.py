"""Moved, flipped and turned layers on napari's canvas, where there is a screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from under_xvfb import run_in_window


@pytest.mark.slow
def test_cells_lie_on_the_image_in_the_real_window():
    tests = Path(__file__).with_name("window_layers.py")
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    output = run_in_window(arguments, size="1280x800", folder=tests.parents[3])
    assert " passed" in output
