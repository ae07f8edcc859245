"""The lock of a journal: who holds it, and where there can be none."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from answering import answer, said, write_lines

from napari_cellid.annotation import lock as locking
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.merge import merge_journals
from napari_cellid.errors import InputError

HERE = Path(__file__).parent


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal.open(tmp_path, "Ann")
    journal.add(answer(1, at=1))
    return journal


@pytest.fixture
def child(journal: Journal) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock of Ann's journal as Bo."""
    command = [sys.executable, str(HERE / "hold_lock.py"), str(journal.path), "Bo"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "None\n"
    yield process
    process.kill()
    process.wait()


def test_a_lock_leaves_no_file(journal: Journal) -> None:
    with locking.locked(journal.path, "Ann") as holder:
        assert holder is None
        assert locking.lock_path(journal.path).exists()
    assert [path.name for path in journal.path.parent.iterdir()] == ["Ann.jsonl"]


def test_the_message_names_the_process_that_holds_it(
    journal: Journal,
    child: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locking, "_TIMEOUT_S", 0.05)
    journal.add(answer(2, at=2))
    journal.add(answer(3, at=3))
    (problem,) = journal.interference
    assert "Bo" in problem and str(child.pid) in problem
    assert problem in journal.problems
    # the answers are there all the same
    again = Journal.open(journal.path.parent, "Ann")
    assert list(said(again.current())) == [1, 2, 3]


def test_only_the_first_answer_waits(
    journal: Journal,
    child: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that was stopped (SIGSTOP) keeps its lock until it goes on."""
    monkeypatch.setattr(locking, "_TIMEOUT_S", 1.0)
    if sys.platform != "win32":
        child.send_signal(signal.SIGSTOP)
    journal.add(answer(2, at=2))
    assert len(journal.interference) == 1
    began = time.monotonic()
    for cell in range(3, 8):
        journal.add(answer(cell, at=cell))
    assert time.monotonic() - began < 1
    assert len(journal.interference) == 1
    # its end is noticed
    child.kill()
    child.wait()
    journal.add(answer(8, at=8))
    with locking.locked(journal.path, "Ann") as holder:
        assert holder is None
    again = Journal.open(journal.path.parent, "Ann")
    assert list(said(again.current())) == list(range(1, 9))


def test_a_merge_says_whom_it_waits_for(
    journal: Journal,
    child: subprocess.Popen[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(locking, "_TIMEOUT_S", 0.05)
    other = tmp_path / "other"
    write_lines(other / "Ann.jsonl", [answer(7, at=7)])
    with pytest.raises(InputError, match=rf"Bo \(process {child.pid} on"):
        merge_journals(other, journal.path.parent)
    child.kill()
    child.wait()
    assert merge_journals(other, journal.path.parent) == {"Ann": 1}


def test_a_killed_process_holds_nothing(
    journal: Journal, child: subprocess.Popen[str]
) -> None:
    child.kill()
    child.wait()
    journal.add(answer(2, at=2))
    assert journal.problems == ()


def test_two_people_do_not_wait_for_each_other(
    journal: Journal, child: subprocess.Popen[str]
) -> None:
    other = Journal.open(journal.path.parent, "Cy")
    other.add(answer(1, who="Cy"))
    assert other.problems == ()


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_file_system_that_cannot_lock(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    import fcntl

    def no_lock(*_: object) -> None:
        raise OSError(code, "cannot lock")

    monkeypatch.setattr(fcntl, "flock", no_lock)
    journal.add(answer(2, at=2))
    assert list(said(journal.current())) == [1, 2]
    assert journal.problems == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such users")
def test_a_folder_where_no_file_can_be_made() -> None:
    # not in tmp_path, whose parents are closed to other users
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name) / "annotations"
        Path(name).chmod(0o755)
        write_lines(folder / "Ann.jsonl", [answer(1, at=1)])
        (folder / "Ann.jsonl").chmod(0o666)
        folder.chmod(0o555)
        assert answered_as_nobody(folder) == [[1, 2], []]
        (folder / "Ann.jsonl").chmod(0o444)
        assert "is read-only" in str(answered_as_nobody(folder))
        folder.chmod(0o755)
        assert [path.name for path in folder.iterdir()] == ["Ann.jsonl"]


def answered_as_nobody(folder: Path) -> object:
    command = [sys.executable, str(HERE / "answer_as_nobody.py"), str(folder), "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
