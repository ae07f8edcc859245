"""How the answers of several people become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from napari_cellid.agreement.ratings import NO_ANSWER, tabulate_ratings, unique_rows
from napari_cellid.config import NOT_A_CELL, UNSURE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from napari_cellid.agreement.ratings import Ratings
    from napari_cellid.config import VoteConfig

Status = Literal["consensus", "disputed", "too_few", "adjudicated"]

#: a cell of these statuses is settled
DECIDED = ("consensus", "adjudicated")
#: status of a cell in a consensus table that nobody answered
UNANSWERED = "unanswered"
_KEY = ["recording", "cell"]
_UNDECIDED = ("disputed", "too_few", UNANSWERED)
_TEXTS = ("consensus", "status", "votes", "adjudicator")


@dataclass(frozen=True)
class Decision:
    """What a vote comes to.

    Parameters
    ----------
    status
        Whether there is an answer, and if not, why.
    answer
        The answer where there is a consensus, else None.
    """

    status: Literal["consensus", "disputed", "too_few"]
    answer: str | None = None


def decide_vote(
    votes: Mapping[str, str] | Collection[str], rule: VoteConfig
) -> Decision:
    """Count the votes on one cell; neither their order nor the names matter.

    Parameters
    ----------
    votes
        The answer of each person, or the answers alone.
    rule
        How they are counted. An answer that abstains counts nowhere; one that counts
        "against" is a vote like any other, but cannot win.

    Returns
    -------
    `too_few` if fewer answers count than the rule asks for (under "quorum" also if
    they could not reach it); else `consensus` if one answer alone has the most votes
    and as many as the rule wants, and can win; else `disputed`.
    """
    given = votes.values() if isinstance(votes, Mapping) else votes
    left_out = abstaining_answers(rule)
    counted = Counter(answer for answer in given if answer not in left_out)
    n = counted.total()
    quorum = rule.quorum if rule.rule == "quorum" else 0
    if n < max(rule.min_annotators, quorum):
        return Decision("too_few")
    most = max(counted.values())
    leaders = [answer for answer, votes in counted.items() if votes == most]
    wanted = {"unanimous": n, "majority": n // 2 + 1, "quorum": quorum}[rule.rule]
    if len(leaders) > 1 or most < wanted or leaders[0] in _cannot_win(rule):
        return Decision("disputed")
    return Decision("consensus", leaders[0])


def abstaining_answers(rule: VoteConfig) -> frozenset[str]:
    """Give the answers that count as if they had not been given."""
    return _treated(rule, "abstain")


def count_votes(
    answers: pd.DataFrame | Ratings,
    rule: VoteConfig,
    adjudications: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count the votes on all cells.

    Parameters
    ----------
    answers
        One row an answer: `recording`, `cell`, `annotator`, `answer` (and `time`);
        or those already arranged by `tabulate_ratings`, to count them by several rules.
    rule
        How they are counted.
    adjudications
        Rows of the same columns; the latest of a cell settles it, whatever the votes.

    Returns
    -------
    One row a cell, by recording and cell: `recording`, `cell`, `consensus` (empty
    where undecided, and where the adjudicator was unsure), `status`, `votes`
    ("Ann=glia; Bo=unsure", by name), `n_annotators` (people whose answer counts),
    `votes_<answer>` for each answer seen, `adjudicator`, and `normalised_entropy` (see
    `normalised_entropy`) among the answers that count.
    """
    table = tabulate_ratings(answers) if isinstance(answers, pd.DataFrame) else answers
    # as many ways of answering as people and answers allow, far fewer than cells
    first, kind = unique_rows(table.codes)
    rows = _count_patterns(table.select_cells(first), rule)
    counted = rows.iloc[kind].reset_index(drop=True)
    counted.insert(0, "cell", table.cell)
    counted.insert(0, "recording", pd.Series(table.recording, dtype=object))
    if adjudications is None:
        return counted
    return _adjudicate(counted, adjudications)


@dataclass(frozen=True)
class DecisionCounts:
    """Number of cells by the outcome of their votes.

    Parameters
    ----------
    decided
        Cells with an answer by vote or adjudication, for each class of the study,
        `not_a_cell`, and other answers that occur, in this order.
    adjudicated
        Cells that an adjudicator settled, whatever the answer.
    settled_unsure
        Those of them that the adjudicator found unsure.
    disputed, too_few, unanswered
        Cells without a decision.
    """

    decided: Mapping[str, int]
    adjudicated: int
    settled_unsure: int
    disputed: int
    too_few: int
    unanswered: int


