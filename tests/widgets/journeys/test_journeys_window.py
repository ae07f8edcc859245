"""Whole journeys in napari's real window, where there is a screen to open it on."""

from __future__ import annotations

from pathlib import Path

import pytest
from under_xvfb import run_in_window


@pytest.mark.slow
@pytest.mark.parametrize("file", ["window_journeys.py", "window_sizes.py"])
def test_journeys_in_the_real_window(file: str) -> None:
    tests = Path(__file__).with_name(file)
    arguments = ["-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    output = run_in_window(arguments, size="1400x900", folder=tests.parents[3])
    assert " passed" in output
