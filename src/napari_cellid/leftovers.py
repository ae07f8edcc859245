"""What programs that were killed left behind: found, put in place, or removed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import socket
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from napari_cellid.liveness import is_running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: states of a folder beside its place: being written; whole, to be put in its place;
#: replaced by a whole one
WRITING, COMPLETE, OLD = "writing", "complete", "old"
_NAME = re.compile(
    r"^\.(?P<name>.+)\.(?P<state>writing|complete|old)"
    r"-(?P<host>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{8}(?P<suffix>\.\w+)?$",
    re.DOTALL,
)
#: names of earlier versions, which do not say whose they are, and of safetensors
_EARLIER = re.compile(r"^(?:\..+\.(?:[a-z0-9_]{8}|[0-9a-f]{32}(?:\.\w+)?)|\.tmp\w{6})$")
#: leftovers of another computer, or without an owner, are removed after this time (s)
_OTHERS_S = 24 * 3600.0


@dataclass(frozen=True)
class Leftover:
    """A file or folder that a program has not put in its place.

    Parameters
    ----------
    path
        Path of it.
    name
        Name of the file or folder that it was to become.
    state
        `WRITING`, `COMPLETE` or `OLD`.
    """

    path: Path
    name: str
    state: str


def temporary_path(path: Path, state: str, suffix: str = "") -> Path:
    """A path beside `path` for something in a state, which names its process."""
    owner = f"{_this_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    return path.with_name(f".{path.name}.{state}-{owner}{suffix}")


def find_leftovers(folder: Path) -> list[Leftover]:
    """Things in a folder that no running process is writing any more.

    Parameters
    ----------
    folder
        The folder; one that does not exist has none.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.name[0] == "."]
    except FileNotFoundError:
        return []
    found = (_leftover(folder / name) for name in sorted(names))
    return [leftover for leftover in found if leftover is not None]


def recover_folder(
    folder: Path, dispose: Callable[[Path], None] | None = None
) -> list[str]:
    """Put a folder in its place again after a program was killed while writing it.

    Parameters
    ----------
    folder
        The folder.
    dispose
        Takes an earlier folder away; by default it is deleted.

    Returns
    -------
    What was done, one sentence each.

    Raises
    ------
    OSError
        If something cannot be renamed.
    """
    mine = [
        leftover
        for leftover in find_leftovers(folder.parent)
        if leftover.name == folder.name
    ]
    done = []
    for leftover in sorted(mine, key=_by_state):
        # another program may tidy the same thing at the same time
        with suppress(FileNotFoundError):
            done += _recover(leftover, folder, dispose)
    return done


def _recover(
    leftover: Leftover, folder: Path, dispose: Callable[[Path], None] | None
) -> list[str]:
    """Put a leftover in its place, or take it away; return what is to be told."""
    whole = leftover.state != WRITING and not folder.exists()
    if whole and move_into_place(leftover.path, folder):
        return [
            f"{folder.name} was put in its place again; a program was ended while it "
            "exchanged the files."
        ]
    if leftover.state == OLD:
        take_away(leftover.path, folder, dispose)
        return []
    remove_path(leftover.path)
    return [
        f"{folder.name} is as it was before a program was ended; what that program "
        "was writing was removed."
    ]


def _by_state(leftover: Leftover) -> int:
    # a complete folder is newer than the one that it was to replace
    return (COMPLETE, OLD, WRITING).index(leftover.state)


def move_into_place(path: Path, folder: Path) -> bool:
    """Rename a folder to a free place; False if another program was faster.

    Raises
    ------
    OSError
        If it cannot be renamed for another reason.
    """
    try:
        path.rename(folder)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY) or folder.exists():
            return False
        raise
    return True


def take_away(
    old: Path, folder: Path, dispose: Callable[[Path], None] | None = None
) -> None:
    """Take an earlier folder away; what the new one lacks moves into it.

    Parameters
    ----------
    old
        The earlier folder, beside its place.
    folder
        The new folder.
    dispose
        Takes the earlier folder away; by default it is deleted.

    Raises
    ------
    OSError
        If something cannot be moved.
    """
    for path in sorted(old.iterdir()):
        if not (folder / path.name).exists():
            path.rename(folder / path.name)
    (dispose or remove_path)(old)


def remove_leftovers(folder: Path) -> int:
    """Remove what killed programs were writing in a folder, and return how many.

    Folders that are whole are left to `recover_folder`.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    removed = 0
    for leftover in find_leftovers(folder):
        if leftover.state == WRITING:
            remove_path(leftover.path)
            removed += not leftover.path.exists()
    return removed


def _leftover(path: Path) -> Leftover | None:
    match = _NAME.match(path.name)
    if match is None:
        is_earlier = _EARLIER.match(path.name) is not None and _is_old(path)
        return Leftover(path, "", WRITING) if is_earlier else None
    pid = int(match["pid"])
    if match["host"] != _this_host():
        abandoned = _is_old(path)
    else:
        abandoned = pid != os.getpid() and not _is_alive(pid, path)
    if not abandoned:
        return None
    return Leftover(path, match["name"], match["state"])


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > _OTHERS_S
    except OSError:
        return False


def _is_alive(pid: int, path: Path) -> bool:
    """Whether the process that made something is running."""
    try:
        return is_running(pid, path.lstat().st_mtime)
    except OSError:
        return False


def remove_path(path: Path) -> None:
    """Remove a file or folder, a link alone; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


@lru_cache(maxsize=1)
def _this_host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
