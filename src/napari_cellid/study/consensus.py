"""Consensus table: votes, decisions and predictions of all cells of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.agreement.vote import (
    DECIDED,
    UNANSWERED,
    count_votes,
    names_in_votes,
)
from napari_cellid.annotation.annotators import list_annotators, normalised_name
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.io.tables import write_cells

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.config import VoteConfig
    from napari_cellid.study.answer_matching import MatchedAnswers
    from napari_cellid.study.study import Study

CONSENSUS_FILE = "consensus.csv"
#: status of answers whose cell the study does not have any more
UNMATCHED = "unmatched"
#: first columns of the consensus table, in this order; columns that depend on classes
#: and answers follow
CONSENSUS_COLUMNS = (
    "recording", "cell", "label", "plane", "y", "x", "consensus", "status", "votes",
    "n_annotators", "predicted", "confidence", "class", "animal", "subvolume",
    "area_um2",
)  # fmt: skip
_KEY = ["recording", "cell"]


class VotesGoneError(InputError):
    """A consensus table has votes of annotators whose journals are gone.

    Parameters
    ----------
    finding
        What was found, one sentence.
    remedy
        What to do; with the finding it is the message.
    """

    def __init__(self, finding: str, remedy: str) -> None:
        super().__init__(f"{finding.removesuffix('.')}; {remedy}")
        self.finding = finding


def consensus_table(study: Study, rule: VoteConfig | None = None) -> pd.DataFrame:
    """Count the votes of a study.

    Parameters
    ----------
    study
        The study; its cells and journals are read again.
    rule
        Vote rule; by default that of the study.

    Returns
    -------
    One row a cell, sorted by recording and number. `consensus` is the decision, or ""
    without one; `status` is consensus, adjudicated, disputed, too_few or unanswered;
    `predicted` and `confidence` are those of the model; `class` is the decision, or
    the prediction if there is none. Answers for cells that the study does not have
    any more follow as rows with the status unmatched.
    """
    answers = study.read_answers()
    return count_matched_votes(study.cells(), answers, rule or study.config.vote)


def count_matched_votes(
    cells: pd.DataFrame, answers: MatchedAnswers, rule: VoteConfig
) -> pd.DataFrame:
    """Make the consensus table from matched answers; see `consensus_table`.

    Parameters
    ----------
    cells
        `Study.cells`.
    answers
        `Study.read_answers`.
    rule
        Vote rule.
    """
    counted = count_votes(
        answers.current(), rule, adjudications=answers.current("adjudicator")
    )
    present = cells.merge(counted, how="left", on=_KEY)
    present["status"] = present["status"].fillna(UNANSWERED)
    unmatched = _count_unmatched(answers, rule)
    for name in ("animal", "subvolume"):
        of_recording = cells.drop_duplicates("recording").set_index("recording")[name]
        unmatched[name] = unmatched["recording"].map(of_recording)
    table = _fill(pd.concat([present, unmatched], ignore_index=True))
    # a cell is undecided if the adjudicator was unsure
    decided = table["status"].isin(DECIDED) & table["consensus"].ne("")
    table["class"] = table["consensus"].where(decided, table["predicted"])
    rest = [name for name in table if name not in CONSENSUS_COLUMNS]
    order = table["status"].eq(UNMATCHED).rename("last")
    table = table.assign(last=order).sort_values(["last", *_KEY], ignore_index=True)
    return table[[*CONSENSUS_COLUMNS, *rest]]


def with_estimates(table: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Add the most probable class of each cell to a consensus table.

    Parameters
    ----------
    table
        Consensus table.
    estimates
        `AnnotatorReliability.estimates`: recording, cell, `estimated` and
        `estimated_p`.
    """
    table = table.merge(estimates, how="left", on=_KEY)
    # the number of a removed cell may belong to another cell today
    table.loc[table["status"] == UNMATCHED, ["estimated", "estimated_p"]] = None
    return table


def write_consensus(
    study: Study, table: pd.DataFrame, *, replace: bool = False
) -> Path:
    """Write `consensus.csv`, completely or not at all.

    Parameters
    ----------
    study
        The study.
    table
        Consensus table.
    replace
        Whether a file may be replaced that has votes of annotators whose journals
        are gone.

    Raises
    ------
    VotesGoneError
        If journals are gone; the file is left unchanged.
    InputError
        If the file cannot be written; an existing file is left unchanged.
    """
    study.check_present()
    path = study.path / CONSENSUS_FILE
    if not replace:
        _check_journals(study, path)
    try:
        with atomic_write(path) as temporary:
            write_cells(temporary, _with_titles(study, table))
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({file_reason(error)}); close programs "
            "that have it open, and check the permissions and the free space."
        ) from error
    return path


def _with_titles(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    """The table with the titles of recordings beside their names, if there are any.

    Programs go on finding recordings by name.
    """
    titles = table["recording"].map(lambda name: study.title_of(str(name)))
    if titles.eq(table["recording"]).all():
        return table
    rest = table.drop(columns="recording")
    return pd.concat([table["recording"], titles.rename("title"), rest], axis=1)


def _check_journals(study: Study, path: Path) -> None:
    """Refuse to replace votes of annotators who have no journal any more."""
    present = {normalised_name(name) for name in list_annotators(study.annotations)}
    gone = [
        name for name in _annotators_in(path) if normalised_name(name) not in present
    ]
    if gone:
        people = f"{', '.join(gone[:3])}{' and others' * (len(gone) > 3)}"
        raise VotesGoneError(
            f"{path} has votes of {people}, but {study.annotations} has no such "
            "journal.",
            "put the journals back, or replace the file with napari-cellid agree "
            "--replace.",
        )


def _annotators_in(path: Path) -> list[str]:
    """Names of the annotators whose votes a consensus table has."""
    try:
        table = pd.read_csv(path, keep_default_na=False, dtype=str)
    except (OSError, ValueError):
        # writing reports what cannot be written; no other table is protected
        return []
    votes = table["votes"].unique() if "votes" in table else ()
    names = [name for text in votes for name in names_in_votes(text)]
    return list(dict.fromkeys(names))


def _count_unmatched(answers: MatchedAnswers, rule: VoteConfig) -> pd.DataFrame:
    """Votes for cells that the study does not have any more, and their positions."""
    votes = answers.current_unmatched()
    adjudications = answers.current_unmatched("adjudicator")
    counted = count_votes(votes, rule, adjudications=adjudications)
    counted["status"], counted["consensus"] = UNMATCHED, ""
    positions = pd.concat([votes, adjudications])[[*_KEY, "plane", "y", "x"]]
    return counted.merge(positions.drop_duplicates(_KEY), how="left", on=_KEY)


def _fill(table: pd.DataFrame) -> pd.DataFrame:
    """Fill empty cells of the table with 0 or "" where the column allows it."""
    counts = [name for name in table if str(name).startswith("votes_")]
    texts = ["consensus", "votes", "predicted", "animal", "subvolume", "adjudicator"]
    filled = table.fillna(dict.fromkeys(["n_annotators", *counts], 0))
    filled = filled.fillna({name: "" for name in texts if name in table})
    types = dict.fromkeys(["cell", "n_annotators", *counts], "int64")
    # label and plane can be missing, for unmatched answers
    types |= dict.fromkeys(("label", "plane"), "Int64")
    return filled.astype(types)
