"""From the answers of a study to a model, its figures, and what can go wrong."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from simulated_study import CLASSES, answer, make_request

from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import StudyClass, VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.models.store import load_card, load_weights
from napari_cellid.progress import ProgressEvent, run_to_end
from napari_cellid.retrain.active_model import activate_model
from napari_cellid.retrain.classifier import load_old_model
from napari_cellid.retrain.dataset import CELLS_FILE, split_decided_cells
from napari_cellid.retrain.job import estimate, resume, start
from napari_cellid.study.recordings import write_images
from napari_cellid.study.study import Study
from napari_cellid.training.layout import HELD_OUT_FILE, MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run


def train(study, request, device, report=None):
    run = start(study, request)
    return run, run_to_end(resume(study, run, device), report)


def settings(request, **other):
    return replace(request, settings=request.settings.model_copy(update=other))


def files(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def whole(template, tmp_path_factory, device):
    """A copy of the study, its training of three epochs, and what was said."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    study, said = Study.open(Path(shutil.copytree(template, folder))), []
    run, result = train(study, make_request(epochs=3), device, said.append)
    return study, run, result, said


def test_a_training_gives_figures_cells_and_a_model(whole):
    _, run, result, said = whole
    assert result.state == "finished"
    assert run.state().state == "finished"
    assert json.loads((run.folder / REPORT_FILE).read_text()) == result.report

    report = result.report
    cells = pd.read_csv(run.folder / CELLS_FILE)
    held = cells[cells["role"] == "test"]
    assert report["n_cells"] == len(held) > 0
    assert report["groups"] == sorted(set(held["unit"]))
    assert report["classes"] == list(CLASSES)
    assert not set(held["unit"]) & set(cells.loc[cells["role"] != "test", "unit"])
    for one in (report["new"], report["old"], report["floor"]):
        confusion = np.array(one["confusion"])
        assert confusion.sum() == report["n_cells"]
        by_class = held["class"].value_counts()
        assert confusion.sum(1).tolist() == [by_class.get(c, 0) for c in CLASSES]
        low, high = one["intervals"]["accuracy"]
        assert low <= one["accuracy"] <= high

    # the table of the held-out cells says the same as the figures
    table = pd.read_csv(run.folder / HELD_OUT_FILE)
    for which, prefix in (("new", ""), ("old", "old_")):
        right = (table[f"{prefix}predicted"] == table["class"]).mean()
        assert right == pytest.approx(report[which]["accuracy"], abs=1e-6)
        chances = table[[f"{prefix}p_{name}" for name in CLASSES]]
        np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-4)
    change = report["difference"]["accuracy"]["value"]
    assert change == pytest.approx(
        report["new"]["accuracy"] - report["old"]["accuracy"], abs=2e-6
    )
    events = [one.event for one in said if isinstance(one, ProgressEvent)]
    assert events == ["begin", *["epoch"] * 4, "end"]
    assert [e["event"] for e in run.events()] == events


def test_the_card_says_what_it_was_trained_on_and_how_good_it_is(whole):
    _, run, result, _ = whole
    card = load_card(run.folder / MODEL_FOLDER, "classify")
    assert card.name == "one"
    assert card.classes == CLASSES
    assert card.metrics["accuracy"] == result.report["new"]["accuracy"]
    assert card.metrics["measured_on"] == result.report["measured_on"]
    data = card.training["data"]
    assert sum(data["cells_by_animal"].values()) == sum(
        one["cells"] for one in data["counts"].values()
    )
    assert data["training_set_sha256"]
    assert data["annotators"] == ["Ann", "Bo", "Cy"]
    assert card.training["start"]["name"] == "untrained"
    assert card.training["plan"] == "resnet18_69"
    classifier = load_classifier(run.folder / MODEL_FOLDER)
    assert classifier.card.input_size == 32


def test_the_old_model_is_that_of_the_study_and_stays(whole):
    study, _, result, _ = whole
    assert result.report["old"]["name"] == "untrained"
    assert Study.open(study.path).config.models.classify == "tiny"
    before = load_card(study.models / "tiny")
    # it can still be loaded: its weights are what its card says
    load_weights(study.models / "tiny", before)


def test_a_training_that_broke_off_goes_on_to_the_same_weights(
    whole, study, quick, device
):
    """Begun anew in another copy of the study, and broken off in the second epoch."""
    _, first, *_ = whole
    run = start(study, settings(quick, epochs=3))
    step = resume(study, run, device)
    for progress in step:
        if progress.stage == "Training" and progress.done > 10:
            break
    step.close()
    again = Run.open(run.folder)
    result = run_to_end(resume(Study.open(study.path), again, device))
    assert result.state == "finished"
    assert [e["epoch"] for e in again.events() if e["event"] == "epoch"] == [0, 1, 2, 3]
    one, other = (load_card(run.folder / MODEL_FOLDER) for run in (first, again))
    assert one.weights_sha256 == other.weights_sha256


