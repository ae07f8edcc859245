"""Recordings are known by their content: replaced only on request, and brought back."""

from __future__ import annotations

import pickle
import shutil
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import tifffile
from little import (
    CLASSES,
    THREE,
    found,
    images,
    info,
    kill_copies,
    snapshot,
    squares,
    teller,
)
from scipy import ndimage

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.config import SimulationConfig
from napari_cellid.errors import InputError
from napari_cellid.identify import IdentifyResult
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.recording.content_match import match_content
from napari_cellid.simulation.field import simulate
from napari_cellid.study.merge import merge_studies
from napari_cellid.study.replaced import bring_back, list_replaced
from napari_cellid.study.replacement import ReplaceQuestionError, free_name
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

UM = 1.17


def field_of(seed: int) -> tuple[MeanPlanes, np.ndarray]:
    config = SimulationConfig(seed=seed, height=128, width=160, n_planes=1)
    made = run_to_end(simulate(config))
    red, green = made.red.astype(np.float32), made.green.astype(np.float32)
    return MeanPlanes("day1", red, green, pixel_size_um=UM), made.labels


@pytest.fixture(scope="module")
def fields() -> dict[int, tuple[MeanPlanes, np.ndarray]]:
    """Fields of two animals."""
    return {seed: field_of(seed) for seed in (1, 2)}


def result_of(planes: MeanPlanes, labels: np.ndarray) -> IdentifyResult:
    cells = measure(labels, planes)
    probabilities = np.full((len(cells), 3), 1 / 3, np.float32)
    cells = with_classes(cells, probabilities, CLASSES)
    run = {"recording": planes.name, "sources": [], "settings": {}, "models": {}}
    return IdentifyResult(planes, labels, cells, CLASSES, None, run)


@pytest.fixture(scope="module")
def made(tmp_path_factory, fields) -> Path:
    """Folder of a study with "day1" of m1, whose cells Ann has answered."""
    study = Study.create(tmp_path_factory.mktemp("made") / "study")
    add_recording(study, result_of(*fields[1]), info(animal="m1"))
    numbers = study.recording("day1").cells()["cell"]
    teller()(study, "Ann", dict.fromkeys(numbers.tolist(), "glia"), "day1")
    return study.path


@pytest.fixture
def study(tmp_path: Path, made: Path) -> Study:
    """A copy of the study of "day1"."""
    return Study.open(Path(shutil.copytree(made, tmp_path / "study")))


def counted(study: Study) -> int:
    return len(Study.open(study.path).read_answers().current())


def changed(planes: MeanPlanes, change) -> MeanPlanes:
    return replace(planes, red=change(planes.red), green=change(planes.green))


def shifted(image: np.ndarray) -> np.ndarray:
    return ndimage.shift(image, (0, 2.4, -1.7), mode="nearest")


def exported(image: np.ndarray) -> np.ndarray:
    scaled = (image - image.min()) / np.ptp(image)
    return (255 * scaled**0.7).astype(np.uint8).astype(np.float32)


def noisy(image: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.5 * image.std(), image.shape)
    return (image + noise).astype(np.float32)


@pytest.mark.parametrize("change", [shifted, exported, noisy])
def test_the_same_tissue_is_the_same_recording(study, fields, change) -> None:
    planes, labels = fields[1]
    before = study.recording("day1").cells()["cell"].tolist()
    new = result_of(changed(planes, change), labels)
    add_recording(study, new, info(animal="m1", sources=("elsewhere/red.tif",)))
    assert study.recording("day1").cells()["cell"].tolist() == before
    assert counted(study) == len(before)


def test_other_tissue_of_the_name_is_a_question(study, fields) -> None:
    before = snapshot(study.path)
    with pytest.raises(ReplaceQuestionError) as question:
        add_recording(study, result_of(*fields[2]), info(animal="m2"))
    error = question.value
    assert (error.reason, error.name) == ("other images", "day1")
    assert error.free_name == "m2 day1"
    assert "--replace" in str(error) and "--replace" not in error.finding
    assert snapshot(study.path) == before


@pytest.mark.parametrize(
    ("axes", "words"), [((-1,), "left to right"), ((-2,), "upside down")]
)
def test_flipped_images_are_a_question(study, fields, axes, words) -> None:
    planes, labels = fields[1]

    def flip(image):
        return np.ascontiguousarray(np.flip(image, axes))

    with pytest.raises(ReplaceQuestionError, match=f"flipped {words}"):
        add_recording(study, result_of(changed(planes, flip), flip(labels)), info())


