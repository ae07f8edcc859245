"""Killed at any moment, a training goes on to the same weights, to the bit."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("killed.py")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_many_moments(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), "10"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    peace, *others = [json.loads(line) for line in done.stdout.splitlines()]
    assert peace["killed"] == 0
    assert peace["logged"] == [0, 1, 2, 3]
    assert len(others) == 10
    assert all(one["killed"] for one in others)
    for one in others:
        for what in ("weights", "best", "history", "logged"):
            assert one[what] == peace[what], one
        assert one["left"] == peace["left"]
