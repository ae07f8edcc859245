"""Steps that the Agreement dock runs in the worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_cellid.agreement.dawid_skene import estimate_reliability
from napari_cellid.agreement.summary import measure_agreement
from napari_cellid.progress import Progress
from napari_cellid.report.table import count_text
from napari_cellid.study.consensus import consensus_table, write_consensus
from napari_cellid.study.training_set import make_training_set

if TYPE_CHECKING:
    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.agreement.summary import Agreement
    from napari_cellid.config import StudyConfig, VoteConfig
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study
    from napari_cellid.study.votes import StudyVotes


class AgreementFigures(NamedTuple):
    """How well annotators agree, and how reliable each of them is."""

    agreement: Agreement
    reliability: AnnotatorReliability


def compute_agreement(votes: StudyVotes, config: StudyConfig) -> Step[AgreementFigures]:
    """Compute the agreement of the annotators and the reliability of each.

    Parameters
    ----------
    votes
        Answers of all annotators.
    config
        Classes of the study, and the vote rule, which says which answers abstain.
    """
    yield Progress("Comparing annotators")
    agreement = measure_agreement(votes.current, config, all_answers=votes.all_answers)
    yield Progress("Estimating the reliability of each annotator")
    reliability = estimate_reliability(votes.current, config)
    return AgreementFigures(agreement, reliability)


def save_consensus(
    study: Study, rule: VoteConfig, *, replace: bool = False
) -> Step[str]:
    """Write consensus.csv and return a message for the user.

    Parameters
    ----------
    study
        The study.
    rule
        Vote rule.
    replace
        See `write_consensus`.

    Raises
    ------
    InputError
        As `write_consensus`.
    """
    yield Progress("Counting votes")
    table = consensus_table(study, rule)
    yield Progress("Writing")
    path = write_consensus(study, table, replace=replace)
    return f"Saved {count_text(len(table), 'cell')} in {path}"


def save_training_set(study: Study, rule: VoteConfig) -> Step[str]:
    """Write the training set and return a message for the user.

    Raises
    ------
    InputError
        If no cell is decided, or it cannot be written.
    """
    yield Progress("Counting votes")
    training_set = make_training_set(study, rule)
    cells = count_text(len(training_set.cells), "cell")
    return f"Saved the training set of {cells} in {training_set.path}"
