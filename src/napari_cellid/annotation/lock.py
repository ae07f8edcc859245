"""Keeping two processes from changing the same journals at once."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: how long another process is waited for (s): a merge of long journals takes less
_PATIENCE_S = 5.0
_PAUSE_S = 0.001


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Have a folder's journals alone while the block runs.

    Readers are not kept out. Where folders cannot be locked (Windows, some network
    drives), or another process does not let go, the block runs all the same: those who
    write look afterwards whether their lines are there.
    """
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # which unlocks it


def _lock(descriptor: int) -> None:
    import fcntl

    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return
            time.sleep(_PAUSE_S)
        except OSError:
            return
        else:
            return
