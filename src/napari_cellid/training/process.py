"""Whether a process of this computer is still there."""

from __future__ import annotations

import psutil

#: clocks of files and processes may differ by this (s)
_SLACK_S = 5.0


def is_running(pid: int, before: float) -> bool:
    """Tell whether the process `pid` is there and is the one of that time.

    Parameters
    ----------
    pid
        Number of the process.
    before
        A time (seconds since 1970) at which it was there: numbers are given again to
        other processes, which then began later.
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