def test_images_of_another_size_are_a_question(study, fields) -> None:
    planes, labels = fields[1]

    def cut(image):
        return np.ascontiguousarray(image[:, :100, :120])

    with pytest.raises(ReplaceQuestionError, match="100 x 120"):
        add_recording(study, result_of(changed(planes, cut), cut(labels)), info())


def test_images_without_the_red_are_a_question(study, fields) -> None:
    planes, labels = fields[1]
    with pytest.raises(ReplaceQuestionError, match="red"):
        add_recording(study, result_of(replace(planes, red=None), labels), info())


def test_lost_images_are_told_by_their_sources(study, fields) -> None:
    add_recording(study, result_of(*fields[1]), info(sources=("a/red.tif",)))
    (study.recording("day1").folder / "images.tif").unlink()
    with pytest.raises(ReplaceQuestionError, match="cannot be read"):
        add_recording(study, result_of(*fields[1]), info(sources=("b/red.tif",)))
    add_recording(study, result_of(*fields[1]), info(sources=("a/red.tif",)))


def test_answers_never_count_for_other_tissue(study, fields) -> None:
    old = study.recording("day1").cells()["cell"].tolist()
    add_recording(study, result_of(*fields[2]), info(animal="m2"), replace=True)
    new = study.recording("day1").cells()["cell"].tolist()
    assert min(new) > max(old)
    assert counted(study) == 0
    # outlines of the new tissue anew: they do not become cells of the old one
    add_recording(study, result_of(*fields[2]), info(animal="m2"))
    assert study.recording("day1").cells()["cell"].tolist() == new
    assert counted(study) == 0


def test_what_was_replaced_comes_back(study, fields) -> None:
    old = study.recording("day1")
    pixels, table = tifffile.imread(old.folder / "images.tif"), old.cells()
    add_recording(study, result_of(*fields[2]), info(animal="m2"), replace=True)
    parent = study.path / "recordings"
    (replaced,) = list_replaced(parent)
    assert (replaced.name, replaced.n_cells) == ("day1", len(table))
    assert replaced.other_images
    bring_back(parent, replaced)
    back = Study.open(study.path).recording("day1")
    assert np.array_equal(tifffile.imread(back.folder / "images.tif"), pixels)
    assert back.cells().equals(table)
    assert back.info.animal == "m1"
    assert counted(study) == len(table)
    # the other one is kept, and its numbers are not given again
    other = list_replaced(parent)[-1]
    bring_back(parent, other)
    again = Study.open(study.path)
    assert again.recording("day1").info.animal == "m2"
    assert counted(study) == 0


def test_most_cells_not_found_again_is_a_question(study, fields) -> None:
    planes, labels = fields[1]
    few = np.where(labels <= 3, labels, 0)
    before = snapshot(study.path)
    with pytest.raises(ReplaceQuestionError) as question:
        add_recording(study, result_of(planes, few), info())
    assert question.value.reason == "cells lost"
    assert snapshot(study.path) == before
    n_answers = counted(study)
    add_recording(study, result_of(planes, few), info(), replace=True)
    assert counted(study) == len(np.unique(few)) - 1
    (replaced,) = list_replaced(study.path / "recordings", "day1")
    # the images are the same ones and are not kept twice
    assert not (replaced.folder / "images.tif").exists()
    bring_back(study.path / "recordings", replaced)
    assert counted(study) == n_answers


def test_earlier_outlines_of_the_same_images_are_limited(tmp_path) -> None:
    study = Study.create(tmp_path / "study")
    for _ in range(24):
        add_recording(study, found(THREE), info())
    assert len(list_replaced(study.path / "recordings")) == 20


def test_free_names() -> None:
    assert free_name("day1", "m2", ["day1"]) == "m2 day1"
    assert free_name("day1", "m2", ["day1", "M2 day1"]) == "day1 (2)"
    assert free_name("day1", "", ["day1", "day1 (2)"]) == "day1 (3)"


def test_correlation_of_fields(fields) -> None:
    first, second = fields[1][0], fields[2][0]
    assert match_content(first, first).correlation == pytest.approx(1, abs=1e-3)
    assert match_content(first, second).correlation < 0.25
    assert match_content(first, changed(first, shifted)).correlation > 0.8
    smaller = changed(first, lambda image: image[:, 1:])
    assert match_content(first, smaller) is None
    assert match_content(first, changed(first, np.zeros_like)) is None


LASTS = range(1, 8)


@pytest.fixture(scope="module")
def killed(made, fields, tmp_path_factory) -> Path:
    """Copies of the study; other tissue was saved in each until it was killed."""
    parent = tmp_path_factory.mktemp("killed")
    stored = parent / "result.pickle"
    stored.write_bytes(pickle.dumps(result_of(*fields[2])))
    kill_copies(made, parent, LASTS, "replace", str(stored))
    return parent


