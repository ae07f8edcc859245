"""Answering into a journal: what is written, what counts, undo, earlier versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from answering import ANSWERS, START, answer, said, timeless, write_lines

from napari_cellid.annotation.answer import CellKey
from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path / "annotations", "Ann", answers=ANSWERS)


def test_nothing_is_made_before_the_first_answer(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "study" / "annotations", "Ann")
    assert journal.current() == {}
    assert not journal.can_undo
    assert journal.undo() == []
    assert journal.redo() == []
    journal.close()
    assert list(tmp_path.iterdir()) == []


def test_a_line_has_these_keys_in_this_order(journal: Journal) -> None:
    given = answer(7, "glia", seconds=1.5, shown="inception_v3")
    assert journal.add(given) == given
    text = journal.path.read_text("utf-8")
    assert text == (
        '{"time": "2026-03-01T09:00:00.000000Z", "annotator": "Ann", '
        '"recording": "mouse 1", "cell": 7, "plane": 0, "y": 10.5, "x": 20.25, '
        '"answer": "glia", "shown": "inception_v3", "seconds": 1.5}\n'
    )


def test_rare_keys_are_written_where_they_say_something(journal: Journal) -> None:
    journal.add(answer(role="adjudicator", repeat=True))
    line = json.loads(journal.path.read_text())
    assert line["role"] == "adjudicator"
    assert line["repeat"] is True
    assert "origin" not in line


def test_numbers_of_numpy_are_written(journal: Journal) -> None:
    import numpy as np

    journal.add(answer(np.int64(3), y=np.float32(0.5), plane=np.int32(2)))
    assert said(Journal.open(journal.path.parent, "Ann").current()) == {3: "glia"}


def test_times_of_another_zone_are_written_in_utc(journal: Journal) -> None:
    from datetime import timezone

    there = START.astimezone(timezone(timedelta(hours=-5)))
    journal.add(answer(time=there))
    assert "2026-03-01T09:00:00.000000Z" in journal.path.read_text()
    assert journal.lines[0].time == START


def test_the_last_line_counts_not_the_latest(journal: Journal) -> None:
    journal.add(answer(1, "glia", at=100))
    journal.add(answer(1, "excitatory", at=0))
    assert said(journal.current()) == {1: "excitatory"}
    assert len(journal.problems) == 1
    assert "the clock was set back before line 2" in journal.problems[0]


def test_a_clock_that_went_back_often_is_reported_once(journal: Journal) -> None:
    for k in range(10):
        journal.add(answer(k, at=100 * (k % 2)))
    assert len(journal.problems) == 1
    assert "lines 3, 5, 7 and 1 more" in journal.problems[0]
    assert len(journal.current()) == 10


def test_equal_times_count_in_the_order_of_lines(journal: Journal) -> None:
    for what in ("glia", "inhibitory", "excitatory"):
        journal.add(answer(1, what))
    assert said(journal.current()) == {1: "excitatory"}
    assert journal.problems == ()


def test_an_answer_taken_back_is_absent(journal: Journal) -> None:
    journal.add(answer(1))
    journal.add(answer(2))
    journal.add(answer(1, None))
    assert said(journal.current()) == {2: "glia"}


def test_votes_and_adjudications_are_apart(journal: Journal) -> None:
    journal.add(answer(1, "glia"))
    journal.add(answer(1, "inhibitory", role="adjudicator"))
    assert said(journal.current()) == {1: "glia"}
    assert said(journal.current("adjudicator")) == {1: "inhibitory"}
    journal.undo()
    assert said(journal.current()) == {1: "glia"}
    assert journal.current("adjudicator") == {}


def test_what_current_gave_does_not_change(journal: Journal) -> None:
    journal.add(answer(1))
    before = journal.current()
    journal.add(answer(2))
    assert list(before) == [CellKey("mouse 1", 1)]


def test_an_answer_that_the_study_does_not_have_is_refused(journal: Journal) -> None:
    with pytest.raises(InputError, match="'neuron' is not an answer of this study"):
        journal.add(answer(1, "neuron"))
    assert not journal.path.exists()


def test_an_answer_of_somebody_else_is_refused(journal: Journal) -> None:
    with pytest.raises(
        InputError, match="'Bo' does not belong in the journal of 'Ann'"
    ):
        journal.add(answer(who="Bo"))
    assert not journal.path.exists()


# ---------------------------------------------------------------- undo


def test_undo_brings_back_the_answer_before(journal: Journal) -> None:
    journal.add(answer(1, "glia"))
    journal.add(answer(1, "excitatory"))
    (line,) = journal.undo()
    assert (line.answer, line.cell, line.origin) == ("glia", 1, "undo")
    assert said(journal.current()) == {1: "glia"}
    (line,) = journal.undo()
    assert line.answer is None
    assert journal.current() == {}
    assert not journal.can_undo
    assert journal.undo() == []
    assert len(journal.path.read_text().splitlines()) == 4


def test_redo_gives_undone_answers_again_in_order(journal: Journal) -> None:
    journal.add(answer(1, "glia"))
    journal.add(answer(2, "excitatory", repeat=True, seconds=3.5, shown="unet"))
    before = timeless(journal.current())
    journal.undo()
    journal.undo()
    assert journal.can_redo
    journal.redo()
    assert said(journal.current()) == {1: "glia"}
    journal.redo()
    assert timeless(journal.current()) == before
    assert not journal.can_redo
    assert journal.redo() == []


def test_a_new_answer_ends_redo(journal: Journal) -> None:
    journal.add(answer(1))
    journal.undo()
    journal.add(answer(2))
    assert not journal.can_redo
    assert journal.redo() == []


def test_undo_and_redo_go_on_after_opening_again(journal: Journal) -> None:
    for cell in (1, 2, 3):
        journal.add(answer(cell))
    journal.undo()
    again = Journal.open(journal.path.parent, "Ann")
    assert again.can_redo
    again.undo()
    assert said(again.current()) == {1: "glia"}
    again = Journal.open(journal.path.parent, "Ann")
    again.redo()
    again.redo()
    assert said(again.current()) == {1: "glia", 2: "glia", 3: "glia"}


def test_undo_sees_what_another_window_answered(journal: Journal) -> None:
    other = Journal.open(journal.path.parent, "Ann")
    journal.add(answer(1, "glia"))
    other.add(answer(1, "excitatory"))
    (line,) = journal.undo()
    assert line.answer == "glia"
    other.add(answer(2))
    assert said(other.current()) == {1: "glia", 2: "glia"}


# ---------------------------------------------------------------- earlier versions


def test_what_counted_at_a_time(journal: Journal) -> None:
    journal.add(answer(1, "glia", at=0))
    journal.add(answer(2, "glia", at=10))
    journal.add(answer(1, None, at=20))
    at = lambda s: said(journal.current_at(START + timedelta(seconds=s)))  # noqa: E731
    assert at(-1) == {}
    assert at(0) == {1: "glia"}
    assert at(15) == {1: "glia", 2: "glia"}
    assert at(99) == {2: "glia"}


def test_order_counts_where_the_clock_went_back(journal: Journal) -> None:
    for cell, at in ((1, 0), (2, 50), (3, 10), (4, 60)):
        journal.add(answer(cell, at=at))
    then = journal.current_at(START + timedelta(seconds=20))
    assert list(said(then)) == [1, 2, 3]


def test_an_earlier_version_is_brought_back(journal: Journal) -> None:
    journal.add(answer(1, "glia", at=0))
    journal.add(answer(2, "glia", at=1, seconds=4.5))
    journal.add(answer(2, "unsure", at=1, role="adjudicator"))
    before = timeless(journal.current())
    settled = timeless(journal.current("adjudicator"))
    journal.add(answer(2, "excitatory", at=10))
    journal.add(answer(1, None, at=11))
    journal.add(answer(3, "glia", at=12))
    journal.add(answer(2, None, at=13, role="adjudicator"))
    assert journal.restore(START + timedelta(seconds=5)) == 4
    assert timeless(journal.current()) == before
    assert timeless(journal.current("adjudicator")) == settled
    assert journal.restore(START + timedelta(seconds=5)) == 0
    assert timeless(Journal.open(journal.path.parent, "Ann").current()) == before


def test_bringing_back_is_itself_brought_back(journal: Journal) -> None:
    journal.add(answer(1))
    latest = datetime.now(UTC)
    journal.restore(START - timedelta(days=1))
    assert journal.current() == {}
    assert not journal.can_undo
    journal.restore(latest)
    assert said(journal.current()) == {1: "glia"}


# ---------------------------------------------------------------- several windows


def test_two_windows_of_one_person(journal: Journal) -> None:
    other = Journal.open(journal.path.parent, "Ann")
    for cell in range(0, 20, 2):
        journal.add(answer(cell))
        other.add(answer(cell + 1))
    assert len(other.current()) == 20
    journal.close()
    assert len(journal.current()) == 20
    assert journal.problems == ()


def test_a_file_put_in_its_place_gets_what_it_lacks(journal: Journal) -> None:
    journal.add(answer(1, at=0))
    copy = journal.path.read_bytes()
    journal.add(answer(2, at=1))
    older = journal.path.with_name("older")
    older.write_bytes(copy)
    older.replace(journal.path)
    journal.add(answer(3, at=2))
    again = Journal.open(journal.path.parent, "Ann")
    assert list(said(again.current())) == [1, 2, 3]
    assert "another program replaced the file" in journal.problems[0]


def test_a_file_deleted_meanwhile_is_written_once_more(journal: Journal) -> None:
    journal.add(answer(1, at=0))
    journal.path.unlink()
    journal.add(answer(2, at=1))
    again = Journal.open(journal.path.parent, "Ann")
    assert list(said(again.current())) == [1, 2]


def test_a_file_shortened_in_place_is_read_anew(journal: Journal) -> None:
    first = journal.add(answer(1, at=0))
    journal.add(answer(2, at=1))
    write_lines(journal.path, [first])
    journal.add(answer(3, at=2))
    again = Journal.open(journal.path.parent, "Ann")
    assert list(said(again.current())) == [1, 2, 3]


def test_a_file_replaced_while_an_answer_is_written(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    journal.add(answer(1, at=0))
    merged = journal.path.with_name("merged")
    write_lines(merged, [answer(1, at=0), answer(9, at=1)])
    flush = os.fsync

    def replaced_meanwhile(descriptor: int) -> None:
        flush(descriptor)
        if merged.exists():
            merged.replace(journal.path)

    monkeypatch.setattr(os, "fsync", replaced_meanwhile)
    journal.add(answer(2, at=2))
    again = Journal.open(journal.path.parent, "Ann")
    assert list(said(again.current())) == [1, 9, 2]
    assert list(said(journal.current())) == [1, 9, 2]


def test_a_study_moved_meanwhile_is_answered_where_it_is_not(journal: Journal) -> None:
    journal.add(answer(1))
    folder = journal.path.parent
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(InputError, match="could not be saved"):
        journal.add(answer(2))
    assert not folder.exists()
    folder.with_name("elsewhere").rename(folder)
    journal.add(answer(2))
    assert list(said(Journal.open(folder, "Ann").current())) == [1, 2]
