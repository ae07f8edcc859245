"""All figures of agreement, from answers to notes."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from napari_cellid.agreement.intra_rater import intra_rater_agreement
from napari_cellid.agreement.summary import Agreement, measure_agreement
from napari_cellid.config import NOT_A_CELL, UNSURE, StudyConfig, VoteConfig

E, H, G = "excitatory", "inhibitory", "glia"
ANSWERS = (E, H, G, NOT_A_CELL, UNSURE)


def frame(answers: dict[str, list[str | None]], **more: object) -> pd.DataFrame:
    """Answers of each person to cells 1, 2, 3 … of the recording r."""
    rows = [
        ("r", cell, name, answer)
        for name, said in answers.items()
        for cell, answer in enumerate(said, start=1)
        if answer is not None
    ]
    columns = ["recording", "cell", "annotator", "answer"]
    return pd.DataFrame(rows, columns=columns).assign(**more)


def quick(answers: pd.DataFrame, **vote: object) -> Agreement:
    config = StudyConfig(vote=VoteConfig(**vote))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return measure_agreement(answers, config, bootstrap=50)


def test_figures_of_three_people() -> None:
    found = quick(
        frame({"Bo": [E, E, H, G], "Ann": [E, H, H, G], "Cy": [E, None, H, None]})
    )
    assert found.annotators == ("Ann", "Bo", "Cy")
    assert (found.cells, found.answers) == (4, 10)
    assert found.answer_counts.loc["Cy"].to_dict() == {
        E: 1, H: 1, G: 0, NOT_A_CELL: 0, UNSURE: 0
    }  # fmt: skip
    pairs = {(pair.first, pair.second): pair for pair in found.pairs}
    assert set(pairs) == {("Ann", "Bo"), ("Ann", "Cy"), ("Bo", "Cy")}
    both = pairs["Ann", "Bo"]
    assert (both.kappa.cells, both.kappa.observed) == (4, 0.75)
    assert both.confusion.loc[H, E] == 1
    assert both.confusion.to_numpy().sum() == 4
    assert pairs["Bo", "Cy"].kappa.value == 1
    assert (found.alpha.cells, found.alpha.answers) == (4, 10)
    assert (found.fleiss.cells, found.fleiss.raters, found.fleiss.left_out) == (2, 3, 2)
    assert set(found.per_class) == set(ANSWERS)
    assert set(found.per_recording) == {"r"}
    assert found.per_recording["r"] == found.alpha


@pytest.mark.filterwarnings("ignore")
@given(
    st.lists(
        st.tuples(*[st.sampled_from((*ANSWERS, None))] * 2), min_size=2, max_size=30
    )
)
def test_pairwise_kappa_is_that_of_sklearn(cells) -> None:
    both = [pair for pair in cells if None not in pair]
    ann, bo = ([pair[k] for pair in cells] for k in (0, 1))
    found = quick(frame({"Ann": ann, "Bo": bo}), unsure="against")
    if len(found.annotators) < 2:
        assert found.pairs == ()
        return
    (pair,) = found.pairs
    assert pair.kappa.cells == len(both)
    if pair.kappa.value is None:
        assert pair.kappa.reason
        assert len({answer for pair in both for answer in pair}) <= 1
    else:
        expected = cohen_kappa_score(*zip(*both, strict=True))
        assert pair.kappa.value == pytest.approx(expected, abs=1e-12)


@settings(deadline=None)
@given(
    st.lists(st.tuples(*[st.sampled_from((*ANSWERS, None))] * 3), max_size=15),
    st.sampled_from(["class", "against", "abstain"]),
    st.sampled_from(["against", "abstain"]),
)
def test_every_figure_has_a_value_or_a_reason(cells, not_a_cell, unsure) -> None:
    answers = frame({name: [c[k] for c in cells] for k, name in enumerate("ABC")})
    found = quick(answers, not_a_cell=not_a_cell, unsure=unsure)
    alphas = [found.alpha, *found.per_class.values(), *found.per_recording.values()]
    for one in (*alphas, found.fleiss, *(pair.kappa for pair in found.pairs)):
        assert (one.value is None) <= bool(one.reason)
        assert one.value is None or np.isfinite(one.value)
        assert one.value is None or one.value <= 1


def test_one_person_alone() -> None:
    found = quick(frame({"Ann": [E, H, G]}))
    assert found.pairs == ()
    assert found.alpha.value is None
    assert found.alpha.reason == "no cell has answers of two people"
    assert found.fleiss.value is None


def test_nobody() -> None:
    found = quick(frame({}))
    assert (found.annotators, found.cells, found.answers) == ((), 0, 0)
    assert found.alpha.value is None
    assert found.notes == ()


def test_no_common_cells() -> None:
    found = quick(frame({"Ann": [E, H, None, None], "Bo": [None, None, E, H]}))
    (pair,) = found.pairs
    assert pair.kappa.value is None
    assert pair.kappa.cells == 0
    assert found.alpha.cells == 0


def test_everybody_says_the_same() -> None:
    found = quick(frame({"Ann": [E] * 5, "Bo": [E] * 5}))
    (pair,) = found.pairs
    assert (pair.kappa.value, pair.kappa.observed, pair.kappa.cells) == (None, 1, 5)
    assert found.alpha.value is None
    assert found.alpha.cells == 5
    assert "same one answer" in found.alpha.reason


def test_abstentions_are_left_out() -> None:
    answers = frame({"Ann": [E, H, UNSURE, G], "Bo": [E, H, UNSURE, UNSURE]})
    counting = quick(answers, unsure="against")
    assert counting.pairs[0].kappa.cells == 4
    assert UNSURE in counting.per_class
    abstaining = quick(answers, unsure="abstain")
    assert abstaining.pairs[0].kappa.cells == 2
    assert abstaining.alpha.value == 1
    assert UNSURE not in abstaining.per_class
    assert abstaining.answers == 8


def test_class_against_the_rest() -> None:
    # they never differ about glia, only between the other two
    found = quick(frame({"Ann": [G, G, E, E, H], "Bo": [G, G, H, E, E]}))
    assert found.per_class[G].value == 1
    assert found.per_class[E].value < 0.5
    assert found.per_class[NOT_A_CELL].value is None


def test_the_same_seed_gives_the_same_interval() -> None:
    generator = np.random.default_rng(1)
    said = {name: list(generator.choice(ANSWERS, 40)) for name in ("Ann", "Bo")}
    one, other = (
        measure_agreement(frame(said), StudyConfig(), seed=4) for _ in range(2)
    )
    assert one.alpha == other.alpha
    third = measure_agreement(frame(said), StudyConfig(), seed=5)
    assert third.alpha.interval != one.alpha.interval
    assert third.alpha.value == one.alpha.value


def test_notes_on_what_was_seen_and_on_lost_classes() -> None:
    answers = frame({"Ann": [E, "astrocyte"], "Bo": [E, H]}, shown=None)
    answers.loc[0, "shown"] = "inception_v3"
    found = quick(answers)
    assert found.not_blind == {"Ann": 1}
    assert any("'astrocyte' is not a class" in note for note in found.notes)
    assert any(note.startswith("1 of 4 answers") for note in found.notes)


def lines(*rows: tuple[int, str | None, str]) -> pd.DataFrame:
    """Lines of Ann: cell, answer, and what made the line (or "repeat")."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return pd.DataFrame(
        {
            "time": [start + timedelta(minutes=k) for k in range(len(rows))],
            "annotator": "Ann",
            "recording": "r",
            "cell": [row[0] for row in rows],
            "answer": pd.Series([row[1] for row in rows], dtype=object),
            "role": "annotator",
            "repeat": [row[2] == "repeat" for row in rows],
            "origin": ["answer" if row[2] == "repeat" else row[2] for row in rows],
            "group": [None] * len(rows),
        }
    )


