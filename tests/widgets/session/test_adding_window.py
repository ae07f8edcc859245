"""Adding cells in napari's real window, where there is a screen to open it on."""

from __future__ import annotations

from pathlib import Path

import pytest
from under_xvfb import run_in_window


@pytest.mark.slow
def test_adding_cells_in_the_real_window():
    tests = Path(__file__).with_name("window_adding.py")
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    output = run_in_window(arguments, size="1280x900", folder=tests.parents[3])
    assert " passed" in output
