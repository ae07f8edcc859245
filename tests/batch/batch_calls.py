"""Calls that the tests of units run in other processes."""

import os
import time
from pathlib import Path


def double(number: int) -> dict[str, int]:
    return {"value": 2 * number}


def double_counted(number: int, folder: str) -> dict[str, int]:
    """Double, and leave a file for each run."""
    runs = Path(folder)
    (runs / f"{number}_{os.getpid()}_{time.monotonic_ns()}").touch()
    return double(number)


def killed_at_first(number: int, folder: str) -> dict[str, int]:
    """Kill the own process the first time, as a lack of memory does."""
    mark = Path(folder) / f"killed_{number}"
    if not mark.exists():
        mark.touch()
        os._exit(9)
    return double_counted(number, folder)


def killed_always() -> dict[str, int]:
    os._exit(9)


def slow(number: int, folder: str, seconds: float) -> dict[str, int]:
    (Path(folder) / f"started_{number}_{os.getpid()}").touch()
    time.sleep(seconds)
    return double_counted(number, folder)
