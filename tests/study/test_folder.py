"""A study on disk: what is written, what is read, what is refused."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from little import PIXEL_UM, THREE, found, info, squares
from skimage.io import imread

from napari_cellid.config import StudyClass, StudyConfig, VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.io.tiff import open_recording
from napari_cellid.study.folder import Study, study_beside
from napari_cellid.study.tables import RETIRED_COLUMNS

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
    one = study.add(given, info())
    assert one.info.channels == channels
    planes = Study.open(study.path).recording("r1").planes()
    assert planes.shape == (n_planes, 64, 96)
    for name in ("red", "green"):
        image, before = getattr(planes, name), getattr(given.planes, name)
        assert image is before is None or np.array_equal(image, before)
    assert one.labels().shape == (n_planes, 64, 96)


def test_images_say_what_they_are(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    one = study.add(found(squares((2, 9, 9), planes=3)), info())
    path = one.folder / "images.tif"
    with tifffile.TiffFile(path) as file:
        assert file.series[0].axes == "CZYX"
        assert file.series[0].shape == (2, 3, 64, 96)
    recording = open_recording(None, None, path)
    assert recording.pixel_size_um == pytest.approx(PIXEL_UM)
    np.testing.assert_array_equal(recording.red[0].compute(), one.planes().red)
    before = path.read_bytes()
    study.add(found(squares((2, 9, 9), planes=3)), info())
    assert path.read_bytes() == before


def test_many_recordings(study: Study) -> None:
    study.add(found(THREE[:, :, ::-1].copy(), "r0"), info(animal="m2"))
    study.add(found(np.zeros_like(THREE), "nothing"), info())
    assert study.recordings == ("nothing", "r0", "r1")
    assert Study.open(study.path).recordings == study.recordings
    cells = study.cells()
    assert cells["recording"].tolist() == ["r0"] * 3 + ["r1"] * 3
    assert cells["animal"].tolist() == ["m2"] * 3 + ["m1"] * 3
    assert cells["subvolume"].tolist() == [""] * 3 + ["V1"] * 3
    with pytest.raises(InputError, match=r"no recording 'r9'.*nothing, r0, r1"):
        study.recording("r9")


def test_an_empty_class_name_stays_one(study: Study) -> None:
    study.add(found(THREE, "outlined", predicted=None), info())
    cells = study.recording("outlined").cells()
    assert cells["predicted"].tolist() == ["", "", ""]
    assert cells["confidence"].isna().all()


# ---------------------------------------------------------------- numbers that last


def test_cells_keep_their_numbers(study: Study) -> None:
    without = np.where(THREE == 2, 0, THREE)
    one = study.add(found(without), info())
    assert one.cells()["cell"].tolist() == [1, 3]
    assert one.retired()["cell"].tolist() == [2]
    assert one.run()["identity"].startswith("2 cells kept their numbers")
    # labels are numbered anew by every run; the new cell is 4, and 2 comes back
    more = squares((0, 40, 70), (0, 20, 20), (0, 4, 40), (0, 4, 4))
    one = study.add(found(more), info())
    assert one.cells()["label"].tolist() == [1, 2, 3, 4]
    assert one.cells()["cell"].tolist() == [3, 4, 2, 1]
    assert len(one.retired()) == 0


def test_numbers_in_journals_are_not_given_again(study: Study, say) -> None:
    say(study, "Ann", {3: "glia"})
    shutil.rmtree(study.recording("r1").folder)
    one = study.add(found(squares((0, 20, 20))), info())
    assert one.cells()["cell"].tolist() == [4]


def test_what_is_not_said_again_stays(study: Study) -> None:
    one = study.add(found(THREE), info())
    assert (one.info.animal, one.info.subvolume) == ("m1", "V1")
    one = study.add(found(THREE), info(animal="m7"))
    assert (one.info.animal, one.info.subvolume) == ("m7", "V1")


def test_lost_labels_do_not_lose_the_numbers(study: Study) -> None:
    (study.recording("r1").folder / "labels.tif").write_bytes(b"II*\0 broken")
    moved = np.roll(THREE, 1, 1)
    exchanged = np.choose(moved, [0, 3, 1, 2]).astype(np.int32)
    one = study.add(found(exchanged), info())
    assert one.cells()["cell"].tolist() == [2, 3, 1]


def test_images_of_another_size_are_refused(study: Study) -> None:
    before = snapshot(study.path)
    with pytest.raises(InputError, match=r"of 1 x 64 x 96 .* has 1 x 60 x 90"):
        study.add(found(THREE[:, :60, :90].copy()), info())
    assert snapshot(study.path) == before


@pytest.mark.parametrize("name", ["a/b", "", "..", "x ", ".x", "a:b", "COM1.x", "a\nb"])
def test_names_that_no_folder_can_have(study: Study, name: str) -> None:
    with pytest.raises(InputError, match="cannot be that of a recording"):
        study.add(found(THREE, name), info())


@pytest.mark.parametrize("names", [("r1", "R1"), ("é", "e\u0301")])
def test_names_that_some_computers_do_not_tell_apart(study: Study, names) -> None:
    study.add(found(THREE, names[0]), info())
    with pytest.raises(InputError, match="do not tell from"):
        study.add(found(THREE, names[1]), info())
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
            StudyClass(name="None", key="O", colour="#0000ff"),
        )
    )
    study = Study.create(tmp_path / "study", config)
    assert Study.open(study.path).config == config
    given = found(THREE)
    given = replace(
        given,
        cells=given.cells.assign(predicted=["None", "PV +", "None"]),
        classes=("PV +", "None"),
    )
    one = study.add(given, info())
    assert one.cells()["predicted"].tolist() == ["None", "PV +", "None"]
    image = imread(one.folder / "overlay.png")[..., :3].reshape(-1, 3)
    colours = {tuple(colour) for colour in np.unique(image, axis=0).tolist()}
    assert {(0, 255, 0), (0, 0, 255)} <= colours


def test_beside() -> None:
    files = [Path("/data/m1/red.tif"), Path("/data/m2/green.tif")]
    assert study_beside(files, "m1 V1") == Path("/data/m1/m1 V1 study")


# ---------------------------------------------------------------- bad input


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.tif").write_text("mine")
    for name, words in [
        ("nowhere", "does not exist"), ("file", "is a file"), ("folder", "study.toml"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=words):
            Study.open(tmp_path / name)
    for name, words in [("file", "is a file"), ("folder", "folder with other files")]:
        with pytest.raises(InputError, match=words):
            Study.open_or_create(tmp_path / name)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["mine.tif"]


def test_a_newer_study(study: Study) -> None:
    path = study.path / "study.toml"
    path.write_text(path.read_text("utf-8").replace("format = 1", "format = 2"))
    with pytest.raises(InputError, match="made by a newer napari-cellid"):
        Study.open(study.path)


@pytest.mark.parametrize("name", ["images.tif", "labels.tif"])
def test_a_recording_that_lacks_an_image(study: Study, name: str) -> None:
    study.add(found(THREE, "r2"), info())
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
    study.add(found(THREE, "r2"), info())
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
    monkeypatch.setattr("napari_cellid.study.storing.write_images", full)
    with pytest.raises(InputError, match="No space left"):
        study.add(found(np.roll(THREE, 5, 1)), info(animal="x"))
    with pytest.raises(InputError, match="No space left"):
        study.add(found(THREE, "new"), info())
    assert snapshot(study.path) == before
    assert [path.name for path in (study.path / "recordings").iterdir()] == ["r1"]


def test_a_study_is_not_begun_where_its_first_recording_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("napari_cellid.study.storing.write_images", full)
    study = Study.prepare(tmp_path / "a" / "study")
    with pytest.raises(InputError, match="No space left"):
        study.add(found(THREE), info())
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


def test_two_people_add_at_the_same_time(study: Study) -> None:
    mine, theirs = Study.open(study.path), Study.open(study.path)
    mine.add(found(THREE, "mine"), info())
    theirs.add(found(THREE, "theirs"), info())
    assert theirs.recordings == ("mine", "r1", "theirs")
    # what the other one outlined anew is what counts
    mine.add(found(np.where(THREE == 1, 0, THREE)), info())
    assert theirs.recording("r1").cells()["cell"].tolist() == [2, 3]
    theirs.add(found(THREE), info())
    assert theirs.recording("r1").cells()["cell"].tolist() == [1, 2, 3]


def test_the_run_says_what_became_of_the_cells(study: Study) -> None:
    study.add(found(THREE), info())
    run = json.loads((study.recording("r1").folder / "run.json").read_text("utf-8"))
    assert run["identity"] == "3 cells kept their numbers; 0 are new."
