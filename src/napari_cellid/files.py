"""Atomic writing: a file or folder is written completely or not at all.

A folder is written beside its place and then takes it in one rename, so that its files
always belong together. What a killed program leaves behind carries the number of its
process in its name; `leftovers` finds it, and the next program tidies it.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError, disk_is_full, file_reason
from napari_cellid.leftovers import (
    COMPLETE,
    OLD,
    WRITING,
    move_into_place,
    recover_folder,
    take_away,
    temporary_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: how often a folder is tried to be put in its place while others put theirs there
_ATTEMPTS = 20


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path, which replaces `path` when the block succeeds.

    After a crash, a full disk or an error the old file is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # not mkstemp: its files are readable by their owner alone, also on a shared drive
    temporary = temporary_path(path, WRITING, path.suffix)
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(folder: Path) -> Iterator[None]:
    """Make a folder for the block; what was made is removed again after an error."""
    created = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        _remove_empty(created)
        raise


@contextmanager
def atomic_write_folder(
    folder: Path, dispose: Callable[[Path], None] | None = None
) -> Iterator[Path]:
    """Yield an empty temporary folder, which takes the place of `folder` on success.

    Files of `folder` that the block did not write are kept: they move into the new
    folder. After an error the folder is unchanged. If the program is killed, at any
    moment, the folder is the earlier one or the new one, or it is missing and
    `leftovers.recover_folder`, which is called before the next writing, puts it back.

    Parameters
    ----------
    folder
        The folder to write.
    dispose
        Takes the earlier folder away, without the files that were kept; by default it
        is deleted.

    Raises
    ------
    InputError
        If the folder cannot be created or written to.
    """
    created = [path for path in folder.parents if not path.exists()]
    temporary = temporary_path(folder, WRITING)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        recover_folder(folder, dispose)
        temporary.mkdir()
    except OSError as error:
        _remove_empty(created)
        raise InputError(
            f"The folder {folder} cannot be written ({file_reason(error)}); "
            "choose a folder that can."
        ) from error
    try:
        yield temporary
        _put_in_place(temporary, folder, dispose)
    except OSError as error:
        raise InputError(
            f"Writing {folder} failed ({file_reason(error)}) and nothing was "
            f"changed there; {_remedy(error)}."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(created)


def _put_in_place(
    source: Path, folder: Path, dispose: Callable[[Path], None] | None
) -> None:
    for path in source.rglob("*"):
        _flush_to_disk(path)
    if _is_other_than_folder(folder):
        raise NotADirectoryError(errno.ENOTDIR, "a file of that name is in the way")
    # from here on the folder can be put in its place, whatever happens
    complete = temporary_path(folder, COMPLETE)
    source.rename(complete)
    olds: list[Path] = []
    try:
        for _ in range(_ATTEMPTS):
            if _exchange(complete, folder, olds):
                break
        else:
            raise FileExistsError(errno.EEXIST, "another program is writing it, too")
    except BaseException:  # also Ctrl-C: the earlier folder is restored
        if olds and not folder.exists():
            olds.pop().rename(folder)
        shutil.rmtree(complete, ignore_errors=True)
        raise
    _flush_folder(folder.parent)
    for old in olds:
        # the new folder is in place: what fails now is done before the next writing
        with suppress(OSError):
            take_away(old, folder, dispose)


def _is_other_than_folder(path: Path) -> bool:
    # one look: another program may move the folder away between two
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _exchange(complete: Path, folder: Path, olds: list[Path]) -> bool:
    """Put a complete folder in the place of another; False if a third came between."""
    if folder.exists():
        old = temporary_path(folder, OLD)
        with suppress(FileNotFoundError):
            folder.rename(old)
            olds.append(old)
    return move_into_place(complete, folder)


def _remedy(error: OSError) -> str:
    if disk_is_full(error):
        return "the disk is full: make room"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EBUSY):
        return (
            "close programs that have its files open, check its permissions, or choose "
            "another folder"
        )
    return "choose another folder, or try again"


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders, innermost first, until one is not empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _flush_to_disk(path: Path) -> None:
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_regular_file(path: Path, wanted: str, *, folder: bool = False) -> None:
    """Refuse what is no regular file; reading a named pipe would wait for ever.

    Parameters
    ----------
    path
        The file.
    wanted
        What is needed, such as "a TIFF file".
    folder
        Whether a folder is right, too.

    Raises
    ------
    InputError
        If it does not exist, or is a folder, pipe, socket or device.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{path} does not exist; check its name and folder."
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path} cannot be opened ({reason}); ask its owner for permission, or "
            "copy it to another place."
        ) from error
    if stat.S_ISDIR(mode):
        if folder:
            return
        raise InputError(f"{path} is a folder; choose {wanted}.")
    if not stat.S_ISREG(mode):
        raise InputError(
            f"{path} is a pipe, socket or device and not a regular file; choose "
            f"{wanted}."
        )


def file_state(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever a file is replaced by another one; None without a file."""
    try:
        status = path.stat()
    except OSError:
        # a file that is being replaced is missing for a moment
        return None
    # each atomic write makes another file, also where time and size are the same
    return status.st_mtime_ns, status.st_size, status.st_ino


def copy_other_files(folder: Path, target: Path) -> None:
    """Give a folder the files of another one that it lacks.

    Parameters
    ----------
    folder
        Folder that has the files; folders in it are left out.
    target
        Folder that gets them.
    """
    for path in folder.iterdir():
        copy = target / path.name
        if copy.exists() or not path.is_file():
            continue
        try:
            # files can be large, and they stay the same file
            os.link(path, copy)
        except OSError:
            shutil.copy2(path, copy)
