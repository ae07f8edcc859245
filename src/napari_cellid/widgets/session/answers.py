"""Answers of all annotators of the open study, which every dock reads here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer, Signal

from napari_cellid.errors import InputError
from napari_cellid.study.answers import StudyAnswers, read_study_answers
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.session.navigator import StudyNavigator

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from napari.components import ViewerModel

    from napari_cellid.annotation.answer import CellKey, Role
    from napari_cellid.config import VoteConfig
    from napari_cellid.study.cells_index import CellsIndex
    from napari_cellid.study.study import Study
    from napari_cellid.study.votes import StudyVotes

#: time (ms) between looks for what other people and other windows have written
_WATCH_MS = 3000


class AnswersSession(StudyNavigator):
    """Reads the answers of all annotators once and keeps them; see `StudySession`."""

    #: the votes were read, or somebody else, or another window, has answered
    votes_changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._answers: StudyAnswers | None = None
        # the cells for which the answers are being read
        self._being_read: pd.DataFrame | None = None
        #: reads the votes in the background
        self.reading = Worker(self)
        self._watch = QTimer(self, interval=_WATCH_MS)
        self._watch.timeout.connect(self.look_for_answers)

    @property
    def annotator(self) -> str:
        """Name of the annotator; empty while nobody annotates."""
        return ""

    @property
    def own_answers(self) -> Mapping[CellKey, str]:
        """The annotator's current answers, by cell."""
        if self._answers is None or not self.annotator:
            return {}
        return self._answers.of_annotator(self.annotator)

    @property
    def votes(self) -> StudyVotes | None:
        """The answers of all annotators; None before `load_votes` has read them."""
        return None if self._answers is None else self._answers.votes

    def load_votes(self, *, again: bool = False) -> None:
        """Read all journals in the background; `votes_changed` tells when it is done.

        Parameters
        ----------
        again
            Whether to read them also if the votes are known.
        """
        study = self.study
        if study is None or (self._answers is not None and not again):
            return
        cells = self.cells()

        def on_answers(answers: StudyAnswers) -> None:
            if self.study is None:
                return
            if self.cells() is not cells:
                # they are matched to cells of before
                self.load_votes(again=True)
                return
            answers.set_study(self.study)
            self._answers = answers
            # what was written while they were read
            self.look_for_answers()
            self._show_votes()

        if again or self._being_read is not cells or not self.reading.busy:
            self._being_read = cells
            self.reading.start_latest(read_study_answers(study), on_answers)

    def count_votes(self, rule: VoteConfig) -> pd.DataFrame:
        """Count the votes by a rule; see `agreement.vote.count_votes`."""
        return self._read_answers().count(rule)

    def decided_answers(self) -> Mapping[CellKey, str]:
        """The answer of each cell that the votes decide, by the study's rule."""
        self._take_new(self._read_answers())
        return self._read_answers().decided(self.config.vote)

    def answer_counts(self, recordings: Iterable[str]) -> Counter[str]:
        """Number of cells of some recordings with each of the annotator's answers."""
        return self._read_answers().counts(self.annotator, recordings)

    def other_answers(self, cell: CellKey) -> list[tuple[str, str]]:
        """Names and answers of the other annotators of a cell."""
        self._take_new(self._read_answers())
        answers = self._read_answers().of_cell(cell)
        return [(name, k) for name, k in answers.items() if name != self.annotator]

    def all_given_answers(self) -> frozenset[str]:
        """Every answer in the journals, also those that were taken back."""
        self._take_new(self._read_answers())
        return self._read_answers().given()

    def answers(self, role: Role = "annotator") -> pd.DataFrame:
        """Current answers of all annotators, matched to the cells of the study."""
        self._take_new(self._read_answers())
        votes = self._read_answers().votes
        return votes.current if role == "annotator" else votes.adjudications

    def _read_answers(self) -> StudyAnswers:
        """The answers; they are read now if they were not read yet."""
        if self._answers is None:
            self._answers = StudyAnswers(self._require_study())
        return self._answers

    def look_for_answers(self) -> None:
        """Take over what others have written, if the journals can be read now."""
        if self._answers is not None:
            # every few seconds: the same error must not be shown each time
            with suppress(InputError):
                self._take_new(self._answers)

    def _take_new(self, answers: StudyAnswers) -> None:
        people = answers.refresh()
        if self.annotator in people:
            # another window has answered under the same name
            self._colour_outlines()
        if people:
            self.votes_changed.emit()

    def _show_votes(self) -> None:
        self._colour_outlines()
        self.votes_changed.emit()

    def _set_study(self, study: Study | None, cells: CellsIndex) -> None:
        self._answers = None
        # what is being read belongs to the study before
        self.reading.cancel()
        if study is None:
            self._watch.stop()
        else:
            self._watch.start()
        super()._set_study(study, cells)
