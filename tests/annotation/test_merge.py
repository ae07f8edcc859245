"""Journals of two copies of a study made one."""

from __future__ import annotations

import errno
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from answering import answer, said, write_lines

from napari_cellid.annotation import lock as locking
from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.merge import merge_journals
from napari_cellid.errors import InputError
from napari_cellid.files import file_state


@pytest.fixture
def copies(tmp_path: Path) -> tuple[Path, Path]:
    """Two copies of a folder where Ann answered cells 1 and 2."""
    folders = tmp_path / "here", tmp_path / "there"
    for folder in folders:
        write_lines(folder / "Ann.jsonl", [answer(1, at=1), answer(2, at=2)])
    return folders


def cells(folder: Path, who: str = "Ann") -> list[int]:
    return [line.cell for line in Journal.open(folder, who).lines]


def test_copies_that_are_alike_change_nothing(copies: tuple[Path, Path]) -> None:
    here, there = copies
    before = file_state(here / "Ann.jsonl")
    assert merge_journals(there, here) == {"Ann": 0}
    assert file_state(here / "Ann.jsonl") == before


def test_new_lines_go_by_their_time(copies: tuple[Path, Path]) -> None:
    here, there = copies
    ours, theirs = Journal.open(here, "Ann"), Journal.open(there, "Ann")
    for cell in (3, 5, 8):
        ours.add(answer(cell, at=cell))
    for cell in (4, 6, 7, 9):
        theirs.add(answer(cell, at=cell))
    assert merge_journals(there, here) == {"Ann": 4}
    assert cells(here) == list(range(1, 10))
    assert cells(there) == [1, 2, 4, 6, 7, 9]
    assert merge_journals(there, here) == {"Ann": 0}
    assert merge_journals(here, there) == {"Ann": 3}
    assert (here / "Ann.jsonl").read_bytes() == (there / "Ann.jsonl").read_bytes()


def test_the_order_of_each_copy_is_kept(copies: tuple[Path, Path]) -> None:
    here, there = copies
    ours, theirs = Journal.open(here, "Ann"), Journal.open(there, "Ann")
    ours.add(answer(3, "glia", at=90))
    ours.add(answer(3, "unsure", at=10))  # the clock went back
    theirs.add(answer(4, "glia", at=95))
    theirs.add(answer(4, "excitatory", at=5))
    merge_journals(there, here)
    assert cells(here) == [1, 2, 3, 3, 4, 4]
    assert said(Journal.open(here, "Ann").current()) == {
        1: "glia", 2: "glia", 3: "unsure", 4: "excitatory",
    }  # fmt: skip


def test_people_who_are_new_here(copies: tuple[Path, Path]) -> None:
    here, there = copies
    for who in ("Bo", "Jürgen"):
        Journal.open(there, who).add(answer(7, who=who))
    assert merge_journals(there, here) == {"Ann": 0, "Bo": 1, "Jürgen": 1}
    assert cells(here, "Jürgen") == [7]


def test_a_folder_that_does_not_exist_yet(
    copies: tuple[Path, Path], tmp_path: Path
) -> None:
    assert merge_journals(copies[0], tmp_path / "new" / "annotations") == {"Ann": 2}
    assert cells(tmp_path / "new" / "annotations") == [1, 2]


def test_lines_that_one_file_has_twice_stay_twice(copies: tuple[Path, Path]) -> None:
    here, there = copies
    lines = [answer(1, at=1), answer(1, None, at=1), answer(1, at=1)]
    write_lines(here / "Ann.jsonl", lines[:2])
    write_lines(there / "Ann.jsonl", lines)
    assert merge_journals(there, here) == {"Ann": 1}
    assert said(Journal.open(here, "Ann").current()) == {1: "glia"}


def test_torn_lines_stay_where_they_are(copies: tuple[Path, Path]) -> None:
    here, there = copies
    whole = (here / "Ann.jsonl").read_bytes()
    (here / "Ann.jsonl").write_bytes(whole + b'{"time": "20\n' + whole[:5])
    with (there / "Ann.jsonl").open("ab") as file:
        file.write(b"nonsense\n")
    Journal.open(there, "Ann").add(answer(3, at=3))
    with (there / "Ann.jsonl").open("ab") as file:
        file.write(b'{"ti')
    assert merge_journals(there, here) == {"Ann": 1}
    assert cells(here) == [1, 2, 3]
    text = (here / "Ann.jsonl").read_bytes()
    assert text.startswith(whole + b'{"time": "20\n' + whole[:5] + b"\n")
    assert b"nonsense" not in text


