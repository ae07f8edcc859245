"""Studies that cannot be opened or written: one sentence each, nothing half-written."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from little import THREE, found, info, snapshot

from napari_cellid.config import StudyConfig, VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study


def test_what_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.tif").write_text("mine")
    for name, words in [
        ("nowhere", "does not exist"), ("file", "is a file"), ("folder", "study.toml"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=words):
            Study.open(tmp_path / name)
    for name, words in [("file", "is a file"), ("folder", "holds other files")]:
        with pytest.raises(InputError, match=words):
            Study.open_or_create(tmp_path / name)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["mine.tif"]


def test_a_newer_study(study: Study) -> None:
    path = study.path / "study.toml"
    path.write_text(path.read_text("utf-8").replace("format = 3", "format = 4"))
    with pytest.raises(InputError, match="made by a newer napari-cellid"):
        Study.open(study.path)


@pytest.mark.parametrize("name", ["images.tif", "labels.tif"])
def test_a_recording_that_lacks_an_image(study: Study, name: str) -> None:
    add_recording(study, found(THREE, "r2"), info())
    (study.recording("r2").folder / name).unlink()
    again = Study.open(study.path)
    assert again.recordings == ("r1", "r2")
    assert len(again.problems) == 1
    assert "r2" in again.problems[0] and name in again.problems[0]
    one = again.recording("r2")
    with pytest.raises(InputError, match=f"{name} is missing"):
        one.planes() if name == "images.tif" else one.labels()
    assert len(again.cells()) == 6


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("recording.toml", None, "is missing"),
        ("recording.toml", "animal = ", "not valid TOML"),
        ("recording.toml", "animal = 'x'", "pixel_size_um is missing"),
        ("cells.csv", None, "is missing"),
        ("cells.csv", "", "not a table"),
        ("cells.csv", "cell,label\n1,2\n", "lacks the column plane"),
        ("cells.csv", "cell,label,plane,y,x,area_um2,predicted,confidence\n"
         "1,1,0,5,5,9,,\n1,2,0,5,5,9,,\n", "cell 1 twice"),
        ("cells.csv", "cell,label,plane,y,x,area_um2,predicted,confidence\n"
         "one,1,0,5,5,9,,\n", "not a number"),
        ("cells.csv", "cell,label,plane,y,x,area_um2,predicted,confidence\n"
         "1.5,1,0,5,5,9,,\n", "not a number"),
        ("cells.csv", "\xff\xfe\x00", "cells.csv"),
        ("retired.csv", "cell\n", "lacks the column"),
    ],
)  # fmt: skip
def test_a_recording_that_is_broken(
    study: Study, name: str, content: str | None, words: str
) -> None:
    add_recording(study, found(THREE, "r2"), info())
    path = study.recording("r2").folder / name
    path.unlink() if content is None else path.write_bytes(content.encode("latin1"))
    again = Study.open(study.path)
    assert again.recordings == ("r1",)
    assert len(again.problems) == 1
    assert again.problems[0].startswith("The recording r2 is left out: ")
    assert words in again.problems[0]
    assert "\n" not in again.problems[0]
    assert len(again.cells()) == 3


def test_people_may_add_columns(study: Study) -> None:
    path = study.recording("r1").folder / "cells.csv"
    table = pd.read_csv(path).assign(note=["faint", "", "NA"])
    table.to_csv(path, index=False)
    assert len(Study.open(study.path).cells()) == 3


@pytest.mark.parametrize("name", ["images.tif", "labels.tif", "run.json"])
def test_a_broken_file_is_told_when_it_is_read(study: Study, name: str) -> None:
    one = study.recording("r1")
    (one.folder / name).write_bytes(b"{broken")
    read = {"images.tif": one.planes, "labels.tif": one.labels, "run.json": one.run}
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        read[name]()


def test_a_full_disk_leaves_all_as_it_was(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = snapshot(study.path)
    monkeypatch.setattr("napari_cellid.study.save_results.write_images", full)
    with pytest.raises(InputError, match="No space left"):
        add_recording(study, found(np.roll(THREE, 5, 1)), info(animal="x"))
    with pytest.raises(InputError, match="No space left"):
        add_recording(study, found(THREE, "new"), info())
    assert snapshot(study.path) == before
    assert [path.name for path in (study.path / "recordings").iterdir()] == ["r1"]


def test_a_study_is_not_begun_where_its_first_recording_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("napari_cellid.study.save_results.write_images", full)
    study = Study.open_or_new(tmp_path / "a" / "study")
    with pytest.raises(InputError, match="No space left"):
        add_recording(study, found(THREE), info())
    assert list(tmp_path.iterdir()) == []


def test_settings_that_cannot_be_written(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    before = snapshot(study.path)
    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(InputError, match=r"study\.toml cannot be written"):
        study.save_config(StudyConfig(vote=VoteConfig(rule="majority")))
    assert snapshot(study.path) == before


def test_hidden_folders_are_no_recordings(study: Study) -> None:
    (study.path / "recordings" / ".r2.tmp").mkdir()
    (study.path / "recordings" / "note.txt").write_text("mine")
    again = Study.open(study.path)
    assert (again.recordings, again.problems) == (("r1",), ())


def test_a_study_without_its_settings(study: Study) -> None:
    (study.path / "study.toml").unlink()
    with pytest.raises(InputError, match=r"no study\.toml"):
        Study.open(study.path)
    # as after a crash before they were written
    assert Study.open_or_new(study.path).recordings == ("r1",)
    # but not where people have answered
    study.annotations.mkdir()
    with pytest.raises(InputError, match=r"study without its study\.toml"):
        Study.open_or_new(study.path)
