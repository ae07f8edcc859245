"""Sentences about votes: the rule, and the cells by the result of their vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.report.table import count_text, counts_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_cellid.agreement.vote import DecisionCounts
    from napari_cellid.config import VoteConfig


def rule_text(rule: VoteConfig) -> str:
    """Describe the condition under which a cell is decided."""
    conditions = {
        "unanimous": "all say the same",
        "majority": "more than half say the same",
        "quorum": f"at least {rule.quorum} say the same",
    }
    people = count_text(rule.min_annotators, "person", "people")
    return f"{conditions[rule.rule]}, and at least {people} answered"


def vote_lines(counts: DecisionCounts, rule: VoteConfig) -> Iterator[str]:
    """Format the rule and the results of the votes for the terminal.

    Parameters
    ----------
    counts
        Number of cells by the result of their votes.
    rule
        The rule of the vote.
    """
    yield f"Votes ({rule.rule}: {rule_text(rule)}):"
    by_answer = counts.decided
    decided = count_text(sum(by_answer.values()), "cell")
    yield f"  {decided} decided: {counts_text(by_answer)}"
    if counts.adjudicated:
        yield (
            f"  {counts.adjudicated} settled by an adjudicator, of which "
            f"{counts.settled_unsure} as unsure"
        )
    yield (
        f"  undecided: {counts.disputed} disputed, {counts.too_few} with too few "
        f"answers, {counts.unanswered} not answered"
    )


def unmatched_notes(count: int) -> list[str]:
    """Return a note on answers whose cell does not exist any more, if there are any."""
    if not count:
        return []
    answers = count_text(count, "answer")
    belong = "belongs" if count == 1 else "belong"
    return [
        f"{answers} {belong} to a cell that does not exist any more. Such answers stay "
        "in the journal, are listed as unmatched in consensus.csv, and are not counted."
    ]
