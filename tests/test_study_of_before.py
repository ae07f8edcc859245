"""A study written by version 0.1.0 opens and gives the same results.

The study is in `fixtures/study_0_1_0`, and its README describes it. Each test works on
a copy. If a test fails, this version reads or writes the files of users differently.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.agreement.dawid_skene import estimate_reliability
from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.jsonl import format_line, parse_lines
from napari_cellid.classification import load_classifier
from napari_cellid.cli import main
from napari_cellid.config import DeviceConfig, SplitConfig
from napari_cellid.errors import InputError
from napari_cellid.models.store import (
    CARD_FILE,
    WEIGHTS_FILE,
    load_card,
    load_weights,
    save_model,
)
from napari_cellid.progress import run_to_end
from napari_cellid.retrain import detection_comparison
from napari_cellid.retrain.active_model import activate_run, current_model
from napari_cellid.retrain.dataset import split_decided_cells
from napari_cellid.retrain.job import resume
from napari_cellid.retrain.segmentation_dataset import load_outlines
from napari_cellid.retrain.split_file import SPLIT_FILE, SplitFile
from napari_cellid.segmentation import load_segmenter
from napari_cellid.study.consensus import consensus_table
from napari_cellid.study.settings import read_recording_info, recording_info_text
from napari_cellid.study.study import Study
from napari_cellid.training.layout import (
    HELD_OUT_FILE,
    MODEL_FOLDER,
    PROGRESS_FILE,
    REPORT_FILE,
)
from napari_cellid.training.run import Run
from napari_cellid.training.run_list import list_runs

BEFORE = Path(__file__).parent / "fixtures" / "study_0_1_0"
EXPECTED = json.loads((BEFORE / "expected" / "expected.json").read_text("utf-8"))
NAMES = ("day1", "day2", "day3")
PEOPLE = ("Ann", "Bo", "Cy Lee")
FINISHED = ("outlines one", "classes one")
BROKEN_OFF = "outlines two"
MODELS = ("outlines one", "tiny classes", "tiny outlines")
CPU = DeviceConfig(device="cpu", precision="fp32")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of the folder of the study."""
    path = Path(shutil.copytree(BEFORE / "study", tmp_path / "study"))
    # copied and checked out anew, its last sign of life would be of today
    os.utime(path / "runs" / BROKEN_OFF / PROGRESS_FILE, (2, 2))
    return path


@pytest.fixture
def study(place: Path) -> Study:
    return Study.open(place)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]):
    """A function that runs a command and gives what it tells at the end."""

    def run(*words: object) -> dict[str, object]:
        assert main([*map(str, words), "--json"]) == 0
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {key: value for key, value in values.items() if key not in names}


def check_same(now: object, then: object, where: str = "") -> None:
    """Compare what JSON holds: all of it exact, fractions to 9 digits."""
    if isinstance(then, dict):
        assert isinstance(now, dict), where
        assert list(now) == list(then), where
        for key, value in then.items():
            check_same(now[key], value, f"{where}.{key}")
    elif isinstance(then, list):
        assert isinstance(now, list), where
        assert len(now) == len(then), where
        for k, value in enumerate(then):
            check_same(now[k], value, f"{where}[{k}]")
    elif isinstance(then, float):
        assert isinstance(now, float), where
        assert math.isclose(now, then, rel_tol=1e-9, abs_tol=1e-12), where
    else:
        assert now == then, where


# --------------------------------------------------------------- study and recordings


def test_it_opens(study: Study) -> None:
    assert study.problems == ()
    assert study.recordings == NAMES
    keys = {one.name: (one.key, one.colour) for one in study.config.classes}
    assert keys == {
        "excitatory": ("X", "#0072b2"),
        "inhibitory": ("I", "#d55e00"),
        "glia": ("G", "#009e73"),
    }
    assert study.config.answers == (*keys, "not_a_cell", "unsure")
    vote = study.config.vote
    assert (vote.rule, vote.min_annotators, vote.quorum) == ("quorum", 2, 2)
    assert (vote.not_a_cell, vote.unsure) == ("class", "abstain")
    models = study.config.models
    assert (models.segment, models.classify) == ("outlines one", "tiny classes")