def test_stopped_while_it_trains_keeps_the_best(study, quick, device):
    run = start(study, settings(quick, epochs=50))

    def stop(progress):
        if isinstance(progress, ProgressEvent) and progress.values.get("epoch") == 2:
            run.request_stop()

    result = run_to_end(resume(study, run, device), stop)
    assert result.state == run.state().state == "stopped"
    assert run.events()[-1]["best_epoch"] in (1, 2)
    load_classifier(run.folder / MODEL_FOLDER)
    assert result.report["n_cells"] > 0


def test_stopped_while_it_prepares_leaves_no_model_and_can_go_on(study, quick, device):
    run = start(study, quick)
    result = run_to_end(resume(study, run, device), lambda _: run.request_stop())
    assert result.state == run.state().state == "stopped"
    assert result.report == {}
    assert not (run.folder / MODEL_FOLDER).exists()
    last = run.events()[-1]
    assert (last["event"], last["state"], last["model"]) == ("end", "stopped", None)
    assert run_to_end(resume(study, Run.open(run.folder), device)).state == "finished"


def test_outlines_that_are_gone_under_way_are_not_missed(study, quick, device):
    """Patches are cut by place; the cells are those of the beginning."""
    run = start(study, quick)
    for name in study.recordings:
        (study.recording(name).folder / "labels.tif").unlink()
    result = run_to_end(resume(Study.open(study.path), run, device))
    assert result.state == "finished"


@pytest.mark.parametrize("change", ["other images", "other scale"])
def test_a_run_does_not_go_on_with_other_images(study, quick, device, change):
    """Its cells are places in images that are known by name."""
    run = start(study, quick)
    recording = study.recording(study.recordings[0])
    if change == "other images":
        planes = recording.planes()
        flipped = replace(planes, red=planes.red[:, ::-1], green=planes.green[:, ::-1])
        write_images(recording.folder / "images.tif", flipped)
    else:
        path = recording.folder / "recording.toml"
        size = f"pixel_size_um = {recording.info.pixel_size_um}"
        assert size in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(size, "pixel_size_um = 0.9"))
    with pytest.raises(InputError, match=rf"images of {recording.name} changed since"):
        run_to_end(resume(Study.open(study.path), run, device))


def test_a_run_of_before_resumes_without_hashes_of_its_images(study, quick, device):
    run = start(study, quick)
    path = run.folder / "run.json"
    about = json.loads(path.read_text("utf-8"))
    assert set(about["data"].pop("images_sha256")) <= set(study.recordings)
    path.write_text(json.dumps(about), "utf-8")
    result = run_to_end(resume(study, Run.open(run.folder), device))
    assert result.state == "finished"


def test_images_that_are_gone_are_told_and_the_run_failed(study, quick, device):
    run = start(study, quick)
    for name in study.recordings:
        (study.recording(name).folder / "images.tif").unlink()
    with pytest.raises(InputError, match=r"images.tif is missing; identify"):
        run_to_end(resume(Study.open(study.path), run, device))
    state = run.state()
    assert state.state == "failed"
    assert "images.tif is missing" in state.error
    assert run.events()[-1]["state"] == "failed"
    assert not (run.folder / MODEL_FOLDER).exists()
    # the next one is refused before it is begun
    with pytest.raises(InputError, match=r"images.tif is missing"):
        start(study, replace(quick, name="two"))
    assert [one.name for one in study.runs.iterdir()] == ["one"]


def test_a_recording_of_one_channel_is_told(study, quick):
    path = study.recording("r0").folder / "recording.toml"
    text = path.read_text("utf-8").replace('["red", "green"]', '["red"]')
    path.write_text(text.replace('"red",\n    "green",', '"red",'), "utf-8")
    with pytest.raises(InputError, match="r0 has only one channel"):
        start(Study.open(study.path), quick)


def test_an_estimate_writes_nothing(study, quick, device):
    before = files(study.path)
    found = run_to_end(estimate(study, quick, device))
    assert files(study.path) == before
    assert found["seconds"] > 0
    assert found["measured_on"].startswith("Held out: animal")
    run = start(study, quick)
    counts = run.about["data"]["counts"]
    assert {k: found[k] for k in counts} == counts