def test_self_consistency() -> None:
    found = intra_rater_agreement(
        lines(
            (1, E, "answer"),
            (2, E, "answer"),
            (3, H, "answer"),
            (4, H, "answer"),
            (1, E, "repeat"),
            (2, H, "repeat"),
            (3, H, "repeat"),
            (4, H, "repeat"),
        )
    )["Ann"]
    assert (found.observed, found.cells) == (0.75, 4)
    assert found.value == pytest.approx(cohen_kappa_score([E, E, H, H], [E, H, H, H]))


def test_what_counted_before_is_what_counts() -> None:
    changed = lines((1, G, "answer"), (1, E, "answer"), (1, E, "repeat"))
    assert intra_rater_agreement(changed)["Ann"].observed == 1
    # the slip was undone, and the repeat answered once more
    undone = lines((1, E, "answer"), (1, G, "repeat"), (1, E, "undo"), (1, E, "repeat"))
    assert intra_rater_agreement(undone)["Ann"].observed == 1
    assert intra_rater_agreement(undone)["Ann"].cells == 1


def test_repeats_that_compare_with_nothing() -> None:
    only = lines((1, E, "repeat"))
    taken_back = lines((1, E, "answer"), (1, None, "undo"), (1, E, "repeat"))
    none = lines((1, E, "answer"))
    for some in (only, taken_back, none):
        found = intra_rater_agreement(some)["Ann"]
        assert (found.value, found.observed, found.cells) == (None, None, 0)
        assert found.reason == "was not asked about any cell again"
    assert intra_rater_agreement(lines()) == {}


def test_adjudications_are_no_votes() -> None:
    settled = lines((1, E, "answer"), (1, G, "repeat")).assign(role="adjudicator")
    assert intra_rater_agreement(settled) == {}


def test_consistency_is_among_the_figures() -> None:
    some = lines((1, E, "answer"), (1, E, "repeat"))
    found = measure_agreement(some.iloc[1:], StudyConfig(), all_answers=some)
    assert found.intra_rater["Ann"].cells == 1
    assert measure_agreement(some.iloc[1:], StudyConfig()).intra_rater == {}
