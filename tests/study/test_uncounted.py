"""Answers that do not count are listed by recording, with the reason."""

from __future__ import annotations

import json
import shutil
import unicodedata
from dataclasses import replace

import pytest
from little import THREE, found, images, info, squares

from napari_cellid.cli import main
from napari_cellid.study.answers import StudyAnswers
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study
from napari_cellid.study.uncounted import find_uncounted


@pytest.fixture
def two(study: Study, say) -> Study:
    """A study of r1 and r2; Ann has answered three cells of each, Bo one of r2."""
    add_recording(study, found(THREE, name="r2"), info())
    study = Study.open(study.path)
    say(study, "Ann", {1: "glia", 2: "glia", 3: "glia"})
    say(study, "Ann", {1: "glia", 2: "glia", 3: "glia"}, "r2")
    say(study, "Bo", {1: "glia"}, "r2")
    return study


def uncounted(study: Study) -> list[tuple]:
    study = Study.open(study.path)
    listed = find_uncounted(study, study.read_answers())
    return [(k.recording, k.n_answers, k.annotators, k.reason) for k in listed]


def test_answers_that_count_are_not_listed(two: Study) -> None:
    assert uncounted(two) == []


def test_a_recording_that_is_not_in_the_folder(two: Study, capsys) -> None:
    shutil.move(two.path / "recordings" / "r2", two.path.parent / "r2")
    assert uncounted(two) == [("r2", 4, ("Ann", "Bo"), "missing")]
    assert main(["agree", str(two.path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    (row,) = result["uncounted"]
    assert (row["recording"], row["n_answers"]) == ("r2", 4)
    (note,) = [note for note in result["notes"] if "do not count" in note]
    assert note.startswith("r2: 4 answers of Ann and Bo do not count")
    assert "put its folder back" in note
    # the remedy that the note names
    shutil.move(two.path.parent / "r2", two.path / "recordings" / "r2")
    assert uncounted(two) == []


def test_a_recording_that_cannot_be_read(two: Study) -> None:
    (two.path / "recordings" / "r2" / "cells.csv").write_bytes(b"\0\xff")
    assert uncounted(two) == [("r2", 4, ("Ann", "Bo"), "unreadable")]


def test_a_recording_that_is_kept_among_the_replaced_ones(two: Study) -> None:
    parent = two.path / "recordings"
    kept = parent / ".replaced" / "r2" / "2026-01-05T090000.000000Z"
    kept.parent.mkdir(parents=True)
    shutil.move(parent / "r2", kept)
    assert uncounted(two) == [("r2", 4, ("Ann", "Bo"), "kept")]
    assert main(["replaced", str(two.path), "--bring-back", "r2"]) == 0
    assert uncounted(two) == []


def test_a_recording_with_other_images(two: Study) -> None:
    other = squares((0, 50, 50), (0, 30, 10))
    result = replace(found(other), planes=images(other, "r2", seed=9))
    result.run["recording"] = "r2"
    add_recording(two, result, info(), replace=True)
    assert uncounted(two) == [("r2", 4, ("Ann", "Bo"), "replaced")]
    assert main(["replaced", str(two.path), "--bring-back", "r2"]) == 0
    assert uncounted(two) == []


def test_a_cell_that_was_not_found_again(two: Study, say) -> None:
    say(two, "Cy", {2: "glia"}, role="adjudicator")
    folder = two.path / "recordings" / "r1"
    table = folder / "cells.csv"
    before = table.read_bytes()
    lines = before.splitlines(keepends=True)
    table.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    assert uncounted(two) == [("r1", 2, ("Ann", "Cy"), "not_found")]
    table.write_bytes(before)
    assert uncounted(two) == []


def test_answers_that_were_taken_back_are_not_listed(two: Study, say) -> None:
    say(two, "Bo", {1: None}, "r2")
    shutil.rmtree(two.path / "recordings" / "r2")
    assert uncounted(two) == [("r2", 3, ("Ann",), "missing")]


def test_a_name_in_another_unicode_form(two: Study) -> None:
    parent = two.path / "recordings"
    journal = two.annotations / "Bo.jsonl"
    decomposed = unicodedata.normalize("NFD", "mäuse")
    journal.write_text(journal.read_text().replace('"r2"', f'"{decomposed}"'), "utf-8")
    assert uncounted(two) == [(decomposed, 1, ("Bo",), "missing")]
    (parent / unicodedata.normalize("NFC", "mäuse")).mkdir()
    assert uncounted(two)[0][3] == "unreadable"


def test_a_name_cannot_leave_the_folder(two: Study) -> None:
    journal = two.annotations / "Bo.jsonl"
    journal.write_text(journal.read_text().replace('"r2"', '"../recordings/r1"'))
    assert uncounted(two) == [("../recordings/r1", 1, ("Bo",), "missing")]


def test_an_open_study_lists_what_others_add(two: Study, say) -> None:
    answers = StudyAnswers(Study.open(two.path))
    assert answers.votes.uncounted == ()
    journal = two.annotations / "Bo.jsonl"
    with journal.open("a") as file:
        file.write(journal.read_text().replace('"r2"', '"r9"'))
    assert answers.refresh() == {"Ann", "Bo"}
    (one,) = answers.votes.uncounted
    assert (one.recording, one.n_answers, one.reason) == ("r9", 1, "missing")


def test_an_open_study_lists_lines_that_cannot_be_read(two: Study) -> None:
    answers = StudyAnswers(Study.open(two.path))
    assert answers.votes.problems == ()
    with (two.annotations / "Bo.jsonl").open("a") as file:
        file.write("{nonsense}\n")
    assert answers.refresh() == {"Ann", "Bo"}
    (told,) = answers.votes.problems
    assert told.startswith("Bo.jsonl: line 2 cannot be read (not JSON)")
    assert answers.refresh() == set()
