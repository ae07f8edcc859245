"""Sentences about votes: the rule, the results and unmatched answers."""

from __future__ import annotations

from typing import get_args

from napari_cellid.agreement.vote import DecisionCounts
from napari_cellid.config import VoteConfig
from napari_cellid.report.vote_text import (
    rule_text,
    uncounted_notes,
    uncounted_title,
    vote_lines,
)
from napari_cellid.study.uncounted import Reason, UncountedAnswers


def test_each_rule_has_a_condition_of_its_own():
    rules = ("unanimous", "majority", "quorum")
    texts = {rule_text(VoteConfig(rule=rule)) for rule in rules}
    assert len(texts) == 3


def test_a_rule_states_its_numbers():
    assert "4 say the same" in rule_text(VoteConfig(rule="quorum", quorum=4))
    assert "1 person " in rule_text(VoteConfig(min_annotators=1))
    assert "5 people " in rule_text(VoteConfig(min_annotators=5))


def test_the_results_of_votes_are_counted():
    counts = DecisionCounts(
        {"glia": 3, "x": 4}, adjudicated=2, settled_unsure=1, disputed=5, too_few=6,
        unanswered=8,
    )  # fmt: skip
    rule, decided, adjudicated, undecided = vote_lines(counts, VoteConfig())
    assert rule_text(VoteConfig()) in rule
    assert "7 cells" in decided and "3 glia, 4 x" in decided
    assert "2 " in adjudicated and "1 " in adjudicated
    assert all(f"{n} " in undecided for n in (5, 6, 8))


def test_without_an_adjudicator_there_is_no_line_about_one():
    counts = DecisionCounts({"glia": 1}, 0, 0, 0, 0, 0)
    assert len(list(vote_lines(counts, VoteConfig()))) == 3


def test_answers_that_do_not_count_have_a_reason_and_a_remedy():
    assert uncounted_notes([]) == []
    assert uncounted_title([]) == ""
    five = ("Ann", "Bo", "Cy", "Di", "Ed")
    reasons = get_args(Reason)
    uncounted = [UncountedAnswers("r1", 7, five, reason) for reason in reasons]
    notes = uncounted_notes([*uncounted, UncountedAnswers("r2", 1, ("Ann",), "kept")])
    assert len(set(notes)) == len(reasons) + 1
    for note in notes[:-1]:
        assert note.startswith("r1: 7 answers of Ann, Bo, Cy and 2 others do not count")
        assert "; " in note
    assert notes[-1].startswith("r2: 1 answer of Ann does not count, because ")
    assert uncounted_title(uncounted[:2]) == "14 answers do not count"
    both = "7 answers do not count, 1 problem with the journals"
    assert uncounted_title(uncounted[:1], 1) == both
