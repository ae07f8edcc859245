"""Folders of a study that cannot be read are refused, never taken for empty ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from napari_cellid.annotation.annotators import journal_files
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cli import main
from napari_cellid.errors import InputError
from napari_cellid.study.study import Study
from napari_cellid.training.run import Run
from napari_cellid.training.run_list import list_runs

SCRIPT = Path(__file__).with_name("run_as_nobody.py")


@pytest.fixture
def study() -> Iterator[Study]:
    """A study of two cells in a folder that everybody can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    study = Study.create(folder / "study")
    recording = study.path / "recordings" / "r1"
    recording.mkdir(parents=True)
    (recording / "recording.toml").write_text("pixel_size_um = 1.5\n")
    for name in ("images.tif", "labels.tif"):
        (recording / name).touch()
    pd.DataFrame(
        {
            "cell": [1, 2], "label": [1, 2], "plane": 0, "y": 9.0, "x": [9.0, 40.0],
            "area_um2": 90.0, "predicted": "glia", "confidence": 0.8,
        }
    ).to_csv(recording / "cells.csv", index=False)  # fmt: skip
    for name in ("Ann", "Bo; Cy", 'D="E"'):
        answer(study, name)
    yield Study.open(study.path)
    shutil.rmtree(folder)


def answer(study: Study, name: str) -> None:
    time = datetime(2026, 1, 5, tzinfo=UTC)
    Journal.open(study.annotations, name).add(
        Answer(time, name, "r1", 1, 0, 9.0, 9.0, "glia")
    )


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of Unix")
def test_folders_without_permission(study: Study) -> None:
    assert main(["agree", str(study.path), "--quiet"]) == 0
    before = (study.path / "consensus.csv").read_bytes()
    warm = study.path.parent / "warm"
    shutil.copytree(study.path, warm)
    Run.create(study.runs / "one", {"task": "classify"})
    for path in (study.path.parent, *study.path.rglob("*"), study.path):
        if os.getuid() == 0:
            os.chown(path, 65534, 65534)
    study.annotations.chmod(0)
    study.runs.chmod(0)
    commands = [
        "agree STUDY", "answers export STUDY --out STUDY.csv", "train classifier STUDY",
        "runs list STUDY",
    ]  # fmt: skip
    command = [sys.executable, str(SCRIPT), str(warm), str(study.path), *commands]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    study.annotations.chmod(0o755)
    study.runs.chmod(0o755)
    assert "codes [2, 2, 2, 2]" in ended.stdout
    told = ended.stderr.split("---\n")[1].splitlines()
    assert len(told) == len(commands)
    assert ["Permission denied" in line for line in told] == [True] * 4, told
    assert (study.path / "consensus.csv").read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of Unix")
@pytest.mark.parametrize("before", [b"of before\n", None])
def test_a_study_that_is_only_read_shows_its_figures(study: Study, before) -> None:
    warm = study.path.parent / "warm"
    shutil.copytree(study.path, warm)
    consensus = study.path / "consensus.csv"
    if before is not None:
        consensus.write_bytes(before)
    for path in (*study.path.rglob("*"), study.path):
        path.chmod(0o555 if path.is_dir() else 0o444)
    commands = ["agree STUDY", "agree STUDY --json"]
    command = [sys.executable, str(SCRIPT), str(warm), str(study.path), *commands]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    for path in (study.path, *study.path.rglob("*")):
        path.chmod(0o755)
    assert "codes [2, 2]" in ended.stdout
    told = ended.stderr.split("---\n")[1].splitlines()
    assert len(told) == 2
    for line in told:
        assert line.startswith(f"napari-cellid: {consensus} cannot be written (")
    # of the warm study, and of the one that is only read
    assert ended.stdout.count("Krippendorff's alpha:") == 2
    shown = [json.loads(k) for k in ended.stdout.splitlines() if k[:1] == "{"][-2:]
    assert [one["event"] for one in shown] == ["result", "error"]
    assert (shown[0]["file"], shown[0]["answers"]) == (None, 3)
    assert (consensus.read_bytes() if consensus.exists() else None) == before


def test_journals_that_are_gone_hide_no_figures(study: Study, capsys) -> None:
    assert main(["agree", str(study.path), "--quiet"]) == 0
    (study.annotations / "Ann.jsonl").unlink()
    assert main(["agree", str(study.path)]) == 2
    printed = capsys.readouterr()
    assert "2 people, 2 answers about 1 cell." in printed.out
    assert "Written" not in printed.out
    assert "--replace" in printed.err


@pytest.mark.parametrize("command", ["agree", "train classifier", "train segmenter"])
def test_a_file_in_place_of_the_annotations(study: Study, capsys, command: str) -> None:
    assert main(["agree", str(study.path), "--quiet"]) == 0
    before = (study.path / "consensus.csv").read_bytes()
    shutil.rmtree(study.annotations)
    study.annotations.write_text("not a folder")
    capsys.readouterr()
    assert main([*command.split(), str(study.path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (study.path / "consensus.csv").read_bytes() == before


def test_a_file_in_place_of_the_runs(study: Study, capsys) -> None:
    study.runs.write_text("not a folder")
    assert main(["runs", "list", str(study.path)]) == 2
    assert "Not a directory" in capsys.readouterr().err
    study.runs.unlink()
    assert list_runs(study.runs) == []
    assert main(["runs", "list", str(study.path)]) == 0


def test_only_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert journal_files(tmp_path / "annotations") == []
    (tmp_path / "annotations").touch()
    with pytest.raises(InputError, match="Not a directory"):
        journal_files(tmp_path / "annotations")


@pytest.mark.parametrize("gone", ["Ann", "Bo; Cy", 'D="E"', None])
def test_votes_of_journals_that_are_gone_stay(study: Study, capsys, gone) -> None:
    place = str(study.path)
    assert main(["agree", place, "--quiet"]) == 0
    path = study.path / "consensus.csv"
    before = path.read_bytes()
    for name, journal in journal_files(study.annotations):
        if gone in (None, name):
            journal.unlink()
    assert main(["agree", place]) == 2
    told = capsys.readouterr().err
    assert (gone or "Bo; Cy") in told and "--replace" in told
    assert path.read_bytes() == before
    assert main(["agree", place, "--replace", "--quiet"]) == 0
    assert path.read_bytes() != before
    assert main(["agree", place, "--quiet"]) == 0


def test_answers_that_were_taken_back_are_no_reason(study: Study) -> None:
    assert main(["agree", str(study.path), "--quiet"]) == 0
    Journal.open(study.annotations, "Ann").undo()
    assert main(["agree", str(study.path), "--quiet"]) == 0
