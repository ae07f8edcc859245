"""Atomic writing: a file or folder is written completely or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: folder that keeps the earlier files until all new ones are in place
_OLD = "earlier files"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path, which replaces `path` when the block succeeds.

    After a crash, a full disk or an error the old file is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # not mkstemp: its files are readable by their owner alone, also on a shared drive
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_write_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty temporary folder, whose files move into `folder` on success.

    Files of `folder` that the block did not write are kept. After an error the folder
    is unchanged.

    Raises
    ------
    InputError
        If the folder cannot be created or written to.
    """
    created = [path for path in folder.parents if not path.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        _remove_empty(created)
        raise InputError(
            f"The folder {folder} cannot be written ({error.strerror}); "
            "choose a folder that can."
        ) from error
    try:
        yield temporary
        _move_into(temporary, folder)
    except OSError as error:
        raise InputError(
            f"Writing {folder} failed ({error.strerror or error}) and nothing was "
            "changed there; make room, close programs that have its files open, or "
            "choose another folder."
        ) from error
    finally:
        old = temporary / _OLD
        if not (old.is_dir() and any(old.iterdir())):
            # earlier files that could not be restored must not be deleted
            shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(created)


def _move_into(source: Path, target: Path) -> None:
    """Move files into a folder; if one cannot be moved, all moves are undone."""
    files = sorted(source.iterdir())
    for path in files:
        _flush_to_disk(path)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(20, "a file of that name is in the way")
    old = source / _OLD
    old.mkdir()
    target.mkdir(exist_ok=True)
    moved: list[Path] = []
    try:
        for path in files:
            destination = target / path.name
            if destination.exists():
                destination.replace(old / path.name)
            moved.append(destination)
            path.replace(destination)
    except BaseException:  # also Ctrl-C: the earlier files are restored
        for destination in moved:
            destination.unlink(missing_ok=True)
        for path in list(old.iterdir()):
            path.replace(target / path.name)
        _remove_empty([target])
        raise
    shutil.rmtree(old)


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
