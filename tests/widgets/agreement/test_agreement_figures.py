"""Figures and counts as they are shown, without a window."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.agreement.dawid_skene import estimate_reliability
from napari_cellid.agreement.summary import measure_agreement
from napari_cellid.config import StudyConfig, VoteConfig
from napari_cellid.report import agreement_tables as figures
from napari_cellid.study.votes import StudyVotes, decided_answers
from napari_cellid.widgets.agreement.vote_counts import count_outcomes

CONFIG = StudyConfig()
ANSWERS = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from(["Ann", "Bo", "Cy", "Dee"]),
        st.sampled_from(CONFIG.answers),
    ),
    max_size=60,
    unique_by=lambda row: row[:2],
)
RULES = st.builds(
    VoteConfig,
    rule=st.sampled_from(["unanimous", "majority", "quorum"]),
    min_annotators=st.integers(1, 4),
    quorum=st.integers(1, 4),
    not_a_cell=st.sampled_from(["class", "against", "abstain"]),
    unsure=st.sampled_from(["against", "abstain"]),
)


def lines(rows, role="annotator"):
    table = pd.DataFrame(rows, columns=["cell", "annotator", "answer"])
    return table.assign(
        recording="a",
        given_cell=table["cell"],
        time=pd.Timestamp(datetime(2026, 1, 1, tzinfo=UTC)),
        plane=0,
        y=0.0,
        x=0.0,
        shown=None,
        seconds=1.0,
        role=role,
        repeat=False,
        origin="answer",
    )


def votes(rows, settled=()):
    current, adjudications = lines(rows), lines(list(settled), "adjudicator")
    every = pd.concat([current, adjudications], ignore_index=True)
    return StudyVotes(every, current, adjudications, ())


@given(ANSWERS, ANSWERS, RULES, st.integers(0, 9))
def test_every_cell_is_counted_once(rows, settled, rule, unanswered):
    table = votes(rows, settled).count(rule)
    cells = {row[0] for row in rows} | {row[0] for row in settled}
    n = len(cells) + unanswered
    counts = {count.name: count.n for count in count_outcomes(table, n, CONFIG)}
    assert sum(counts.values()) == n
    assert counts["no answer yet"] == unanswered
    named = sum(
        n
        for name, n in counts.items()
        if name not in ("disputed", "too few answers", "no answer yet")
    )
    assert named == table["status"].isin(["consensus", "adjudicated"]).sum()
    assert len(decided_answers(table)) == named


def test_counts_by_hand():
    rows = [
        *((1, who, "glia") for who in ("Ann", "Bo", "Cy")),
        *((2, who, "not_a_cell") for who in ("Ann", "Bo", "Cy")),
        (3, "Ann", "glia"), (3, "Bo", "glia"), (3, "Cy", "excitatory"),
        (4, "Ann", "glia"),
        (5, "Ann", "glia"), (5, "Bo", "excitatory"), (5, "Cy", "unsure"),
    ]  # fmt: skip
    table = votes(rows, [(5, "Dee", "unsure")]).count(VoteConfig())
    numbers = [(count.name, count.n) for count in count_outcomes(table, 7, CONFIG)]
    assert numbers == [
        ("excitatory", 0),
        ("inhibitory", 0),
        ("glia", 1),
        ("not a cell", 1),
        ("settled as unsure", 1),
        ("disputed", 1),
        ("too few answers", 1),
        ("no answer yet", 2),
    ]


@given(ANSWERS.filter(bool))
def test_figures_can_be_read_whatever_people_say(rows):
    study_votes = votes(rows)
    agreement = measure_agreement(
        study_votes.current, CONFIG, all_answers=study_votes.all_answers, bootstrap=20
    )
    reliability = estimate_reliability(study_votes.current, CONFIG)
    headline, details = figures.agreement_summary(agreement)
    assert details
    assert bool(headline) == (
        agreement.alpha.value is not None and len(agreement.annotators) > 1
    )
    people = figures.people_rows(agreement, reliability)
    assert [int(cells[0].text) for _, cells in people] == [
        sum(row[1] == name for row in rows) for name, _ in people
    ]
    kappas = figures.kappa_rows(agreement)
    texts = [[cell.text for cell in cells] for _, cells in kappas]
    assert texts == [list(column) for column in zip(*texts, strict=True)]
    for pair in agreement.pairs:
        _, table = figures.confusion_rows(agreement.pairs, pair.second, pair.first)
        total = sum(int(cell.text) for _, cells in table for cell in cells)
        assert total == pair.kappa.cells
    shown = figures.alpha_rows(agreement.per_class)
    assert [int(cells[2].text) for _, cells in shown] == [
        alpha.cells for alpha in agreement.per_class.values()
    ]


def test_one_person_has_no_agreement():
    study_votes = votes([(1, "Ann", "glia"), (2, "Ann", "excitatory")])
    agreement = measure_agreement(
        study_votes.current, CONFIG, all_answers=study_votes.all_answers
    )
    headline, details = figures.agreement_summary(agreement)
    assert headline == ""
    assert details.startswith("Ann is the only annotator so far")
    assert figures.confusion_rows(agreement.pairs, "Ann", "") == ([], [])


@pytest.mark.parametrize("person", ["annotator", "adjudicator"])
def test_answers_that_come_in_replace_those_before(person):
    from napari_cellid.annotation.answer import Answer

    study_votes = votes([(1, "Ann", "glia"), (2, "Ann", "glia")], [(1, "Ann", "glia")])
    new = [
        Answer(datetime(2026, 1, 2, tzinfo=UTC), "Ann", "a", 1, 0, 0.0, 0.0, answer,
               role=person)
        for answer in ("excitatory", "unsure")
    ]  # fmt: skip
    after = study_votes.with_answers(new)
    table = after.current if person == "annotator" else after.adjudications
    assert table.set_index("cell")["answer"][1] == "unsure"
    assert len(after.current) == 2
    assert len(after.adjudications) == 1
    assert len(after.all_answers) == len(study_votes.all_answers) + 2
    gone = [
        Answer(datetime(2026, 1, 2, tzinfo=UTC), "Ann", "a", 1, 0, 0.0, 0.0, None,
               role=person)
    ]  # fmt: skip
    after = after.with_answers(gone)
    assert len(after.current) == (1 if person == "annotator" else 2)
    assert len(after.adjudications) == (1 if person == "annotator" else 0)


def test_a_change_of_the_rule_is_counted_at_once():
    """10,000 cells of five people; time of the processor, as machines are busy."""
    rng = np.random.default_rng(0)
    people = ["Ann", "Bo", "Cy", "Dee", "Eve"]
    rows = [
        (cell, who, CONFIG.answers[k])
        for cell in range(1, 10_001)
        for who, k in zip(people, rng.integers(0, 5, 5), strict=True)
    ]
    study_votes = votes(rows)
    study_votes.count(VoteConfig())
    seconds = []
    for n in (1, 2, 3, 4):
        for rule in ("unanimous", "majority"):
            start = time.thread_time()
            count_outcomes(
                study_votes.count(VoteConfig(rule=rule, min_annotators=n)),
                10_000,
                CONFIG,
            )
            seconds.append(time.thread_time() - start)
    assert np.median(seconds) < 0.25


def test_names_are_shortened_as_far_as_they_differ() -> None:
    names = ["excitatory", "inhibitory", "glia", "not a cell", "unsure"]
    assert figures.shorten_names(names) == ["exc.", "inh.", "glia", "not.", "unsure"]
    assert figures.shorten_names(["PV positive", "PV negative"]) == ["PV p.", "PV n."]
    assert figures.shorten_names([]) == []
