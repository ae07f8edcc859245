"""Vote: how the answers of several annotators to a cell become one decision."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from napari_cellid.agreement.adjudication import TEXT_COLUMNS, apply_adjudications
from napari_cellid.agreement.ratings import tabulate_ratings, unique_rows
from napari_cellid.config import NOT_A_CELL, UNSURE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from napari_cellid.agreement.ratings import Ratings
    from napari_cellid.config import VoteConfig

Status = Literal["consensus", "disputed", "too_few", "adjudicated"]

#: statuses of cells with a decision
DECIDED = ("consensus", "adjudicated")
#: status of a cell in a consensus table that nobody answered
UNANSWERED = "unanswered"
#: name of one annotator in the text of the votes
_VOTER = re.compile(r'(?:^|; )("(?:[^"]|"")*"|[^=;"]*)=')
_UNDECIDED = ("disputed", "too_few", UNANSWERED)


@dataclass(frozen=True)
class Decision:
    """Outcome of the vote on one cell.

    Parameters
    ----------
    status
        Whether there is a consensus, and if not, why.
    answer
        The answer if there is a consensus, else None.
    """

    status: Literal["consensus", "disputed", "too_few"]
    answer: str | None = None


def decide_vote(
    votes: Mapping[str, str] | Collection[str], rule: VoteConfig
) -> Decision:
    """Decide one cell from its votes; neither order nor names matter.

    Parameters
    ----------
    votes
        Answer of each annotator, or the answers alone.
    rule
        Vote rule. An answer that abstains does not count. An answer that counts
        "against" is a vote like any other, but cannot win.

    Returns
    -------
    `too_few` if fewer answers count than the rule requires (under "quorum" also if
    they cannot reach it); else `consensus` if a single answer has the most votes, has
    as many as the rule requires, and can win; else `disputed`.
    """
    given = votes.values() if isinstance(votes, Mapping) else votes
    abstaining = abstaining_answers(rule)
    counted = Counter(answer for answer in given if answer not in abstaining)
    n = counted.total()
    quorum = rule.quorum if rule.rule == "quorum" else 0
    if n < max(rule.min_annotators, quorum):
        return Decision("too_few")
    most = max(counted.values())
    leaders = [answer for answer, votes in counted.items() if votes == most]
    required = {"unanimous": n, "majority": n // 2 + 1, "quorum": quorum}[rule.rule]
    # a tie is disputed even where the quorum is reached by both
    if len(leaders) > 1 or most < required or leaders[0] in _opposing_answers(rule):
        return Decision("disputed")
    return Decision("consensus", leaders[0])


def abstaining_answers(rule: VoteConfig) -> frozenset[str]:
    """Answers that count as missing under a rule."""
    return _answers_treated(rule, "abstain")


def votes_text(votes: Mapping[str, str]) -> str:
    """Text of the votes on a cell, for people: "Ann=glia; Bo=unsure".

    The program itself reads `Ratings.votes`. Names and answers that contain `=`, `;`
    or quotes, or that begin or end with a space, are in quotes.
    """
    return "; ".join(
        f"{_quoted(name)}={_quoted(answer)}" for name, answer in votes.items()
    )


def names_in_votes(text: str) -> list[str]:
    """Names of the annotators in a text of votes."""
    names = (match[1] for match in _VOTER.finditer(text))
    return [
        name[1:-1].replace('""', '"') if name.startswith('"') else name
        for name in names
    ]


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
        or the result of `tabulate_ratings`, to count by several rules.
    rule
        Vote rule.
    adjudications
        Rows with the same columns; the latest one of a cell overrides the votes.

    Returns
    -------
    One row a cell, sorted by recording and cell: `recording`, `cell`, `consensus`
    (empty if undecided, or if the adjudicator was unsure), `status`, `votes`
    (`votes_text`, sorted by name), `n_annotators` (annotators whose answer
    counts), `votes_<answer>` for each answer that occurs, `adjudicator`, and
    `disagreement` (`normalised_entropy` of the answers that count).
    """
    ratings = (
        tabulate_ratings(answers) if isinstance(answers, pd.DataFrame) else answers
    )
    # there are far fewer patterns of answers than cells
    first, pattern = unique_rows(ratings.codes)
    rows = _count_patterns(ratings.select_cells(first), rule)
    counted = rows.iloc[pattern].reset_index(drop=True)
    counted.insert(0, "cell", ratings.cell)
    counted.insert(0, "recording", pd.Series(ratings.recording, dtype=object))
    if adjudications is None:
        return counted
    return apply_adjudications(counted, adjudications)


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
    """Disagreement on each cell: entropy of its answers, normalised to 0 to 1.

    Parameters
    ----------
    counts
        (cell, answer), number of annotators who gave each answer.

    Returns
    -------
    Entropy of the answers divided by the largest entropy of as many answers: 0 if all
    are equal or there are fewer than two, 1 if all are different.
    """
    n = counts.sum(axis=1)
    several = np.flatnonzero(n > 1)
    share = counts[several] / n[several, None]
    # 0 log 0 is 0 in an entropy, but NaN in numpy
    logarithm = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy = np.zeros(len(counts))
    entropy[several] = -(share * logarithm).sum(axis=1) / np.log(n[several])
    # avoids 1.0000000000000002 and -0.0
    return np.minimum(np.abs(entropy), 1)


def _count_patterns(patterns: Ratings, rule: VoteConfig) -> pd.DataFrame:
    """Decide each pattern of answers, one row each."""
    votes = [patterns.votes_of_row(row) for row in range(len(patterns.codes))]
    decisions = [decide_vote(row, rule) for row in votes]
    counts = patterns.counts()
    counted = patterns.without(abstaining_answers(rule)).counts()
    columns: dict[str, object] = {
        "consensus": [decision.answer or "" for decision in decisions],
        "status": [decision.status for decision in decisions],
        "votes": [votes_text(row) for row in votes],
        "n_annotators": counted.sum(axis=1),
    }
    for k, name in enumerate(patterns.answers):
        columns[f"votes_{name}"] = counts[:, k]
    columns["adjudicator"] = ""
    columns["disagreement"] = normalised_entropy(counted)
    return pd.DataFrame(columns).astype(dict.fromkeys(TEXT_COLUMNS, object))


def _quoted(text: str) -> str:
    """Text in quotes if it could be misread; quotes in it are doubled, as in CSV."""
    if text == text.strip() and not set('=;"') & set(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _opposing_answers(rule: VoteConfig) -> frozenset[str]:
    return _answers_treated(rule, "against")


def _answers_treated(rule: VoteConfig, treatment: str) -> frozenset[str]:
    treatments = {NOT_A_CELL: rule.not_a_cell, UNSURE: rule.unsure}
    return frozenset(answer for answer, how in treatments.items() if how == treatment)
