"""A study on disk: what is written, what is read, what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from little import PIXEL_UM, THREE, found, info, snapshot, squares
from skimage.io import imread

from napari_cellid.config import StudyClass, StudyConfig, VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.io.registry import read_recording
from napari_cellid.io.tables import RETIRED_COLUMNS
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study, study_beside

FILES = [
    "cells.csv", "images.tif", "labels.tif", "overlay.png", "recording.toml",
    "retired.csv", "run.json",
]  # fmt: skip


def test_a_new_study(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "a" / "study")
    assert [path.name for path in study.path.iterdir()] == ["study.toml"]
    again = Study.open(study.path)
    assert again.config == StudyConfig()
    assert (again.recordings, again.problems) == ((), ())
    assert len(again.cells()) == 0
    assert list(again.cells())[:4] == ["recording", "animal", "subvolume", "cell"]
    with pytest.raises(InputError, match="is a study already"):
        Study.create(study.path)
    assert Study.open_or_create(study.path).config == StudyConfig()


def test_a_recording_is_written_and_read(study: Study) -> None:
    one = Study.open(study.path).recording("r1")
    assert sorted(path.name for path in one.folder.iterdir()) == FILES
    given = found(THREE)
    planes = one.planes()
    assert planes.name == "r1"
    assert planes.pixel_size_um == PIXEL_UM
    for channel in ("red", "green"):
        image = getattr(planes, channel)
        assert image.dtype == np.float32
        np.testing.assert_array_equal(image, getattr(given.planes, channel))
    labels = one.labels()
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, THREE)
    pd.testing.assert_frame_equal(
        one.cells(), given.cells, check_dtype=False, rtol=1e-5
    )
    assert list(one.retired()) == list(RETIRED_COLUMNS)
    assert one.run() == given.run
    assert one.info == info(animal="m1", subvolume="V1")


@pytest.mark.parametrize("n_planes", [1, 3, 4])
@pytest.mark.parametrize("channels", [("red", "green"), ("green",), ("red",)])
def test_images_of_any_shape(tmp_path: Path, n_planes: int, channels) -> None:
    given = found(squares((n_planes - 1, 9, 9), planes=n_planes), predicted=None)
    none = {name: None for name in ("red", "green") if name not in channels}
    given = replace(given, planes=replace(given.planes, **none))
    study = Study.create(tmp_path / "study")
    one = add_recording(study, given, info())
    assert one.info.channels == channels
    planes = Study.open(study.path).recording("r1").planes()
    assert planes.shape == (n_planes, 64, 96)
    for name in ("red", "green"):
        image, before = getattr(planes, name), getattr(given.planes, name)
        assert image is before is None or np.array_equal(image, before)
    assert one.labels().shape == (n_planes, 64, 96)


def test_images_say_what_they_are(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    one = add_recording(study, found(squares((2, 9, 9), planes=3)), info())
    path = one.folder / "images.tif"
    with tifffile.TiffFile(path) as file:
        assert file.series[0].axes == "CZYX"
        assert file.series[0].shape == (2, 3, 64, 96)
    recording = read_recording(None, None, path)
    assert recording.pixel_size_um == pytest.approx(PIXEL_UM)
    np.testing.assert_array_equal(recording.red[0].compute(), one.planes().red)
    before = path.read_bytes()
    add_recording(study, found(squares((2, 9, 9), planes=3)), info())
    assert path.read_bytes() == before


def test_many_recordings(study: Study) -> None:
    add_recording(study, found(THREE[:, :, ::-1].copy(), "r0"), info(animal="m2"))
    add_recording(study, found(np.zeros_like(THREE), "nothing"), info())
    assert study.recordings == ("nothing", "r0", "r1")
    assert Study.open(study.path).recordings == study.recordings
    cells = study.cells()
    assert cells["recording"].tolist() == ["r0"] * 3 + ["r1"] * 3
    assert cells["animal"].tolist() == ["m2"] * 3 + ["m1"] * 3
    assert cells["subvolume"].tolist() == [""] * 3 + ["V1"] * 3
    with pytest.raises(
        InputError, match=r"no readable recording 'r9'.*nothing, r0, r1"
    ):
        study.recording("r9")


def test_an_empty_class_name_stays_one(study: Study) -> None:
    add_recording(study, found(THREE, "outlined", predicted=None), info())
    cells = study.recording("outlined").cells()
    assert cells["predicted"].tolist() == ["", "", ""]
    assert cells["confidence"].isna().all()


# ---------------------------------------------------------------- numbers that last


def test_cells_keep_their_numbers(study: Study) -> None:
    without = np.where(THREE == 2, 0, THREE)
    one = add_recording(study, found(without), info())
    assert one.cells()["cell"].tolist() == [1, 3]
    assert one.retired()["cell"].tolist() == [2]
    assert one.run()["identity"].startswith("2 cells kept their numbers")
    # labels are numbered anew by every run; the new cell is 4, and 2 comes back
    more = squares((0, 40, 70), (0, 20, 20), (0, 4, 40), (0, 4, 4))
    one = add_recording(study, found(more), info())
    assert one.cells()["label"].tolist() == [1, 2, 3, 4]
    assert one.cells()["cell"].tolist() == [3, 4, 2, 1]
    assert len(one.retired()) == 0


def test_numbers_in_journals_are_not_given_again(study: Study, say) -> None:
    say(study, "Ann", {3: "glia"})
    shutil.rmtree(study.recording("r1").folder)
    one = add_recording(study, found(squares((0, 20, 20))), info())
    assert one.cells()["cell"].tolist() == [4]


def test_what_is_not_said_again_stays(study: Study) -> None:
    one = add_recording(study, found(THREE), info())
    assert (one.info.animal, one.info.subvolume) == ("m1", "V1")
    one = add_recording(study, found(THREE), info(animal="m7"))
    assert (one.info.animal, one.info.subvolume) == ("m7", "V1")


def test_lost_labels_do_not_lose_the_numbers(study: Study) -> None:
    (study.recording("r1").folder / "labels.tif").write_bytes(b"II*\0 broken")
    moved = np.roll(THREE, 1, 1)
    exchanged = np.choose(moved, [0, 3, 1, 2]).astype(np.int32)
    one = add_recording(study, found(exchanged), info())
    assert one.cells()["cell"].tolist() == [2, 3, 1]
    (warning,) = one.identity_warnings()
    assert "labels.tif" in warning and "position" in warning
    # with outlines that can be read again there is nothing to tell
    assert add_recording(study, found(exchanged), info()).identity_warnings() == ()


def test_lost_labels_do_not_hide_another_size(study: Study) -> None:
    (study.recording("r1").folder / "labels.tif").write_bytes(b"II*\0 broken")
    before = snapshot(study.path)
    with pytest.raises(InputError, match=r"has 1 x 64 x 96 .* 1 x 60 x 90"):
        add_recording(study, found(THREE[:, :60, :90].copy()), info())
    assert snapshot(study.path) == before


def test_images_of_another_size_are_refused(study: Study) -> None:
    before = snapshot(study.path)
    with pytest.raises(InputError, match=r"has 1 x 64 x 96 .* 1 x 60 x 90"):
        add_recording(study, found(THREE[:, :60, :90].copy()), info())
    assert snapshot(study.path) == before


@pytest.mark.parametrize("name", ["a/b", "", "..", "x ", ".x", "a:b", "COM1.x", "a\nb"])
def test_names_that_no_folder_can_have(study: Study, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name of a recording"):
        add_recording(study, found(THREE, name), info())


@pytest.mark.parametrize("names", [("r1", "R1"), ("é", "E\u0301")])
def test_names_that_some_computers_do_not_tell_apart(study: Study, names) -> None:
    add_recording(study, found(THREE, names[0]), info())
    with pytest.raises(InputError, match="cannot distinguish"):
        add_recording(study, found(THREE, names[1]), info())
    assert len(study.recordings) == len({"r1", names[0]})


# ---------------------------------------------------------------- settings


def test_recordings_in_the_study_file_go_first(study: Study) -> None:
    path = study.path / "study.toml"
    text = path.read_text("utf-8")
    text += '\n[recordings.r1]\nanimal = "other"\npixel_size_um = 2.5\n'
    path.write_text(text + "[recordings.gone]\n", "utf-8")
    again = Study.open(study.path)
    one = again.recording("r1")
    assert one.info == info(animal="other", subvolume="V1", pixel_size_um=2.5)
    assert one.planes().pixel_size_um == 2.5
    assert set(again.cells()["animal"]) == {"other"}
    assert len(again.problems) == 1
    assert "[recordings.gone]" in again.problems[0]
    # other settings leave the tables as they are
    config = StudyConfig(vote=VoteConfig(rule="majority"))
    saved = again.save_config(config)
    assert saved.config == config
    assert saved.recording("r1").info == one.info
    assert Study.open(study.path).problems == again.problems


def test_other_classes(tmp_path: Path) -> None:
    config = StudyConfig(
        classes=(
            StudyClass(name="PV +", key="P", colour="#00ff00"),
            StudyClass(name="NA", key="O", colour="#0000ff"),
        )
    )
    study = Study.create(tmp_path / "study", config)
    assert Study.open(study.path).config == config
    given = found(THREE)
    given = replace(
        given,
        cells=given.cells.assign(predicted=["NA", "PV +", "NA"]),
        classes=("PV +", "NA"),
    )
    one = add_recording(study, given, info())
    assert one.cells()["predicted"].tolist() == ["NA", "PV +", "NA"]
    image = imread(one.folder / "overlay.png")[..., :3].reshape(-1, 3)
    colours = {tuple(colour) for colour in np.unique(image, axis=0).tolist()}
    assert {(0, 255, 0), (0, 0, 255)} <= colours


def test_beside() -> None:
    files = [Path("/data/m1/red.tif"), Path("/data/m2/green.tif")]
    assert study_beside(files, "m1 V1") == Path("/data/m1/m1 V1 study")


# ---------------------------------------------------------------- several people


def test_two_people_add_at_the_same_time(study: Study) -> None:
    mine, theirs = Study.open(study.path), Study.open(study.path)
    add_recording(mine, found(THREE, "mine"), info())
    add_recording(theirs, found(THREE, "theirs"), info())
    assert theirs.recordings == ("mine", "r1", "theirs")
    # what the other one outlined anew is what counts
    add_recording(mine, found(np.where(THREE == 1, 0, THREE)), info())
    assert theirs.recording("r1").cells()["cell"].tolist() == [2, 3]
    add_recording(theirs, found(THREE), info())
    assert theirs.recording("r1").cells()["cell"].tolist() == [1, 2, 3]


def test_the_run_says_what_became_of_the_cells(study: Study) -> None:
    add_recording(study, found(THREE), info())
    run = json.loads((study.recording("r1").folder / "run.json").read_text("utf-8"))
    assert run["identity"] == "3 cells kept their numbers; 0 are new."


def test_animals_are_said_in_the_study_s_file_alone(study: Study) -> None:
    before = snapshot(study.path / "recordings")
    said = study.update_recording_info({"r1": {"animal": " m3 ", "subvolume": ""}})
    assert said.recording("r1").info.animal == "m3"
    assert Study.open(study.path).recording("r1").info.animal == "m3"
    assert set(said.cells()["animal"]) == {"m3"}
    assert snapshot(study.path / "recordings") == before
    # taken back
    assert (
        said.update_recording_info({"r1": {"animal": ""}}).recording("r1").info.animal
        == ""
    )
    with pytest.raises(InputError, match="no readable recording 'r9'"):
        study.update_recording_info({"r9": {"animal": "m"}})


def test_what_a_colleague_wrote_meanwhile_stays(study: Study) -> None:
    Study.open(study.path).save_config(
        StudyConfig(vote=VoteConfig(rule="majority", min_annotators=2))
    )
    said = study.update_recording_info({"r1": {"animal": "m3"}})
    assert said.config.vote.rule == "majority"
