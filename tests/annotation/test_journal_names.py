"""People's names and the names of their journals."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from answering import answer, said, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.annotators import (
    annotator_from_path,
    clean_name,
    journal_path,
    list_annotators,
)
from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Ann", "Ann.jsonl"),
        ("  Ann  Lee ", "Ann Lee.jsonl"),
        ("Jürgen Groß", "Jürgen Groß.jsonl"),
        ("山田", "山田.jsonl"),
        ("a/b", "a%2Fb.jsonl"),
        ("../Bo", "%2E.%2FBo.jsonl"),
        ("100%", "100%25.jsonl"),
        ('A<B>:"|?*\\', "A%3CB%3E%3A%22%7C%3F%2A%5C.jsonl"),
        ("CON", "%43ON.jsonl"),
        ("nul.x", "%6Eul.x.jsonl"),
        ("com1", "%63om1.jsonl"),
        ("Conny", "Conny.jsonl"),
        ("Ann.", "Ann%2E.jsonl"),
        (".hidden", "%2Ehidden.jsonl"),
        ("J. R.", "J. R%2E.jsonl"),
    ],
)
def test_a_name_gives_a_file_that_any_system_takes(
    tmp_path: Path, name: str, file: str
) -> None:
    assert journal_path(tmp_path, name).name == file
    journal = Journal.open(tmp_path, name)
    journal.add(answer(who=clean_name(name)))
    assert list_annotators(tmp_path) == (clean_name(name),)
    assert read_annotations(tmp_path).problems == ()
    assert said(Journal.open(tmp_path, name).current()) == {1: "glia"}


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_name_comes_back_from_its_file(name: str) -> None:
    try:
        clean = clean_name(name)
    except InputError as error:
        assert str(error).startswith("The annotator's name")
        return
    file = journal_path(Path("nowhere"), name)
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f]|^\.|[. ]$', file.name)
    assert len(file.name.encode()) < 210
    assert annotator_from_path(file) == clean
    assert clean_name(clean) == clean


@pytest.mark.parametrize("name", ["", "  ", "\n", "\u200d"])
def test_an_empty_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="name is empty; give your name"):
        Journal.open(tmp_path, name)


@pytest.mark.parametrize("name", ["A\x00", "A\x07b", "\ud800", "x" * 51])
def test_a_name_of_odd_signs_or_length_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"The annotator's name .*; use"):
        Journal.open(tmp_path, name)


@pytest.mark.parametrize(
    ("there", "new"),
    [("Ann", "ann"), ("Müller", "MÜLLER"), ("Groß", "GROSS"), ("Ann 1", "Ann ①")],
)
def test_a_name_that_differs_only_in_its_writing_is_refused(
    tmp_path: Path, there: str, new: str
) -> None:
    Journal.open(tmp_path, there).add(answer(who=there))
    with pytest.raises(InputError, match=f"There is already a journal of '{there}'"):
        Journal.open(tmp_path, new)
    assert list_annotators(tmp_path) == (there,)


def test_a_twin_that_came_meanwhile_is_refused(tmp_path: Path) -> None:
    one, other = Journal.open(tmp_path, "Ann"), Journal.open(tmp_path, "ann")
    one.add(answer())
    with pytest.raises(InputError, match="There is already a journal of 'Ann'"):
        other.add(answer(who="ann"))
    assert list_annotators(tmp_path) == ("Ann",)


def test_composed_and_decomposed_letters_are_the_same_name(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Jürgen")
    write_lines(tmp_path / f"{decomposed}.jsonl", [answer(1, who=decomposed)])
    journal = Journal.open(tmp_path, "Jürgen")
    assert journal.annotator == "Jürgen"
    journal.add(answer(2, who="Jürgen", at=2))
    assert list(said(Journal.open(tmp_path, decomposed).current())) == [1, 2]
    assert list_annotators(tmp_path) == ("Jürgen",)
    assert journal.problems == ()
    assert len(list(tmp_path.iterdir())) == 1


def test_two_journals_of_one_person_are_reported(tmp_path: Path) -> None:
    for who in ("Ann", "ann", "Bo"):
        write_lines(tmp_path / f"{who}.jsonl", [answer(who=who)])
    (problem,) = read_annotations(tmp_path).problems
    assert "'Ann' and 'ann' differ only in how they are written" in problem
    assert Journal.open(tmp_path, "ann").annotator == "ann"


def test_other_files_are_no_journals(tmp_path: Path) -> None:
    write_lines(tmp_path / "Ann.jsonl", [answer()])
    for name in ("._Ann.jsonl", ".Ann.jsonl.0f.jsonl", "notes.txt", "Ann.jsonl~"):
        (tmp_path / name).write_bytes(b"\0\1")
    (tmp_path / "folder.jsonl").mkdir()
    assert list_annotators(tmp_path) == ("Ann",)
    assert list_annotators(tmp_path / "nowhere") == ()
    assert len(read_annotations(tmp_path).all_answers) == 1