def test_no_decided_cell_at_all(study, quick, device):
    strict = replace(quick, rule=VoteConfig(rule="unanimous", min_annotators=4))
    for ask in (start, lambda *a: run_to_end(estimate(*a, device))):
        with pytest.raises(InputError, match="there is nothing to train on"):
            ask(study, strict)
    assert not study.runs.exists()


def test_a_class_with_one_cell(study, quick, field):
    other = StudyClass(name="PV", key="P", colour="#000000")
    config = study.config
    study = study.save_config(
        config.model_copy(update={"classes": (*config.classes, other)})
    )
    with pytest.raises(InputError, match="class PV has 0 decided cells to train on"):
        start(study, quick)
    assert not study.runs.exists()


def test_what_is_no_cell_is_left_out(study, quick):
    before = split_decided_cells(study, quick.split, quick.rule, keep=False)
    cells = study.recording("r0").cells().head(3)
    from datetime import UTC, datetime

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.annotation.journal import Journal

    for who in ("Ann", "Bo", "Cy"):
        journal = Journal.open(study.annotations, who)
        for row in cells.itertuples():
            journal.add(
                Answer(
                    time=datetime.now(UTC), annotator=who, recording="r0",
                    cell=int(row.cell), plane=int(row.plane), y=row.y, x=row.x,
                    answer="not_a_cell",
                )
            )  # fmt: skip
        journal.close()
    after = split_decided_cells(study, quick.split, quick.rule, keep=False)
    gone = {("r0", cell) for cell in cells["cell"]}
    keys = [set(zip(d.table["recording"], d.table["cell"], strict=True))
            for d in (before, after)]  # fmt: skip
    assert keys[1] == keys[0] - gone


def test_a_study_that_cannot_be_written(study, quick, monkeypatch):
    def refuse(path):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("napari_cellid.study.training_set.atomic_write", refuse)
    with pytest.raises(InputError, match="training set cannot be written"):
        start(study, quick)
    assert not study.runs.exists()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("unet", "outlines cells, but one that classifies cells is needed"),
        ("nowhere", "There is no model 'nowhere'"),
        ("inception_v3", "The plan resnet18_69 is for resnet18"),
    ],
)
def test_a_start_that_does_not_fit(study, quick, model, said):
    with pytest.raises(InputError, match=said):
        start(study, replace(quick, start=model))
    assert not study.runs.exists()


def test_a_name_that_is_taken_or_no_name(study, quick):
    start(study, quick)
    with pytest.raises(InputError, match="is a training already"):
        start(study, quick)
    for name in ("a/b", "..", " ", "what?"):
        with pytest.raises(InputError, match="cannot be the name of a folder"):
            start(study, replace(quick, name=name))


def test_a_start_that_was_replaced_since(study, quick, device):
    run = start(study, quick)
    run.about["start"]["weights_sha256"] = "0" * 64
    with pytest.raises(InputError, match="was replaced by another one since"):
        run_to_end(resume(study, run, device))


def test_a_path_to_start_from_is_kept_in_full(
    study, quick, classifier_folder, monkeypatch
):
    monkeypatch.chdir(classifier_folder.parent)
    run = start(study, replace(quick, start=classifier_folder.name))
    assert run.about["start"]["asked"] == str(classifier_folder)
    run = start(study, replace(quick, name="two"))
    assert run.about["start"]["asked"] == "tiny"


def test_a_model_before_that_cannot_be_compared(study, quick, tmp_path):
    run = start(study, quick)
    assert load_old_model(study, run, CLASSES)[1] == ""
    old, why = load_old_model(study, run, ("PV", "SST"))
    assert old is None
    assert "has other classes (excitatory, inhibitory, glia)" in why
    run.about["old_model"] = str(tmp_path / "gone")
    old, why = load_old_model(study, run, CLASSES)
    assert old is None
    assert "earlier model is not compared" in why


def test_a_model_that_the_study_names_but_lost(study, quick):
    study = activate_model(study, "gone", "classify")
    with pytest.raises(
        InputError, match=r"names the model 'gone', but .* is not there"
    ):
        start(study, quick)


def test_more_recordings_change_no_role(study, quick, device):
    from simulated_study import put, small

    from napari_cellid.simulation.field import simulate

    before = split_decided_cells(study, quick.split).table
    field = run_to_end(simulate(small(9)))
    put(study, field, "r9", "m9")
    answer(study, "r9", field)
    after = split_decided_cells(Study.open(study.path), quick.split).table
    both = before.merge(after, on=["recording", "cell"], suffixes=("", "_after"))
    assert len(both) == len(before) < len(after)
    held = both["role"] == "test"
    assert (both.loc[held, "role_after"] == "test").all()
    assert (both.loc[~held, "role_after"] != "test").all()
