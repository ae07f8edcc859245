"""Answers of all annotators of an open study: read once, then kept up to date."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.annotation.all_answers import answers_table, follow_annotations
from napari_cellid.annotation.annotators import journal_files
from napari_cellid.annotation.answer import CellKey
from napari_cellid.annotation.journal_tail import JournalTail
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.study.current_answers import CurrentAnswers
from napari_cellid.study.uncounted import find_uncounted
from napari_cellid.study.votes import decided_answers, make_votes

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.annotation.jsonl import ParsedLines
    from napari_cellid.config import VoteConfig
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study
    from napari_cellid.study.votes import StudyVotes


class StudyAnswers:
    """Answers of all annotators, matched to the cells of a study.

    The journals are read once. `add` counts the lines that this program has written,
    `refresh` reads only what others, or other windows, have added.

    Parameters
    ----------
    study
        The study; `follow_cells` tells when it has other cells.

    Raises
    ------
    InputError
        If a journal or a table of cells cannot be read.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._positions = study.cell_positions()
        self.reload()

    def reload(self) -> None:
        """Read all journals again.

        Raises
        ------
        InputError
            If one of them cannot be read; then nothing changes.
        """
        annotations, tails = follow_annotations(self._study.annotations)
        matched = self._study.match_answers(annotations.all_answers, self._positions)
        self._tails = {tail.path: tail for tail in tails}
        uncounted = find_uncounted(self._study, matched)
        self._votes = make_votes(matched, annotations.problems, uncounted)
        # lines that are not in `_votes` yet
        self._new: list[Answer] = []
        # lines that were added here and were not met in their journal yet
        self._written: set[Answer] = set()
        self._tables: dict[VoteConfig, pd.DataFrame] = {}
        self._index()

    def follow_cells(self) -> None:
        """Match all answers to the cells that the study has now.

        Raises
        ------
        InputError
            If a journal or a table of cells cannot be read; then nothing changes.
        """
        before, self._positions = self._positions, self._study.cell_positions()
        try:
            self.reload()
        except InputError:
            self._positions = before
            raise

    def set_study(self, study: Study) -> None:
        """Take the study with other settings; renamed classes get their new names."""
        names = study.config.earlier_names
        if names != self._study.config.earlier_names:
            self._votes, self._tables = self.votes.rename_classes(names), {}
            self._index()
        self._study = study

    @property
    def votes(self) -> StudyVotes:
        """The answers as tables; another object after each change."""
        if self._new:
            self._votes, self._new = self._votes.with_answers(self._new), []
            self._tables = {}
        return self._votes

    def of_annotator(self, name: str) -> Mapping[CellKey, str]:
        """Current answers of an annotator, by cell."""
        return self._of(name).by_cell

    def counts(self, name: str, recordings: Iterable[str]) -> Counter[str]:
        """Number of cells of some recordings with each answer of an annotator."""
        return self._of(name).counts(recordings)

    def given(self) -> frozenset[str]:
        """Every answer in the journals, also those that were taken back."""
        matched = self.votes.matched()
        tables = matched.all_answers, matched.unmatched
        return frozenset().union(*(table["answer"].dropna() for table in tables))

    def of_cell(self, cell: CellKey) -> dict[str, str]:
        """Answer of each annotator of a cell."""
        answers = {k: own.by_cell.get(cell) for k, own in self._by_annotator.items()}
        return {name: answer for name, answer in answers.items() if answer is not None}

    def count(self, rule: VoteConfig) -> pd.DataFrame:
        """Count the votes by a rule, once for each; see `StudyVotes.count`."""
        votes = self.votes
        if rule not in self._tables:
            self._tables[rule] = votes.count(rule)
        return self._tables[rule]

    def decided(self, rule: VoteConfig) -> dict[CellKey, str]:
        """Decided answer of each cell by a rule."""
        return decided_answers(self.count(rule))

    def add(self, lines: Sequence[Answer]) -> list[Answer]:
        """Count lines that were just written, for cells as they are now.

        Returns
        -------
        The lines, with the current names of classes.
        """
        # with the names as written, for so `refresh` meets them in the journal
        self._written.update(lines)
        names = self._study.config.earlier_names
        current = [
            replace(line, answer=names[line.answer]) if line.answer in names else line
            for line in lines
        ]
        self._count(current)
        return current

    def refresh(self) -> set[str]:
        """Read what others, or other windows, have written since.

        Returns
        -------
        Names of the annotators whose answers may have changed.

        Raises
        ------
        InputError
            If a journal cannot be read.
        """
        new = self._read_new()
        if new is None or self._has_new_problems():
            return self._reload()
        lines = [line for some in new for line in some.answers()]
        foreign = [line for line in lines if line not in self._written]
        if not foreign:
            self._written.difference_update(lines)
            return set()
        matched = None if self._overtook(lines) else self._matched(foreign, new)
        if matched is None:
            # the order of the lines, or the match of earlier ones, is another
            return self._reload()
        self._written.difference_update(lines)
        self._count(matched)
        return {line.annotator for line in foreign}

    def _reload(self) -> set[str]:
        before = set(self._by_annotator)
        self.reload()
        return before | set(self._by_annotator)

    def _overtook(self, lines: Sequence[Answer]) -> bool:
        """Whether a line was added here that follows a foreign one about its cell."""
        foreign = set()
        for line in lines:
            slot = line.annotator, line.role, line.key
            if line not in self._written:
                foreign.add(slot)
            elif slot in foreign:
                return True
        return False

    def _read_new(self) -> list[ParsedLines] | None:
        """New lines of all journals; None if one of them was replaced or removed."""
        files = journal_files(self._study.annotations)
        if not {path for _, path in files} >= self._tails.keys():
            return None
        new = []
        for name, path in files:
            tail = self._tails.setdefault(path, JournalTail(path, name))
            lines = tail.read_new()
            if lines is None:
                return None
            if lines.numbers:
                new.append(lines)
        return new

    def _has_new_problems(self) -> bool:
        """Whether a journal got lines that cannot be read, or that do not count."""
        problems = (one for tail in self._tails.values() for one in tail.problems)
        return not set(self._votes.problems).issuperset(problems)

    def _matched(
        self, foreign: Sequence[Answer], new: Sequence[ParsedLines]
    ) -> list[Answer] | None:
        """Lines with the current names; None if a cell has another number now."""
        table = answers_table(new)
        matched = self._study.match_answers(table, self._positions)
        rows = matched.all_answers
        if len(rows) < len(table) or (rows["cell"] != rows["given_cell"]).any():
            return None
        names = self._study.config.earlier_names
        return [
            replace(line, answer=names.get(line.answer or "", line.answer))
            for line in foreign
        ]

    def _count(self, lines: Sequence[Answer]) -> None:
        self._new += lines
        for line in lines:
            if line.role == "annotator":
                self._of(line.annotator).set(line.key, line.answer)

    def _index(self) -> None:
        self._by_annotator: dict[str, CurrentAnswers] = {}
        votes = self._votes.current
        names = ("annotator", "recording", "cell", "answer")
        for annotator, recording, cell, answer in zip(
            *(votes[name].tolist() for name in names), strict=True
        ):
            self._of(annotator).set(CellKey(recording, cell), answer)

    def _of(self, annotator: str) -> CurrentAnswers:
        return self._by_annotator.setdefault(annotator, CurrentAnswers())


def read_study_answers(study: Study) -> Step[StudyAnswers]:
    """Read the answers of all annotators of a study.

    Raises
    ------
    InputError
        If a journal, or a table of cells, cannot be read.
    """
    yield Progress("Reading answers")
    return StudyAnswers(study)
