"""What two copies say of their recordings is merged, and differences are told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from little import THREE, found, info, snapshot

from napari_cellid.cli.app import main
from napari_cellid.study.merge import merge_studies
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study


@pytest.fixture
def copy(study: Study, tmp_path: Path) -> Study:
    return Study.open(Path(shutil.copytree(study.path, tmp_path / "copy")))


def add(study: Study, name: str) -> Study:
    add_recording(study, found(THREE, name), info(animal="m2"))
    return Study.open(study.path)


def edit_toml(study: Study, lines: str) -> Study:
    path = study.path / "study.toml"
    path.write_text(path.read_text("utf-8") + lines, "utf-8")
    return Study.open(study.path)


def test_another_title_in_the_copy_is_told(study: Study, copy: Study) -> None:
    study = rename_recording(study, "r1", "day 3")
    copy = rename_recording(copy, "r1", "day 4")
    assert merge_studies(study, copy).notes == (
        "The recording r1 keeps the title 'day 3'; the copy says 'day 4'.",
    )
    assert Study.open(study.path).titles == {"r1": "day 3"}


def test_a_title_that_only_the_copy_has_is_told(study: Study, copy: Study) -> None:
    copy = rename_recording(copy, "r1", "day 4")
    assert merge_studies(study, copy).notes == (
        "The recording r1 still has no title; the copy says 'day 4'.",
    )
    assert Study.open(study.path).titles == {"r1": "r1"}


def test_what_the_copy_leaves_open_is_not_told(study: Study, copy: Study) -> None:
    copy = copy.update_recording_info({"r1": {"animal": "", "subvolume": ""}})
    study = rename_recording(study, "r1", "Mäuse")
    # the same title as macOS writes it
    rename_recording(copy, "r1", "TITLE")
    path = copy.path / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("TITLE", "Ma\u0308use"), "utf-8")
    copy = Study.open(copy.path)
    assert copy.recording("r1").info.title == "Ma\u0308use"
    assert merge_studies(study, copy).notes == ()


def test_another_animal_and_size_in_the_copy_are_told(
    study: Study, copy: Study
) -> None:
    lines = (
        '\n[recordings.r1]\nanimal = "m9"\nsubvolume = "left"\npixel_size_um = 0.8\n'
    )
    copy = edit_toml(copy, lines)
    before = study.recording("r1").info
    assert merge_studies(study, copy).notes == (
        "The recording r1 keeps the animal 'm1'; the copy says 'm9'.",
        "The recording r1 keeps the sub-volume 'V1'; the copy says 'left'.",
        "The recording r1 keeps the pixel size 1.25 µm; the copy says 0.8 µm.",
    )
    assert Study.open(study.path).recording("r1").info == before


def test_a_size_that_differs_where_nobody_sees_it_is_not_told(
    study: Study, copy: Study
) -> None:
    copy = edit_toml(copy, "\n[recordings.r1]\npixel_size_um = 1.2500001\n")
    assert copy.recording("r1").info.pixel_size_um != 1.25
    assert merge_studies(study, copy).notes == ()


def test_the_command_tells_it_in_one_line(
    study: Study, copy: Study, capsys: pytest.CaptureFixture[str]
) -> None:
    rename_recording(study, "r1", "day 3")
    rename_recording(copy, "r1", "day 4")
    assert main(["merge", str(study.path), "--from", str(copy.path)]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(
        "The recording r1 keeps the title 'day 3'; the copy says 'day 4'."
    )


def test_a_new_recording_brings_all_that_study_toml_says_of_it(
    study: Study, copy: Study
) -> None:
    copy = add(add(copy, "r2"), "r4")
    copy = edit_toml(copy, '\n[recordings.r2]\nanimal = "m9"\npixel_size_um = 0.8\n')
    # of another recording r4, which was taken out of the study
    study = edit_toml(study, '\n[recordings.r4]\nanimal = "m7"\n')
    assert merge_studies(study, copy).notes == ()
    opened = Study.open(study.path)
    for name in ("r1", "r2", "r4"):
        assert opened.recording(name).info == copy.recording(name).info
    assert opened.recording("r2").info.pixel_size_um == 0.8
    text = (study.path / "study.toml").read_bytes()
    merge_studies(opened, copy)
    assert (study.path / "study.toml").read_bytes() == text


@pytest.mark.parametrize("file", ["cells.csv", "recording.toml", "retired.csv"])
def test_a_recording_that_cannot_be_read_here_is_not_replaced(
    study: Study, copy: Study, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    (study.path / "recordings" / "r1" / file).write_bytes(b"")
    before = snapshot(study.path)
    add(copy, "r2")
    assert main(["merge", str(study.path), "--from", str(copy.path)]) != 0
    told = capsys.readouterr().err
    assert "The recording r1 is left out" in told
    assert "'r1' of this study cannot be read, so it cannot be compared" in told
    assert snapshot(study.path) == before
