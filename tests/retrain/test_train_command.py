"""train and runs on the command line, from study to the model in use."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_cellid.cli import main
from napari_cellid.models.store import load_card
from napari_cellid.retrain import job
from napari_cellid.study.study import Study
from napari_cellid.training.layout import MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run

TINY = [
    "--start", "tiny", "--plan", "resnet18_69", "--input-size", "32", "--replay", "0",
    "--epochs", "2", "--rate", "0.001", "--device", "cpu", "--precision", "fp32",
]  # fmt: skip


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_from_answers_to_the_model_in_use(study, capsys):
    place = str(study.path)
    assert main(["train", "classifier", place, *TINY, "--run", "one"]) == 0
    said = capsys.readouterr()
    assert "epoch   1; loss" in said.err
    assert "held-out cells. Held out: animal" in said.out
    for row in ("new model", "model before", "two thresholds", "people", "inhibitory"):
        assert row in said.out
    run = Run.open(study.runs / "one")
    assert run.state().state == "finished"

    # the same figures, later
    assert main(["runs", "list", place]) == 0
    assert "one: classes, resnet18_69 from untrained; finished" in (
        capsys.readouterr().out
    )
    assert main(["runs", "show", str(run.folder)]) == 0
    shown = capsys.readouterr().out
    assert "epoch   2; loss" in shown
    assert "two thresholds" in shown
    assert main(["runs", "compare", str(run.folder), str(run.folder)]) == 0
    assert capsys.readouterr().out.count("balanced accuracy") == 2

    assert main(["models", "show", str(run.folder)]) == 0
    shown = capsys.readouterr().out
    assert "resnet18_69" in shown
    assert "measured_on: Held out: animal" in shown
    assert "sens." in shown

    assert main(["runs", "use", str(run.folder), "--name", "better"]) == 0
    assert "uses the model better from now on" in capsys.readouterr().out
    assert Study.open(study.path).config.models.classify == "better"
    assert main(["models", "list", place, "--json"]) == 0
    (found,) = lines(capsys.readouterr().out)
    default = {one["name"] for one in found["models"] if one["default"]}
    assert default == {"unet", "better"}
    assert main(["models", "show", "better", "--study", place, "--json"]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert found["folder"] == str(study.models / "better")

    assert main(["train", "resume", str(run.folder)]) == 2
    assert "is finished already" in capsys.readouterr().err


def test_lines_of_json_are_those_of_the_log(study, capsys):
    words = ["train", "classifier", str(study.path), *TINY, "--run", "one", "--json"]
    assert main(words) == 0
    said = lines(capsys.readouterr().out)
    told = [one for one in said if one["event"] in ("begin", "epoch", "end")]
    logged = Run.open(study.runs / "one").events()
    assert [{k: v for k, v in one.items() if k != "time"} for one in logged] == told
    begun = told[0]
    assert begun["task"] == "classify"
    assert begun["first_epoch"] == 1
    assert begun["train"]["cells"] == sum(begun["train"]["by_class"].values())
    assert {"validation", "held_out"} <= set(begun)
    result = said[-1]
    assert result["event"] == "result"
    assert result["state"] == "finished"
    assert result["report"]["n_cells"] == begun["held_out"]["cells"]


def test_an_estimate(study, capsys):
    words = ["train", "classifier", str(study.path), *TINY, "--estimate"]
    assert main([*words, "--json"]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert found["seconds"] > 0
    assert {"train", "validation", "held_out", "measured_on"} <= set(found)
    assert not study.runs.exists()


def test_rules_and_shares_are_options(study, capsys):
    words = ["train", "classifier", str(study.path), *TINY]
    assert main([*words, "--rule", "unanimous", "--min-annotators", "4"]) == 2
    assert "there is nothing to train on" in capsys.readouterr().err
    assert main([*words, "--held-out", "0.9"]) == 2
    assert "--held-out" in capsys.readouterr().err


def test_no_study_no_run(tmp_path, capsys):
    assert main(["train", "classifier", str(tmp_path)]) == 2
    assert "is not a study" in capsys.readouterr().err
    assert main(["train", "resume", str(tmp_path)]) == 2
    assert "is not the folder of a training" in capsys.readouterr().err
    for action in ("show", "stop", "use", "compare"):
        assert main(["runs", action, str(tmp_path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_what_does_not_run_cannot_be_stopped(study, quick, capsys):
    run = job.start(study, quick)
    assert main(["runs", "stop", str(run.folder)]) == 2
    assert "is not running" in capsys.readouterr().err
    assert main(["runs", "use", str(run.folder)]) == 2
    assert "has no model yet" in capsys.readouterr().err
    assert main(["runs", "list", str(study.path)]) == 0
    assert "not started" in capsys.readouterr().out


def test_a_failure_is_one_sentence_and_the_old_model_stays(study, capsys, monkeypatch):
    monkeypatch.setattr(
        "napari_cellid.classification.learner.ClassifierLearner.step",
        lambda *_: __import__("types").SimpleNamespace(loss=float("nan"), n=1, right=0),
    )
    words = ["train", "classifier", str(study.path), *TINY, "--run", "one", "--json"]
    assert main(words) == 2
    said = lines(capsys.readouterr().out)
    assert said[-1]["event"] == "error"
    assert "loss is not finite" in said[-1]["message"]
    run = Run.open(study.runs / "one")
    assert run.state().state == "failed"
    assert run.state().error == said[-1]["message"]
    assert not (run.folder / MODEL_FOLDER).exists()
    assert Study.open(study.path).config.models.classify == "tiny"


def start(study, *words, epochs):
    command = [sys.executable, "-m", "napari_cellid.cli", "train", "classifier"]
    process = subprocess.Popen(
        [*command, str(study.path), *TINY, "--run", "one", "--epochs", str(epochs),
         "--json", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    return process, study.runs / "one"


def wait_for_epoch(process, folder: Path, epoch: int) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None:
        events = Run(folder, {}).events()
        if any(e.get("epoch") == epoch for e in events):
            return
        time.sleep(0.05)
    raise AssertionError(f"no epoch {epoch}: {process.stderr.read()}")


def test_killed_and_resumed(study):
    process, folder = start(study, epochs=1000)
    wait_for_epoch(process, folder, 2)
    process.kill()
    process.wait()
    process.stderr.close()
    run = Run.open(folder)
    assert run.state().state == "interrupted"
    done = max(e["epoch"] for e in run.events() if "epoch" in e)
    # the rest in this process, with fewer epochs left
    about = json.loads((folder / "run.json").read_text())
    about["settings"]["epochs"] = done + 1
    (folder / "run.json").write_text(json.dumps(about))
    device = ["--device", "cpu", "--precision", "fp32", "--quiet"]
    assert main(["train", "resume", str(folder), *device]) == 0
    assert run.state().state == "finished"
    epochs = [e["epoch"] for e in run.events() if "validation" in e and "epoch" in e]
    assert epochs == list(range(done + 2))
    assert (folder / REPORT_FILE).is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="signals as Unix has them")
@pytest.mark.parametrize("how", [signal.SIGTERM, "stop"])
def test_stopped_in_order(study, how):
    process, folder = start(study, epochs=1000)
    wait_for_epoch(process, folder, 1)
    if how == "stop":
        assert main(["runs", "stop", str(folder), "--quiet"]) == 0
    else:
        os.kill(process.pid, how)
    assert process.wait(timeout=300) == 0
    process.stderr.close()
    run = Run.open(folder)
    assert run.state().state == "stopped"
    last = run.events()[-1]
    assert (last["event"], last["state"]) == ("end", "stopped")
    assert load_card(folder / MODEL_FOLDER).training["state"] == "stopped"
    assert run.read_json(REPORT_FILE)["n_cells"] > 0
