"""From corrected outlines to a U-Net, its figures, and what can go wrong."""

import errno
import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from simulated_study import PEOPLE, make_study, small

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.config import NOT_A_CELL, SegmenterTrainingConfig, SplitConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.evaluation.detection import DetectionCounts, count_detections
from napari_cellid.models.store import load_card, load_weights, save_model
from napari_cellid.progress import ProgressEvent, run_to_end
from napari_cellid.report.training import report_notes
from napari_cellid.retrain import detection_comparison as found
from napari_cellid.retrain import segmenter
from napari_cellid.retrain.active_model import activate_model
from napari_cellid.retrain.job import estimate, resume, start
from napari_cellid.retrain.operating_point import FEWEST, find_best_shift
from napari_cellid.retrain.request import SegmenterRequest
from napari_cellid.retrain.segmentation_dataset import load_outlines
from napari_cellid.retrain.simulated_fields import Rehearsal, simulate_fields
from napari_cellid.retrain.verdict import read_verdict
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.starting_weights import (
    load_starting_weights,
    shift_cell_logits,
)
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.study.study import Study
from napari_cellid.training import checkpoint
from napari_cellid.training.layout import MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run

pytestmark = pytest.mark.usefixtures("fields_are_simulated_once")

SHIFT = 1.5


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A U-Net of few weights that knows nothing, its outputs shifted."""
    torch.manual_seed(2)
    config = UNetConfig(base=4, depth=2, in_channels=2)
    net = UNet(config)
    shift_cell_logits(net, SHIFT)
    folder = tmp_path_factory.mktemp("models") / "tiny unet"
    card = {
        "name": "tiny unet", "task": "segment", "architecture": "unet",
        "settings": config.model_dump(), "classes": ("background", "rim", "core"),
        "combination": "pair", "pixel_size_um": 1.17, "licence": "CC0-1.0",
        "training": {"cell_output_shift": SHIFT},
    }  # fmt: skip
    save_model(folder, card, net.state_dict())
    return folder


@pytest.fixture(autouse=True)
def few_simulated_fields(monkeypatch) -> None:
    monkeypatch.setattr(segmenter, "_N_SIMULATED", 2)
    monkeypatch.setattr(segmenter, "_WITHOUT_RED_EVERY", 2)
    monkeypatch.setattr(found, "N_ORIGINAL", 1)


@pytest.fixture(scope="module")
def outlined(tmp_path_factory, tiny: Path) -> Path:
    """Five recordings of five animals; the study outlines with the tiny model."""
    folder = tmp_path_factory.mktemp("outlined") / "study"
    study = make_study(folder, [small(seed) for seed in range(5)], most=6)
    shutil.copytree(tiny, study.models / "tiny unet")
    activate_model(study, "tiny unet", "segment")
    return folder


@pytest.fixture
def study(outlined: Path, tmp_path: Path) -> Study:
    return Study.open(Path(shutil.copytree(outlined, tmp_path / "study")))


def ask(
    name: str = "one", model: str = "tiny unet", **other: object
) -> SegmenterRequest:
    given = {"epochs": 2, "iterations": 3, "batch_size": 2, "tile": 48, "rate": 1e-3}
    settings = SegmenterTrainingConfig.model_validate({**given, **other})
    return SegmenterRequest(start=model, settings=settings, name=name)


def train(study: Study, request: SegmenterRequest, device, report=None):
    run = start(study, request)
    return run, run_to_end(resume(study, run, device), report)


def files(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_weights(folder, load_card(folder))


def same(one: Path, other: Path) -> bool:
    mine, theirs = weights_of(one), weights_of(other)
    return mine.keys() == theirs.keys() and all(
        torch.equal(mine[name], theirs[name]) for name in mine
    )


def answer_all(study: Study, recording: str, cells: list[int], said: str) -> None:
    table = study.recording(recording).cells().set_index("cell")
    for who in PEOPLE:
        journal = Journal.open(study.annotations, who)
        for cell in cells:
            row = table.loc[cell]
            journal.add(
                Answer(
                    time=datetime.now(UTC), annotator=who, recording=recording,
                    cell=cell, plane=int(row["plane"]), y=float(row["y"]),
                    x=float(row["x"]), answer=said,
                )
            )  # fmt: skip
        journal.close()


def test_a_training_gives_figures_and_a_model(study, device) -> None:
    before, said = files(study.models), []
    run, result = train(study, ask(), device, said.append)
    assert result.state == "finished"
    assert run.state().state == "finished"
    report = result.report
    assert json.loads((run.folder / REPORT_FILE).read_text()) == report
    assert report["measured_on"].startswith("Held out: animal")
    assert (report["new"]["name"], report["old"]["name"]) == ("one", "tiny unet")
    assert report["new"]["n"] == report["old"]["n"] > 0
    for part in (report["new"], report["original_fields"]["new"]):
        for figure in ("f1", "precision", "recall", "dice"):
            assert part[figure] is None or 0 <= part[figure] <= 1
    assert "1 simulated fields" in report["original_fields"]["measured_on"]
    assert any("nobody corrected" in note for note in result.notes)
    change = report["difference"]["f1"]
    assert change["low"] <= change["high"]
    gain = report["new"]["f1"] - report["old"]["f1"]
    assert change["value"] == pytest.approx(gain, abs=1e-6)
    assert any("pieces of 120 µm" in note for note in result.notes)
    events = [one for one in said if isinstance(one, ProgressEvent)]
    assert [e.event for e in events] == ["begin", "epoch", "epoch", "epoch", "end"]
    begun = events[0].values
    cells = run.about["data"]["cells_by_role"]
    assert begun["train"] == {"fields": 3, "simulated": 2, "cells": cells["train"]}
    assert begun["held_out"] == {"cells": cells["test"]}
    assert events[-1].values["model"] == str(run.folder / MODEL_FOLDER)
    # the figures of the old model are those of the model of the study
    held = [
        (one.planes, one.labels, one.roles["test"])
        for one in load_outlines(study, (), SplitConfig())[0]
        if one.roles["test"].any()
    ]
    old = load_segmenter(study.models / "tiny unet")
    cpu = choose_device(device)
    counts = run_to_end(found.score_segmenter(old, held, cpu)).metrics()
    assert report["old"] == {"name": "tiny unet", **counts}
    assert files(study.models) == before


def test_an_old_model_that_is_gone_is_told_and_not_taken_for_none(study, device):
    gone = study.models / "tiny unet"
    shutil.copytree(gone, study.models / "start")
    run = start(study, ask(model="start"))
    shutil.rmtree(gone)
    result = run_to_end(resume(study, run, device))
    assert result.state == "finished"
    report = json.loads((run.folder / REPORT_FILE).read_text("utf-8"))
    assert report["old"] is None
    assert report["difference"] is None
    # the terminal prints the notes of the result, the window those of the report
    for notes in (result.notes, report_notes(report)):
        assert any("not compared" in note and str(gone) in note for note in notes)
    assert "no old model" not in read_verdict(report).sentence


def test_an_old_model_that_is_gone_before_the_start_is_refused(study) -> None:
    shutil.copytree(study.models / "tiny unet", study.models / "start")
    shutil.rmtree(study.models / "tiny unet")
    with pytest.raises(InputError, match="tiny unet"):
        start(study, ask(model="start"))
    assert not list(study.runs.glob("*"))


def test_the_card_says_what_it_was_trained_on(study, device, tiny) -> None:
    run, result = train(study, ask(), device)
    card, start = load_card(run.folder / MODEL_FOLDER), load_card(tiny)
    assert card.task == "segment"
    assert (card.settings, card.classes) == (start.settings, start.classes)
    assert card.combination == "pair"
    assert card.licence == "CC0-1.0"
    assert card.training["start"]["weights_sha256"] == start.weights_sha256
    assert card.training["data"] == run.about["data"]
    assert len(card.training["data"]["sha256"]) == 64
    assert card.training["settings"]["iterations"] == 3
    assert card.metrics["f1"] == result.report["new"]["f1"]
    assert card.metrics["measured_on"] == result.report["measured_on"]
    assert "simulated" in card.metrics["simulated_fields"]["measured_on"]
    assert load_segmenter(run.folder / MODEL_FOLDER).net.config.base == 4


def test_a_training_that_broke_off_goes_on_to_the_same_weights(study, device) -> None:
    whole, _ = train(study, ask("whole"), device)
    for n in (5, 9):
        broken = start(study, ask(f"broken {n}"))
        step = resume(study, broken, device)
        taken = 0
        for one in step:
            taken += one.stage == "Training" and not isinstance(one, ProgressEvent)
            if taken == n:
                break
        step.close()
        run_to_end(resume(study, Run.open(broken.folder), device))
        assert same(broken.folder / MODEL_FOLDER, whole.folder / MODEL_FOLDER)
        assert (
            broken.read_json(REPORT_FILE)["new"]["f1"]
            == (whole.read_json(REPORT_FILE)["new"]["f1"])
        )


def test_random_weights_go_on_to_the_same_weights(study, device, monkeypatch) -> None:
    """Killed before the first checkpoint: the start is drawn again."""
    monkeypatch.setattr("napari_cellid.segmentation.starting_weights._BASE", 4)
    whole, _ = train(study, ask("whole", "random", seed=5), device)
    torch.manual_seed(77)
    again, _ = train(study, ask("again", "random", seed=5), device)
    other, _ = train(study, ask("other", "random", seed=6), device)
    assert same(again.folder / MODEL_FOLDER, whole.folder / MODEL_FOLDER)
    assert not same(other.folder / MODEL_FOLDER, whole.folder / MODEL_FOLDER)


def test_outlines_that_changed_since_are_told(study, device) -> None:
    run = start(study, ask())
    cells = load_outlines(study, ("r1",), SplitConfig())[0]
    answer_all(study, "r1", [int(np.unique(cells[0].labels)[3])], NOT_A_CELL)
    with pytest.raises(InputError, match=r"changed since the training one began"):
        run_to_end(resume(study, run, device))
    assert run.state().state == "failed"
    assert not (run.folder / MODEL_FOLDER).exists()


def test_what_people_say_is_no_cell_is_background(study) -> None:
    before, _, about = load_outlines(study, ("r2",), SplitConfig())
    table = study.recording("r2").cells()
    gone = table.iloc[[10, 12]]
    answer_all(study, "r2", gone["cell"].tolist(), NOT_A_CELL)
    after, _, told = load_outlines(study, ("r2",), SplitConfig())
    changed = before[0].labels != after[0].labels
    np.testing.assert_array_equal(changed, np.isin(before[0].labels, gone["label"]))
    assert (after[0].labels[changed] == 0).all()
    assert (about["not_a_cell"], told["not_a_cell"]) == (0, 2)
    assert told["cells"] == about["cells"] - 2
    assert told["sha256"] != about["sha256"]


def test_every_pixel_has_one_role(study) -> None:
    outlines, words, about = load_outlines(study, (), SplitConfig())
    assert about["recordings"] == list(study.recordings)
    held = set()
    for one in outlines:
        total = sum(mask.astype(int) for mask in one.roles.values())
        assert (total == 1).all()
        if one.roles["test"].any():
            held.add(f"animal {study.recording(one.planes.name).info.animal}")
    assert held == set(about["held_out_units"])
    assert words == about["held_out"]


def test_a_single_recording_is_cut_in_pieces(tmp_path) -> None:
    study = make_study(tmp_path / "one", [small(3, height=300, width=300)], most=1)
    (one,), words, _ = load_outlines(study, (), SplitConfig())
    assert "optimistic" in words
    total = sum(mask.astype(int) for mask in one.roles.values())
    assert (total == 1).all()
    size = 150 / 1.17
    for mask in one.roles.values():
        edges = np.flatnonzero((np.diff(mask[0].astype(int), axis=0) != 0).any(1)) + 1
        assert all(min(e % size, size - e % size) <= 1 for e in edges)
    # cells lie where their role is
    split = json.loads((study.path / "split.json").read_text())
    roles = split["roles"]
    parts = split["recordings"]["r0"]["parts"]
    cells = study.recording("r0").cells().set_index("cell")
    for name, numbers in parts.items():
        role = roles[f"part {name} of r0"]
        rows = cells.loc[numbers]
        at = rows["y"].astype(int), rows["x"].astype(int)
        assert one.roles[role][0][at].all()


def test_stopped_while_it_trains_keeps_the_best(study, device) -> None:
    run = start(study, ask(epochs=5))
    step = resume(study, run, device)
    try:
        while True:
            one = next(step)
            if one.stage == "Training" and one.done == 5:
                run.request_stop()
    except StopIteration as end:
        result = end.value
    assert result.state == run.state().state == "stopped"
    card = load_card(run.folder / MODEL_FOLDER)
    assert card.training["best_epoch"] == 1
    assert result.report["new"]["f1"] is not None


def test_stopped_while_it_prepares_leaves_no_model(study, device) -> None:
    run = start(study, ask())
    step = resume(study, run, device)
    assert next(step).stage == "Simulating fields"
    run.request_stop()
    result = run_to_end(step)
    assert (result.state, result.report) == ("stopped", {})
    assert not (run.folder / MODEL_FOLDER).exists()
    # it can go on
    assert run_to_end(resume(study, Run.open(run.folder), device)).state == "finished"


def test_a_full_disk_leaves_every_model_as_it_was(study, device, monkeypatch) -> None:
    before = files(study.models)

    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run = start(study, ask())
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "atomic_write", full)
        with pytest.raises(InputError, match=r"No space left on device.*make room"):
            run_to_end(resume(study, run, device))
    assert run.state().state == "failed"
    assert "make room" in run.state().error
    assert files(study.models) == before
    # with room it goes on
    assert run_to_end(resume(study, Run.open(run.folder), device)).state == "finished"


def test_a_loss_that_is_no_number(study, device) -> None:
    before = files(study.models)
    run = start(study, ask())
    step = resume(study, run, device)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "napari_cellid.segmentation.learner.SegmenterLearner._loss",
            lambda *_: torch.tensor(float("nan"), requires_grad=True),
        )
        with pytest.raises(InputError, match="not finite in epoch 1"):
            run_to_end(step)
    assert run.state().state == "failed"
    assert not (run.folder / MODEL_FOLDER).exists()
    assert files(study.models) == before


def test_an_estimate_writes_nothing(study, device, monkeypatch) -> None:
    monkeypatch.setattr("napari_cellid.segmentation.training._PROBE_SECONDS", 0.1)
    (study.path / "split.json").unlink(missing_ok=True)
    before = files(study.path)
    told = run_to_end(estimate(study, ask(), device))
    assert told["seconds"] > 0
    assert told["train"]["cells"] > told["held_out"]["cells"] > 0
    assert told["measured_on"].startswith("Held out")
    assert files(study.path) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recordings": ("r1", "r9")}, "r9"),
        ({"start": "no such"}, "no such"),
        ({"start": "inception_v3"}, "inception_v3"),
        ({"name": "a/b"}, "cannot be the name of a folder"),
    ],
)
def test_what_cannot_be_is_refused_before_there_is_a_run(study, change, said) -> None:
    with pytest.raises(InputError, match=said):
        start(study, replace(ask(), **change))
    assert not list(study.runs.glob("*"))


def test_recordings_that_are_all_held_out(study) -> None:
    outlines, _, about = load_outlines(study, (), SplitConfig())
    held = tuple(o.planes.name for o in outlines if o.roles["test"].any())
    assert about["held_out_units"]
    with pytest.raises(InputError, match="All chosen recordings are held out"):
        start(study, replace(ask(), recordings=held))


def test_a_study_without_outlines(tmp_path) -> None:
    study = Study.create(tmp_path / "empty")
    with pytest.raises(InputError, match="have no outlines; identify them"):
        start(study, ask(model=""))


def test_a_run_of_before_trains_all_layers(study) -> None:
    run = start(study, ask())
    assert segmenter._settings(run).trained_part == "decoder"
    settings = {k: v for k, v in run.about["settings"].items() if k != "trained_part"}
    about = {**run.about, "settings": settings}
    assert segmenter._settings(Run(run.folder, about)).trained_part == "all"


def test_simulated_fields_without_red_hide_what_only_red_shows() -> None:
    both = run_to_end(simulate_fields(2, Rehearsal(("nominal",)), 4))
    alone = run_to_end(simulate_fields(2, Rehearsal(("nominal",)), 4, alone=2))
    np.testing.assert_array_equal(both[0][1], alone[0][1])
    (planes, labels, unsure), (dark, seen, doubtful) = both[1], alone[1]
    assert planes.red is not None
    assert dark.red is None
    np.testing.assert_array_equal(planes.green, dark.green)
    hidden = (labels > 0) & (seen == 0)
    assert hidden.any()
    assert (seen[~hidden] == labels[~hidden]).all()
    np.testing.assert_array_equal(doubtful, unsure | hidden)


def test_the_shift_finds_as_much_as_the_best_one(device) -> None:
    """Within the standard error, so that a few cells do not move a model."""
    start = load_starting_weights("shipped")
    fields = run_to_end(simulate_fields(2, Rehearsal(("nominal",)), 12))
    judged = [(p, labels, ~unsure | (labels > 0)) for p, labels, unsure in fields]
    cpu = choose_device(device)
    n_cells = sum(len(np.unique(labels)) - 1 for _, labels, _ in judged)
    assert n_cells > FEWEST

    def f1(moved: float) -> float:
        shift_cell_logits(start.net, moved)
        model = replace(load_segmenter(), net=start.net)
        found_cells = run_to_end(found.score_segmenter(model, judged, cpu)).metrics()[
            "f1"
        ]
        shift_cell_logits(start.net, -moved)
        return found_cells

    best = max(f1(moved) for moved in (-2.0, -1.0, 0.0, 1.0, 4.0))
    error = np.sqrt(best * (1 - best) / n_cells)
    for near in (start.shift, 4.0):
        found_best = run_to_end(find_best_shift(start, judged, cpu, near))
        assert found_best is not None
        assert f1(found_best.shift) >= best - error - 1e-6
    # too few cells tell nothing
    assert run_to_end(find_best_shift(start, [], cpu, 0.0)) is None


def test_detection_counts_pairs() -> None:
    truth = np.zeros((20, 40), np.int32)
    truth[2:10, 2:10], truth[2:10, 20:28], truth[14:18, 30:38] = 1, 2, 3
    guess = np.zeros_like(truth)
    guess[2:10, 3:11], guess[2:10, 25:33], guess[14:18, 2:8] = 5, 6, 9
    counts = count_detections(guess, truth)
    assert (counts.true_positives, counts.n_found, counts.n_true) == (1, 3, 3)
    assert counts.overlap_px == 7 * 8 + 3 * 8
    assert counts.metrics()["f1"] == pytest.approx(1 / 3, abs=1e-6)
    judged = np.ones(truth.shape, bool)
    judged[:, 24:] = False
    # cells most of which lie outside are left out; at one half they count
    inside = count_detections(guess, truth, judged)
    assert (inside.true_positives, inside.n_found, inside.n_true) == (1, 2, 2)
    assert DetectionCounts() + counts == counts
    assert DetectionCounts().metrics()["f1"] is None
    assert count_detections(truth, truth).metrics()["f1"] == 1
