"""Annotating in napari's real window, where there is a screen to open it on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_annotating_in_the_real_window():
    xvfb = shutil.which("xvfb-run")
    if sys.platform != "linux" or not xvfb:
        pytest.skip("needs xvfb-run")
    tests = Path(__file__).with_name("window_annotate.py")
    screen = ["-a", "-s", "-screen 0 1280x800x24"]
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(
        [xvfb, *screen, *run],
        env=os.environ | {"QT_QPA_PLATFORM": "xcb"},
        cwd=tests.parents[2],
        timeout=600,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    if "could not connect" in told or "could not be initialized" in told:
        pytest.skip("no X server")
    assert done.returncode == 0, told[-4000:]
