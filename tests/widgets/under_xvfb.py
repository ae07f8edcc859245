"""Running a Python program on a virtual screen (Xvfb)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: exit codes of a segmentation fault, from a shell and from Python
_CRASH_CODES = (139, -11)


def run_in_window(arguments: Sequence[str], *, size: str, folder: Path) -> str:
    """Run Python with arguments under Xvfb, and return what it printed.

    The exit code must be 0. After a crash the program is run once more, because
    software OpenGL was seen to crash once in about forty runs. A crash that comes again
    is an error of this package; the message of the assertion says where it happened.
    """
    xvfb = shutil.which("xvfb-run")
    if sys.platform != "linux" or not xvfb:
        pytest.skip("needs xvfb-run")
    output = ""
    for _ in range(2):
        done = subprocess.run(
            [xvfb, "-a", "-s", f"-screen 0 {size}x24", sys.executable, *arguments],
            env=os.environ | {"QT_QPA_PLATFORM": "xcb", "PYTHONFAULTHANDLER": "1"},
            cwd=folder,
            timeout=600,
            capture_output=True,
            text=True,
            check=False,
        )
        output += done.stdout + done.stderr
        if "could not connect" in output or "could not be initialized" in output:
            pytest.skip("no X server")
        if done.returncode not in _CRASH_CODES:
            break
    assert done.returncode == 0, output[-6000:]
    return output
