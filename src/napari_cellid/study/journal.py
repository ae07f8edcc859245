"""Journal of one annotator of an open study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.annotation.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.study import Study


class AnnotatorJournal:
    """Journal of one annotator, for the answers that the study has.

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
        self.journal = Journal.open(
            study.annotations,
            annotator,
            answers=_known_answers(study.config),
            check=study.check_present,
        )
        self._n_told = 0

    def set_study(self, study: Study) -> None:
        """Take the study with other settings; nothing is read again."""
        self.journal.set_answers(_known_answers(study.config))

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
        return self.journal.add_group(lines)

    def undo(self) -> list[Answer]:
        """Undo the last answer; return the lines with the answers that count now.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        return self.journal.undo()

    def redo(self) -> list[Answer]:
        """Redo the answer that was undone last; return the lines written.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        return self.journal.redo()


def _known_answers(config: StudyConfig) -> tuple[str, ...]:
    """Answers that may stand in a journal: also earlier names of classes."""
    return (*config.answers, *config.earlier_names)
