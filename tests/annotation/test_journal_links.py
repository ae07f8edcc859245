"""A journal that is a link: what it leads to outside the study is not written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from answering import answer, write_lines

from napari_cellid.annotation.annotators import journal_path
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.lock import lock_path
from napari_cellid.annotation.merge import merge_journals
from napari_cellid.errors import InputError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_to_the_outside_is_not_followed(tmp_path: Path, exists: bool) -> None:
    folder, outside = tmp_path / "s" / "annotations", tmp_path / "outside.txt"
    folder.mkdir(parents=True)
    if exists:
        outside.write_bytes(b"")
    (folder / "Ann.jsonl").symlink_to(outside)
    with pytest.raises(InputError, match="is a link"):
        Journal.open(folder, "Ann")
    assert outside.exists() == exists
    assert not exists or outside.read_bytes() == b""


def test_a_link_that_comes_later_is_not_followed(tmp_path: Path) -> None:
    folder, outside = tmp_path / "s" / "annotations", tmp_path / "outside.txt"
    journal = Journal.open(folder, "Ann")
    folder.mkdir(parents=True)
    outside.write_bytes(b"mine\n")
    (folder / "Ann.jsonl").symlink_to(outside)
    with pytest.raises(InputError, match="is a link"):
        journal.add(answer())
    assert outside.read_bytes() == b"mine\n"


def test_a_merge_does_not_follow_a_link(tmp_path: Path) -> None:
    folder, outside = tmp_path / "s" / "annotations", tmp_path / "outside.txt"
    write_lines(outside, [answer(1)])
    write_lines(tmp_path / "other" / "Ann.jsonl", [answer(2)])
    folder.mkdir(parents=True)
    (folder / "Ann.jsonl").symlink_to(outside)
    before = outside.read_bytes()
    with pytest.raises(InputError, match="is a link"):
        merge_journals(tmp_path / "other", folder)
    assert outside.read_bytes() == before


def test_a_lock_that_is_a_link_leaves_the_file_behind_it(tmp_path: Path) -> None:
    folder, outside = tmp_path / "s" / "annotations", tmp_path / "outside.txt"
    journal = Journal.open(folder, "Ann")
    folder.mkdir(parents=True)
    outside.write_bytes(b"mine\n")
    lock_path(journal_path(folder, "Ann")).symlink_to(outside)
    journal.add(answer())
    assert outside.read_bytes() == b"mine\n"


def test_links_within_the_study_and_of_its_folder_are_followed(tmp_path: Path) -> None:
    real = tmp_path / "drive" / "annotations"
    real.mkdir(parents=True)
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "annotations").symlink_to(real)
    (real / "Ann.jsonl").touch()
    (real / "Bo.jsonl").symlink_to(real / "Ann.jsonl")
    journal = Journal.open(tmp_path / "s" / "annotations", "Ann")
    journal.add(answer())
    assert (real / "Ann.jsonl").stat().st_size
    Journal.open(tmp_path / "s" / "annotations", "Bo")