@pytest.mark.parametrize("last", LASTS)
def test_killed_before_each_rename(killed: Path, fields, last: int) -> None:
    study = Study.open(killed / str(last))
    recording = study.recording("day1")
    labels, cells, planes = recording.labels(), recording.cells(), recording.planes()
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    seeds = [
        seed
        for seed, (made, given) in fields.items()
        if np.array_equal(made.green, planes.green)
        and np.array_equal(given > 0, labels > 0)
    ]
    assert len(seeds) == 1
    assert counted(study) == (len(cells) if seeds == [1] else 0)
    names = [path.name for path in (study.path / "recordings").iterdir()]
    hidden = [name for name in names if name[0] == "."]
    assert hidden in ([], [".replaced"])


def test_a_name_that_cannot_be_makes_no_folder(tmp_path, fields) -> None:
    study = Study.open_or_new(tmp_path / "new")
    planes = replace(fields[1][0], name="a/b")
    with pytest.raises(InputError):
        add_recording(study, result_of(planes, fields[1][1]), info())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("number", [77, 2])
def test_answers_of_a_copy_count_by_place_for_the_same_images_only(
    tmp_path: Path, number: int
) -> None:
    """Answers whose numbers only a copy of the study knows are matched by place."""
    study = Study.create(tmp_path / "study")
    first = found(squares((0, 4, 4), (0, 40, 70)))
    near = squares((0, 5, 5), (0, 20, 40))
    second = replace(found(near), planes=images(near, seed=7))
    add_recording(study, first, info())
    journal = Journal.open(study.annotations, "Ann")
    cell = first.cells.iloc[0]
    journal.add(
        Answer(
            time=datetime(2026, 1, 1, tzinfo=UTC), annotator="Ann", recording="r1",
            cell=number, plane=0, y=cell["y"] + 1, x=cell["x"], answer="glia",
        )
    )  # fmt: skip
    journal.close()

    def counted() -> list[int]:
        return Study.open(study.path).read_answers().all_answers["cell"].tolist()

    assert counted() == [1]
    add_recording(study, second, info(), replace=True)
    assert counted() == []
    # also after the other images were identified once more
    add_recording(Study.open(study.path), second, info())
    assert counted() == []
    recordings = study.path / "recordings"
    bring_back(recordings, list_replaced(recordings, "r1")[0])
    assert counted() == [1]
    back = [one for one in list_replaced(recordings, "r1") if one.other_images]
    bring_back(recordings, back[-1])
    assert counted() == []


def test_answers_about_other_images_of_a_copy_count_for_none_of_these(
    tmp_path: Path, say
) -> None:
    """A copy had other images for a while; its answers about them are merged."""
    study = Study.create(tmp_path / "study")
    add_recording(study, found(squares((0, 4, 4), (0, 40, 70))), info())
    copy = tmp_path / "copy"
    shutil.copytree(study.path, copy)
    near = squares((0, 5, 5), (0, 41, 69))
    second = replace(found(near), planes=images(near, seed=7))
    add_recording(Study.open(copy), second, info(), replace=True)
    say(Study.open(copy), "Bo", {3: "glia", 4: "glia"}, "r1")
    recordings = copy / "recordings"
    bring_back(recordings, list_replaced(recordings, "r1")[0])
    say(Study.open(copy), "Cem", {1: "glia"}, "r1")
    assert len(merge_studies(study, Study.open(copy)).new_answers) == 2
    matched = Study.open(study.path).read_answers()
    assert matched.all_answers["annotator"].tolist() == ["Cem"]
    assert matched.unmatched["annotator"].tolist() == ["Bo", "Bo"]


def test_a_copy_with_decomposed_names_is_merged_into_the_same_recordings(
    tmp_path: Path, say
) -> None:
    study = Study.create(tmp_path / "study")
    add_recording(study, found(squares((0, 4, 4), (0, 40, 70)), "Jürgen"), info())
    copy = tmp_path / "copy"
    shutil.copytree(study.path, copy)
    say(Study.open(copy), "Bo", {1: "glia"}, "Jürgen")
    folder = copy / "recordings" / "Jürgen"
    folder.rename(folder.with_name(unicodedata.normalize("NFD", "Jürgen")))
    assert merge_studies(study, Study.open(copy)).recordings == ()
    again = Study.open(study.path)
    assert again.recordings == ("Jürgen",)
    assert len(again.read_answers().current()) == 1