@pytest.mark.parametrize("name", NAMES)
def test_recordings(study: Study, name: str) -> None:
    one, then = study.recording(name), EXPECTED["recordings"][name]
    now = one.info.model_dump(mode="json")
    assert {key: now[key] for key in then["info"]} == then["info"]
    # what did not exist then is unset
    assert (one.info.diameter_px, one.info.size_assumed) == (None, False)
    cells, labels, planes = one.cells(), one.labels(), one.planes()
    assert cells["cell"].tolist() == then["cells"]
    assert one.retired()["cell"].tolist() == then["retired"]
    assert list(labels.shape) == then["shape"] == list(planes.shape)
    assert sorted(cells["label"]) == np.unique(labels)[1:].tolist()
    assert round(float(planes.red.sum())) == then["red_sum"]
    assert one.run().get("identity") == then["identity"]


def test_a_cell_keeps_its_number(study: Study) -> None:
    # day3 was outlined twice: numbers that are there now are not those of the labels
    one = study.recording("day3")
    cells, retired = one.cells(), one.retired()
    assert cells["cell"].tolist() != cells["label"].tolist()
    assert not set(cells["cell"]) & set(retired["cell"])
    assert len(retired) == 9


def test_looking_changes_nothing(place: Path) -> None:
    before = snapshot(place)
    study = Study.open(place)
    consensus_table(study)
    list_runs(study.runs)
    Journal.open(study.annotations, "Ann").close()
    assert snapshot(place) == before


def test_settings_are_written_as_before(study: Study, place: Path) -> None:
    before = (place / "study.toml").read_bytes()
    study.edit_config(lambda config: config)
    assert (place / "study.toml").read_bytes() == before
    for name in NAMES:
        path = place / "recordings" / name / "recording.toml"
        assert (
            recording_info_text(read_recording_info(path, {})).encode()
            == path.read_bytes()
        )


# ------------------------------------------------------------------------- journals


def test_journals(study: Study) -> None:
    annotations = read_annotations(study.annotations)
    assert list(annotations.problems) == EXPECTED["problems"] == []
    assert (
        annotations.all_answers["annotator"].value_counts().to_dict()
        == EXPECTED["lines"]
    )
    assert (
        annotations.all_answers["origin"].value_counts().to_dict()
        == EXPECTED["origins"]
    )
    assert set(EXPECTED["origins"]) == {"answer", "undo", "redo", "restore"}
    assert annotations.all_answers["repeat"].sum() == 8
    shown = set(annotations.all_answers["shown"].dropna())
    assert shown == {"tiny classes", "colleagues' votes"}


@pytest.mark.parametrize("who", PEOPLE)
def test_lines_are_written_as_before(study: Study, who: str) -> None:
    journal = Journal.open(study.annotations, who)
    assert journal.problems == ()
    data = (BEFORE / "study" / "annotations" / f"{who}.jsonl").read_bytes()
    assert b"".join(map(format_line, journal.lines)) == data
    assert len(parse_lines(data).numbers) == EXPECTED["lines"][who]


def test_a_journal_goes_on(study: Study) -> None:
    journal = Journal.open(study.annotations, "Ann", answers=study.config.answers)
    before, n_lines = journal.path.read_bytes(), len(journal.lines)
    last = next(one for one in reversed(journal.lines) if one.origin == "answer")
    assert (last.recording, last.cell, last.answer) == ("day1", 11, "not_a_cell")
    # an answer of an earlier day can be undone, and one given after it
    (undone,) = journal.undo()
    assert undone.key == last.key
    journal.add(
        Answer(undone.time, "Ann", "day1", 1, 0, 91.879, 83.485, "glia", seconds=2.0)
    )
    journal.close()
    assert journal.path.read_bytes().startswith(before)
    again = Journal.open(study.annotations, "Ann")
    assert len(again.lines) == n_lines + 2
    assert again.current()["day1", 1].answer == "glia"


@pytest.mark.parametrize("kind", ["current", "adjudicated", "unmatched"])
def test_answers_that_count(study: Study, kind: str, tmp_path: Path) -> None:
    resolved = study.read_answers()
    tables = {
        "current": resolved.current(),
        "adjudicated": resolved.current("adjudicator"),
        "unmatched": resolved.current_unmatched(),
    }
    columns = ["annotator", "recording", "cell", "given_cell", "answer", "shown"]
    table = tables[kind]
    table[[one for one in columns if one in table]].to_csv(
        tmp_path / "now.csv", index=False, lineterminator="\n"
    )
    then = BEFORE / "expected" / f"{kind}.csv"
    assert (tmp_path / "now.csv").read_bytes() == then.read_bytes()


