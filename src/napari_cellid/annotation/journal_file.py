"""Append-only file of a journal, read on as other programs add lines to it."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import check_no_link, journal_path
from napari_cellid.annotation.history import AnswerHistory
from napari_cellid.annotation.journal_reader import JournalReader
from napari_cellid.annotation.jsonl import format_line
from napari_cellid.annotation.lock import locked
from napari_cellid.errors import InputError, file_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from io import FileIO
    from pathlib import Path

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.annotation.lock import Holder

#: how often another program may replace the file while one answer is written
_TRIES = 5


class JournalFile:
    """Answers of one annotator in a file that others may extend or replace.

    The file is opened for each write only, so that a merge can replace it. If the new
    file lacks lines that were written here, the next write adds them again.

    Parameters
    ----------
    check
        Called before each writing; raises an error if nothing may be written.

    Attributes
    ----------
    path, annotator
        The file, which may not exist yet, and the name of its annotator.
    reader, history
        State of reading, and the answers read and written.
    problems
        Changes by other programs that need attention, one sentence each.
    """

    def __init__(
        self, path: Path, annotator: str, check: Callable[[], None] | None = None
    ) -> None:
        self._check = check
        self.path = path
        self.annotator = annotator
        self.problems: list[str] = []
        self.reader, self.history = JournalReader(annotator), AnswerHistory()
        #: lines written here, and those of them that a replaced file lacks
        self._own: list[Answer] = []
        self._lost: list[Answer] = []
        #: identity, size and time of the file when it was read; None before it exists
        self._stat: tuple[int, ...] | None = None

    def refresh(self) -> None:
        """Read the lines that other programs added since.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        try:
            with self.path.open("rb", buffering=0) as file:
                self._read_new(file)
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                f"The journal {self.path} cannot be read ({file_reason(error)}); "
                "make it "
                "readable."
            ) from error

    def append(self, answers: Sequence[Answer]) -> None:
        """Add lines; they are on the disk when this returns.

        Raises
        ------
        InputError
            If they cannot be written, or the file is a link to the outside. Earlier
            lines of the file are kept; of several new lines the first ones may be
            written.
        """
        if not answers and not self._lost:
            return
        try:
            for _ in range(_TRIES):
                with self._opened() as file:
                    self._read_new(file)
                    lines = [*self._lost, *answers]
                    self._write(file, lines)
                    self._own += lines
                    answers, self._lost = [], []
                    if self._is_current(file):
                        return
        except OSError as error:
            raise InputError(
                f"The answer could not be saved in {self.path} "
                f"({file_reason(error)}), but "
                "all earlier ones are safe; make room or make the file writable, then "
                "answer again."
            ) from error

    @contextmanager
    def _opened(self) -> Iterator[FileIO]:
        if self._check is not None:
            self._check()
        check_no_link(self.path)
        folder, new = self.path.parent, not self.path.exists()
        if new and self._stat is None:
            # only now: later a folder could be made in place of a drive that is gone
            folder.mkdir(parents=True, exist_ok=True)
            journal_path(folder, self.annotator)  # refuses a similar name
        with (
            locked(self.path, self.annotator) as holder,
            self.path.open("ab+", buffering=0) as file,
        ):
            if holder is not None:
                self._note_holder(holder)
            yield file
        if new:
            _sync_folder(folder)
            _sync_folder(folder.parent)

    def _note_holder(self, holder: Holder) -> None:
        problem = (
            f"{self.path.name}: {holder} has kept the journal locked for several "
            "seconds. Your answers are saved all the same; if that process has "
            "stopped working, end it."
        )
        if problem not in self.problems:
            self.problems.append(problem)

    def _write(self, file: FileIO, answers: Sequence[Answer]) -> None:
        written, lacks_newline = b"", self.reader.lacks_newline
        for answer in answers:
            line = b"\n" * lacks_newline + format_line(answer)
            lacks_newline = _write_line(file.fileno(), line)
            written += line
        os.fsync(file.fileno())
        if os.fstat(file.fileno()).st_size == self.reader.n_bytes + len(written):
            self._take(written)
            self._stat = _stat_of(file)
        else:  # another program wrote lines before, or there is a broken piece
            self._read_new(file)

    def _read_new(self, file: FileIO) -> None:
        """Read new lines of the file, or the whole file if it was replaced."""
        stat, known, tail = _stat_of(file), self.history, self.reader.tail
        if stat == self._stat:
            return
        file.seek(self.reader.n_bytes - len(tail))
        same_file = self._stat is None or stat[:2] == self._stat[:2]
        if not same_file or file.read(len(tail)) != tail:
            self.reader, self.history = JournalReader(self.annotator), AnswerHistory()
            file.seek(0)
        self._take(file.readall())
        self._stat = stat
        if self.history is not known:
            self._find_lost(known.lines)

    def _take(self, data: bytes) -> None:
        self.history.extend(self.reader.feed(data).answers())

    def _find_lost(self, known: list[Answer]) -> None:
        """Find known lines that the file lacks after another program replaced it.

        Lines that were only read here may have been removed on purpose, and are not
        restored unless the new file is empty.
        """
        have = set(self.history.lines)
        lost = [line for line in (self._own if have else known) if line not in have]
        if lost:
            self._lost = lost
            self.problems.append(
                f"{self.path.name}: another program replaced the file by one without "
                f"{len(lost)} of the lines known here; they are written again."
            )

    def _is_current(self, file: FileIO) -> bool:
        """Whether an open file is still the journal, or was moved with its study."""
        stat = os.fstat(file.fileno())
        try:
            return os.path.samestat(self.path.stat(), stat)
        except FileNotFoundError:
            return stat.st_nlink > 0  # the study was moved, and the file with it


def _stat_of(file: FileIO) -> tuple[int, ...]:
    stat = os.fstat(file.fileno())
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _write_line(descriptor: int, line: bytes) -> bool:
    """Write a line by one call; return whether only its newline is missing."""
    written = os.write(descriptor, line)
    if written < len(line) - 1:
        # another program may have written meanwhile: start a line of its own
        line = b"\n" + line
        written = os.write(descriptor, line)
    if written < len(line) - 1:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return written < len(line)


def _sync_folder(folder: Path) -> None:
    """Write the directory entry of a new file to the disk."""
    if os.name == "nt":  # Windows does this by itself, and cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
