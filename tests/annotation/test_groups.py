"""One answer for several cells: one action, whatever happened in between."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from answering import ANSWERS, START, answer, said, timeless, write_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.annotation.all_answers import given_answers, read_annotations
from napari_cellid.annotation.answer import Answer, CellKey
from napari_cellid.annotation.csv_export import export_answers
from napari_cellid.annotation.csv_import import import_answers
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.merge import merge_journals
from napari_cellid.errors import InputError


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(tmp_path / "annotations", "Ann", answers=ANSWERS)


def several(*cells: int, what: str = "glia", at: float = 0) -> list[Answer]:
    return [answer(cell, what, at=at) for cell in cells]


def again(journal: Journal) -> Journal:
    """The same journal in another window."""
    return Journal.open(journal.path.parent, "Ann")


def groups_in(path: Path) -> list[str | None]:
    lines = path.read_text("utf-8").splitlines()
    return [json.loads(line).get("group") for line in lines]


def test_only_an_answer_for_several_cells_has_a_group(journal: Journal) -> None:
    journal.add_group(several(1))
    journal.add_group(several(2, 3))
    journal.add_group(several(4, 5))
    none, *groups = groups_in(journal.path)
    assert none is None
    assert groups[0] == groups[1] != groups[2] == groups[3]
    assert not any(group is None or group.isdigit() for group in groups)
    assert '"group"' not in journal.path.read_text().splitlines()[0]


def test_its_lines_have_one_time_and_stand_together_after_a_merge(
    tmp_path: Path,
) -> None:
    here, there = (Journal.open(tmp_path / name, "Ann") for name in ("here", "there"))
    here.add_group([answer(1, at=1), answer(2, at=3)])
    there.add_group([answer(3, at=2), answer(4, at=4)])
    merge_journals(tmp_path / "there", tmp_path / "here")
    assert [line.cell for line in again(here).lines] == [1, 2, 3, 4]


def test_undo_in_a_window_opened_later_takes_back_every_cell(journal: Journal) -> None:
    journal.add(answer(1, "unsure"))
    journal.add_group(several(1, 2, 3))
    other = again(journal)
    assert [line.cell for line in other.undo()] == [3, 2, 1]
    assert said(other.current()) == {1: "unsure"}
    assert [line.cell for line in again(journal).redo()] == [1, 2, 3]
    assert said(again(journal).current()) == {1: "glia", 2: "glia", 3: "glia"}


def test_an_answer_of_another_window_is_undone_alone(journal: Journal) -> None:
    other = again(journal)
    journal.add_group(several(1, 2, 3))
    other.add(answer(9))
    assert len(journal.undo()) == 1
    assert said(journal.current()) == {1: "glia", 2: "glia", 3: "glia"}
    assert len(other.undo()) == 3
    assert other.current() == {}
    assert not journal.undo()


def test_lines_of_another_window_between_those_of_a_group(tmp_path: Path) -> None:
    one, two = (replace(line, group="g1") for line in several(1, 2))
    write_lines(tmp_path / "Ann.jsonl", [one, answer(1, "unsure"), two])
    journal = Journal.open(tmp_path, "Ann")
    assert {line.cell for line in journal.undo()} == {1, 2}
    # the later answer of the other window counts on
    assert said(journal.current()) == {1: "unsure"}
    journal.undo()
    assert journal.current() == {}


def test_an_undo_that_was_cut_off_is_finished_by_the_next(journal: Journal) -> None:
    journal.add_group(several(1, 2, 3))
    journal.undo()
    *lines, _, _ = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines))
    other = again(journal)
    assert said(other.current()) == {1: "glia", 2: "glia"}
    assert len(other.undo()) == 2
    assert other.current() == {}
    assert len(again(journal).redo()) == 3
    assert len(again(journal).current()) == 3


def test_groups_after_the_merge_of_two_copies(tmp_path: Path) -> None:
    folders = tmp_path / "here", tmp_path / "there"
    here = Journal.open(folders[0], "Ann")
    here.add_group(several(1, 2))
    Path(folders[1]).mkdir()
    (folders[1] / "Ann.jsonl").write_bytes(here.path.read_bytes())
    there = Journal.open(folders[1], "Ann")
    there.undo()
    there.add_group(several(1, 2, 3, what="unsure", at=10**9))
    here.add_group(several(1, 2, 3, what="excitatory", at=10**8))
    merge_journals(folders[1], folders[0])
    merged = again(here)
    for n_left in (3, 0):
        merged.undo()
        assert len(again(here).current()) == n_left
    assert not merged.can_undo
    merged.redo()
    assert said(again(here).current()) == dict.fromkeys((1, 2, 3), "excitatory")


def test_a_single_undo_of_another_copy_does_not_split_a_group(tmp_path: Path) -> None:
    group = [replace(line, group="g1") for line in several(1, 2, what="unsure")]
    single = answer(1)
    undo = replace(single, answer=None, origin="undo")
    write_lines(tmp_path / "Ann.jsonl", [single, *group, undo])
    journal = Journal.open(tmp_path, "Ann")
    assert len(journal.undo()) == 2
    assert journal.current() == {}
    assert not journal.can_undo


def test_undo_by_version_0_1_0_cell_by_cell(journal: Journal) -> None:
    journal.add_group(several(1, 2, 3))
    for cell in (3, 2):  # it knows no groups
        journal.add(replace(answer(cell, None), origin="undo"))
    assert len(again(journal).undo()) == 1
    assert again(journal).current() == {}
    assert len(again(journal).redo()) == 3


def test_given_answers_are_without_undone_groups(journal: Journal) -> None:
    journal.add_group(several(1, 2))
    journal.add_group(several(2, 3, what="unsure"))
    journal.undo()
    table = given_answers(read_annotations(journal.path.parent).all_answers)
    assert table["cell"].tolist() == [1, 2]
    journal.redo()
    table = given_answers(read_annotations(journal.path.parent).all_answers)
    assert table["cell"].tolist() == [1, 2, 2, 3]


def test_restoring_keeps_whole_groups(journal: Journal) -> None:
    journal.add_group([answer(1, at=0), answer(2, at=5)])
    journal.add_group(several(2, 3, what="unsure", at=10))
    journal.restore(START + timedelta(seconds=1))
    assert said(again(journal).current()) == {1: "glia", 2: "glia"}
    assert groups_in(journal.path)[-1] is None
    assert not again(journal).can_undo


def test_groups_go_through_a_table(journal: Journal, tmp_path: Path) -> None:
    journal.add(answer(1, "unsure"))
    journal.add_group(several(2, 3))
    table, folder = tmp_path / "out.csv", journal.path.parent
    export_answers(read_annotations(folder).all_answers, table)
    import_answers(table, tmp_path / "new", ANSWERS)
    new = Journal.open(tmp_path / "new", "Ann")
    assert len(new.undo()) == 2
    assert said(new.current()) == {1: "unsure"}
    # where the same group was undone, the imported one is another
    journal.undo()
    journal.add(answer(9))
    assert import_answers(table, folder, ANSWERS) == {"Ann": 0}
    text = table.read_text().replace("2026-03-01", "2026-03-02")
    table.write_text(text)
    assert import_answers(table, folder, ANSWERS) == {"Ann": 2}
    assert len(set(groups_in(journal.path)) - {None}) == 2
    assert len(again(journal).undo()) == 2
    assert said(again(journal).current()) == {1: "unsure", 9: "glia"}


def test_a_table_without_groups_has_no_column_for_them(
    journal: Journal, tmp_path: Path
) -> None:
    journal.add(answer(1))
    table = tmp_path / "out.csv"
    export_answers(read_annotations(journal.path.parent).all_answers, table)
    assert "group" not in table.read_text()


def test_a_group_that_is_no_text_breaks_its_line_alone(journal: Journal) -> None:
    journal.add_group(several(1, 2))
    text = journal.path.read_text()
    journal.path.write_text(
        text + text.splitlines()[0].replace('"group": "', '"group": 1, "x": "') + "\n"
    )
    assert [line.cell for line in again(journal).lines] == [1, 2]
    assert "line 3 cannot be read" in again(journal).problems[0]


def test_a_refused_group_leaves_no_line(journal: Journal) -> None:
    with pytest.raises(InputError, match="not an answer of this study"):
        journal.add_group([answer(1), answer(2, "neuron")])
    assert not journal.path.exists()


# ---------------------------------------------------------------- anything at all

Model = dict[int, str]
actions = st.one_of(
    st.tuples(
        st.sampled_from(["answer"]),
        st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True),
        st.sampled_from([None, "glia", "unsure", "excitatory"]),
    ),
    st.tuples(st.sampled_from(["undo", "redo", "undo", "reopen"])),
)


@given(st.lists(st.tuples(st.integers(0, 1), actions), max_size=30))
@settings(max_examples=60, deadline=None)
def test_two_windows_follow_a_simple_model(steps: list[tuple[int, Any]]) -> None:
    """All cells of an answer or none; undo and redo are the same in both windows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        windows = [Journal.open(folder, "Ann") for _ in range(2)]
        past: list[Model] = [{}]
        future: list[Model] = []
        for at, (window, (act, *more)) in enumerate(steps):
            journal = windows[window]
            if act == "reopen":
                windows[window] = Journal.open(folder, "Ann")
            elif act == "answer":
                cells, what = more
                journal.add_group([answer(cell, what, at=at) for cell in cells])
                changed = {**past[-1], **dict.fromkeys(cells, what)}
                past.append({k: v for k, v in changed.items() if v is not None})
                future.clear()
            elif act == "undo":
                assert bool(journal.undo()) == (len(past) > 1)
                if len(past) > 1:
                    future.append(past.pop())
            else:
                assert bool(journal.redo()) == bool(future)
                if future:
                    past.append(future.pop())
            if act != "reopen":
                assert said(journal.current()) == past[-1]
        assert said(Journal.open(folder, "Ann").current()) == past[-1]
        check_given(folder)


