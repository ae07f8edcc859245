"""A recording whose folder macOS wrote with decomposed letters stays the same one."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from little import THREE, found, info

from napari_cellid.study.known_cells import check_can_add, known_name, stored_recording
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

NAMES = ("Jürgen", "maus é", "Å 1")


@pytest.fixture(params=NAMES)
def decomposed(request, tmp_path: Path, say) -> tuple[Study, str]:
    """A study with one answered recording, whose folder was renamed as macOS does."""
    name = request.param
    study = Study.create(tmp_path / "study")
    recording = add_recording(study, found(THREE, name), info(animal="m1"))
    say(study, "Ann", {1: "glia"}, name)
    recording.folder.rename(
        recording.folder.with_name(unicodedata.normalize("NFD", name))
    )
    return Study.open(study.path), name


def test_identified_again_it_is_the_same_recording(decomposed) -> None:
    study, name = decomposed
    folder = study.recordings[0]
    assert folder != name
    assert known_name(study.path / "recordings", name) == folder
    before = study.recording(folder).cells()
    again = add_recording(study, found(THREE, name), info())
    assert study.recordings == (folder,)
    assert again.info.animal == "m1"
    assert again.cells()["cell"].tolist() == before["cell"].tolist()
    answers = study.read_answers()
    assert len(answers.current()) == 1
    assert len(answers.unmatched) == 0


def test_its_answers_keep_their_numbers(decomposed) -> None:
    study, name = decomposed
    known = check_can_add(study, name)
    assert known is not None
    assert known.highest >= 1
    stored = stored_recording(study, name)
    assert stored is not None
    assert stored.name == study.recordings[0]


def test_what_study_toml_says_of_it_stays_and_is_changed_in_its_place(
    tmp_path: Path,
) -> None:
    name = "Jürgen"
    study = Study.create(tmp_path / "study")
    recording = add_recording(study, found(THREE, name), info(animal="m1"))
    study = rename_recording(study, name, "Tag 3")
    study.update_recording_info({name: {"animal": "m7"}})
    folder = unicodedata.normalize("NFD", name)
    recording.folder.rename(recording.folder.with_name(folder))
    study = Study.open(study.path)
    assert study.titles == {folder: "Tag 3"}
    assert study.recording(folder).info.animal == "m7"
    assert study.problems == ()
    study = rename_recording(study, folder, "Tag 4")
    study = study.update_recording_info({folder: {"animal": "m8"}})
    assert study.titles == {folder: "Tag 4"}
    assert study.recording(folder).info.animal == "m8"
    text = (study.path / "study.toml").read_text("utf-8")
    assert text.count("\n[recordings.") == 1
    assert name in text
