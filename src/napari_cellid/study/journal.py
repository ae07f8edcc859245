"""Journal of one annotator of an open study."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError
from napari_cellid.files import file_state
from napari_cellid.study.answered_markers import check_answered_markers
from napari_cellid.study.settings import STUDY_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
        If the name cannot be used, the journal cannot be read or written, or a class
        showed something else when the annotator gave it.
    """

    def __init__(self, study: Study, annotator: str) -> None:
        self.journal = Journal.open(
            study.annotations,
            annotator,
            answers=_known_answers(study.config),
            check=study.check_present,
        )
        lines = self.journal.lines
        check_answered_markers(study.config, {(x.answer, x.markers) for x in lines})
        self._n_told = 0
        self._take(study)

    def set_study(self, study: Study) -> None:
        """Take the study with other settings; nothing is read again."""
        self._take(study)
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
            If they cannot be written, or another window has just said that cells of
            the class show something else.
        """
        markers = {one.name: one.markers for one in self._study.config.classes}
        said = [markers.get(line.answer or "", "") for line in lines]
        self._check_unchanged({one.answer for one in lines if one.answer}, markers)
        return self.journal.add_group(
            [
                replace(one, markers=shown)
                for one, shown in zip(lines, said, strict=True)
            ]
        )

    def _take(self, study: Study) -> None:
        self._study = study
        # when it was last read is not known, so it is read once more
        self._settings_state: tuple[int, int, int] | None = None

    def _check_unchanged(self, answers: set[str], markers: Mapping[str, str]) -> None:
        """Check that `study.toml` still says what the person has seen."""
        state = file_state(self._study.path / STUDY_FILE)
        if state is not None and state == self._settings_state:
            return
        config = self._study.config
        # a file that cannot be read must not keep answers from being saved
        with suppress(InputError):
            config = self._study.with_current_settings().config
        for one in config.classes:
            for name in answers.intersection(one.names):
                if one.markers != markers.get(name, one.markers):
                    raise InputError(
                        f"The {name!r} cells of the study are "
                        f"{one.markers or 'others'} now, because somebody has just "
                        "changed what red marks; the answer was not saved, so look at "
                        "the classes and answer again."
                    )
        if config == self._study.config:
            self._settings_state = state

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
