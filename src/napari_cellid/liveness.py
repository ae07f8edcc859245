"""Check whether a process of this computer is running."""

from __future__ import annotations

import psutil

#: largest difference between the clocks of files and processes (s)
_SLACK_S = 5.0


def is_running(pid: int, before: float) -> bool:
    """Whether the process `pid` is running and already existed at that time.

    Parameters
    ----------
    pid
        Number of the process.
    before
        Time (seconds since 1970) at which the process existed. The operating system
        reuses numbers, so a process that started later is another one.
    """
    if pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return not ended and process.create_time() <= before + _SLACK_S
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
