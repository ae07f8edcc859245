"""One person's journal, open for answering."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import (
    clean_name,
    journal_path,
)
from napari_cellid.annotation.journal_file import JournalFile
from napari_cellid.annotation.jsonl import as_utc
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from napari_cellid.annotation.answer import Answer, CellKey, Role


class Journal:
    """Answers of one person: a file that lines are only ever added to.

    Each answer is one line, written by one call at the end of the file and on the disk
    before `add` returns. Several windows can have the same journal open: each takes in
    the lines of the others before it writes. Nothing is held open in between.

    Make one with `Journal.open`.
    """

    def __init__(self, file: JournalFile, answers: Collection[str] | None) -> None:
        self._file = file
        self._answers = answers

    @classmethod
    def open(
        cls, folder: Path, annotator: str, *, answers: Collection[str] | None = None
    ) -> Self:
        """Open a person's journal in a folder, which may not exist yet.

        Nothing is made before the first answer.

        Parameters
        ----------
        folder
            The `annotations` of a study.
        annotator
            The person's name.
        answers
            Answers that the study has; others are refused by `add`, and reported where
            the journal has them already. None takes any.

        Raises
        ------
        InputError
            If the name cannot be used or differs from one in the folder only in case
            or Unicode form, or the file cannot be read or written.
        """
        file = JournalFile(journal_path(folder, annotator), clean_name(annotator))
        file.refresh()
        there = next(p for p in (file.path, *file.path.parents) if p.exists())
        if not os.access(there, os.W_OK):
            raise InputError(
                f"{there} can only be read, so no answer could be saved in it; make it "
                "writable, or work on a copy of the study."
            )
        return cls(file, answers)

    @property
    def annotator(self) -> str:
        """Whose it is, as the name is kept."""
        return self._file.annotator

    @property
    def path(self) -> Path:
        """The file; it may not exist before the first answer."""
        return self._file.path

    @property
    def problems(self) -> tuple[str, ...]:
        """What is odd about the file, one sentence each; everything else counts."""
        reader = self._file.reader
        return (*self._file.problems, *reader.problems(self.path.name, self._answers))

    @property
    def lines(self) -> tuple[Answer, ...]:
        """Every good line, in the order of the file."""
        return tuple(self._file.history.lines)

    @property
    def can_undo(self) -> bool:
        """Whether there is an answer to undo."""
        return self._file.history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether an answer was undone and none was given since."""
        return self._file.history.can_redo

    def add(self, answer: Answer) -> Answer:
        """Write an answer; it is on the disk when this returns.

        Raises
        ------
        InputError
            If the disk is full or the file cannot be written (everything before is
            kept), or the answer is not one of the study.
        """
        self.add_all([answer])
        return answer

    def add_all(self, answers: Sequence[Answer]) -> None:
        """Write answers in this order; they are on the disk when this returns.

        Raises
        ------
        InputError
            As `add`.
        """
        for answer in answers:
            self._check(answer)
        self._file.append(answers)

    def undo(self) -> Answer | None:
        """Take back the last answer that is not undone yet, also of an earlier day.

        Returns
        -------
        The line written, which says what counts for that cell from now on (`answer` is
        None where nothing did before); None if there is nothing to undo. What `restore`
        wrote is not undone but brought back by `restore`.
        """
        self._file.refresh()
        if not self._file.history.can_undo:
            return None
        line = self._file.history.undo_line(_now())
        self._file.append([line])
        return line

    def redo(self) -> Answer | None:
        """Give the answer undone last once more; None if there is none."""
        self._file.refresh()
        if not self._file.history.can_redo:
            return None
        line = self._file.history.redo_line(_now())
        self._file.append([line])
        return line

    def current(self, role: Role = "annotator") -> Mapping[CellKey, Answer]:
        """The last line of each cell; those taken back are absent."""
        return self._file.history.current(role)

    def current_at(
        self, time: datetime, role: Role = "annotator"
    ) -> Mapping[CellKey, Answer]:
        """What counted after the last line written at or before a time (UTC)."""
        return self._file.history.current_at(as_utc(time), role)

    def restore(self, time: datetime) -> int:
        """Add lines so that the same counts as at an earlier time; how many lines."""
        self._file.refresh()
        lines = self._file.history.restore_lines(as_utc(time), _now())
        self._file.append(lines)
        return len(lines)

    def close(self) -> None:
        """Make sure that the file has all lines; nothing is held open."""
        self._file.refresh()
        self._file.append([])

    def _check(self, answer: Answer) -> None:
        if answer.annotator != self.annotator:
            raise InputError(
                f"An answer of '{answer.annotator}' does not belong in the journal of "
                f"'{self.annotator}'; open the journal of '{answer.annotator}'."
            )
        if self._answers is not None and answer.answer not in (None, *self._answers):
            raise InputError(
                f"'{answer.answer}' is not an answer of this study; use one of "
                f"{', '.join(self._answers)}."
            )


def _now() -> datetime:
    return datetime.now(UTC)
