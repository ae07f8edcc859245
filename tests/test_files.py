from __future__ import annotations

from pathlib import Path

import pytest

from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write, atomic_write_folder


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
    move = Path.replace

    def fragile(self: Path, target: Path) -> Path:
        if (
            self.name == "b"
            and Path(target).parent == folder
            and "earlier" not in str(self)
        ):
            raise OSError(5, "Input/output error")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", fragile)
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
