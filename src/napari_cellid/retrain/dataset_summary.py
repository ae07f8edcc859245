"""Counts of the decided cells of a study, shown before a training."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from napari_cellid.agreement.vote import DECIDED
from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.study.consensus import count_matched_votes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from napari_cellid.config import VoteConfig
    from napari_cellid.progress import Step
    from napari_cellid.study.answer_matching import MatchedAnswers
    from napari_cellid.study.study import Study


@dataclass(frozen=True)
class DecidedCellCounts:
    """Numbers of decided cells of a study.

    Parameters
    ----------
    rule
        The vote rule.
    classes
        Classes of the study, without hidden ones.
    by
        The grouping: animal, or recording where no animal is named.
    counts
        Number of cells of each class in each group.
    others
        Number of undecided cells by status, and of cells decided as not a cell.
    recordings
        Number of outlined cells of each recording.
    corrected
        Recordings whose outlines somebody has corrected by hand.
    """

    rule: VoteConfig
    classes: tuple[str, ...]
    by: str = "recording"
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    others: Mapping[str, int] = field(default_factory=dict)
    recordings: Mapping[str, int] = field(default_factory=dict)
    corrected: frozenset[str] = frozenset()

    @property
    def by_class(self) -> dict[str, int]:
        """Number of decided cells of each class, including classes without cells."""
        total: Counter[str] = Counter(dict.fromkeys(self.classes, 0))
        for one in self.counts.values():
            total.update(one)
        return dict(total)

    @property
    def total(self) -> int:
        """Number of decided cells."""
        return sum(self.by_class.values())


def count_decided_cells(
    study: Study, answers: MatchedAnswers | None = None
) -> Step[DecidedCellCounts]:
    """Count the decided cells of a study by the rule of the study.

    Parameters
    ----------
    study
        The study.
    answers
        The answers of all annotators, if they were read before.

    Raises
    ------
    InputError
        If a journal or a table of cells cannot be read.
    """
    if answers is None:
        yield Progress("Reading answers")
        answers = study.read_answers()
    yield Progress("Counting votes")
    config, cells = study.config, study.cells()
    table = count_matched_votes(cells, answers, config.vote)
    classes = tuple(c.name for c in config.visible_classes)
    decided = table[table["status"].isin(DECIDED) & table["consensus"].ne("")]
    others = _numbers(table.loc[~table["status"].isin(DECIDED), "status"])
    others[NOT_A_CELL] = int(decided["class"].eq(NOT_A_CELL).sum())
    # a classifier predicts classes, and "not a cell" is none
    decided = decided[decided["class"].isin(classes)]
    named = bool(len(cells)) and bool(cells["animal"].ne("").all())
    by = "animal" if named else "recording"
    return DecidedCellCounts(
        rule=config.vote,
        classes=classes,
        by=by,
        counts=_counts(decided, by),
        others=others,
        recordings=_numbers(cells["recording"]),
        corrected=frozenset(filter(partial(_is_corrected, study), study.recordings)),
    )


def _is_corrected(study: Study, name: str) -> bool:
    """Whether somebody has drawn, erased or added cells of a recording."""
    try:
        by_hand = study.recording(name).run().get("changed_by_hand")
    except InputError:
        # opening the study has told it; nobody knows what was done
        return False
    return isinstance(by_hand, dict) and any(by_hand.values())


def _counts(decided: pd.DataFrame, by: str) -> dict[str, dict[str, int]]:
    return {str(group): _numbers(rows["class"]) for group, rows in decided.groupby(by)}


def _numbers(values: pd.Series[str]) -> dict[str, int]:
    counts = values.value_counts(sort=False)
    return {str(name): int(n) for name, n in counts.items()}