def check_given(folder: Path) -> None:
    """No group is among the given answers in part."""
    table = read_annotations(folder).all_answers
    written = table[table["origin"] == "answer"]
    kept = given_answers(table)
    sizes = written["group"].value_counts()
    kept_sizes = kept["group"].value_counts()
    assert all(kept_sizes[group] == sizes[group] for group in kept_sizes.index)


@given(
    st.lists(st.tuples(st.integers(0, 1), actions), max_size=20),
    st.integers(0, 1),
)
@settings(max_examples=40, deadline=None)
def test_no_group_is_undone_in_part_after_merging(
    steps: list[tuple[int, Any]], seed: int
) -> None:
    """Two computers go on apart with a copy each, and are merged then."""
    with tempfile.TemporaryDirectory() as name:
        folders = Path(name) / "a", Path(name) / "b"
        for folder in folders:
            write_lines(
                folder / "Ann.jsonl",
                [replace(line, group="g") for line in several(0, 1, 2)],
            )
        for at, (k, (act, *more)) in enumerate(steps):
            journal = Journal.open(folders[k], "Ann")
            if act == "answer":
                cells, what = more
                journal.add_group([answer(cell, what, at=at) for cell in cells])
            elif act in ("undo", "redo"):
                getattr(journal, act)()
        merge_journals(folders[1 - seed], folders[seed])
        merged = Journal.open(folders[seed], "Ann")
        sizes = sizes_of_groups(merged)
        while merged.can_undo:
            lines = merged.undo()
            if lines[0].group is not None:
                assert len(lines) == sizes[lines[0].group]
        reopened = timeless(Journal.open(folders[seed], "Ann").current())
        assert reopened == timeless(merged.current())


def sizes_of_groups(journal: Journal) -> dict[str, int]:
    cells: dict[str, set[CellKey]] = {}
    for line in journal.lines:
        if line.group is not None and line.origin == "answer":
            cells.setdefault(line.group, set()).add(line.key)
    return {group: len(keys) for group, keys in cells.items()}
