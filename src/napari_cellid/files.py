"""Files written whole or not at all."""

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

#: where the earlier files wait, in case they must come back
_OLD = "earlier files"


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it there when the block succeeds.

    A crash, a full disk or an error leaves the old file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # not mkstemp: its files are readable by their owner alone, also on a shared drive
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        _to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_write_folder(folder: Path) -> Iterator[Path]:
    """Give an empty temporary folder whose files go into `folder` on success.

    Files of `folder` that the block did not write anew are kept. When anything fails
    the folder is as it was.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """
    made = [path for path in folder.parents if not path.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        _remove_empty(made)
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
            # else the earlier files could not be put back: they are not thrown away
            shutil.rmtree(temporary, ignore_errors=True)
        _remove_empty(made)


def _move_into(source: Path, target: Path) -> None:
    """Move files into a folder; when one cannot be moved, all are as they were."""
    files = sorted(source.iterdir())
    for path in files:
        _to_disk(path)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(20, "a file of that name is in the way")
    old = source / _OLD
    old.mkdir()
    target.mkdir(exist_ok=True)
    moved: list[Path] = []
    try:
        for path in files:
            place = target / path.name
            if place.exists():
                place.replace(old / path.name)
            moved.append(place)
            path.replace(place)
    except BaseException:  # also Ctrl-C: what was there comes back
        for place in moved:
            place.unlink(missing_ok=True)
        for path in list(old.iterdir()):
            path.replace(target / path.name)
        _remove_empty([target])
        raise
    shutil.rmtree(old)


def _remove_empty(folders: list[Path]) -> None:
    """Remove folders, innermost first, as far as they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def _to_disk(path: Path) -> None:
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
