"""All journals as one table, what counts of it, and what was undone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from answering import START, answer, said, write_lines

from napari_cellid.annotation.all_answers import (
    current_answers,
    given_answers,
    read_annotations,
)
from napari_cellid.annotation.journal import Journal

COLUMNS = [
    "time", "annotator", "recording", "cell", "plane", "y", "x", "answer", "shown",
    "seconds", "role", "repeat", "origin", "group", "markers",
]  # fmt: skip


def test_a_folder_without_journals_has_no_lines(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        found = read_annotations(folder)
        assert list(found.all_answers.columns) == COLUMNS
        assert len(found.all_answers) == 0
        assert found.problems == ()
        assert len(current_answers(found.all_answers)) == 0
        assert len(current_answers(found.all_answers, until=START)) == 0
        assert len(given_answers(found.all_answers)) == 0


def test_every_line_is_a_row(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "Bo.jsonl",
        [
            answer(3, "glia", "Bo", at=1.25, shown="unet", seconds=2.5, repeat=True),
            answer(3, None, "Bo", at=2, role="adjudicator"),
        ],
    )
    write_lines(tmp_path / "Ann.jsonl", [answer(9, at=3, recording="Mäuse/2")])
    lines = read_annotations(tmp_path).all_answers
    assert lines["time"].dtype == "datetime64[us, UTC]"
    assert lines["annotator"].tolist() == ["Ann", "Bo", "Bo"]
    assert lines["recording"].tolist() == ["Mäuse/2", "mouse 1", "mouse 1"]
    assert lines["cell"].tolist() == [9, 3, 3]
    assert lines["answer"].tolist() == ["glia", "glia", None]
    assert lines["shown"].tolist() == [None, "unet", None]
    assert lines["seconds"].tolist() == [0.0, 2.5, 0.0]
    assert lines["role"].tolist() == ["annotator", "annotator", "adjudicator"]
    assert lines["repeat"].tolist() == [False, True, False]
    assert lines["time"][1] == START + timedelta(seconds=1.25)
    assert (lines["y"][0], lines["x"][0], lines["plane"][0]) == (10.5, 20.25, 0)


def test_the_last_line_of_each_person_counts(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "Ann.jsonl",
        [
            answer(1, "glia", at=9),
            answer(1, "excitatory", at=3),
            answer(2, "glia", at=4),
            answer(2, None, at=5),
            answer(1, "unsure", at=6, role="adjudicator"),
        ],
    )
    write_lines(tmp_path / "Bo.jsonl", [answer(1, "inhibitory", "Bo", at=1)])
    lines = read_annotations(tmp_path).all_answers
    votes = current_answers(lines)
    assert votes["answer"].tolist() == ["excitatory", "inhibitory"]
    assert votes.index.tolist() == [0, 1]
    assert current_answers(lines, "adjudicator")["answer"].tolist() == ["unsure"]


def test_what_counted_at_a_time_as_the_journal_says(tmp_path: Path) -> None:
    ours = [
        answer(cell, what, at=at)
        for cell, what, at in (
            (1, "glia", 0), (2, "glia", 50), (1, None, 10), (3, "unsure", 60),
            (2, "excitatory", 61),
        )
    ]  # fmt: skip
    write_lines(tmp_path / "Ann.jsonl", ours)
    write_lines(tmp_path / "Bo.jsonl", [answer(1, "glia", "Bo", at=70)])
    lines = read_annotations(tmp_path).all_answers
    journal = Journal.open(tmp_path, "Ann")
    for seconds in (-1, 0, 5, 10, 49, 50, 60, 60.5, 61, 99):
        until = START + timedelta(seconds=seconds)
        table = current_answers(lines, until=until)
        table = table[table["annotator"] == "Ann"]
        counted = dict(zip(table["cell"], table["answer"], strict=True))
        assert counted == said(journal.current_at(until)), seconds
    assert len(current_answers(lines, until=START + timedelta(seconds=70))) == 3


def test_lines_in_any_index_are_counted_the_same(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "Ann.jsonl", [answer(1, at=1), answer(1, "unsure", at=2), answer(2)]
    )
    lines = read_annotations(tmp_path).all_answers
    odd = lines.set_index(pd.Index([5, 5, 5]))
    until = START + timedelta(seconds=1.5)
    for table in (lines, odd):
        assert current_answers(table)["answer"].tolist() == ["unsure", "glia"]
        assert len(current_answers(table[:2], until=until)) == 1
        assert len(given_answers(table)) == 3


def test_undone_answers_are_not_given_ones(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path, "Ann")
    journal.add(answer(1, "glia", at=1))
    journal.add(answer(1, "unsure", at=2, repeat=True))
    journal.undo()
    journal.add(answer(1, "excitatory", at=3, repeat=True))
    journal.add(answer(2, "glia", at=4))
    journal.undo()
    journal.redo()
    journal.restore(START + timedelta(seconds=3))
    write_lines(tmp_path / "Bo.jsonl", [answer(7, "glia", "Bo")])
    lines = given_answers(read_annotations(tmp_path).all_answers)
    assert lines["cell"].tolist() == [1, 1, 2, 7]
    assert lines["answer"].tolist() == ["glia", "excitatory", "glia", "glia"]
    assert lines["repeat"].tolist() == [False, True, False, False]


@pytest.mark.parametrize("n", [1, 999, 1000, 1001, 2500])
def test_long_journals_are_read_whole(tmp_path: Path, n: int) -> None:
    write_lines(tmp_path / "Ann.jsonl", [answer(k, at=k) for k in range(n)])
    assert read_annotations(tmp_path).all_answers["cell"].tolist() == list(range(n))
