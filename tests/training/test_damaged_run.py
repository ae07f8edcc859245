"""Runs whose files are damaged, whose clock is wrong, or whose process was killed."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import pytest

from napari_cellid.cli import main
from napari_cellid.errors import InputError
from napari_cellid.json_file import parse_json, read_json
from napari_cellid.models.store import load_card
from napari_cellid.report import training_tables
from napari_cellid.report.training import report_notes
from napari_cellid.retrain.split_file import SplitFile
from napari_cellid.retrain.verdict import read_verdict
from napari_cellid.study.study import Study
from napari_cellid.training.layout import REPORT_FILE, STATE_FILE
from napari_cellid.training.report_file import DAMAGED, usable_report
from napari_cellid.training.run import Run
from napari_cellid.training.run_list import list_runs
from napari_cellid.training.summary import RunSummaries

DEEP = "[" * 5000 + "]" * 5000
DEEP_DICT = '{"format": 1, "a": ' + '{"a": ' * 5000 + "1" + "}" * 5001
YEAR = 365 * 24 * 3600.0
CLASSES = ["excitatory", "glia"]
FIGURES = {
    "n": 4, "balanced_accuracy": 0.75, "accuracy": 0.75,
    "by_class": {name: {"n": 2, "sensitivity": 0.5} for name in CLASSES},
    "confusion": [[2, 0], [1, 1]], "intervals": {"accuracy": [0.5, 1.0]},
}  # fmt: skip
REPORT = {
    "task": "classify", "n_cells": 4, "measured_on": "Held out: m1.",
    "classes": CLASSES, "new": FIGURES, "old": FIGURES, "notes": ["A note."],
    "difference": {"balanced_accuracy": {"value": 0.1, "low": -0.1, "high": 0.2}},
    "experts": {"accuracy": 0.9, "text": "People."},
}  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "study")


@pytest.fixture
def run(study: Study) -> Run:
    return Run.create(study.runs / "one", {"task": "classify", "settings": {}})


@pytest.mark.parametrize("text", [DEEP, DEEP_DICT])
def test_json_that_is_nested_deeply(study: Study, run: Run, capsys, text: str) -> None:
    path = study.path / "split.json"
    path.write_text(text)
    with pytest.raises(InputError, match="nested too deeply"):
        SplitFile.read(path)
    (run.folder / "model.json").write_text(text)
    with pytest.raises(InputError, match="nested too deeply"):
        load_card(run.folder)
    for name in (STATE_FILE, REPORT_FILE, "progress.json", "log.jsonl"):
        (run.folder / name).write_text(text + "\n")
    assert run.state().state == "new"
    assert (run.progress(), run.events()) == ({}, [])
    assert main(["runs", "show", str(run.folder)]) == 0
    (run.folder / "run.json").write_text(text)
    capsys.readouterr()
    assert main(["runs", "show", str(run.folder)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("text", [DEEP, "{", "\x00", '"\\ud800', "\udcff"])
def test_every_damaged_text_is_a_value_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "damaged.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError):
        read_json(path)
    with pytest.raises(ValueError):
        parse_json(path.read_bytes())


def write_state(run: Run, **values: object) -> None:
    now = time.time()
    state = {"state": "running", "error": "", "pid": 4, "host": "elsewhere"}
    state |= {"started": now, "beat": now, **values}
    (run.folder / STATE_FILE).write_text(json.dumps(state))


def test_a_clock_that_is_a_year_ahead(run: Run, capsys) -> None:
    write_state(run, started=time.time() + YEAR, beat=time.time() + YEAR)
    with pytest.raises(InputError, match=r"lies in the future.*--force"):
        run.start()
    assert main(["runs", "stop", str(run.folder)]) == 0
    told = capsys.readouterr().err
    assert "lies in the future" in told and "--force" in told
    assert main(["runs", "stop", str(run.folder), "--force"]) == 0
    assert run.state().state == "interrupted"
    assert not run.stop_requested()
    run.start()
    assert run.state().pid == os.getpid()


def test_force_takes_a_run_from_a_process_that_is_gone(run: Run) -> None:
    write_state(run, started=time.time() + YEAR, beat=time.time() + YEAR)
    run.request_stop()
    run.start(force=True)
    assert (run.state().pid, run.stop_requested()) == (os.getpid(), False)


def test_a_clock_that_is_right_is_not_named(run: Run) -> None:
    write_state(run)
    with pytest.raises(InputError, match="is running in process 4") as error:
        run.start()
    assert "future" not in str(error.value)


@pytest.mark.parametrize("beat", ["soon", None, float("nan"), [1]])
def test_a_state_with_times_that_are_none(run: Run, beat: object) -> None:
    write_state(run, beat=beat)
    assert run.state().state == "new"


def damaged(*path: str, value: object = ...) -> dict:
    """The report with one entry replaced, or without it."""
    report = json.loads(json.dumps(REPORT))
    inner = report
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return report


@pytest.mark.parametrize(
    ("report", "named"),
    [
        (damaged("new", "accuracy", value=[0.5]), "new.accuracy"),
        (damaged("new", "balanced_accuracy", value="much"), "new.balanced_accuracy"),
        (damaged("new", value=[1]), "new"),
        (damaged("old", "by_class", "glia"), "old.by_class.glia"),
        (damaged("new", "by_class", "glia", value=3), "new.by_class.glia"),
        (damaged("new", "by_class", "glia", "n"), "new.by_class.glia"),
        (damaged("new", "by_class", value=[]), "new.by_class"),
        (damaged("new", "confusion", value=[[1, 2]]), "new.confusion"),
        (damaged("new", "confusion", value=[["a", 1], [1, 1]]), "new.confusion"),
        (damaged("new", "intervals", "accuracy", value=3), "new.intervals.accuracy"),
        (damaged("difference", "balanced_accuracy", value=[1]),
         "difference.balanced_accuracy"),
        (damaged("difference", "balanced_accuracy", "low", value={}),
         "difference.balanced_accuracy.low"),
        (damaged("experts", value="x"), "experts"),
        (damaged("notes", value={"a": 1}), "notes"),
        (damaged("n_cells", value=float("nan")), "n_cells"),
        (damaged("task", value=[]), "task"),
    ],
)  # fmt: skip
def test_a_damaged_report(run: Run, capsys, report: dict, named: str) -> None:
    """What is there is shown, and what is damaged is named."""
    (run.folder / REPORT_FILE).write_text(json.dumps(report))
    assert main(["runs", "show", str(run.folder)]) == 0
    assert f"{named}" in capsys.readouterr().out
    assert main(["runs", "compare", str(run.folder)]) == 0
    shown = RunSummaries().read(run).report
    assert named in shown[DAMAGED]
    # what the dock shows
    assert any(named in note for note in report_notes(shown))
    read_verdict(shown)
    training_tables.figure_rows(shown)
    for model in ("new", "old", "floor"):
        training_tables.class_figure_rows(shown, model)
        training_tables.confusion_matrix_rows(shown, model)


def test_a_whole_report_is_shown_as_it_is() -> None:
    assert usable_report(REPORT) == REPORT
    assert usable_report({}) == {}
    with_none = damaged("new", "by_class", "glia", "sensitivity", value=None)
    assert usable_report(with_none | {"old": None}) == with_none | {"old": None}


@pytest.mark.parametrize(
    "epoch",
    [
        {"epoch": []},
        {"epoch": 1, "validation": 3},
        {"epoch": 1, "train": {"loss": "x"}},
        {"epoch": 1},
    ],
)
def test_a_damaged_line_of_the_log(run: Run, epoch: dict) -> None:
    run.log({"event": "epoch", **epoch})
    assert main(["runs", "show", str(run.folder)]) == 0
    RunSummaries().read(run)


LEFTOVERS = [".tmpAb3xY9", ".model.8fjw0a_x", ".best.safetensors." + "0a" * 16]


@pytest.mark.parametrize("name", [*LEFTOVERS, ".run.json." + "0a" * 16 + ".json"])
def test_leftovers_of_a_killed_training(study: Study, run: Run, name: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    write_state(run, host=platform.node(), pid=child.pid)
    if name.startswith(".model"):
        (run.folder / name).mkdir()
        (run.folder / name / "weights.safetensors").touch()
    else:
        (run.folder / name).touch()
    (run.folder / ".notes of mine").touch()
    again = Study.open(study.path)
    assert not (run.folder / name).exists()
    assert any("one" in problem and "removed" in problem for problem in again.problems)
    assert (run.folder / ".notes of mine").exists()
    assert [one.name for one in list_runs(study.runs)] == ["one"]
    assert Study.open(study.path).problems == ()


def test_files_of_a_running_training_stay(study: Study, run: Run) -> None:
    write_state(run)
    for name in LEFTOVERS:
        (run.folder / name).touch()
    assert Study.open(study.path).problems == ()
    assert all((run.folder / name).exists() for name in LEFTOVERS)
