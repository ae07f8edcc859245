"""Cells that people add to a study."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from little import (
    CLASSES,
    THREE,
    found,
    images,
    info,
    kill_copies,
    snapshot,
    squares,
)

from napari_cellid.annotation import lock
from napari_cellid.annotation.lock import locked
from napari_cellid.cells.measure import measure
from napari_cellid.cells.middles import Middle
from napari_cellid.config import SplitConfig
from napari_cellid.errors import InputError
from napari_cellid.io.tables import read_added
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.segmentation_dataset import load_outlines
from napari_cellid.segmentation.predict import Segmentation
from napari_cellid.study.add_middles import add_middles
from napari_cellid.study.added_cells import remove_added_cell
from napari_cellid.study.consensus import consensus_table
from napari_cellid.study.probability_map import PROBABILITY, read_probability
from napari_cellid.study.recording_edit import ADDED, OpenRecording
from napari_cellid.study.replaced import list_replaced
from napari_cellid.study.run_models import (
    RunModels,
    find_run_model,
    load_run_classifier,
)
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study


def add(study: Study, *places: tuple[float, float], by: str = "Ann", plane: int = 0):
    middles = [Middle(plane, y, x) for y, x in places]
    return run_to_end(add_middles(study, "r1", middles, by, RunModels())).numbers


def opened(study: Study) -> OpenRecording:
    recording = study.recording("r1")
    return OpenRecording(study, "r1", recording.planes(), recording.cells())


def remove(study: Study, cell: int, by: str = "Ann") -> None:
    run_to_end(remove_added_cell(opened(study), cell, by))


def folder_of(study: Study) -> Path:
    return study.path / "recordings" / "r1"


def test_a_cell_is_added_beside_the_others(study: Study) -> None:
    before, labels = study.recording("r1").cells(), study.recording("r1").labels()
    assert add(study, (40, 20)) == (4,)
    recording = Study.open(study.path).recording("r1")
    now, after = recording.cells(), recording.labels()
    pd.testing.assert_frame_equal(now.iloc[:3], before)
    row = now.iloc[3]
    assert (row["cell"], row["label"], row["plane"]) == (4, 4, 0)
    assert (row["y"], row["x"]) == (40, 20) and row["predicted"] == ""
    assert np.array_equal(after[labels > 0], labels[labels > 0])
    assert after[0, 40, 20] == 4 and recording.run()["cells"] == 4
    # measured as every other cell
    own = measure(after, recording.planes()).set_index("label").loc[4]
    assert row["green_mean"] == pytest.approx(own["green_mean"], rel=1e-4)
    assert row["area_um2"] == pytest.approx(own["area_um2"], rel=1e-4)


def test_who_added_it_stands_apart_from_the_cells(study: Study) -> None:
    add(study, (40, 20), by="=Ann")
    people = read_added(folder_of(study) / ADDED)
    assert people[["cell", "added_by", "added_as"]].values.tolist() == [
        [4, "=Ann", "disc"]
    ]
    for name in ("cells.csv", "run.json", "labels.tif"):
        assert b"Ann" not in (folder_of(study) / name).read_bytes()
    assert "added_by" not in consensus_table(study)


def test_images_and_other_files_stay_and_nothing_is_left(study: Study) -> None:
    (folder_of(study) / "notes.txt").write_text("mine")
    before = snapshot(folder_of(study))
    add(study, (40, 20))
    after = snapshot(folder_of(study))
    assert set(after) == {*before, ADDED}
    same = {name for name in before if before[name] == after[name]}
    assert {"images.tif", "recording.toml", "notes.txt", "retired.csv"} <= same
    assert [p.name for p in folder_of(study).parent.iterdir()] == ["r1"]
    assert list_replaced(study.path / "recordings") == []


def test_the_cell_is_asked_of_all_and_is_no_answer(study: Study, say) -> None:
    (number,) = add(study, (40, 20))
    study.reload()
    table = consensus_table(study).set_index("cell")
    assert table.loc[number, "status"] == "unanswered"
    say(study, "Bo", {number: "glia"})
    for person in ("Cy", "Di"):
        say(study, person, {number: "glia"})
    table = consensus_table(study).set_index("cell")
    assert table.loc[number, "consensus"] == "glia"


def test_it_keeps_its_number_when_the_recording_is_outlined_again(study, say) -> None:
    (number,) = add(study, (40, 20))
    say(study, "Ann", {number: "glia"})
    again = squares((0, 5, 5), (0, 4, 40), (0, 40, 70), (0, 36, 16), (0, 50, 40))
    add_recording(study, found(again), info())
    cells = study.recording("r1").cells()
    assert cells["cell"].tolist() == [1, 2, 3, number, 5]
    assert read_added(folder_of(study) / ADDED)["cell"].tolist() == [number]


def test_numbers_are_never_used_twice(study: Study) -> None:
    assert add(study, (40, 20), (40, 40)) == (4, 5)
    remove(study, 5)
    assert add(study, (20, 20)) == (6,)
    # at its place it is the same cell again
    assert add(study, (41, 40)) == (5,)
    assert sorted(study.recording("r1").cells()["cell"]) == [1, 2, 3, 4, 5, 6]
    assert sorted(read_added(folder_of(study) / ADDED)["cell"]) == [4, 5, 6]


def test_a_removed_cell_leaves_all_as_it_was(study: Study) -> None:
    recording = study.recording("r1")
    cells, labels = recording.cells(), recording.labels()
    add(study, (40, 20))
    remove(study, 4)
    pd.testing.assert_frame_equal(recording.cells(), cells)
    assert np.array_equal(recording.labels(), labels)
    assert recording.retired()["cell"].tolist() == [4]
    assert not len(read_added(folder_of(study) / ADDED))


def test_only_ones_own_unanswered_cells_are_removed(study: Study, say) -> None:
    add(study, (40, 20), (40, 40))
    say(study, "Bo", {5: "glia"})
    before = snapshot(study.path)
    for cell, by, message in (
        (4, "Bo", "not added by Bo"),
        (1, "Ann", "not added by Ann"),
        (5, "Ann", "has an answer"),
    ):
        with pytest.raises(InputError, match=message):
            remove(study, cell, by)
    assert snapshot(study.path) == before


@pytest.mark.parametrize(
    ("middles", "message"),
    [
        ([], "no middles"),
        ([Middle(0, 40, 20), Middle(0, 8, 8)], "already"),
        ([Middle(0, 40, 20), Middle(0, 40, 22)], "once"),
        ([Middle(1, 40, 20)], "plane 0 only"),
        ([Middle(0, 64, 20)], "outside"),
        ([Middle(0, float("nan"), 20)], "not a place"),
    ],
)
def test_one_bad_middle_refuses_all(study: Study, middles, message) -> None:
    before = snapshot(study.path)
    with pytest.raises(InputError, match=message):
        run_to_end(add_middles(study, "r1", middles, "Ann", RunModels()))
    assert snapshot(study.path) == before


def test_a_recording_without_cells_gets_its_first_one(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    add_recording(study, found(np.zeros_like(THREE), predicted=None), info())
    assert add(study, (40, 20)) == (1,)
    area = study.recording("r1").cells()["area_um2"][0]
    # the size of a soma, for there are no cells to tell another one
    assert area == pytest.approx(np.pi / 4 * 15**2, rel=0.15)


def test_planes_are_apart(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    add_recording(study, found(squares((0, 4, 4), (2, 30, 30), planes=3)), info())
    assert add(study, (34, 34), plane=1) == (3,)
    labels = study.recording("r1").labels()
    assert np.array_equal(np.unique(np.nonzero(labels == 3)[0]), [1])


def test_classes_come_from_the_given_classifier(study: Study) -> None:
    class Glia:
        uses_outlines = False

        class card:
            classes, name = CLASSES, "g"

        def classify(self, planes, labels, cells, config, device):
            assert len(cells) == 1 and labels[0, 40, 20] == cells["label"].iloc[0]
            yield from ()
            return np.array([[0.1, 0.1, 0.8]], np.float32)

    models = RunModels(classifier=Glia())
    run_to_end(add_middles(study, "r1", [Middle(0, 40, 20)], "Ann", models))
    row = study.recording("r1").cells().iloc[3]
    assert row["predicted"] == "glia" and row["p_glia"] == pytest.approx(0.8)


def _add_many(path: Path, person: str, column: int) -> list[int]:
    # on a busy computer each may wait long for the other
    lock._TIMEOUT_S = 120.0
    study = Study.open(path)
    return [
        *(add(study, (y, column), by=person)[0] for y in (20, 32)),
        *(add(study, (y, column + 14), by=person)[0] for y in (20, 32)),
    ]


def test_two_people_add_at_the_same_time(study: Study) -> None:
    with ProcessPoolExecutor(2) as pool:
        tasks = [
            pool.submit(_add_many, study.path, person, column)
            for person, column in (("Ann", 12), ("Bo", 42))
        ]
        numbers = [task.result() for task in tasks]
    assert sorted(numbers[0] + numbers[1]) == list(range(4, 12))
    recording = study.recording("r1")
    cells, labels = recording.cells(), recording.labels()
    assert sorted(cells["cell"]) == list(range(1, 12))
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    people = read_added(folder_of(study) / ADDED).set_index("cell")["added_by"]
    for person, own in zip(("Ann", "Bo"), numbers, strict=True):
        assert set(people[people == person].index) == set(own)


def test_two_clicks_on_the_same_cell(study: Study) -> None:
    """The second window does not know yet what the first one has added."""
    from napari_cellid.segmentation.grow_cell import grow_cell
    from napari_cellid.study.added_cells import add_cells

    first, labels = opened(study), study.recording("r1").labels()
    grown = [grow_cell(labels, Middle(0, 40, x), 10) for x in (20, 21, 28)]
    run_to_end(add_cells(first, grown[:1], "Ann"))
    with pytest.raises(InputError, match="Somebody has added"):
        run_to_end(add_cells(first, grown[1:2], "Bo"))
    # a neighbour is cut where the other cell lies by now
    assert run_to_end(add_cells(first, grown[2:], "Bo")) == (5,)
    now = study.recording("r1").labels()
    assert (now == 4).sum() == len(grown[0].pixels[0])
    assert 0 < (now == 5).sum() < len(grown[2].pixels[0])


def test_a_recording_that_was_outlined_again_is_refused(study: Study) -> None:
    from napari_cellid.segmentation.grow_cell import grow_cell
    from napari_cellid.study.added_cells import add_cells

    before = opened(study)
    grown = [grow_cell(study.recording("r1").labels(), Middle(0, 40, 20), 10)]
    add_recording(study, found(squares((0, 5, 5), (0, 5, 41), (0, 40, 70))), info())
    with pytest.raises(InputError, match="outlined again"):
        run_to_end(add_cells(before, grown, "Ann"))
    other = replace(found(THREE), planes=images(THREE, seed=3))
    add_recording(study, other, info(), replace=True)
    with pytest.raises(InputError, match="outlined again or replaced"):
        run_to_end(add_cells(before, grown, "Ann"))


def test_a_locked_recording_is_refused(study: Study, monkeypatch) -> None:
    monkeypatch.setattr("napari_cellid.annotation.lock._TIMEOUT_S", 0.05)
    before = snapshot(folder_of(study))
    with locked(folder_of(study), "Bo"), pytest.raises(InputError, match="Bo"):
        add(study, (40, 20))
    assert snapshot(folder_of(study)) == before


LASTS = range(1, 5)


@pytest.fixture(scope="module")
def killed(made_study: Path, tmp_path_factory) -> Path:
    """Copies of the study; a cell was added to each until it was killed."""
    parent = tmp_path_factory.mktemp("killed")
    kill_copies(made_study, parent, LASTS, "add")
    return parent


@pytest.mark.parametrize("last", LASTS)
def test_killed_before_each_rename(killed: Path, last: int) -> None:
    again = Study.open(killed / str(last))
    recording = again.recording("r1")
    cells, labels = recording.cells(), recording.labels()
    assert cells["cell"].tolist() in ([1, 2, 3], [1, 2, 3, 4])
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    people = read_added(folder_of(again) / ADDED)
    assert sorted(people["cell"]) == cells["cell"].tolist()[3:]
    recording.planes()
    # what the killed program left does not get into the way of the next one
    assert len(add(again, (20, 60))) == 1
    hidden = [p.name for p in (again.path / "recordings").iterdir() if p.name[0] == "."]
    assert hidden in ([], [".replaced"])


def test_added_cells_are_in_the_training_set_of_the_segmenter(study: Study) -> None:
    outlines, _, about = load_outlines(study, ["r1"], SplitConfig(), keep=False)
    assert about["cells"] == 3
    (number,) = add(study, (40, 20))
    outlines, _, about = load_outlines(study, ["r1"], SplitConfig(), keep=False)
    assert about["cells"] == 4
    row = study.recording("r1").cells().set_index("cell").loc[number]
    (one,) = outlines
    assert one.labels[0, 40, 20] == row["label"]
    assert sum(mask[0, 40, 20] for mask in one.roles.values()) == 1


def test_classes_of_an_unknown_model_are_left_out(study: Study) -> None:
    assert find_run_model(study, {}, "classify") is None
    run = {"models": {"classify": {"name": "old", "weights_sha256": "0" * 64}}}
    with pytest.raises(InputError, match="'old'"):
        find_run_model(study, run, "classify")


def test_a_classifier_that_is_missing_or_broken_leaves_cells_without_class(
    study: Study,
) -> None:
    def load(folder: Path) -> None:
        raise InputError(f"{folder.name} is broken.")

    assert load_run_classifier(study, {}, load) == (None, "")
    missing = {"models": {"classify": {"name": "old", "weights_sha256": "0" * 64}}}
    classifier, note = load_run_classifier(study, missing, load)
    assert classifier is None and note.endswith("New cells have no class.")
    card = load_card(find_model(None, "classify"), "classify")
    shipped = {"name": card.name, "weights_sha256": card.weights_sha256}
    broken = {"models": {"classify": shipped}}
    classifier, note = load_run_classifier(study, broken, load)
    assert classifier is None and "is broken. New cells" in note


def with_map(labels: np.ndarray, seed: int = 0):
    """A result whose map shows a cell that has no outline, at y 40, x 20."""
    result = found(labels)
    planes = images(labels, seed=seed)
    rows, columns = np.ogrid[:64, :96]
    hill = 0.4 * np.exp(-((((rows - 40) / 4) ** 2 + ((columns - 20) / 4) ** 2) ** 2))
    probability = hill[None].astype(np.float32)
    maps = Segmentation(labels, probability, None)
    return replace(result, planes=planes, segmentation=maps)


def test_the_map_of_the_run_shapes_the_outline(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    add_recording(study, with_map(THREE), info())
    recording = study.recording("r1")
    kept = read_probability(recording.folder, recording.planes())
    given = with_map(THREE).segmentation.probability
    np.testing.assert_allclose(kept, given, atol=0.5 / 255)
    (number,) = add(study, (41, 21))
    row = read_added(folder_of(study) / ADDED).iloc[0]
    assert (row["cell"], row["added_as"]) == (number, "map")
    assert recording.cells()["y"].iloc[-1] == pytest.approx(40, abs=0.5)
    # it is still there for the next one
    assert read_probability(recording.folder, recording.planes()) is not None


def test_a_map_of_other_images_is_not_used(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "study")
    add_recording(study, with_map(THREE), info())
    other = replace(found(THREE), planes=images(THREE, seed=5))
    add_recording(study, other, info(), replace=True)
    recording = study.recording("r1")
    assert read_probability(recording.folder, recording.planes()) is None
    (recording.folder / PROBABILITY).write_bytes(b"II*")
    assert read_probability(recording.folder, recording.planes()) is None
    add(study, (40, 20))
