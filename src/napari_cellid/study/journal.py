"""One person's answers to an open study, on disk and at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError
from napari_cellid.study.cells_index import own_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.study.study import Study


class AnnotatorJournal:
    """A journal, and what counts of it by the cells there are.

    Parameters
    ----------
    study
        The study.
    annotator
        Whose journal.

    Raises
    ------
    InputError
        If the name cannot be used or the journal not be read or written.
    """

    def __init__(self, study: Study, annotator: str) -> None:
        self._study = study
        self.journal = Journal.open(
            study.annotations, annotator, answers=study.config.answers
        )
        #: what counts, by cell
        self.answers: dict[CellKey, str] = own_answers(study, self.journal.annotator)
        # of how many lines each answer was that can be taken back, or given again
        self._given: list[int] = []
        self._undone: list[int] = []

    def add(self, lines: Sequence[Answer]) -> None:
        """Write the lines of one answer, which is for one cell or several.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        self.journal.add_all(lines)
        self._given.append(len(lines))
        self._undone.clear()
        self._count(lines)

    def undo(self) -> list[Answer]:
        """Take the last answer back; the lines that say what counts now.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        return self._again(self.journal.undo, self._given, self._undone)

    def redo(self) -> list[Answer]:
        """Give the answer again that was taken back last; the lines written.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        return self._again(self.journal.redo, self._undone, self._given)

    def _again(
        self, act: Callable[[], Answer | None], source: list[int], target: list[int]
    ) -> list[Answer]:
        times = source.pop() if source else 1
        try:
            lines = [line for _ in range(times) if (line := act()) is not None]
        except InputError:
            # some of several may be written
            self.answers = own_answers(self._study, self.journal.annotator)
            raise
        if lines:
            target.append(len(lines))
        self._count(lines)
        return lines

    def _count(self, lines: Sequence[Answer]) -> None:
        for line in lines:
            if line.role != "annotator":
                continue
            if line.answer is None:
                self.answers.pop(line.key, None)
            else:
                self.answers[line.key] = line.answer
