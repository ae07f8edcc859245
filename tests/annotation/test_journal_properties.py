"""Nothing that a person answered is lost or mixed up, whatever happens."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from answering import ANSWERS, START, answer, timeless, write_lines
from hypothesis import example, given, settings
from hypothesis import strategies as st

from napari_cellid.annotation.all_answers import current_answers, read_annotations
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.csv_export import export_answers
from napari_cellid.annotation.csv_import import import_answers
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.jsonl import format_line
from napari_cellid.annotation.merge import merge_journals

HERE = Path(__file__).parent


# ---------------------------------------------------------------- processes


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_killed_at_any_moment_every_taken_answer_is_there(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "killed.py"), str(tmp_path), "50"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == 50
    for one in told:
        n = len(one["said"])
        assert one["found"][:n] == one["said"]
        assert len(one["found"]) <= n + 1  # written, but killed before it could say so
    assert sum(len(one["said"]) for one in told) > 500
    text = (tmp_path / "Ann.jsonl").read_bytes()
    found = sum(len(one["found"]) for one in told)
    assert found <= len(text.splitlines()) <= found + 50
    journal = Journal.open(tmp_path, "Ann")
    assert len(journal.current()) == found
    assert len(read_annotations(tmp_path).all_answers) == found


@pytest.mark.parametrize("people", [("Ann", "Bo"), ("Ann", "Ann")])
def test_two_processes_at_once(tmp_path: Path, people: tuple[str, str]) -> None:
    script, seconds = str(HERE / "answer_on.py"), "1"
    started = []
    for k, who in enumerate(people):
        words = [sys.executable, script, str(tmp_path), who, str(k * 1_000_000)]
        started.append(
            subprocess.Popen([*words, seconds], stdout=subprocess.PIPE, text=True)
        )
    while any(process.poll() is None for process in started):
        assert read_annotations(tmp_path).problems == ()
    counts = [int(process.communicate()[0]) for process in started]
    assert min(counts) >= 50
    found = read_annotations(tmp_path)
    assert found.problems == ()
    assert len(found.all_answers) == sum(counts)
    for k, (who, n) in enumerate(zip(people, counts, strict=True)):
        cells = found.all_answers["cell"][found.all_answers["annotator"] == who]
        own = cells[cells // 1_000_000 == k]
        assert own.tolist() == list(range(k * 1_000_000, k * 1_000_000 + n))
    names = found.all_answers["recording"]
    assert (names.str.len() == found.all_answers["cell"] % 50 + 1).all()


# ---------------------------------------------------------------- anything at all

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
).filter(str.strip)
numbers = st.floats(-1e6, 1e6, allow_nan=False)
moments = st.integers(-(10**6), 10**6).map(lambda s: START + timedelta(milliseconds=s))
roles = st.sampled_from(["annotator", "annotator", "adjudicator"])


def answers(lowest: int = -3, highest: int = 3) -> Any:
    """Any answers of Ann about some cells."""
    return st.builds(
        Answer,
        time=moments,
        annotator=st.just("Ann"),
        recording=st.sampled_from(["mouse 1", "Mäuse, \"2\"; '3'"]) | names,
        cell=st.integers(lowest, highest),
        plane=st.integers(0, 9),
        y=numbers,
        x=numbers,
        answer=st.none() | st.sampled_from(ANSWERS),
        shown=st.none() | st.just("unet"),
        seconds=st.floats(0, 1e4),
        role=roles,
        repeat=st.booleans(),
    )


def few() -> Any:
    """Answers that often are about the same cell."""
    return st.builds(
        answer, st.integers(0, 2), st.sampled_from([None, "glia", "unsure"]), role=roles
    )


def state(journal: Journal) -> list[dict[Any, Answer]]:
    roles: Any = ("annotator", "adjudicator")
    return [timeless(journal.current(role)) for role in roles]


@given(st.lists(few() | st.sampled_from(["undo", "redo", "open"]), max_size=25))
@settings(max_examples=60, deadline=None)
def test_undo_then_redo_gives_what_was(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal.open(Path(folder), "Ann")
        past, future = [state(journal)], []
        for step in steps:
            if step == "open":
                journal = Journal.open(Path(folder), "Ann")
            elif step == "undo":
                assert (not journal.undo()) == (len(past) == 1)
                if len(past) > 1:
                    future.append(past.pop())
            elif step == "redo":
                assert (not journal.redo()) == (not future)
                if future:
                    past.append(future.pop())
            else:
                journal.add(step)
                past.append(state(journal))
                future.clear()
            assert state(journal) == past[-1]
            assert journal.can_undo == (len(past) > 1)
            assert journal.can_redo == bool(future)
        assert state(Journal.open(Path(folder), "Ann")) == past[-1]


@given(st.lists(few(), max_size=20), st.integers(-1, 25))
@settings(max_examples=60, deadline=None)
def test_any_version_comes_back(lines: list[Answer], k: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal, states = Journal.open(Path(folder), "Ann"), []
        for n, line in enumerate(lines):
            journal.add(answer(line.cell, line.answer, at=n, role=line.role))
            states.append(state(journal))
        journal.restore(START + timedelta(seconds=k))
        then = states[min(k, len(states) - 1)] if k >= 0 and states else [{}, {}]
        assert state(journal) == then
        assert state(Journal.open(Path(folder), "Ann")) == then


@given(st.lists(st.tuples(st.sampled_from("ABC"), few()), max_size=12))
@settings(max_examples=40, deadline=None)
def test_an_answer_changes_nobody_elses(steps: list[tuple[str, Answer]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for who, line in steps:
            others = [path for path in folder.iterdir() if path.stem != who]
            before = {path: path.read_bytes() for path in others}
            counted = current_answers(read_annotations(folder).all_answers)
            Journal.open(folder, who).add(
                answer(line.cell, line.answer, who, role=line.role)
            )
            assert {path: path.read_bytes() for path in others} == before
            after = current_answers(read_annotations(folder).all_answers)
            for other in set("ABC") - {who}:
                one, same = (t[t["annotator"] == other] for t in (counted, after))
                assert one.to_dict("records") == same.to_dict("records")


@given(st.lists(answers(), min_size=1, max_size=6), st.data())
@settings(max_examples=80, deadline=None)
def test_whole_lines_are_kept_wherever_it_is_cut(
    lines: list[Answer], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Ann.jsonl"
        text = write_lines(path, lines)
        cut = data.draw(st.integers(0, len(text)))
        path.write_bytes(text[:cut])
        ends = accumulate(len(format_line(line)) for line in lines)
        whole = [line for line, end in zip(lines, ends, strict=True) if end - 1 <= cut]
        journal = Journal.open(Path(folder), "Ann")
        assert list(journal.lines) == whole
        assert len(read_annotations(Path(folder)).all_answers) == len(whole)
        more = answer(99, at=10**4)
        journal.add(more)
        assert list(Journal.open(Path(folder), "Ann").lines) == [*whole, more]
        assert path.read_bytes()[:cut] == text[:cut]


@given(st.lists(answers(), max_size=5), st.data())
@settings(max_examples=80, deadline=None)
def test_any_bytes_between_lines_cost_no_other_line(
    lines: list[Answer], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pieces = [format_line(line) for line in lines]
        dirt = data.draw(st.binary(max_size=40).filter(lambda b: b'{"time' not in b))
        pieces.insert(data.draw(st.integers(0, len(lines))), dirt + b"\n")
        (Path(folder) / "Ann.jsonl").write_bytes(b"".join(pieces))
        assert list(Journal.open(Path(folder), "Ann").lines) == lines


def merged(copies: list[list[Answer]], order: list[int]) -> dict[Any, Answer]:
    """What counts after copies of one journal were merged one after another."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for k, copy in enumerate(copies):
            write_lines(folder / str(k) / "Ann.jsonl", copy)
        target, *sources = (folder / str(k) for k in order)
        for source in sources:
            new = merge_journals(source, target)["Ann"]
            assert new >= 0
            assert merge_journals(source, target)["Ann"] == 0
        return dict(Journal.open(target, "Ann").current())


