"""One table of what people and models say of every cell of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.agreement.vote import DECIDED, UNANSWERED, count_votes
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.config import VoteConfig
    from napari_cellid.study.answer_matching import MatchedAnswers
    from napari_cellid.study.study import Study

CONSENSUS_FILE = "consensus.csv"
#: status of answers whose cell the study does not have any more
UNMATCHED = "unmatched"
#: columns of the consensus table, in the order in which they are written; those that
#: depend on classes and answers follow
CONSENSUS_COLUMNS = (
    "recording", "cell", "label", "plane", "y", "x", "consensus", "status", "votes",
    "n_annotators", "predicted", "confidence", "class", "animal", "subvolume",
    "area_um2",
)  # fmt: skip
_KEY = ["recording", "cell"]


def consensus_table(study: Study, rule: VoteConfig | None = None) -> pd.DataFrame:
    """Count the votes of a study.

    Parameters
    ----------
    study
        The study; cells and journals are read as they are now.
    rule
        How votes become one; by default the study's.

    Returns
    -------
    One row a cell, by recording and number. `consensus` is what people decided, ""
    where they did not; `status` one of consensus, adjudicated, disputed, too_few,
    unanswered; `predicted` and `confidence` the model's; `class` is the decision of
    people where there is one, else the model's. Answers for cells that are not there
    any more follow as rows of the status unmatched.
    """
    resolved = study.read_answers()
    return count_matched_votes(study.cells(), resolved, rule or study.config.vote)


def count_matched_votes(
    cells: pd.DataFrame, resolved: MatchedAnswers, rule: VoteConfig
) -> pd.DataFrame:
    """Count votes that were brought to their cells; see `consensus_table`.

    Parameters
    ----------
    cells
        `Study.cells`.
    resolved
        `Study.answers`.
    rule
        How votes become one.
    """
    counted = count_votes(
        resolved.current(), rule, adjudications=resolved.current("adjudicator")
    )
    there = cells.merge(counted, how="left", on=_KEY)
    there["status"] = there["status"].fillna(UNANSWERED)
    gone = _unmatched(resolved, rule)
    for name in ("animal", "subvolume"):
        of_recording = cells.drop_duplicates("recording").set_index("recording")[name]
        gone[name] = gone["recording"].map(of_recording)
    table = _filled(pd.concat([there, gone], ignore_index=True))
    # an adjudicator who is unsure leaves the cell open
    decided = table["status"].isin(DECIDED) & table["consensus"].ne("")
    table["class"] = table["consensus"].where(decided, table["predicted"])
    rest = [name for name in table if name not in CONSENSUS_COLUMNS]
    order = table["status"].eq(UNMATCHED).rename("last")
    table = table.assign(last=order).sort_values(["last", *_KEY], ignore_index=True)
    return table[[*CONSENSUS_COLUMNS, *rest]]


def write_consensus(study: Study, table: pd.DataFrame) -> Path:
    """Write `consensus.csv`, whole.

    Raises
    ------
    InputError
        If it cannot be written; the old file is then as it was.
    """
    path = study.path / CONSENSUS_FILE
    try:
        with atomic_write(path) as temporary:
            write_csv(table, temporary)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); close programs "
            "that have it open, and check the permissions and the free room."
        ) from error
    return path


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table of cells as CSV, the same on every computer."""
    table.round({"y": 3, "x": 3}).to_csv(
        path, index=False, float_format="%.6g", lineterminator="\n", encoding="utf-8"
    )


def _unmatched(resolved: MatchedAnswers, rule: VoteConfig) -> pd.DataFrame:
    """Answers whose cell is not there: what was said of it, and where it was."""
    lost, settled = (
        resolved.current_unmatched(),
        resolved.current_unmatched("adjudicator"),
    )
    counted = count_votes(lost, rule, adjudications=settled)
    counted["status"], counted["consensus"] = UNMATCHED, ""
    where = pd.concat([lost, settled])[[*_KEY, "plane", "y", "x"]]
    return counted.merge(where.drop_duplicates(_KEY), how="left", on=_KEY)


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Leave no cell of the table without a value that can have one."""
    counts = [name for name in table if str(name).startswith("votes_")]
    texts = ["consensus", "votes", "predicted", "animal", "subvolume", "adjudicator"]
    filled = table.fillna(dict.fromkeys(["n_annotators", *counts], 0))
    filled = filled.fillna({name: "" for name in texts if name in table})
    whole = dict.fromkeys(["cell", "n_annotators", *counts], "int64")
    # no label or plane where a cell is not there
    whole |= dict.fromkeys(("label", "plane"), "Int64")
    return filled.astype(whole)
