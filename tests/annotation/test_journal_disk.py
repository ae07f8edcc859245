"""Disks that are full or cannot be written: one sentence, and nothing lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from answering import answer, said

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal of one answer."""
    journal = Journal.open(tmp_path, "Ann")
    journal.add(answer(1, at=1))
    return journal


class FullDisk:
    """Writing as on a disk with room for some more bytes."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._write = os.write

    def __call__(self, descriptor: int, data: bytes) -> int:
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self._write(descriptor, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("room", [0, 1, 40, 120])
def test_a_full_disk(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    before = journal.path.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", FullDisk(room))
        with pytest.raises(InputError, match=r"could not be saved .*No space left"):
            journal.add(answer(2, at=2))
        assert said(journal.current()) == {1: "glia"}
        assert journal.path.read_bytes()[: len(before)] == before
        assert len(journal.path.read_bytes()) == len(before) + room
    assert said(Journal.open(journal.path.parent, "Ann").current()) == {1: "glia"}
    journal.add(answer(3, at=3))
    for one in (journal, Journal.open(journal.path.parent, "Ann")):
        assert said(one.current()) == {1: "glia", 3: "glia"}
        assert len(one.problems) == (room > 0)


def test_room_for_all_but_the_line_end(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(journal.path.read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", FullDisk(size - 1))
        journal.add(answer(2, at=2))
    assert list(said(journal.current())) == [1, 2]
    journal.add(answer(3, at=3))
    again = Journal.open(journal.path.parent, "Ann")
    assert list(said(again.current())) == [1, 2, 3]
    assert again.problems == ()


def test_room_that_was_made_while_writing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, torn = os.write, []

    def first_short(descriptor: int, data: bytes) -> int:
        torn.append(len(data))
        return write(descriptor, data[:30] if len(torn) == 1 else data)

    monkeypatch.setattr(os, "write", first_short)
    journal.add(answer(2, at=2))
    assert list(said(journal.current())) == [1, 2]
    assert list(said(Journal.open(journal.path.parent, "Ann").current())) == [1, 2]


def test_a_disk_that_does_not_keep_what_it_took(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(InputError, match="Input/output error"):
            journal.add(answer(2, at=2))
    journal.add(answer(2, at=2))
    assert list(said(Journal.open(journal.path.parent, "Ann").current())) == [1, 2]


def test_undo_on_a_full_disk_can_be_tried_again(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", FullDisk(10))
        with pytest.raises(InputError, match="No space left"):
            journal.undo()
    assert said(journal.current()) == {1: "glia"}
    assert journal.can_undo
    journal.undo()
    assert journal.current() == {}
    assert not journal.can_undo


LIMITED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from answering import answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
journal = Journal.open(Path(sys.argv[1]), "Ann")
for cell in range(1, 99):
    try:
        journal.add(answer(cell, at=cell))
    except InputError as error:
        print(error)
        break
    print(cell)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", LIMITED, str(tmp_path), here]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *saved, message = done.stdout.splitlines()
    assert message.startswith("The answer could not be saved")
    assert message.count(". ") == 0
    assert len(saved) >= 3
    assert (tmp_path / "Ann.jsonl").stat().st_size == 1000
    journal = Journal.open(tmp_path, "Ann")
    assert list(said(journal.current())) == list(map(int, saved))
    journal.add(answer(99, at=99))
    assert 99 in said(Journal.open(tmp_path, "Ann").current())


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A disk of 16 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root alone")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_fills_up(tiny_disk: Path) -> None:
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"x" * 4096)
    journal, cell = Journal.open(tiny_disk / "annotations", "Ann"), 0
    with pytest.raises(InputError, match="No space left"):
        while cell < 1000:
            journal.add(answer(cell + 1, at=cell))
            cell += 1
    assert cell > 10
    assert len(journal.current()) == cell
    assert len(Journal.open(tiny_disk / "annotations", "Ann").current()) == cell
    ballast.unlink()
    journal.add(answer(5000, at=5000))
    again = Journal.open(tiny_disk / "annotations", "Ann")
    assert list(said(again.current())) == [*range(1, cell + 1), 5000]


# ---------------------------------------------------------------- not to be written


def test_a_folder_that_can_only_be_read(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    for name in ("Ann", "Bo"):
        with pytest.raises(InputError, match="is read-only, so no answer can"):
            Journal.open(journal.path.parent, name)
    assert len(read_annotations(journal.path.parent).all_answers) == 1


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_without_permission(journal: Journal) -> None:
    folder = journal.path.parent
    folder.chmod(0o500)
    try:
        with pytest.raises(InputError, match="is read-only"):
            Journal.open(folder, "Bo")
    finally:
        folder.chmod(0o700)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "annotations").write_text("mine")
    with pytest.raises(InputError, match="annotations"):
        Journal.open(tmp_path / "annotations", "Ann").add(answer(1))
    assert (tmp_path / "annotations").read_text() == "mine"


def test_a_folder_where_the_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "Ann.jsonl").mkdir()
    with pytest.raises(InputError, match=r"Ann\.jsonl cannot be read"):
        Journal.open(tmp_path, "Ann")


def test_a_journal_that_cannot_be_read(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(InputError, match=r"Ann\.jsonl cannot be read .*Permission"):
        read_annotations(journal.path.parent)
