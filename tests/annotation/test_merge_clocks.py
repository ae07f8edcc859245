"""Copies of a journal of which one was written with a wrong clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from answering import answer, said, write_lines

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.merge import merge_journals
from napari_cellid.annotation.merge_notes import merge_notes

#: hours before the present
Hours = float
COMMON = [(1, "glia", 100.0), (2, "glia", 99.0)]


def lines(*given: tuple[int, str | None, Hours]) -> list[Answer]:
    now = datetime.now(UTC)
    return [
        answer(cell, what, time=now - timedelta(hours=ago)) for cell, what, ago in given
    ]


class Copies:
    """Two copies of a journal, and what counts after they were merged."""

    def __init__(self, folder: Path) -> None:
        self.here, self.there = folder / "here", folder / "there"
        self.common = lines(*COMMON)

    def write(self, ours: list[tuple], theirs: list[tuple]) -> None:
        write_lines(self.here / "Ann.jsonl", self.common + lines(*ours))
        write_lines(self.there / "Ann.jsonl", self.common + lines(*theirs))

    def merged(self) -> tuple[dict[int, str | None], list[str]]:
        notes = merge_notes(self.there, self.here)
        merge_journals(self.there, self.here)
        assert merge_notes(self.there, self.here) == []
        assert merge_journals(self.there, self.here) == {"Ann": 0}
        return said(Journal.open(self.here, "Ann").current()), notes


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path)


def test_right_clocks_need_no_note(copies: Copies) -> None:
    copies.write([(3, "glia", 5), (5, "glia", 1)], [(4, "glia", 7), (6, "unsure", 2)])
    counts, notes = copies.merged()
    assert notes == []
    assert list(counts) == [1, 2, 4, 3, 6, 5]


def test_a_clock_ahead_of_now_does_not_win(copies: Copies) -> None:
    copies.write([(3, "glia", 5), (4, "glia", 4)], [(3, "unsure", -20), (5, "x", -24)])
    counts, notes = copies.merged()
    assert counts == {1: "glia", 2: "glia", 3: "glia", 4: "glia", 5: "x"}
    clock, conflict = notes
    assert "of Ann in the copy, 2 lines have times up to 24 h ahead of" in clock
    assert "Ann answered 1 cell differently" in conflict and "mouse 1 3" in conflict
    assert "those of this study are the later ones" in conflict


def test_our_own_clock_ahead_of_now_does_not_win(copies: Copies) -> None:
    copies.write([(3, "glia", -30)], [(3, "unsure", 5)])
    counts, notes = copies.merged()
    assert counts[3] == "unsure"
    assert "of Ann in this study, 1 line has a time up to 30 h ahead of" in notes[0]


def test_a_few_minutes_are_no_wrong_clock(copies: Copies) -> None:
    copies.write([(3, "glia", 5)], [(4, "unsure", -0.05)])
    assert copies.merged()[1] == []


def test_a_clock_that_was_ahead_for_a_while(copies: Copies) -> None:
    # the third line, 50 h ago, is stamped a day later; then the clock was put right
    there = [(3, "unsure", 26.0), (6, "glia", 48.0), (7, "glia", 47.0)]
    copies.write([(3, "glia", 40.0)], there)
    counts, notes = copies.merged()
    assert counts[3] == "glia"
    assert "1 line has a time up to 22 h ahead of" in notes[0]


def test_a_clock_that_was_behind_for_a_while(copies: Copies) -> None:
    decade = 24 * 3650.0
    there = [(3, "unsure", 50), (4, "unsure", decade), (5, "glia", 48), (6, "glia", 47)]
    copies.write([(4, "glia", 60.0)], there)
    counts, notes = copies.merged()
    # after the line of 50 h ago in its own journal, and so after ours
    assert counts[4] == "unsure"
    assert "days behind what the order of the lines" in notes[0]


def test_a_clock_that_nothing_gives_away_is_told(copies: Copies) -> None:
    copies.write([(3, "glia", 30), (4, "x", 29)], [(3, "unsure", 6), (4, "x", 5)])
    counts, (note,) = copies.merged()
    assert counts[3] == "unsure"
    assert "Ann answered 1 cell differently in the two copies (mouse 1 3)" in note
    assert "those of the copy are the later ones and count (up to 24 h apart)" in note


def test_answers_of_both_copies_can_be_the_later_ones(copies: Copies) -> None:
    ours = [(cell, "glia", 30 - cell) for cell in range(3, 8)]
    theirs = [(cell, "unsure", 28 - 2 * (cell - 3)) for cell in range(3, 8)]
    copies.write(ours, theirs)
    (note,) = copies.merged()[1]
    assert "Ann answered 5 cells differently" in note and "and others" in note
    assert "4 of the copy and 1 of this study" in note


def test_this_computer_with_a_clock_far_behind(copies: Copies) -> None:
    # every line seems to be ahead: their own times decide
    copies.common = []
    copies.write([(3, "glia", -30), (4, "x", -50)], [(3, "x", -40), (4, "glia", -45)])
    counts, notes = copies.merged()
    assert counts == {3: "x", 4: "x"}
    assert len(notes) == 3


def test_a_new_person_has_no_conflicts(copies: Copies) -> None:
    copies.write([], [])
    write_lines(copies.there / "Bo.jsonl", [answer(1, "glia", who="Bo")])
    assert merge_notes(copies.there, copies.here) == []