def test_line_ends_and_unknown_keys(copies: tuple[Path, Path]) -> None:
    here, there = copies
    text = (there / "Ann.jsonl").read_bytes()
    more = text.splitlines()[0].replace(b'"cell": 1', b'"note": "x", "cell": 3')
    text = b"\xef\xbb\xbf" + (text + more).replace(b"\n", b"\r\n")
    (there / "Ann.jsonl").write_bytes(text)
    assert merge_journals(there, here) == {"Ann": 1}
    assert b'"note": "x"' in (here / "Ann.jsonl").read_bytes()
    assert sorted(cells(here)) == [1, 2, 3]


def test_lines_of_somebody_else_are_not_taken_over(copies: tuple[Path, Path]) -> None:
    here, there = copies
    write_lines(there / "Ann.jsonl", [answer(3, who="Bo"), answer(4, at=4)])
    assert merge_journals(there, here) == {"Ann": 1}
    assert cells(here) == [1, 2, 4]


def test_a_copy_without_journals_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no journals"):
        merge_journals(tmp_path, tmp_path / "here")
    with pytest.raises(InputError, match="has no journals"):
        merge_journals(tmp_path / "nowhere", tmp_path / "here")
    assert list(tmp_path.iterdir()) == []


def test_names_that_differ_in_case_change_nothing(copies: tuple[Path, Path]) -> None:
    here, there = copies
    Journal.open(there, "Aaron").add(answer(who="Aaron"))
    (there / "Ann.jsonl").rename(there / "ann.jsonl")
    with pytest.raises(InputError, match="There is already a journal of 'Ann'"):
        merge_journals(there, here)
    assert [path.name for path in here.iterdir()] == ["Ann.jsonl"]


def test_a_full_disk_leaves_the_journal(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = copies
    Journal.open(there, "Ann").add(answer(3, at=3))
    before = (here / "Ann.jsonl").read_bytes()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"could not be merged .*No space left"):
        merge_journals(there, here)
    assert (here / "Ann.jsonl").read_bytes() == before
    assert [path.name for path in here.iterdir()] == ["Ann.jsonl"]


def test_answering_goes_on_in_the_merged_file(copies: tuple[Path, Path]) -> None:
    here, there = copies
    open_here = Journal.open(here, "Ann")
    Journal.open(there, "Ann").add(answer(3, at=3))
    merge_journals(there, here)
    open_here.add(answer(4, at=4))
    assert cells(here) == [1, 2, 3, 4]
    assert said(open_here.current()) == dict.fromkeys((1, 2, 3, 4), "glia")
    assert open_here.problems == ()


def test_an_answer_that_no_lock_kept_out_while_merging_is_kept(
    copies: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = copies
    open_here = Journal.open(here, "Ann")
    Journal.open(there, "Ann").add(answer(3, at=3))
    monkeypatch.setattr(locking, "_TIMEOUT_S", 0)
    write, meanwhile = Path.write_bytes, iter([4, 5])

    def answered_meanwhile(path: Path, data: bytes) -> int:
        for cell in meanwhile:
            open_here.add(answer(cell, at=cell))
            break
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", answered_meanwhile)
    assert merge_journals(there, here) == {"Ann": 1}
    assert cells(here) == [1, 2, 3, 4, 5]
    assert read_annotations(here).problems == ()


def test_answers_wait_for_a_merge(copies: tuple[Path, Path]) -> None:
    here, _ = copies
    journal = Journal.open(here, "Ann")
    with ThreadPoolExecutor(1) as pool:
        with locking.locked(here / "Ann.jsonl", "a test"):
            waiting = pool.submit(journal.add, answer(3, at=3))
            time.sleep(0.1)
            assert not waiting.done()
            assert cells(here) == [1, 2]
        waiting.result(timeout=60)
    assert cells(here) == [1, 2, 3]
