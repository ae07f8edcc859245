"""Running a program in a window of its own, where there is a screen to open it on."""

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

#: how a shell, and Python, tell of a segmentation fault
_CRASHES = (139, -11)


def run_in_window(words: Sequence[str], *, size: str, folder: Path) -> str:
    """Run Python with these words under Xvfb; gives what it printed.

    Must end with 0. A crash of the process is tried once more, for software OpenGL was
    seen to crash once in some forty runs; one that comes back is a fault of ours. Where
    it happened is in the message.
    """
    xvfb = shutil.which("xvfb-run")
    if sys.platform != "linux" or not xvfb:
        pytest.skip("needs xvfb-run")
    told = ""
    for _ in range(2):
        done = subprocess.run(
            [xvfb, "-a", "-s", f"-screen 0 {size}x24", sys.executable, *words],
            env=os.environ | {"QT_QPA_PLATFORM": "xcb", "PYTHONFAULTHANDLER": "1"},
            cwd=folder,
            timeout=300,
            capture_output=True,
            text=True,
            check=False,
        )
        told += done.stdout + done.stderr
        if "could not connect" in told or "could not be initialized" in told:
            pytest.skip("no X server")
        if done.returncode not in _CRASHES:
            break
    assert done.returncode == 0, told[-6000:]
    return told