def test_answers_are_exported_as_before(study: Study, tmp_path: Path, cli) -> None:
    cli("answers", "export", study.path, "--out", tmp_path / "answers.csv")
    then = BEFORE / "expected" / "answers.csv"
    assert (tmp_path / "answers.csv").read_bytes() == then.read_bytes()
    # into the study itself: of two people the answer for a cell of day3 that has
    # another number since is written down under that; then nothing is new
    taken = cli("answers", "import", study.path, then)
    assert taken["answers"] == {"Ann": 1, "Bo": 1, "Cy Lee": 0}
    taken = cli("answers", "import", study.path, then)
    assert taken["answers"] == dict.fromkeys(PEOPLE, 0)


# ------------------------------------------------------------------- votes, agreement


def test_votes_and_agreement(study: Study, cli) -> None:
    (study.path / "consensus.csv").unlink()
    now = cli("agree", study.path)
    # the wording of notes may change, their number may not
    run = ("event", "study", "file", "seconds", "quality", "notes")
    check_same(without(now, *run, "uncounted"), without(EXPECTED["agree"], "notes"))
    assert sum(one["n_answers"] for one in now["uncounted"]) == 18
    assert len(now["notes"]) == len(EXPECTED["agree"]["notes"])
    written = (study.path / "consensus.csv").read_bytes()
    assert written == (BEFORE / "study" / "consensus.csv").read_bytes()
    # what stands in the figures, in plain sight
    assert now["unmatched"] == 18
    assert now["adjudicated"] == 4
    assert now["settled_unsure"] == 1
    assert now["consensus"]["not_a_cell"] > 0
    assert now["not_blind"]["Bo"] == 30


def test_votes_by_cell(study: Study) -> None:
    counts = consensus_table(study)["status"].value_counts().to_dict()
    assert counts == {
        "consensus": 37, "adjudicated": 4, "disputed": 8, "too_few": 6,
        "unanswered": 2, "unmatched": 9,
    }  # fmt: skip


def test_quality(study: Study) -> None:
    resolved = study.read_answers()
    quality = estimate_reliability(resolved.current(), study.config)
    assert dict(quality.accuracy) == pytest.approx(EXPECTED["accuracy"], abs=1e-5)


# ---------------------------------------------------------- held out, training sets


def test_what_is_held_out(study: Study) -> None:
    path = study.path / SPLIT_FILE
    before = path.read_bytes()
    known = SplitFile.read(path)
    assert known.roles == {"animal m1": "test", "animal m2": "train"}
    assert known.units == {
        "day1": "animal m2", "day2": "animal m2", "day3": "animal m1",
    }  # fmt: skip
    path.unlink()
    SplitFile(known.units, known.tiles, known.roles).write(path)
    assert path.read_bytes() == before
    # and the same is drawn where nothing is settled yet
    path.unlink()
    load_outlines(study, (), SplitConfig(held_out=0.4))
    assert path.read_bytes() == before


def test_the_training_set(study: Study) -> None:
    run = Run.open(study.runs / "classes one")
    table = study.path / "training_set.csv"
    about = json.loads((study.path / "training_set.json").read_text("utf-8"))
    before = table.read_bytes()
    table.unlink()
    decided = split_decided_cells(study, SplitConfig.model_validate(run.about["split"]))
    assert table.read_bytes() == before
    made = json.loads((study.path / "training_set.json").read_text("utf-8"))
    changing = ("made", "napari_cellid")
    for given in made["classes"]:
        assert given.pop("id") == given["name"]
        assert (given.pop("aliases"), given.pop("hidden")) == ([], False)
        assert given.pop("markers") == ""
    assert without(made, *changing) == without(about, *changing)
    # a training of today would have the cells that the one of then had
    assert {**decided.about, "counts": decided.counts()} == run.about["data"]
    then = pd.read_csv(run.folder / "cells.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(
        decided.table.astype(then.dtypes), then, check_exact=False, rtol=1e-5
    )


