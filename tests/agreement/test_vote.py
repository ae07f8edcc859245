"""How votes become one answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.agreement.ratings import tabulate_ratings
from napari_cellid.agreement.vote import (
    Decision,
    count_votes,
    decide_vote,
    normalised_entropy,
    votes_text,
)
from napari_cellid.config import NOT_A_CELL, UNSURE, VoteConfig

E, H, G = "excitatory", "inhibitory", "glia"
ANSWERS = (E, H, G, NOT_A_CELL, UNSURE)
TOO_FEW, DISPUTED = Decision("too_few"), Decision("disputed")

rules = st.builds(
    VoteConfig,
    rule=st.sampled_from(["unanimous", "majority", "quorum"]),
    min_annotators=st.integers(1, 5),
    quorum=st.integers(1, 5),
    not_a_cell=st.sampled_from(["class", "against", "abstain"]),
    unsure=st.sampled_from(["against", "abstain"]),
)
votes = st.lists(st.sampled_from(ANSWERS), max_size=6)
#: for each of up to 12 cells the answers of some of five people
sheets = st.lists(
    st.dictionaries(st.sampled_from("ABCDE"), st.sampled_from(ANSWERS)), max_size=12
)


def frame(sheet: list[dict[str, str]]) -> pd.DataFrame:
    rows = [
        (f"r{k % 2}", k // 2, name, answer)
        for k, votes in enumerate(sheet)
        for name, answer in votes.items()
    ]
    return pd.DataFrame(rows, columns=["recording", "cell", "annotator", "answer"])


def yes(answer: str) -> Decision:
    return Decision("consensus", answer)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], TOO_FEW),
        ([E, E], TOO_FEW),
        ([E, E, E], yes(E)),
        ([E, E, H], DISPUTED),
        ([E, E, E, E], yes(E)),
        ([E, E, E, H], DISPUTED),
        ([E, E, E, UNSURE], DISPUTED),
        ([UNSURE, UNSURE, UNSURE], DISPUTED),
        ([NOT_A_CELL] * 3, yes(NOT_A_CELL)),
    ],
)
def test_the_papers_rule(given: list[str], expected: Decision) -> None:
    assert decide_vote(given, VoteConfig()) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([E, E, H], yes(E)),
        ([E, H, G], DISPUTED),
        ([E, E, H, H], DISPUTED),
        ([E, E, UNSURE, UNSURE], DISPUTED),
        ([E, E, E, H, UNSURE], yes(E)),
        ([E, E, H, UNSURE], DISPUTED),
        ([UNSURE, UNSURE, E], DISPUTED),
        ([E, E], TOO_FEW),
    ],
)
def test_majority_is_more_than_half(given: list[str], expected: Decision) -> None:
    assert decide_vote(given, VoteConfig(rule="majority")) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([E, E], yes(E)),
        ([E, E, H], yes(E)),
        ([E, H], DISPUTED),
        ([E], TOO_FEW),
        ([E, E, H, H], DISPUTED),
        ([E, E, E, H, H], yes(E)),
        ([E, E, UNSURE, UNSURE, UNSURE], DISPUTED),
        ([E, H, G, G], yes(G)),
    ],
)
def test_quorum_of_two(given: list[str], expected: Decision) -> None:
    rule = VoteConfig(rule="quorum", quorum=2, min_annotators=1)
    assert decide_vote(given, rule) == expected


def test_the_table_of_the_documentation() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "agreement.md"
    _, _, rest = page.read_text("utf-8").partition("| votes | `unanimous` |")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in rest.partition("\n\n")[0].splitlines()[2:]
    ]
    answers = {"E": E, "I": H, "G": G, "unsure": UNSURE}
    assert len(rows) == 8
    for votes, *expected in rows:
        said = [answers[one] for one in votes.split()]
        for rule, words in zip(
            ("unanimous", "majority", "quorum"), expected, strict=True
        ):
            found = decide_vote(said, VoteConfig(rule=rule, quorum=2))
            shown = "E" if found.answer == E else found.status.replace("_", " ")
            assert words.startswith(shown), (votes, rule)


def test_fewer_people_than_the_quorum_are_too_few_not_disputed() -> None:
    rule = VoteConfig(rule="quorum", quorum=3, min_annotators=1)
    assert decide_vote([E, E], rule) == TOO_FEW
    assert decide_vote([E, E, H], rule) == DISPUTED
    assert decide_vote([E, E, H, E], rule) == yes(E)


def test_who_abstains_does_not_count_towards_the_least_number() -> None:
    rule = VoteConfig(unsure="abstain")
    assert decide_vote([E, E, E, UNSURE], rule) == yes(E)
    assert decide_vote([E, E, UNSURE], rule) == TOO_FEW
    assert decide_vote([E, E, UNSURE], VoteConfig(unsure="against")) == DISPUTED


def test_not_a_cell_as_an_answer_that_cannot_win() -> None:
    against = VoteConfig(rule="majority", not_a_cell="against")
    assert decide_vote([NOT_A_CELL] * 3, against) == DISPUTED
    assert decide_vote([E, E, NOT_A_CELL], against) == yes(E)
    assert decide_vote([E, NOT_A_CELL, E, NOT_A_CELL], against) == DISPUTED
    abstain = VoteConfig(rule="majority", not_a_cell="abstain", min_annotators=1)
    assert decide_vote([E, NOT_A_CELL, NOT_A_CELL], abstain) == yes(E)


@given(votes, rules, st.randoms())
def test_order_and_names_do_not_matter(votes, rule, random) -> None:
    shuffled = random.sample(votes, len(votes))
    assert decide_vote(votes, rule) == decide_vote(shuffled, rule)
    named = {f"person {k}": answer for k, answer in enumerate(shuffled)}
    assert decide_vote(named, rule) == decide_vote(votes, rule)


@given(votes, rules)
def test_a_decision_is_never_guessed(votes, rule) -> None:
    decision = decide_vote(votes, rule)
    assert (decision.answer is not None) == (decision.status == "consensus")
    if decision.answer is None:
        return
    counted = [
        answer
        for answer in votes
        if not (answer == UNSURE and rule.unsure == "abstain")
        and not (answer == NOT_A_CELL and rule.not_a_cell == "abstain")
    ]
    most = counted.count(decision.answer)
    assert decision.answer != UNSURE
    assert len(counted) >= rule.min_annotators
    assert all(
        counted.count(other) < most for other in set(counted) - {decision.answer}
    )


@given(votes, st.integers(1, 6))
def test_a_quorum_of_more_than_half_has_no_ties(votes, quorum) -> None:
    rule = VoteConfig(rule="quorum", quorum=quorum, min_annotators=1)
    if quorum * 2 <= len(votes):
        return
    reached = {one for one in ANSWERS if votes.count(one) >= quorum} - {UNSURE}
    assert len(reached) <= 1
    if reached:
        assert decide_vote(votes, rule) == yes(reached.pop())


@given(votes, rules)
def test_unanimous_is_majority_is_plurality(votes, rule) -> None:
    """What a stricter rule decides a laxer one decides alike."""
    strict = decide_vote(votes, rule.model_copy(update={"rule": "unanimous"}))
    lax = decide_vote(votes, rule.model_copy(update={"rule": "majority"}))
    if strict.answer is not None:
        assert lax == strict
    one = rule.model_copy(update={"rule": "quorum", "quorum": 1})
    if lax.answer is not None:
        assert decide_vote(votes, one) == lax


@given(sheets, rules)
def test_counting_agrees_with_deciding(sheet, rule) -> None:
    table = count_votes(frame(sheet), rule)
    expected = {(f"r{k % 2}", k // 2): votes for k, votes in enumerate(sheet) if votes}
    keys = list(zip(table["recording"], table["cell"], strict=True))
    assert keys == sorted(expected)
    for key, row in zip(keys, table.to_dict("records"), strict=True):
        votes = expected[key]
        decision = decide_vote(votes, rule)
        assert (row["status"], row["consensus"]) == (
            decision.status, decision.answer or "",
        )  # fmt: skip
        assert row["votes"] == "; ".join(
            f"{name}={votes[name]}" for name in sorted(votes)
        )
        for answer in set(votes.values()):
            assert row[f"votes_{answer}"] == list(votes.values()).count(answer)


@given(sheets, rules, st.randoms())
def test_the_order_of_lines_does_not_matter(sheet, rule, random) -> None:
    lines = frame(sheet)
    order = random.sample(range(len(lines)), len(lines))
    pd.testing.assert_frame_equal(
        count_votes(lines, rule), count_votes(lines.iloc[order], rule)
    )


@given(sheets, rules, st.permutations("ABCDE"))
def test_other_names_change_the_names_alone(sheet, rule, names) -> None:
    lines = frame(sheet)
    renamed = lines.assign(
        annotator=lines["annotator"].map(dict(zip("ABCDE", names, strict=True)))
    )
    pd.testing.assert_frame_equal(
        count_votes(lines, rule).drop(columns="votes"),
        count_votes(renamed, rule).drop(columns="votes"),
    )


@given(sheets, rules)
def test_an_abstention_changes_nothing(sheet, rule) -> None:
    rule = rule.model_copy(update={"unsure": "abstain"})
    sheet = [votes for votes in sheet if votes]
    more = [{**votes, "Zoe": UNSURE} for votes in sheet]
    before, after = (
        count_votes(frame(one), rule).drop(
            columns=["votes", "votes_unsure"], errors="ignore"
        )
        for one in (sheet, more)
    )
    pd.testing.assert_frame_equal(before, after)


def test_columns_and_counts() -> None:
    sheet = [{"Bo": UNSURE, "Ann": E, "Cy": E}]
    (row,) = count_votes(frame(sheet), VoteConfig(unsure="abstain")).to_dict("records")
    assert row == {
        "recording": "r0", "cell": 0, "consensus": "", "status": "too_few",
        "votes": "Ann=excitatory; Bo=unsure; Cy=excitatory", "n_annotators": 2,
        "votes_excitatory": 2, "votes_unsure": 1, "adjudicator": "",
        "disagreement": 0.0,
    }  # fmt: skip


def adjudications(*rows: tuple[int, str, str, int]) -> pd.DataFrame:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return pd.DataFrame(
        {
            "recording": "r0",
            "cell": [row[0] for row in rows],
            "annotator": [row[1] for row in rows],
            "answer": [row[2] for row in rows],
            "time": [start + timedelta(hours=row[3]) for row in rows],
        }
    )


def test_the_last_adjudicator_settles_whatever_the_votes() -> None:
    sheet = [{"A": E, "B": E, "C": E}, {}, {"A": E, "B": H, "C": G}]
    settled = adjudications((1, "Di", G, 5), (1, "Ed", H, 2), (0, "Ed", H, 1))
    table = count_votes(frame(sheet), VoteConfig(), settled)
    assert table["status"].tolist() == ["adjudicated", "adjudicated"]
    assert table["consensus"].tolist() == [H, G]
    assert table["adjudicator"].tolist() == ["Ed", "Di"]
    assert table["votes"].tolist()[0] == "A=excitatory; B=excitatory; C=excitatory"
    later = count_votes(frame(sheet), VoteConfig(), settled.iloc[::-1])
    pd.testing.assert_frame_equal(table, later)


def test_a_cell_can_be_settled_without_votes_and_as_unsure() -> None:
    sheet = [{"A": E, "B": H, "C": G}]
    settled = adjudications((0, "Di", UNSURE, 1), (7, "Di", NOT_A_CELL, 2))
    table = count_votes(frame(sheet), VoteConfig(), settled)
    assert table["cell"].tolist() == [0, 7]
    assert table["status"].tolist() == ["adjudicated"] * 2
    assert table["consensus"].tolist() == ["", NOT_A_CELL]
    assert table["n_annotators"].tolist() == [3, 0]
    assert table["votes"].tolist()[1] == ""
    assert table.dtypes["votes_glia"] == np.int64


def test_adjudications_without_effect_change_nothing() -> None:
    sheet = [{"A": E, "B": H, "C": G}, {"A": E}]
    without = count_votes(frame(sheet), VoteConfig())
    none = adjudications()
    pd.testing.assert_frame_equal(
        without, count_votes(frame(sheet), VoteConfig(), none)
    )


def test_nobody_answered() -> None:
    table = count_votes(frame([]), VoteConfig(), frame([]))
    assert len(table) == 0
    assert {"recording", "cell", "consensus", "status", "votes"} <= set(table.columns)


def test_two_answers_of_one_person_to_one_cell_are_the_latest() -> None:
    lines = adjudications((0, "Ann", E, 3), (0, "Ann", G, 1), (0, "Bo", E, 1))
    rule = VoteConfig(min_annotators=2)
    for given_lines in (lines, lines.iloc[::-1]):
        table = count_votes(given_lines, rule)
        assert table["votes"].tolist() == ["Ann=excitatory; Bo=excitatory"]


def test_disagreement_goes_from_none_to_all_different() -> None:
    counts = np.array([[3, 0, 0], [1, 1, 1], [1, 1, 0], [2, 1, 0], [1, 0, 0], [0] * 3])
    found = normalised_entropy(counts)
    two_to_one = -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3)) / np.log(3)
    np.testing.assert_allclose(found, [0, 1, 1, two_to_one, 0, 0], atol=1e-12)
    assert not np.signbit(found).any()


# ---------------------------------------------------------------- text of the votes

odd = st.text(st.sampled_from('=;" aB'), min_size=1, max_size=6)


def read_back(text: str) -> dict[str, str]:
    """Read the text of the votes as a person would: quotes, then `=` and `;`."""
    item = r'("(?:[^"]|"")*"|[^"=;]*)'
    votes = {}
    for name, answer in re.findall(f"{item}={item}(?:; |$)", text):
        votes[unquoted(name)] = unquoted(answer)
    return votes


def unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


@given(st.dictionaries(odd, odd | st.just("glia"), max_size=4))
def test_the_text_of_the_votes_is_unambiguous(votes) -> None:
    assert read_back(votes_text(votes)) == votes


def test_ordinary_names_are_not_quoted() -> None:
    assert votes_text({"Ann B": "glia", "Bo": "unsure"}) == "Ann B=glia; Bo=unsure"
    assert votes_text({"A=b": "glia", "C; D": "x"}) == '"A=b"=glia; "C; D"=x'


@given(sheets)
def test_the_votes_of_a_cell(sheet) -> None:
    ratings = tabulate_ratings(frame(sheet))
    for k, votes in enumerate(sheet):
        assert ratings.votes(f"r{k % 2}", k // 2) == votes
    assert ratings.votes("nowhere", 1) == {}
