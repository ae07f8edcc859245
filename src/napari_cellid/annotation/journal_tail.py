"""A journal that others write, read once and then only what is added."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from napari_cellid.annotation.journal_reader import JournalReader
from napari_cellid.annotation.jsonl import ParsedLines
from napari_cellid.errors import InputError, file_reason

if TYPE_CHECKING:
    from pathlib import Path

#: a line that is being written is complete after this time (s)
_WRITE_TIME_S = 0.02


class JournalTail:
    """Reads the lines that were added to a journal since it was read last.

    Parameters
    ----------
    path
        The journal.
    annotator
        Name of the annotator.
    """

    def __init__(self, path: Path, annotator: str) -> None:
        self.path = path
        self._reader = JournalReader(annotator)
        self._stat: tuple[int, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Problems with the file so far, one sentence each."""
        return self._reader.problems(self.path.name)

    def read_new(self, *, wait: bool = False) -> ParsedLines | None:
        """Read the lines that were added since the last call; the first reads all.

        Parameters
        ----------
        wait
            Whether to wait a moment for a line that somebody is just writing.

        Returns
        -------
        The lines; None if another program replaced the file, which must be read as a
        whole then.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        try:
            found = self.path.stat()
            stat = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
            if stat == self._stat:
                return ParsedLines()
            if self._stat and stat[:2] != self._stat[:2]:
                return None
            # before the lines, which may become more meanwhile
            self._stat = stat
            lines = self._read()
            if lines is not None and wait and self._reader.incomplete:
                time.sleep(_WRITE_TIME_S)
                lines.extend(self._read() or ParsedLines())
        except OSError as error:
            self._stat = ()
            raise InputError(
                f"The journal {self.path} cannot be read ({file_reason(error)}); "
                "make it "
                "readable."
            ) from error
        return lines

    def _read(self) -> ParsedLines | None:
        """Read on; None if what was read before is not in the file any more."""
        reader = self._reader
        with self.path.open("rb") as file:
            file.seek(reader.n_bytes - len(reader.tail))
            if file.read(len(reader.tail)) != reader.tail:
                return None
            return reader.feed(file.read())