@pytest.mark.parametrize("name", ["outlines one", BROKEN_OFF])
def test_the_outlines_are_those_of_the_training(study: Study, name: str) -> None:
    run = Run.open(study.runs / name)
    split = SplitConfig.model_validate(run.about["split"])
    _, _, about = load_outlines(study, (), split)
    assert about == run.about["data"]


# ----------------------------------------------------------------------- trainings


def test_trainings(study: Study, cli) -> None:
    now = cli("runs", "list", study.path)["runs"]
    assert [without(one, "folder") for one in now] == EXPECTED["runs"]
    assert {one["name"]: one["state"] for one in now} == {
        **dict.fromkeys(FINISHED, "finished"),
        BROKEN_OFF: "interrupted",
    }


@pytest.mark.parametrize("name", FINISHED)
def test_a_finished_training(study: Study, name: str, cli, capsys) -> None:
    run = Run.open(study.runs / name)
    report = json.loads((run.folder / REPORT_FILE).read_text("utf-8"))
    shown = cli("runs", "show", run.folder)
    assert shown["report"] == report
    assert shown["about"] == json.loads((run.folder / "run.json").read_text("utf-8"))
    events = [json.loads(line) for line in (run.folder / "log.jsonl").open("rb")]
    assert shown["events"] == events
    assert [one["event"] for one in events][-1] == "end"
    compared = cli("runs", "compare", run.folder)["runs"][0]
    assert compared["new"] == report["new"]
    card = load_card(run.folder / MODEL_FOLDER)
    assert card.training["data"] == run.about["data"]
    # in words, too
    assert main(["runs", "show", str(run.folder)]) == 0
    assert "epoch   2; loss" in capsys.readouterr().out
    assert main(["train", "resume", str(run.folder)]) == 2
    assert "is finished already" in capsys.readouterr().err


def test_held_out_cells(study: Study) -> None:
    run = Run.open(study.runs / "classes one")
    cells, report = pd.read_csv(run.folder / HELD_OUT_FILE), run.read_json(REPORT_FILE)
    assert len(cells) == report["n_cells"]
    right = (cells["old_predicted"] == cells["class"]).mean()
    assert report["old"]["accuracy"] == pytest.approx(right, abs=1e-6)


def test_the_model_of_a_training_can_be_used(study: Study) -> None:
    now = activate_run(study, Run.open(study.runs / "outlines one"), "another")
    assert now.config.models.segment == "another"
    assert current_model(now, "segment") == study.models / "another"
    again = snapshot(study.models / "another")
    assert again == snapshot(study.models / "outlines one")


def test_a_training_that_was_broken_off_goes_on(study: Study, monkeypatch) -> None:
    monkeypatch.setattr(detection_comparison, "N_ORIGINAL", 1)
    run, then = Run.open(study.runs / BROKEN_OFF), EXPECTED["resumed"]
    logged = run.events()
    assert [one.get("epoch") for one in logged] == [None, 0, 1]
    outcome = run_to_end(resume(study, run, CPU))
    assert run.state().state == outcome.state == then["state"] == "finished"
    assert run.events()[: len(logged)] == logged
    epochs = [one for one in run.events() if one["event"] == "epoch"]
    assert [one["epoch"] for one in epochs] == then["epochs"] == [0, 1, 2, 3]
    loss = [one["validation"]["loss"] for one in epochs]
    # other versions of torch add up in another order
    assert loss == pytest.approx(then["loss"], rel=5e-3)
    new = without(outcome.report["new"], "name")
    assert new == pytest.approx(then["new"], rel=0.05)
    assert list(outcome.report) == list(
        Run.open(study.runs / "outlines one").read_json(REPORT_FILE)
    )


# -------------------------------------------------------------------------- models


def test_models(study: Study, cli) -> None:
    listed = cli("models", "list", study.path)["models"]
    own = [one for one in listed if Path(str(one["folder"])).parent == study.models]
    assert [without(one, "folder") for one in own] == EXPECTED["models"]
    for name in MODELS:
        shown = cli("models", "show", name, "--study", study.path)
        card = json.loads((study.models / name / CARD_FILE).read_text("utf-8"))
        assert without(shown, "event", "folder") == card
        assert card["weights_sha256"] == EXPECTED["model_weights"][name]


