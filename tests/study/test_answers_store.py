"""Answers that are kept up to date are those that a new reading finds."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pandas as pd
import pytest
from little import THREE, found, info

from napari_cellid.annotation.answer import Answer, CellKey
from napari_cellid.annotation.journal import Journal
from napari_cellid.config import VoteConfig
from napari_cellid.study import answers as study_answers
from napari_cellid.study.answers import StudyAnswers
from napari_cellid.study.classes import rename_class
from napari_cellid.study.save_results import add_recording

ONE = VoteConfig(min_annotators=1)
PEOPLE = "Ann", "Bo", "Cy"
ANSWERS = "glia", "excitatory", "unsure", None


@pytest.fixture
def readings(monkeypatch):
    """How often all journals were read."""
    calls = []
    read = study_answers.follow_annotations

    def counting(folder):
        calls.append(folder)
        return read(folder)

    monkeypatch.setattr(study_answers, "follow_annotations", counting)
    return calls


def check(kept, study):
    new = StudyAnswers(study)
    for name in PEOPLE:
        assert kept.of_annotator(name) == new.of_annotator(name)
        assert +kept.counts(name, ["r1"]) == +new.counts(name, ["r1"])
    for cell in (1, 2, 3):
        assert kept.of_cell(CellKey("r1", cell)) == new.of_cell(CellKey("r1", cell))
    pd.testing.assert_frame_equal(kept.count(ONE), new.count(ONE))
    keys = ["annotator", "time"]
    lines = [a.votes.all_answers.sort_values(keys, kind="stable") for a in (kept, new)]
    columns = ["annotator", "cell", "given_cell", "answer", "role", "origin"]
    for column in columns:
        kept_values, read_values = (
            table[column].astype(object).where(table[column].notna(), None).tolist()
            for table in lines
        )
        assert kept_values == read_values


def line(study, annotator, cell, answer, role="annotator"):
    row = study.recording("r1").cells().set_index("cell").loc[cell]
    place = int(row["plane"]), float(row["y"]), float(row["x"])
    now = datetime.now(UTC)
    return Answer(now, annotator, "r1", cell, *place, answer, role=role)


@pytest.mark.parametrize("seed", range(6))
def test_kept_and_read_again_are_the_same(study, readings, seed):
    rng = random.Random(seed)
    here, there = (
        {name: Journal.open(study.annotations, name) for name in PEOPLE}
        for _ in range(2)
    )
    answers = StudyAnswers(study)
    for _ in range(40):
        role = rng.choice(["annotator"] * 4 + ["adjudicator"])
        name = rng.choice(PEOPLE)
        new = line(study, name, rng.choice([1, 2, 3]), rng.choice(ANSWERS), role)
        # Ann answers here, sometimes in another window, too; the others elsewhere
        if name == "Ann" and rng.random() < 0.8:
            answers.refresh()
            here["Ann"].add(new)
            answers.add([new])
        else:
            there[name].add(new)
        if rng.random() < 0.3:
            answers.refresh()
        if rng.random() < 0.2:
            assert answers.votes is answers.votes
    answers.refresh()
    n_readings = len(readings)
    check(answers, study)
    assert answers.refresh() == set()
    assert n_readings == 1


def test_lines_of_others_are_read_as_they_come(study, say, readings):
    say(study, "Bo", {1: "glia"})
    answers = StudyAnswers(study)
    assert answers.refresh() == set()
    say(study, "Bo", {2: "glia"})
    say(study, "Cy", {1: "unsure"})
    assert answers.refresh() == {"Bo", "Cy"}
    assert answers.of_cell(CellKey("r1", 1)) == {"Bo": "glia", "Cy": "unsure"}
    assert answers.of_annotator("Bo") == dict.fromkeys(
        (CellKey("r1", 1), CellKey("r1", 2)), "glia"
    )
    check(answers, study)


def test_two_windows_of_one_person_on_one_cell(study):
    answers = StudyAnswers(study)
    there = Journal.open(study.annotations, "Ann")
    here = Journal.open(study.annotations, "Ann")
    there.add(line(study, "Ann", 1, "glia"))
    mine = line(study, "Ann", 1, "unsure")
    here.add(mine)
    answers.add([mine])
    answers.refresh()
    assert answers.of_annotator("Ann") == {CellKey("r1", 1): "unsure"}
    check(answers, study)


def test_a_journal_that_was_replaced_or_removed_is_read_as_a_whole(study, say):
    say(study, "Bo", {1: "glia", 2: "unsure"})
    say(study, "Cy", {1: "glia"})
    answers = StudyAnswers(study)
    path = study.annotations / "Bo.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.unlink()
    path.write_bytes(lines[1])
    assert "Bo" in answers.refresh()
    assert answers.of_annotator("Bo") == {CellKey("r1", 2): "unsure"}
    path.unlink()
    assert "Bo" in answers.refresh()
    assert answers.of_annotator("Bo") == {}
    check(answers, study)


def test_answers_for_other_numbers_are_matched_as_all_others(study, say):
    """A copy of the study numbers its cells in another way."""
    answers = StudyAnswers(study)
    first, second = (line(study, "Bo", cell, "glia") for cell in (1, 2))
    moved = Answer(first.time, "Bo", "r1", 2, first.plane, first.y, first.x, "glia")
    journal = Journal.open(study.annotations, "Bo")
    journal.add(moved)
    assert answers.refresh()
    assert answers.of_annotator("Bo") == {CellKey("r1", 1): "glia"}
    journal.add(second)
    answers.refresh()
    check(answers, study)


def test_renamed_classes_count_under_the_new_name(study, say, readings):
    say(study, "Bo", {1: "glia", 2: "excitatory"})
    answers = StudyAnswers(study)
    glia = next(one.id for one in study.config.classes if one.name == "glia")
    study = study.with_config(rename_class(study.config, glia, "astrocyte"))
    answers.set_study(study)
    assert answers.of_annotator("Bo")[CellKey("r1", 1)] == "astrocyte"
    assert answers.counts("Bo", ["r1"])["astrocyte"] == 1
    (undone,) = answers.add([line(study, "Ann", 1, "glia")])
    assert undone.answer == "astrocyte"
    say(study, "Cy", {1: "glia"})
    answers.refresh()
    assert answers.of_cell(CellKey("r1", 1)) == dict.fromkeys(
        ("Bo", "Ann", "Cy"), "astrocyte"
    )
    assert len(readings) == 1
    assert answers.decided(ONE)[CellKey("r1", 1)] == "astrocyte"


def test_a_recording_that_was_added_has_answers_of_its_own(study, say):
    say(study, "Bo", {1: "glia"})
    add_recording(study, found(THREE, name="r2"), info())
    say(study, "Bo", {1: "unsure"}, recording="r2")
    answers = StudyAnswers(study)
    assert answers.counts("Bo", ["r1", "r2"]) == {"glia": 1, "unsure": 1}
    assert answers.counts("Bo", ["r2"]) == {"unsure": 1}
