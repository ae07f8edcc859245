from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write, atomic_write_folder, copy_other_files
from napari_cellid.leftovers import find_leftovers, recover_folder, remove_leftovers


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with atomic_write(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_keeps_what_was_not_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "a").write_text("old")
    (folder / "notes").write_text("mine")
    with atomic_write_folder(folder) as temporary:
        (temporary / "a").write_text("new")
    assert (folder / "a").read_text() == "new"
    assert (folder / "notes").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [folder]


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with (
        pytest.raises(InputError, match=r"failed \(No space left.*nothing was changed"),
        atomic_write_folder(folder) as temporary,
    ):
        (temporary / "a").write_text("half")
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_under_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="cannot be written"),
        atomic_write_folder(tmp_path / "file" / "run"),
    ):
        pass


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with (
        pytest.raises(InputError, match=r"Writing .*run failed"),
        atomic_write_folder(tmp_path / "run") as temporary,
    ):
        (temporary / "a").write_text("new")
    assert (tmp_path / "run").read_text() == "mine"


def test_a_move_that_fails_half_way_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "a").write_text("old a")
    (folder / "b").write_text("old b")
    rename = Path.rename

    def fragile(self: Path, target: Path) -> Path:
        if target == folder and ".complete-" in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fragile)
    with (
        pytest.raises(InputError, match="Input/output error"),
        atomic_write_folder(folder) as temporary,
    ):
        for name in "abc":
            (temporary / name).write_text(f"new {name}")
    assert {p.name: p.read_text() for p in folder.iterdir()} == {
        "a": "old a",
        "b": "old b",
    }
    assert list(tmp_path.iterdir()) == [folder]


def test_folders_made_in_vain_are_removed(tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        atomic_write_folder(tmp_path / "a" / "b" / "c"),
    ):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


KILLED = """
import os, sys
from pathlib import Path
from napari_cellid.files import atomic_write_folder

folder, last = Path(sys.argv[1]), int(sys.argv[2])
rename = Path.rename
n = 0

def dying(self, target):
    global n
    n += 1
    if n == last:
        os._exit(9)
    return rename(self, target)

Path.rename = dying
with atomic_write_folder(folder) as temporary:
    for name in "abc":
        (temporary / name).write_text("new")
"""


@pytest.mark.parametrize("last", range(1, 6))
def test_killed_before_each_rename(tmp_path: Path, last: int) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("a", "b", "notes"):
        (folder / name).write_text("old")
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(folder), str(last)], check=False
    )
    assert ended.returncode == (9 if last < 5 else 0)
    recover_folder(folder)
    old = {"a": "old", "b": "old", "notes": "old"}
    new = {"a": "new", "b": "new", "c": "new", "notes": "old"}
    assert written(folder) == (old if last < 2 else new) or (
        last == 2 and written(folder) == old
    )
    assert list(tmp_path.iterdir()) == [folder]


def test_many_programs_put_a_folder_in_one_place(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from napari_cellid.files import atomic_write_folder\n"
        "for k in range(20):\n"
        "    with atomic_write_folder(Path(sys.argv[1])) as t:\n"
        "        for name in 'abc':\n"
        "            (t / name).write_text(sys.argv[2])\n"
    )
    programs = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), str(k)])
        for k in range(3)
    ]
    assert [program.wait() for program in programs] == [0, 0, 0]
    assert len(set(written(folder).values())) == 1
    assert sorted(written(folder)) == ["a", "b", "c"]
    assert list(tmp_path.iterdir()) == [folder]


def test_what_a_running_program_writes_is_left_alone(tmp_path: Path) -> None:
    with atomic_write_folder(tmp_path / "run") as temporary:
        assert find_leftovers(tmp_path) == []
        assert recover_folder(tmp_path / "run") == []
        assert remove_leftovers(tmp_path) == 0
        assert temporary.is_dir()


def test_leftovers_of_earlier_versions_are_removed_when_they_are_old(
    tmp_path: Path,
) -> None:
    names = (".day1.ab3_x9zz", ".tmpAb12Cd", f".a.csv.{'0' * 32}.csv")
    for name in (*names, ".gitignore", "notes"):
        (tmp_path / name).write_text("x")
    assert remove_leftovers(tmp_path) == 0
    for path in tmp_path.iterdir():
        os.utime(path, (1.7e9, 1.7e9))
    assert remove_leftovers(tmp_path) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == [".gitignore", "notes"]


@pytest.mark.parametrize("links", [True, False])
def test_files_that_a_folder_lacks_are_copied(tmp_path, monkeypatch, links):
    def refuse(*_):
        raise OSError("no links here")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    first, second = tmp_path / "first", tmp_path / "second"
    (first / "folder").mkdir(parents=True)
    second.mkdir()
    for name, text in (("a", "old"), ("b", "kept")):
        (first / name).write_text(text)
    (second / "a").write_text("new")
    copy_other_files(first, second)
    texts = {path.name: path.read_text() for path in second.iterdir()}
    assert texts == {"a": "new", "b": "kept"}
