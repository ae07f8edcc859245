"""Options and words of train and runs; what they do is tested with the retraining."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from test_app import SLOW

from napari_cellid.cli import main
from napari_cellid.cli.app import build_parser
from napari_cellid.cli.console import make_console
from napari_cellid.cli.settings_options import read_settings
from napari_cellid.config import (
    ClassifierTrainingConfig,
    SegmenterTrainingConfig,
    SplitConfig,
)
from napari_cellid.progress import Progress, ProgressEvent
from napari_cellid.report.training import epoch_line
from napari_cellid.report.training_tables import result_lines
from napari_cellid.retrain.verdict import read_verdict

COMMANDS = [
    ["train"], ["train", "classifier"], ["train", "segmenter"], ["train", "resume"],
    ["runs"], ["runs", "list"], ["runs", "show"], ["runs", "compare"],
    ["runs", "stop"], ["runs", "use"],
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS)
def test_help(words: list[str], capsys) -> None:
    assert main([*words, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: napari-cellid {words[0]}")


def test_help_imports_nothing_slow() -> None:
    program = (
        "import sys; from napari_cellid.cli import main;"
        "main(['train', 'classifier', '--help']); main(['runs', 'show', '--help']);"
        f"print([name for name in {SLOW} if name in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("what", "config"),
    [("classifier", ClassifierTrainingConfig), ("segmenter", SegmenterTrainingConfig)],
)
def test_every_setting_is_an_option(what: str, config, capsys) -> None:
    parser = build_parser()
    words = ["train", what, "S"]
    for one in (config, SplitConfig):
        assert read_settings(parser.parse_args(words), one) == one()
    assert main(["train", what, "--help"]) == 0
    text = capsys.readouterr().out
    for name in (*config.model_fields, *SplitConfig.model_fields):
        assert f"--{name.replace('_', '-')} " in text


def test_given_settings_are_read() -> None:
    words = ["--plan", "resnet18_69", "--rate", "0.01", "--patience", "3"]
    arguments = build_parser().parse_args(["train", "classifier", "S", *words])
    config = read_settings(arguments, ClassifierTrainingConfig)
    assert (config.plan, config.rate, config.patience) == ("resnet18_69", 0.01, 3)


EPOCH = {
    "epoch": 3,
    "train": {"loss": 0.51239, "accuracy": 0.9},
    "validation": {"loss": 0.6, "balanced_accuracy": 0.75},
    "best": True,
}


def test_an_epoch_is_a_line() -> None:
    assert epoch_line(EPOCH) == (
        "epoch   3; loss 0.5124; validation: loss 0.6000, balanced accuracy 0.7500; "
        "best so far"
    )
    first = {"epoch": 0, "validation": {"loss": 1.0}}
    assert epoch_line(first) == "epoch   0; validation: loss 1.0000"


def test_people_read_epochs_and_programs_read_all(capsys) -> None:
    news = [
        ProgressEvent("Training", event="begin", values={"epochs": 3}),
        ProgressEvent("Training", event="epoch", values=EPOCH),
        ProgressEvent("Training", event="end", values={"state": "finished"}),
    ]
    for style, out, err in ((True, 3, 0), (False, 0, 1)):
        with make_console(as_json=style, quiet=False) as report:
            for one in news:
                report.progress(one)
        said = capsys.readouterr()
        assert len(said.out.splitlines()) == out
        assert len(said.err.splitlines()) == err
        if style:
            assert json.loads(said.out.splitlines()[1]) == {"event": "epoch", **EPOCH}


def test_quiet_says_nothing_of_epochs(capsys) -> None:
    with make_console(as_json=False, quiet=True) as report:
        report.progress(ProgressEvent("Training", event="epoch", values=EPOCH))
        report.progress(Progress("Training", 1, 2))
    said = capsys.readouterr()
    assert said.out == said.err == ""


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"value": 0.1, "low": 0.02, "high": 0.2}, "Better: +0.10 balanced accuracy"),
        ({"value": -0.1, "low": -0.2, "high": -0.02}, "Worse: −0.10 balanced accuracy"),
        ({"value": 0.1, "low": -0.02, "high": 0.2}, "No clear difference"),
        ({"value": 0.0, "low": 0.0, "high": 0.0}, "No clear difference"),
    ],
)
def test_the_difference_in_words(change: dict[str, float], begins: str) -> None:
    report = {
        "task": "classify",
        "new": {"balanced_accuracy": 0.8},
        "old": {"balanced_accuracy": 0.7},
        "difference": {"balanced_accuracy": change},
    }
    assert read_verdict(report).sentence.startswith(begins)


def test_a_report_with_nothing_held_out(tmp_path) -> None:
    none = dict.fromkeys(("accuracy", "balanced_accuracy", "kappa", "macro_f1", "ece"))
    each = dict.fromkeys(("sensitivity", "specificity", "precision", "f1"))
    report = {
        "task": "classify", "n_cells": 0, "measured_on": "Nothing is held out.",
        "new": {**none, "by_class": {"PV": {"n": 0, **each}}}, "old": None,
        "floor": None, "difference": None, "experts": None,
    }  # fmt: skip
    lines = result_lines(tmp_path, report)
    assert lines[0] == "On 0 held-out cells. Nothing is held out."
    assert any(line.split() == ["new", "model", *"-----"] for line in lines)


@pytest.mark.parametrize("with_old", [True, False])
def test_a_report_of_outlines(tmp_path, with_old: bool) -> None:
    figures = {"f1": 0.9, "precision": 0.95, "recall": None, "dice": 0.8, "n": 12}
    old = figures if with_old else None
    report = {
        "task": "segment", "measured_on": "Held out: animal m1.", "new": figures,
        "old": old,
        "original_fields": {
            "measured_on": "8 simulated fields", "new": figures, "old": old,
        },
    }  # fmt: skip
    text = "\n".join(result_lines(tmp_path, report))
    assert text.startswith("On 12 held-out outlines. Held out: animal m1.")
    assert ("model before" in text) == with_old
    end = "F1 0.900, before 0.900." if with_old else "F1 0.900."
    assert f"On 8 simulated fields: {end}" in text