@given(
    st.lists(answers(), max_size=6, unique_by=format_line),
    st.tuples(
        *(
            st.lists(answers(k, k + 9), max_size=6, unique_by=format_line)
            for k in (100, 200, 300)
        )
    ),
    st.permutations(range(3)),
)
@settings(max_examples=60, deadline=None)
def test_any_order_of_merging_counts_the_same(
    common: list[Answer], own: tuple[list[Answer], ...], order: list[int]
) -> None:
    copies = [common + more for more in own]
    expected: dict[Any, Answer] = {}
    for line in (*common, *own[0], *own[1], *own[2]):
        if line.role == "annotator":
            expected.pop(line.key, None)
            if line.answer is not None:
                expected[line.key] = line
    assert merged(copies, order) == expected


@given(
    st.lists(answers(), max_size=12, unique_by=lambda line: line.time),
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
    st.permutations(range(3)),
)
@settings(max_examples=60, deadline=None)
def test_with_right_clocks_the_latest_counts_in_any_order(
    lines: list[Answer], of: list[int], order: list[int]
) -> None:
    lines = sorted(lines, key=lambda line: line.time)
    copies = [
        [line for line, k in zip(lines, of, strict=False) if k in (copy, 3)]
        for copy in range(3)
    ]
    with tempfile.TemporaryDirectory() as folder:
        write_lines(Path(folder) / "Ann.jsonl", lines)
        expected = Journal.open(Path(folder), "Ann").current()
    assert merged(copies, order) == expected


@given(st.lists(answers(), max_size=10))
@example([answer(1, "glia", recording="0 ", seconds=1)])
@example([answer(1, "glia", recording=" 0"), answer(1, "unsure", recording="0")])
@example([answer(1, "glia", recording="e\u0301")])
@settings(max_examples=60, deadline=None)
def test_there_and_back_as_a_table(lines: list[Answer]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_lines(folder / "Ann.jsonl", lines)
        exported = read_annotations(folder).all_answers
        n = export_answers(exported, folder / "out.csv")
        # the study has the recordings of the answers, whatever their names
        new = import_answers(folder / "out.csv", folder / "new", ANSWERS, exported)
        assert sum(new.values()) == n
        before = Journal.open(folder, "Ann")
        after = Journal.open(folder / "new", "Ann")
        assert after.problems == ()
        for role in ("annotator", "adjudicator"):
            assert after.current(role) == before.current(role)
        assert not sum(
            import_answers(
                folder / "out.csv", folder / "new", ANSWERS, exported
            ).values()
        )