@pytest.mark.parametrize("name", MODELS)
def test_models_are_written_as_before(study: Study, name: str, tmp_path: Path) -> None:
    folder = study.models / name
    card = load_card(folder)
    load = load_segmenter if card.task == "segment" else load_classifier
    assert load(folder).net.config.base == 4
    about = without(card.model_dump(), "weights_sha256")
    save_model(tmp_path / "again", about, load_weights(folder, card))
    for file in (CARD_FILE, WEIGHTS_FILE):
        assert (tmp_path / "again" / file).read_bytes() == (folder / file).read_bytes()


def test_a_model_without_weights_is_refused(study: Study) -> None:
    # the fixture leaves them out, for they are large; its card is readable
    folder = study.runs / "classes one" / MODEL_FOLDER
    assert load_card(folder).architecture == "resnet18"
    with pytest.raises(InputError, match="has no weights"):
        load_classifier(folder)


def test_identified_again(study: Study, cli) -> None:
    raw, then = BEFORE / "raw" / "day3", BEFORE / "expected" / "identified"
    before = study.recording("day3")
    known, gone, run = before.cells(), before.retired(), before.run()
    said = cli(
        "identify", "--red", raw / "red.tif", "--green", raw / "green.tif",
        "--study", study.path, "--name", "day3", "--scheme", "emx1-h2b",
        "--device", "cpu", "--precision", "fp32",
    )  # fmt: skip
    assert said["models"] == {"segment": "outlines one", "classify": "tiny classes"}
    now = Study.open(study.path).recording("day3")
    assert {path.name for path in now.folder.iterdir()} == {
        "images.tif", "labels.tif", "cells.csv", "retired.csv", "run.json",
        "recording.toml", "overlay.png", "probability.tif",
    }  # fmt: skip
    np.testing.assert_array_equal(now.labels()[0], tifffile.imread(then / "labels.tif"))
    cells = now.cells()
    wanted = pd.read_csv(then / "cells.csv")
    assert list(cells) == list(wanted)
    for name in ("cell", "label", "plane", "predicted"):
        assert cells[name].tolist() == wanted[name].tolist()
    for name in wanted.columns.drop(["cell", "label", "plane", "predicted"]):
        rough = name == "confidence" or name.startswith("p_")
        # fp32 sums differ a little between computers; the table has 6 digits
        np.testing.assert_allclose(
            cells[name], wanted[name], rtol=1e-5, atol=2e-4 if rough else 1e-5
        )
    # whom nobody finds any more is kept beside those that were gone before
    left = set(known["cell"]) - set(cells["cell"])
    assert set(now.retired()["cell"]) == (set(gone["cell"]) | left) - set(cells["cell"])
    new = {"classes", "bleed_through", "pixel_size_check"}
    assert [name for name in now.run() if name not in new] == list(run)
    assert now.info.animal == "m1"
    assert now.info.subvolume == "left"
    # what is the same is written the same
    images = now.folder / "images.tif"
    day3 = BEFORE / "study" / "recordings" / "day3"
    assert images.read_bytes() == (day3 / "images.tif").read_bytes()


def test_results_outside_a_study(study: Study, tmp_path: Path, cli) -> None:
    raw, then = BEFORE / "raw" / "day3", BEFORE / "expected" / "identified"
    cli(
        "identify", "--red", raw / "red.tif", "--green", raw / "green.tif",
        "--out", tmp_path / "out", "--name", "day3",
        "--segmenter", study.models / "outlines one",
        "--classifier", study.models / "tiny classes",
        "--device", "cpu", "--precision", "fp32",
    )  # fmt: skip
    folder = tmp_path / "out" / "day3"
    assert {path.name for path in folder.iterdir()} == {
        "labels.tif", "cells.csv", "overlay.png", "run.json",
    }  # fmt: skip
    np.testing.assert_array_equal(
        tifffile.imread(folder / "labels.tif"), tifffile.imread(then / "labels.tif")
    )
    cells, wanted = (pd.read_csv(one / "cells.csv") for one in (folder, then))
    assert list(cells) == list(wanted)
    # outside a study there are no lasting numbers
    assert cells["cell"].tolist() == cells["label"].tolist()
    assert cells["predicted"].tolist() == wanted["predicted"].tolist()


# --------------------------------------------------------------------- the fixture


def test_the_fixture_names_no_computer() -> None:
    for path, data in snapshot(BEFORE).items():
        for folder in (b"/tmp", b"/work", b"/root", b"/home", b"\\Users"):
            assert folder not in data, path
