"""Sentences about votes: the rule, and the cells by the result of their vote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.report.table import count_text, counts_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from napari_cellid.agreement.vote import DecisionCounts
    from napari_cellid.config import VoteConfig
    from napari_cellid.study.uncounted import UncountedAnswers

#: largest number of names in a sentence
_MAX_PEOPLE = 3
#: why answers do not count, and what to do
_REASONS = {
    "missing": "the study has no recording of this name; put its folder back into "
    "the folder recordings, or identify the recording again under this name",
    "kept": "the recording is not in its folder any more, but is kept among the "
    "replaced ones; bring it back with napari-cellid replaced --bring-back",
    "unreadable": "the recording cannot be read; put its files back from a copy",
    "replaced": "their cells are not among those of the recording, whose images were "
    "replaced; if that was a mistake, bring the earlier ones back with napari-cellid "
    "replaced --bring-back",
    "not_found": "their cells were not found again in the present outlines; draw "
    "these cells again, or bring earlier outlines back with napari-cellid replaced "
    "--bring-back",
}


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


def uncounted_notes(uncounted: Iterable[UncountedAnswers]) -> list[str]:
    """Say which answers do not count, why, and what to do: a sentence a recording."""
    return [_uncounted_note(one) for one in uncounted]


def uncounted_title(uncounted: Iterable[UncountedAnswers], problems: int = 0) -> str:
    """Title of a list of answers that do not count, and of problems of journals.

    Parameters
    ----------
    uncounted
        Answers that do not count.
    problems
        Number of problems with the files of the annotators.
    """
    parts = []
    if n_answers := sum(one.n_answers for one in uncounted):
        verb = "does" if n_answers == 1 else "do"
        parts.append(f"{count_text(n_answers, 'answer')} {verb} not count")
    if problems:
        parts.append(f"{count_text(problems, 'problem')} with the journals")
    return ", ".join(parts)


def _uncounted_note(one: UncountedAnswers) -> str:
    verb = "does" if one.n_answers == 1 else "do"
    return (
        f"{one.recording}: {count_text(one.n_answers, 'answer')} of "
        f"{_people(one.annotators)} {verb} not count, because "
        f"{_REASONS[one.reason]}."
    )


def _people(names: Sequence[str]) -> str:
    if len(names) > _MAX_PEOPLE:
        others = len(names) - _MAX_PEOPLE
        names = [*names[:_MAX_PEOPLE], count_text(others, "other")]
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
