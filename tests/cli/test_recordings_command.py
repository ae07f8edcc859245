"""napari-cellid recordings: the list, and titles."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from napari_cellid.cli import main
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

sys.path.append(str(Path(__file__).parents[1] / "study"))
from little import THREE, found, info, teller


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    study = Study.create(tmp_path / "lab")
    for name in ("r1", "r2"):
        add_recording(study, found(THREE, name), info(animal=f"m{name}"))
    return study.path


def test_recordings_are_listed(lab: Path, capsys) -> None:
    assert main(["recordings", str(lab)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["r1 · animal mr1 · 3 cells", "r2 · animal mr2 · 3 cells"]


def test_one_gets_a_title_and_loses_it(lab: Path, capsys) -> None:
    assert main(["recordings", str(lab), "--rename", "r1", "day 3"]) == 0
    assert "r1 is shown as day 3." in capsys.readouterr().out
    assert main(["recordings", str(lab), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(one["name"], one["title"]) for one in result["recordings"]] == [
        ("r1", "day 3"),
        ("r2", "r2"),
    ]
    assert main(["recordings", str(lab)]) == 0
    assert "day 3 · folder r1 · animal mr1" in capsys.readouterr().out
    assert main(["recordings", str(lab), "--rename", "r1", ""]) == 0
    assert Study.open(lab).titles == {"r1": "r1", "r2": "r2"}


def test_a_title_that_is_taken_is_refused(lab: Path, capsys) -> None:
    assert main(["recordings", str(lab), "--rename", "r1", "R2"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "r1 cannot be called 'R2'" in line


def test_agreement_names_recordings_by_title(lab: Path, capsys) -> None:
    study = Study.open(lab)
    for person in ("Ann", "Bo"):
        teller()(study, person, {1: "glia", 2: "excitatory"})
    main(["recordings", str(lab), "--rename", "r1", "day 3"])
    capsys.readouterr()
    assert main(["agree", str(lab)]) == 0
    assert "\n  day 3  " in capsys.readouterr().out
    assert main(["agree", str(lab), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    # programs find recordings by name
    assert list(result["per_recording"]) == ["r1"]
