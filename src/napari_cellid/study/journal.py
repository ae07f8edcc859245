"""Journal of one annotator of an open study, with the current answer of each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError
from napari_cellid.study.cells_index import own_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.study import Study


class AnnotatorJournal:
    """Journal of one annotator, and current answers by the cells of the study.

    Parameters
    ----------
    study
        The study.
    annotator
        Name of the annotator.

    Raises
    ------
    InputError
        If the name cannot be used, or the journal cannot be read or written.
    """

    def __init__(self, study: Study, annotator: str) -> None:
        self._study = study
        self.journal = Journal.open(
            study.annotations,
            annotator,
            answers=_known_answers(study.config),
        )
        #: current answers, by cell
        self.answers: dict[CellKey, str] = own_answers(study, self.journal.annotator)
        self._n_told = 0

    def set_study(self, study: Study) -> None:
        """Take the study with other settings; nothing is read again.

        Answers with an earlier name of a class get the current one.
        """
        self._study = study
        self.journal.set_answers(_known_answers(study.config))
        current = study.config.current_name
        self.answers = {cell: current(name) for cell, name in self.answers.items()}

    def new_interference(self) -> tuple[str, ...]:
        """Problems that other programs caused since the last call."""
        problems = self.journal.interference
        new, self._n_told = problems[self._n_told :], len(problems)
        return new

    def add(self, lines: Sequence[Answer]) -> list[Answer]:
        """Write the lines of one answer, which may be for several cells.

        Returns
        -------
        The lines as they were written.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        written = self.journal.add_group(lines)
        self._count(written)
        return written

    def undo(self) -> list[Answer]:
        """Undo the last answer; return the lines with the answers that count now.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        return self._repeat(self.journal.undo)

    def redo(self) -> list[Answer]:
        """Redo the answer that was undone last; return the lines written.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        return self._repeat(self.journal.redo)

    def _repeat(self, act: Callable[[], list[Answer]]) -> list[Answer]:
        try:
            lines = act()
        except InputError:
            # some of the lines may be written
            self.answers = own_answers(self._study, self.journal.annotator)
            raise
        self._count(lines)
        return lines

    def _count(self, lines: Sequence[Answer]) -> None:
        for line in lines:
            if line.role != "annotator":
                continue
            if line.answer is None:
                self.answers.pop(line.key, None)
            else:
                current = self._study.config.current_name(line.answer)
                self.answers[line.key] = current


def _known_answers(config: StudyConfig) -> tuple[str, ...]:
    """Answers that may stand in a journal: also earlier names of classes."""
    return (*config.answers, *config.earlier_names)
