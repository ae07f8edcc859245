"""The file of a journal: lines that are only ever added, and followed as it grows."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import journal_path
from napari_cellid.annotation.history import AnswerHistory
from napari_cellid.annotation.journal_reader import JournalReader
from napari_cellid.annotation.jsonl import format_line
from napari_cellid.annotation.lock import locked
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO
    from pathlib import Path

    from napari_cellid.annotation.answer import Answer

#: how often a file may be replaced while one answer is written
_TRIES = 5


class JournalFile:
    """A person's lines in a file that others may add to or replace meanwhile.

    It is opened for each writing alone, so that a merge can replace it. Lines written
    here that a file put in its place does not have are written once more, at the next
    writing.

    Attributes
    ----------
    path, annotator
        The file, which may not exist yet, and whose it is.
    reader, history
        What was read and written so far.
    problems
        What became of the file meanwhile, a sentence each.
    """

    def __init__(self, path: Path, annotator: str) -> None:
        self.path = path
        self.annotator = annotator
        self.problems: list[str] = []
        self.reader, self.history = JournalReader(annotator), AnswerHistory()
        #: lines written here, and those of them that a later file lacks
        self._own: list[Answer] = []
        self._lost: list[Answer] = []
        #: which file it was, its size and time; None before there is one
        self._seen: tuple[int, ...] | None = None

    def refresh(self) -> None:
        """Take in what was written elsewhere since.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        try:
            with self.path.open("rb", buffering=0) as file:
                self._follow(file)
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(
                f"The journal {self.path} cannot be read ({error.strerror}); make it "
                "readable."
            ) from error

    def append(self, answers: Sequence[Answer]) -> None:
        """Add lines; they are on the disk when this returns.

        Raises
        ------
        InputError
            If they cannot be written. What was in the file before is kept; of several
            lines the first ones may be written.
        """
        if not answers and not self._lost:
            return
        try:
            for _ in range(_TRIES):
                with self._opened() as file:
                    self._follow(file)
                    lines = [*self._lost, *answers]
                    self._write(file, lines)
                    self._own += lines
                    answers, self._lost = [], []
                    if self._in_place(file):
                        return
        except OSError as error:
            raise InputError(
                f"The answer could not be saved in {self.path} ({error.strerror}); all "
                "earlier ones are safe: make room or make the file writable, then "
                "answer again."
            ) from error

    @contextmanager
    def _opened(self) -> Iterator[FileIO]:
        folder, new = self.path.parent, not self.path.exists()
        if new and self._seen is None:
            # not later: a drive that is gone must not leave a folder in its place
            folder.mkdir(parents=True, exist_ok=True)
            journal_path(folder, self.annotator)  # refused if a twin came meanwhile
        with locked(folder), self.path.open("ab+", buffering=0) as file:
            yield file
        if new:
            _to_disk(folder)
            _to_disk(folder.parent)

    def _write(self, file: FileIO, answers: Sequence[Answer]) -> None:
        written, open_end = b"", self.reader.lacks_newline
        for answer in answers:
            line = b"\n" * open_end + format_line(answer)
            open_end = _write_line(file.fileno(), line)
            written += line
        os.fsync(file.fileno())
        if os.fstat(file.fileno()).st_size == self.reader.n_bytes + len(written):
            self._take(written)
            self._seen = _seen(file)
        else:  # somebody else's lines came before, or a torn piece
            self._follow(file)

    def _follow(self, file: FileIO) -> None:
        """Read on to the end of the file, or all of it if it is not the one known."""
        seen, known, last = _seen(file), self.history, self.reader.tail
        if seen == self._seen:
            return
        file.seek(self.reader.n_bytes - len(last))
        same = self._seen is None or seen[:2] == self._seen[:2]
        if not same or file.read(len(last)) != last:
            self.reader, self.history = JournalReader(self.annotator), AnswerHistory()
            file.seek(0)
        self._take(file.readall())
        self._seen = seen
        if self.history is not known:
            self._find_lost(known.lines)

    def _take(self, data: bytes) -> None:
        self.history.extend(self.reader.feed(data).answers())

    def _find_lost(self, known: list[Answer]) -> None:
        """Find which known lines a file in the old one's place lacks.

        Of lines that were only read here nobody knows why they are not there, unless
        nothing at all is.
        """
        have = set(self.history.lines)
        lost = [line for line in (self._own if have else known) if line not in have]
        if lost:
            self._lost = lost
            self.problems.append(
                f"{self.path.name}: another program put a file in its place without "
                f"{len(lost)} of the lines known here; they are written once more."
            )

    def _in_place(self, file: FileIO) -> bool:
        """Whether an open file is still the journal, or at least somewhere."""
        there = os.fstat(file.fileno())
        try:
            return os.path.samestat(self.path.stat(), there)
        except FileNotFoundError:
            return there.st_nlink > 0  # the study was moved, and the file with it


def _seen(file: FileIO) -> tuple[int, ...]:
    there = os.fstat(file.fileno())
    return there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns


def _write_line(descriptor: int, line: bytes) -> bool:
    """Write a line by one call; whether its line end, and no more, is missing."""
    written = os.write(descriptor, line)
    if written < len(line) - 1:
        # the rest could be glued to what somebody wrote meanwhile: on a line of its own
        line = b"\n" + line
        written = os.write(descriptor, line)
    if written < len(line) - 1:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return written < len(line)


def _to_disk(folder: Path) -> None:
    """Have the system keep that there is a new file in a folder."""
    if os.name == "nt":  # which does so by itself, and opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
