"""Lock of a folder, so that two processes do not change its journals at once."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: longest wait for another process (s): a merge of long journals takes less
_TIMEOUT_S = 5.0
_PAUSE_S = 0.001


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other writers while the block runs.

    Readers are not locked out. The block also runs without the lock: where folders
    cannot be locked (Windows, some network drives), and when another process holds the
    lock for too long. Writers therefore check afterwards that their lines are there.
    """
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # this unlocks it


def _lock(descriptor: int) -> None:
    import fcntl

    deadline = time.monotonic() + _TIMEOUT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return
            time.sleep(_PAUSE_S)
        except OSError:
            return
        else:
            return