def count_decisions(table: pd.DataFrame, classes: Sequence[str]) -> DecisionCounts:
    """Count cells by the outcome of their votes.

    Parameters
    ----------
    table
        From `count_votes`, or a consensus table: `status` and `consensus`.
    classes
        Names of the study's classes.
    """
    status = table["status"]
    consensus = table.loc[status.isin(DECIDED), "consensus"]
    given = consensus[consensus != ""].value_counts()
    answers = dict.fromkeys([*classes, NOT_A_CELL, *given.index])
    n = {name: int((status == name).sum()) for name in (*_UNDECIDED, "adjudicated")}
    return DecisionCounts(
        decided={str(name): int(given.get(name, 0)) for name in answers},
        settled_unsure=int((consensus == "").sum()),
        **n,
    )


def normalised_entropy(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Say how much people differ on each cell.

    Parameters
    ----------
    counts
        (cell, answer), how many people gave each answer.

    Returns
    -------
    Entropy of the answers over the largest that as many answers can have: 0 when all
    are equal (or there are fewer than two), 1 when no two are.
    """
    n = counts.sum(axis=1)
    several = np.flatnonzero(n > 1)
    share = counts[several] / n[several, None]
    logarithm = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy = np.zeros(len(counts))
    entropy[several] = -(share * logarithm).sum(axis=1) / np.log(n[several])
    # else 1.0000000000000002, and -0.0, which a table would show
    return np.minimum(np.abs(entropy), 1)


def _count_patterns(kinds: Ratings, rule: VoteConfig) -> pd.DataFrame:
    """Decide for each way in which people answered, one row each."""
    votes = [_votes_of_row(kinds, row) for row in kinds.codes.tolist()]
    decisions = [decide_vote(row, rule) for row in votes]
    counts = kinds.counts()
    counting = kinds.without(abstaining_answers(rule)).counts()
    columns: dict[str, object] = {
        "consensus": [decision.answer or "" for decision in decisions],
        "status": [decision.status for decision in decisions],
        "votes": [
            "; ".join(f"{name}={answer}" for name, answer in row.items())
            for row in votes
        ],
        "n_annotators": counting.sum(axis=1),
    }
    for k, name in enumerate(kinds.answers):
        columns[f"votes_{name}"] = counts[:, k]
    columns["adjudicator"] = ""
    columns["disagreement"] = normalised_entropy(counting)
    return pd.DataFrame(columns).astype(dict.fromkeys(_TEXTS, object))


def _votes_of_row(table: Ratings, row: list[int]) -> dict[str, str]:
    named = zip(table.annotators, row, strict=True)
    return {name: table.answers[k] for name, k in named if k != NO_ANSWER}


def _adjudicate(counted: pd.DataFrame, adjudications: pd.DataFrame) -> pd.DataFrame:
    """Let the latest adjudication of each cell settle it."""
    given = adjudications[adjudications["answer"].notna().to_numpy()]
    if given.empty:
        return counted
    order = [name for name in ("time", "annotator", "answer") if name in given]
    latest = given.sort_values(order).drop_duplicates(_KEY, keep="last")
    settled = pd.DataFrame(
        {
            "recording": latest["recording"].astype(object),
            "cell": latest["cell"].astype(np.int64),
            "_by": latest["annotator"].astype(object),
            "_answer": latest["answer"].astype(object),
        }
    )
    table = counted.merge(settled, on=_KEY, how="outer", sort=True)
    table = _fill(table, counted)
    found = table["_by"].notna().to_numpy()
    answer = table["_answer"].where(table["_answer"] != UNSURE, "")
    table.loc[found, "consensus"] = answer[found]
    table.loc[found, "status"] = "adjudicated"
    table.loc[found, "adjudicator"] = table["_by"][found]
    return table[counted.columns]


def _fill(table: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Fill in the rows of cells that were adjudicated without a vote."""
    empty = {
        name: "" if name in _TEXTS else 0 for name in counted.columns.difference(_KEY)
    }
    types = counted.dtypes.drop(_KEY).to_dict()
    return table.fillna(empty).astype(types)


def _cannot_win(rule: VoteConfig) -> frozenset[str]:
    return _treated(rule, "against")


def _treated(rule: VoteConfig, how: str) -> frozenset[str]:
    treatment = {NOT_A_CELL: rule.not_a_cell, UNSURE: rule.unsure}
    return frozenset(answer for answer, as_what in treatment.items() if as_what == how)
