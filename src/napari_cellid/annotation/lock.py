"""Lock of a file of a study, so that two processes do not change it at once."""

from __future__ import annotations

import errno
import json
import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: longest wait for another process (s): a merge of long journals takes less
_TIMEOUT_S = 5.0
#: wait for a process that has held a lock for too long before (s)
_SHORT_S = 0.05
_PAUSE_S = 0.001
#: colleagues on a shared drive must be able to open the file
_MODE = 0o666


#: locks for which this program has waited in vain
_kept_locked: set[Path] = set()


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Parameters
    ----------
    name
        Name of the annotator, or what else changes the file.
    host
        Name of the computer.
    pid
        Number of the process; 0 if it is unknown.
    """

    name: str
    host: str
    pid: int

    def __str__(self) -> str:
        """Text for people."""
        if not self.pid:
            return self.name
        return f"{self.name} (process {self.pid} on {self.host})"


@contextmanager
def locked(file: Path, name: str) -> Iterator[Holder | None]:
    """Lock a file against other writers while the block runs.

    Readers are not locked out. The block also runs without the lock: where no file can
    be made or locked (read-only folders, some network drives), and when another process
    holds the lock for too long; only the first writer waits for that one. Writers
    therefore check afterwards that their lines are there. The lock of a process that
    ended is free.

    Parameters
    ----------
    file
        A journal, or `study.toml`. The lock is a file beside it while it is held.
    name
        Name of the annotator, or of what else changes the file.

    Yields
    ------
    Who held the lock for too long; None if the file is locked or cannot be locked.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, as when its drive was removed.
    """
    if not file.parent.is_dir():  # `FileLock` would make it
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    path = lock_path(file)
    if path.is_symlink():  # no lock is a link: the file behind it would be overwritten
        path.unlink()
    lock = FileLock(
        path,
        # a process that was stopped keeps its lock: later writers hardly wait again
        timeout=_SHORT_S if path in _kept_locked else _TIMEOUT_S,
        mode=_MODE,
        poll_interval=_PAUSE_S,
        # a marker file would outlive a process that was killed
        fallback_to_soft=False,
        on_acquired=partial(_write_holder, name),
    )
    holder = None
    try:
        lock.acquire()
        _kept_locked.discard(path)
    except Timeout:
        holder = _read_holder(path)
        _kept_locked.add(path)
    except (OSError, NotImplementedError):
        pass  # the folder cannot be written, or its file system cannot lock
    try:
        yield holder
    finally:
        if lock.is_locked:
            with suppress(OSError):  # Windows removes it when it is released
                path.unlink()
            lock.release()


def lock_path(file: Path) -> Path:
    """Path of the lock of a file."""
    return file.with_name(f".{file.name}.lock")


def _write_holder(name: str, descriptor: int) -> None:
    holder = Holder(name, socket.gethostname(), os.getpid())
    text = json.dumps(asdict(holder), ensure_ascii=False)
    # a full disk must not prevent the lock
    with suppress(OSError), open(descriptor, "r+b", closefd=False) as file:
        # Windows lets others read all but the first byte, which is the locked one
        file.write(b" " + text.encode("utf-8", "backslashreplace") + b"\n")
        # not before: ext4 writes a file to the disk that was truncated to nothing
        file.truncate()


def _read_holder(path: Path) -> Holder:
    """Who holds a lock; with unknown parts if its file cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(1)
            content = json.loads(file.read())
        return Holder(str(content["name"]), str(content["host"]), int(content["pid"]))
    except (OSError, ValueError, LookupError, TypeError):
        return Holder("another program", "", 0)


def remove_stale_locks(folder: Path) -> None:
    """Remove the lock files of programs that were ended; they lock nothing any more.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    for entry in list(os.scandir(folder)):
        if not (entry.name.startswith(".") and entry.name.endswith(".lock")):
            continue
        lock = FileLock(folder / entry.name, timeout=0, fallback_to_soft=False)
        # one that a program holds, or that cannot be locked, stays
        with suppress(Timeout, OSError, NotImplementedError):
            lock.acquire()
            with suppress(OSError):  # Windows removes it when it is released
                (folder / entry.name).unlink()
            lock.release()
