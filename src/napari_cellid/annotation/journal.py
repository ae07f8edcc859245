"""Journal of one annotator, open for writing answers."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import (
    annotator_from_path,
    check_no_link,
    journal_path,
)
from napari_cellid.annotation.answer import new_group
from napari_cellid.annotation.journal_file import JournalFile
from napari_cellid.annotation.jsonl import as_utc
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from napari_cellid.annotation.answer import Answer, CellKey, Role
    from napari_cellid.annotation.history import AnswerHistory


class Journal:
    """Answers of one annotator, in an append-only file.

    Each answer is one line, written by one system call and on the disk before `add`
    returns. Several windows can use the same journal: each reads the lines of the
    others before it writes. The file is not kept open in between.

    Make one with `Journal.open`.
    """

    def __init__(self, file: JournalFile, answers: Collection[str] | None) -> None:
        self._file = file
        self._answers = answers

    @classmethod
    def open(
        cls,
        folder: Path,
        annotator: str,
        *,
        answers: Collection[str] | None = None,
        check: Callable[[], None] | None = None,
    ) -> Self:
        """Open an annotator's journal in a folder, which may not exist yet.

        The first answer creates the file.

        Parameters
        ----------
        folder
            Folder `annotations` of a study.
        annotator
            Name of the annotator.
        answers
            Answers that the study allows: `add` refuses others, and `problems` lists
            those that the journal has already. None allows any answer.
        check
            Called before each writing; raises an error if nothing may be written, as
            when the study was moved away.

        Raises
        ------
        InputError
            If the name cannot be used, another name in the folder differs from it only
            in case or Unicode form, or the file cannot be read or written.
        """
        path = journal_path(folder, annotator)
        check_no_link(path)
        file = JournalFile(path, annotator_from_path(path), check)
        file.refresh()
        existing = next(p for p in (file.path, *file.path.parents) if p.exists())
        if not os.access(existing, os.W_OK):
            raise InputError(
                f"{existing} is read-only, so no answer can be saved in it; make it "
                "writable, or work on a copy of the study."
            )
        return cls(file, answers)

    def set_answers(self, answers: Collection[str] | None) -> None:
        """Set the answers that the study allows from now on; None allows any."""
        self._answers = answers

    @property
    def annotator(self) -> str:
        """Name of the annotator, normalised."""
        return self._file.annotator

    @property
    def path(self) -> Path:
        """Path of the file; it may not exist before the first answer."""
        return self._file.path

    @property
    def problems(self) -> tuple[str, ...]:
        """Problems with the file, one sentence each; everything else counts."""
        reader = self._file.reader
        return (*self._file.problems, *reader.problems(self.path.name, self._answers))

    @property
    def interference(self) -> tuple[str, ...]:
        """Those of the problems that other programs caused while this was open."""
        return tuple(self._file.problems)

    @property
    def history(self) -> AnswerHistory:
        """History of the answers, to follow its lines.

        It is another object after another program replaced the file.
        """
        return self._file.history

    @property
    def lines(self) -> tuple[Answer, ...]:
        """All valid lines, in the order of the file."""
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
            If the disk is full or the file cannot be written (earlier answers are
            kept), or the study does not allow the answer.
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

    def add_group(self, answers: Sequence[Answer]) -> list[Answer]:
        """Write one answer for several cells, which is undone and redone as a whole.

        Returns
        -------
        The lines written. They share a group and the time of the first.

        Raises
        ------
        InputError
            As `add`.
        """
        group = new_group() if len(answers) > 1 else None
        # lines of equal time stay together when journals are merged or restored
        lines = [replace(one, time=answers[0].time, group=group) for one in answers]
        self.add_all(lines)
        return lines

    def undo(self) -> list[Answer]:
        """Undo the last answer that is not undone yet, also one of an earlier day.

        Returns
        -------
        The lines written, one for each cell of the answer, the last cell first, with
        what counts from now on (`answer` is None if there was nothing before); none
        if there is nothing to undo. Lines of `restore` are undone by another `restore`
        only.
        """
        self._file.refresh()
        history = self._file.history
        lines = history.undo_lines(_now()) if history.can_undo else []
        self._file.append(lines)
        return lines

    def redo(self) -> list[Answer]:
        """Give the last undone answer again; return the lines written, if any."""
        self._file.refresh()
        history = self._file.history
        lines = history.redo_lines(_now()) if history.can_redo else []
        self._file.append(lines)
        return lines

    def current(self, role: Role = "annotator") -> Mapping[CellKey, Answer]:
        """Current answer of each cell; withdrawn answers are absent."""
        return self._file.history.current(role)

    def current_at(
        self, time: datetime, role: Role = "annotator"
    ) -> Mapping[CellKey, Answer]:
        """Answers that counted after the last line written at or before a time."""
        return self._file.history.current_at(as_utc(time), role)

    def restore(self, time: datetime) -> int:
        """Bring back the answers of an earlier time; return the number of lines."""
        self._file.refresh()
        lines = self._file.history.restore_lines(as_utc(time), _now())
        self._file.append(lines)
        return len(lines)

    def close(self) -> None:
        """Write lines that a replaced file has lost; no file is open afterwards."""
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
