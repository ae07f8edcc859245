"""identify, segment and classify into a study."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main
from napari_cellid.config import StudyModels
from napari_cellid.study.study import Study

FILES = [
    "cells.csv", "images.tif", "labels.tif", "overlay.png", "probability.tif",
    "recording.toml",
    "retired.csv", "run.json",
]  # fmt: skip


@pytest.fixture
def identified(channels, segmenter, classifier):
    """Words that identify the sample."""
    return ["identify", *channels, *segmenter, *classifier, "--quiet"]


def refused(capsys, code: int, *words: str) -> None:
    printed = capsys.readouterr()
    assert code == 2, printed
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1, printed.err
    for word in words:
        assert word in printed.err


def test_a_study_is_made(tmp_path: Path, sample: Path, identified) -> None:
    path = tmp_path / "lab" / "study"
    words = ["--animal", "m1", "--subvolume", "V1 left", "--name", "r1"]
    assert main([*identified, "--study", str(path), *words]) == 0
    folder = path / "recordings" / "r1"
    assert sorted(p.name for p in path.iterdir()) == ["recordings", "study.toml"]
    assert sorted(p.name for p in folder.iterdir()) == FILES
    study = Study.open(path)
    assert [one.name for one in study.config.classes] == [
        "excitatory", "inhibitory", "glia",
    ]  # fmt: skip
    one = study.recording("r1")
    assert (one.info.animal, one.info.subvolume) == ("m1", "V1 left")
    assert one.info.pixel_size_um == pytest.approx(1.17)
    assert [Path(source).name for source in one.info.sources] == [
        "red.tif", "green.tif",
    ]  # fmt: skip
    red = tifffile.imread(sample / "red.tif")
    np.testing.assert_array_equal(one.planes().red, red.astype(np.float32))
    assert set(one.cells()["label"]) == set(np.unique(one.labels())) - {0}


def test_the_same_files_as_without_a_study(tmp_path: Path, identified) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    assert main([*identified, "--study", str(study), "--name", "r1"]) == 0
    assert main([*identified, "--out", str(out), "--name", "r1"]) == 0
    for name in ("labels.tif", "cells.csv", "overlay.png"):
        one, other = study / "recordings" / "r1" / name, out / "r1" / name
        assert one.read_bytes() == other.read_bytes()


def test_study_and_folder(tmp_path: Path, identified, capsys) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    words = [*identified, "--study", str(study), "--out", str(out), "--name", "r1"]
    assert main([*words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["folder"] == str(study / "recordings" / "r1")
    assert (said["study"], said["recording"]) == (str(study), "r1")
    assert said["out"] == str(out / "r1")
    for name in ("labels.tif", "cells.csv", "run.json"):
        one, other = study / "recordings" / "r1" / name, out / "r1" / name
        assert one.read_bytes() == other.read_bytes()


def test_cells_keep_their_numbers(tmp_path: Path, identified, capsys) -> None:
    path = tmp_path / "study"
    words = [*identified, "--study", str(path), "--name", "r1"]
    assert main([*words, "--animal", "m1"]) == 0
    first = Study.open(path).recording("r1").cells()
    capsys.readouterr()
    # another threshold: other outlines of, mostly, the same cells
    assert main([*words, "--threshold", "0.4", "--json"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    notes = [event["message"] for event in said if event["event"] == "note"]
    assert any("kept their numbers" in note for note in notes)
    one = Study.open(path).recording("r1")
    assert one.info.animal == "m1"
    both = one.cells().merge(first, on="cell", suffixes=("", "_first"))
    assert len(both) > len(first) / 2
    assert (both["plane"] == both["plane_first"]).all()
    far = np.hypot(both["y"] - both["y_first"], both["x"] - both["x_first"]) * 1.17
    assert far.median() < 2
    known = set(first["cell"])
    assert set(one.cells()["cell"]) | set(one.retired()["cell"]) >= known


def test_cells_matched_without_their_outlines_are_told(
    tmp_path: Path, identified, capsys
) -> None:
    path = tmp_path / "study"
    words = [*identified, "--study", str(path), "--name", "r1", "--json"]
    assert main(words) == 0
    (path / "recordings" / "r1" / "labels.tif").write_bytes(b"broken")
    for expected in (1, 0):
        capsys.readouterr()
        assert main(words) == 0
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        notes = [event["message"] for event in said if event["event"] == "note"]
        assert sum("labels.tif" in note for note in notes) == expected


def test_segment_and_classify(
    tmp_path: Path, sample: Path, channels, segmenter, classifier
) -> None:
    path = tmp_path / "study"
    words = [*channels, "--study", str(path), "--name", "r1", "--quiet"]
    assert main(["segment", *words, *segmenter]) == 0
    one = Study.open(path).recording("r1")
    assert (one.cells()["predicted"] == "").all()
    masks = tmp_path / "masks.tif"
    tifffile.imwrite(masks, one.labels(), photometric="minisblack")
    assert main(["classify", *words, *classifier, "--labels", str(masks)]) == 0
    again = Study.open(path).recording("r1").cells()
    assert again["cell"].tolist() == one.cells()["cell"].tolist()
    assert (again["predicted"] != "").all()


def test_classes_of_the_model_become_the_study_s(
    tmp_path: Path, identified, classifier_folder: Path, capsys
) -> None:
    copy = tmp_path / "model"
    copy.mkdir()
    for file in classifier_folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    card = json.loads((copy / "model.json").read_text("utf-8"))
    card["classes"] = ["PV", "SST", "VIP"]
    (copy / "model.json").write_text(json.dumps(card), "utf-8")
    path = tmp_path / "study"
    words = [*identified[:-1], "--classifier", str(copy), "--study", str(path)]
    assert main([*words, "--name", "r1"]) == 0
    study = Study.open(path)
    assert [(one.name, one.key) for one in study.config.classes] == [
        ("PV", "P"), ("SST", "S"), ("VIP", "V"),
    ]  # fmt: skip
    capsys.readouterr()
    # a study that has other classes stays as it is
    assert main([*identified[:-1], "--study", str(path), "--name", "r2"]) == 0
    assert "the model also predicts red and green" in capsys.readouterr().err
    assert Study.open(path).config == study.config


def test_green_alone(tmp_path: Path, sample: Path, segmenter) -> None:
    path = tmp_path / "study"
    words = ["--green", str(sample / "green.tif"), "--name", "g", "--quiet"]
    assert main(["segment", *words, *segmenter, "--study", str(path)]) == 0
    one = Study.open(path).recording("g")
    assert one.info.channels == ("green",)
    assert one.planes().red is None


# ---------------------------------------------------------------- bad input


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_no_place(identified, capsys) -> None:
    refused(capsys, main(identified), "--out", "--study")


def test_animal_without_a_study(tmp_path: Path, identified, capsys) -> None:
    words = ["--out", str(tmp_path), "--animal", "m1"]
    refused(capsys, main([*identified, *words]), "--animal", "--study")


@pytest.mark.parametrize("kind", ["file", "folder", "newer", "broken", "below"])
def test_what_is_no_study(tmp_path: Path, identified, capsys, kind: str) -> None:
    path = tmp_path / "study"
    words = {
        "file": "is a file", "folder": "holds other files", "newer": "newer",
        "broken": "not valid TOML", "below": "study",
    }[kind]  # fmt: skip
    if kind in ("file", "below"):
        path.write_text("mine")
    else:
        path.mkdir()
        name = "mine.txt" if kind == "folder" else "study.toml"
        (path / name).write_text("format = 9" if kind == "newer" else "= mine")
    before = snapshot(tmp_path)
    given = path / "below" if kind == "below" else path
    refused(capsys, main([*identified, "--study", str(given)]), words)
    assert snapshot(tmp_path) == before


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc")
def test_a_place_that_cannot_be_written(identified, capsys) -> None:
    code = main([*identified, "--study", "/proc/self/study"])
    refused(capsys, code, "cannot be written", "--study")


def test_another_recording_of_the_name(
    tmp_path: Path, sample: Path, identified, segmenter, capsys
) -> None:
    study = ["--study", str(tmp_path / "study")]
    assert main([*identified, *study]) == 0
    (tmp_path / "sample").mkdir()
    other = tmp_path / "sample" / "green.tif"
    other.write_bytes((sample / "green.tif").read_bytes())
    before = snapshot(tmp_path)
    code = main(["segment", "--green", str(other), *segmenter, *study, "--quiet"])
    # the same images, but without red
    refused(capsys, code, "another recording 'sample'", "red", "--name", "--replace")
    both = []
    for channel in ("red", "green"):
        flipped = tmp_path / f"flipped {channel}.tif"
        image = tifffile.imread(sample / f"{channel}.tif")
        tifffile.imwrite(flipped, image[..., ::-1], metadata={"axes": "ZYX"})
        both += [f"--{channel}", str(flipped)]
    both += ["--name", "sample", "--pixel-size", "1.17", "--quiet"]
    code = main(["identify", *both, *segmenter, *study])
    refused(capsys, code, "flipped left to right", "--replace")
    small = tmp_path / "small.tif"
    tifffile.imwrite(small, np.ones((40, 50), np.uint16))
    words = ["--green", str(small), "--pixel-size", "1", "--name", "sample"]
    code = main(["segment", *words, *segmenter, *study])
    refused(capsys, code, "2 x 128 x 160", "1 x 40 x 50")
    after = snapshot(tmp_path)
    assert {path: after[path] for path in before} == before


def test_a_full_disk(
    tmp_path: Path, identified, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "study"
    monkeypatch.setattr("napari_cellid.study.save_results.write_images", full)
    refused(capsys, main([*identified, "--study", str(path)]), "No space left")
    assert list(tmp_path.iterdir()) == []


def test_a_broken_table_is_told_before_the_work(
    tmp_path: Path, identified, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*identified, "--study", str(tmp_path / "study"), "--name", "r1"]
    assert main(words) == 0
    table = tmp_path / "study" / "recordings" / "r1" / "cells.csv"
    table.write_text(table.read_text("utf-8").replace("\n1,", "\none,"), "utf-8")
    before = snapshot(tmp_path)
    monkeypatch.delattr("napari_cellid.identify.steps.identify_cells")
    refused(capsys, main(words), "cells.csv", "not a number")
    assert snapshot(tmp_path) == before
    assert pd.read_csv(table)["cell"][0] == "one"


def test_the_models_of_the_study_are_used(
    tmp_path: Path, channels, segmenter_folder: Path, classifier_folder: Path, capsys
) -> None:
    study = Study.create(tmp_path / "study")
    for folder in (segmenter_folder, classifier_folder):
        shutil.copytree(folder, study.models / folder.name)
    models = StudyModels(segment=segmenter_folder.name, classify=classifier_folder.name)
    study.save_config(study.config.model_copy(update={"models": models}))
    words = [*channels, "--study", str(study.path), "--name", "r1", "--json"]

    def used(*more: str) -> dict[str, str]:
        assert main(["identify", *words, *more]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])["models"]

    assert used() == {"segment": "bright", "classify": "untrained"}
    # a name means a model of the study, too
    copy = study.models / "copy"
    shutil.copytree(classifier_folder, copy)
    card = json.loads((copy / "model.json").read_text("utf-8")) | {"name": "mine"}
    (copy / "model.json").write_text(json.dumps(card), "utf-8")
    assert used("--classifier", "copy")["classify"] == "mine"
    # what is gone is told before anything slow
    shutil.rmtree(study.models / segmenter_folder.name)
    assert main(["identify", *words]) == 2
    said = capsys.readouterr().err
    assert "study.toml names the model 'bright'" in said
    assert said.count("\n") == 1
    assert used("--segmenter", str(segmenter_folder))["segment"] == "bright"


def test_a_replaced_recording_is_brought_back(
    tmp_path: Path, sample: Path, identified, segmenter, capsys
) -> None:
    path = tmp_path / "study"
    assert main([*identified, "--study", str(path), "--name", "a"]) == 0
    before = (path / "recordings" / "a" / "cells.csv").read_bytes()
    green = tmp_path / "green.tif"
    image = tifffile.imread(sample / "green.tif")
    tifffile.imwrite(green, image[:, ::-1], metadata={"axes": "ZYX"})
    other = ["--green", str(green), "--pixel-size", "1.17", "--name", "a", "--replace"]
    assert main(["segment", *other, *segmenter, "--study", str(path)]) == 0
    assert (path / "recordings" / "a" / "cells.csv").read_bytes() != before
    capsys.readouterr()
    assert main(["replaced", str(path), "--json"]) == 0
    (value,) = json.loads(capsys.readouterr().out)["replaced"]
    assert (value["name"], value["other_images"]) == ("a", True)
    refused(capsys, main(["replaced", str(path), "--bring-back", "b"]), "b", "(a)")
    code = main(["replaced", str(path), "--bring-back", "a", "--number", "2"])
    refused(capsys, code, "number 2")
    assert main(["replaced", str(path), "--bring-back", "a"]) == 0
    assert (path / "recordings" / "a" / "cells.csv").read_bytes() == before
