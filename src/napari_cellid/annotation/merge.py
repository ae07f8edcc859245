"""Merging of the journals of two copies of a study."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import (
    check_no_link,
    journal_files,
    journal_path,
)
from napari_cellid.annotation.lock import locked
from napari_cellid.annotation.merge_lines import interleave, split_lines
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.annotation.merge_lines import JournalLine


class _JournalChangedError(Exception):
    """A journal changed while it was merged."""


def merge_journals(source_folder: Path, target_folder: Path) -> dict[str, int]:
    """Add the lines that only another copy of the journals has.

    A line in both copies is kept once. The order of the lines within each copy is kept,
    because it decides which answer counts; between two common lines, the lines are
    sorted by time. A time that cannot be right (`merge_lines`) decides nothing: such a
    line follows the line before it. Broken lines of the other copy are skipped. The
    other copy is not changed.

    Parameters
    ----------
    source_folder, target_folder
        Folders `annotations` of the other copy, and of the study that is extended.

    Returns
    -------
    For each annotator of the other copy the number of new lines.

    Raises
    ------
    InputError
        If the copy has no journals, or an annotator's name is written in another way
        than here: then nothing is changed. If a file cannot be read or written: the
        journals of other annotators may have been merged, and merging again continues
        from there.
    """
    sources = journal_files(source_folder)
    if not sources:
        raise InputError(
            f"{source_folder} has no journals (files that end with .jsonl); choose the "
            "annotations of a copy of this study."
        )
    pairs = [(name, path, journal_path(target_folder, name)) for name, path in sources]
    for _, _, target in pairs:
        check_no_link(target)
    new = dict.fromkeys((name for name, _ in sources), 0)
    for name, source, target in pairs:
        try:
            new[name] += _merge_files(name, source, target)
        except OSError as error:
            raise InputError(
                f"{source} could not be merged into {target} "
                f"({file_reason(error)}), which "
                "was left as it was; make room, close programs that have it open, and "
                "merge again."
            ) from error
    return new


def _merge_files(annotator: str, source: Path, target: Path) -> int:
    theirs = [
        line for line in split_lines(source.read_bytes(), annotator) if line.answers
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target, "a merge of journals") as holder:
        if holder is not None:
            raise InputError(
                f"{target} cannot be merged now because {holder} is writing to it; "
                "wait until that process is done or end it, and merge again."
            )
        while True:
            before = target.read_bytes() if target.exists() else b""
            ours = split_lines(before, annotator)
            merged = interleave(ours, theirs)
            if len(merged) == len(ours):
                return 0
            with suppress(_JournalChangedError):
                _replace(target, before, merged)
                return len(merged) - len(ours)


def _replace(target: Path, before: bytes, merged: list[JournalLine]) -> None:
    """Replace a journal, unless it changed since it was read."""
    with atomic_write(target) as temporary:
        temporary.write_bytes(b"".join(line.text + b"\n" for line in merged))
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        # a writer that ignores the lock may have added an answer
        if (target.stat().st_size if target.exists() else 0) != len(before):
            raise _JournalChangedError
