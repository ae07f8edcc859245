"""annotate, merge, answers and restore."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure
from napari_cellid.cli import main
from napari_cellid.cli.study import read_time
from napari_cellid.config import RecordingInfo, StudyClass, StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.consensus import consensus_table
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SIDE = 64


def cells_at(*corners: tuple[int, int]) -> np.ndarray:
    labels = np.zeros((1, SIDE, SIDE), np.int32)
    for k, (y, x) in enumerate(corners, 1):
        labels[0, y : y + 8, x : x + 8] = k
    return labels


TWO = cells_at((4, 4), (40, 40))


def identified(labels: np.ndarray, name: str = "r1") -> IdentifyResult:
    image = np.random.default_rng(0).random(labels.shape, np.float32)
    planes = MeanPlanes(name, image, image, 1.0)
    return IdentifyResult(
        planes, labels, measure(labels, planes), (), None, {"sources": []}
    )


def say(study: Study, name: str, cell: int, answer: str | None, minutes: int) -> None:
    row = study.recording("r1").cells().set_index("cell").loc[cell]
    place = int(row["plane"]), float(row["y"]), float(row["x"])
    time = START + timedelta(minutes=minutes)
    journal = Journal.open(study.annotations, name)
    journal.add(Answer(time, name, "r1", cell, *place, answer))
    journal.close()


def said(study: Path) -> dict[tuple[str, int], str]:
    resolved = Study.open(study).read_answers()
    now = resolved.current()
    return {
        (row.annotator, row.cell): row.answer for row in now.itertuples(index=False)
    }


@pytest.fixture
def study(tmp_path: Path) -> Study:
    study = Study.create(tmp_path / "study")
    add_recording(study, identified(TWO), RecordingInfo(pixel_size_um=1.0))
    say(study, "Ann", 1, "glia", 0)
    say(study, "Ann", 2, "excitatory", 1)
    say(study, "Bo", 1, "unsure", 2)
    return study


def refused(capsys, code: int, *words: str) -> None:
    printed = capsys.readouterr()
    assert code == 2, printed
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1, printed.err
    for word in words:
        assert word in printed.err


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def result(capsys) -> dict[str, object]:
    lines = capsys.readouterr().out.splitlines()
    return json.loads(lines[-1])


def notes(capsys) -> str:
    return capsys.readouterr().err


# ---------------------------------------------------------------- annotate


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str | None]]:
    """What the window was opened with, in place of a window."""
    opened: list[tuple[Path, str | None]] = []
    module = ModuleType("napari_cellid.widgets.annotate.open_study")
    module.show_study = lambda path, annotator: opened.append((path, annotator))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("napari_cellid.cli.study.has_display", lambda: True)
    return opened


def test_annotate_opens_the_study(study: Study, window) -> None:
    assert main(["annotate", str(study.path)]) == 0
    assert main(["annotate", str(study.path), "--annotator", "Ann"]) == 0
    assert window == [(study.path, None), (study.path, "Ann")]


def test_annotate_refuses(study: Study, window, capsys, monkeypatch) -> None:
    path = str(study.path)
    refused(capsys, main(["annotate", path + "x"]), "does not exist")
    refused(capsys, main(["annotate", path, "--annotator", "ANN"]), "'Ann'", "'ANN'")
    refused(capsys, main(["annotate", path, "--annotator", " "]), "name is empty")
    monkeypatch.setattr("napari_cellid.cli.study.has_display", lambda: False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    refused(capsys, main(["annotate", path]), "needs a display")
    assert window == []


def test_annotate_without_qt(study: Study, window, capsys, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise ImportError("it needs a Qt binding")

    module = sys.modules["napari_cellid.widgets.annotate.open_study"]
    monkeypatch.setattr(module, "show_study", fail)
    refused(capsys, main(["annotate", str(study.path)]), "needs a Qt binding")


# ---------------------------------------------------------------- merge


def test_merge(study: Study, tmp_path: Path, capsys) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(study.path, copy)
    other = Study.open(copy)
    say(study, "Ann", 2, "inhibitory", 10)
    say(other, "Bo", 1, "glia", 11)
    say(other, "Cy", 2, "glia", 12)
    add_recording(
        other, identified(TWO, "r2"), RecordingInfo(animal="m2", pixel_size_um=1.0)
    )
    before = snapshot(copy)
    words = ["merge", str(study.path), "--from", str(copy), "--json"]
    assert main(words) == 0
    given = result(capsys)
    assert given["lines"] == {"Ann": 0, "Bo": 1, "Cy": 1}
    assert given["recordings"] == ["r2"]
    assert said(study.path) == {
        ("Ann", 1): "glia", ("Ann", 2): "inhibitory", ("Bo", 1): "glia",
        ("Cy", 2): "glia",
    }  # fmt: skip
    assert Study.open(study.path).recording("r2").info.animal == "m2"
    assert snapshot(copy) == before
    after = snapshot(study.path)
    assert main(words) == 0
    assert result(capsys)["recordings"] == []
    assert snapshot(study.path) == after


def test_merge_tells_of_a_wrong_clock(study: Study, tmp_path: Path, capsys) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(study.path, copy)
    say(study, "Ann", 2, "inhibitory", 10)
    minutes = (datetime.now(UTC) - START) / timedelta(minutes=1) + 24 * 60
    say(Study.open(copy), "Ann", 2, "glia", minutes)
    assert main(["merge", str(study.path), "--from", str(copy)]) == 0
    assert said(study.path)["Ann", 2] == "inhibitory"
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "Ann in the copy, 1 line has a time up to 24 h ahead" in told[0]
    assert "Ann answered 1 cell differently" in told[1]


def test_merge_of_copies_that_number_differently(study: Study, tmp_path: Path) -> None:
    # the same images, outlined by somebody else: the numbers are exchanged
    other = Study.create(tmp_path / "copy")
    add_recording(
        other, identified(cells_at((40, 40), (4, 5))), RecordingInfo(pixel_size_um=1.0)
    )
    say(other, "Cy", 1, "glia", 5)
    say(other, "Cy", 2, "unsure", 6)
    assert main(["merge", str(study.path), "--from", str(other.path), "--quiet"]) == 0
    assert said(study.path)["Cy", 2] == "glia"
    assert said(study.path)["Cy", 1] == "unsure"


def test_merge_tells_of_other_classes(study: Study, tmp_path: Path, capsys) -> None:
    classes = (
        StudyClass(name="PV", key="P", colour="#112233"),
        StudyClass(name="SST", key="S", colour="#445566"),
    )
    other = Study.create(tmp_path / "copy", StudyConfig(classes=classes))
    assert main(["merge", str(study.path), "--from", str(other.path)]) == 0
    printed = capsys.readouterr()
    assert "has the classes PV, SST" in printed.err
    assert "nothing new" in printed.out


def test_merge_refuses(study: Study, tmp_path: Path, capsys) -> None:
    path = str(study.path)
    before = snapshot(study.path)
    refused(capsys, main(["merge", path, "--from", path]), "is the study itself")
    refused(capsys, main(["merge", path, "--from", str(tmp_path)]), "not a study")
    refused(capsys, main(["merge", path]), "--from")
    assert snapshot(study.path) == before


# ---------------------------------------------------------------- answers


def test_export_and_import(study: Study, tmp_path: Path, capsys) -> None:
    file = tmp_path / "answers.csv"
    assert main(["answers", "export", str(study.path), "--out", str(file)]) == 0
    assert "Ann: 2 answers" in capsys.readouterr().out
    table = pd.read_csv(file)
    assert table[["recording", "cell", "annotator", "answer"]].values.tolist() == [
        ["r1", 1, "Ann", "glia"],
        ["r1", 1, "Bo", "unsure"],
        ["r1", 2, "Ann", "excitatory"],
    ]
    # back into the same study: nothing is new
    before = snapshot(study.path)
    assert main(["answers", "import", str(study.path), str(file)]) == 0
    assert "no new answers" in capsys.readouterr().out
    assert snapshot(study.path) == before
    # and into an empty copy
    shutil.rmtree(study.annotations)
    assert main(["answers", "import", str(study.path), str(file), "--json"]) == 0
    assert result(capsys)["answers"] == {"Ann": 2, "Bo": 1}
    assert said(study.path) == {
        ("Ann", 1): "glia", ("Ann", 2): "excitatory", ("Bo", 1): "unsure",
    }  # fmt: skip


def test_answers_by_number_and_by_place(study: Study, tmp_path: Path, capsys) -> None:
    file = tmp_path / "sheet.csv"
    file.write_text(
        "recording,cell,plane,y,x,annotator,answer\n"
        "r1,2,,,,Dee,Glia\nr1,,0,8,7,Dee,not a cell\nr1,,0,60,5,Dee,glia\n",
        "utf-8",
    )
    assert main(["answers", "import", str(study.path), str(file)]) == 0
    printed = capsys.readouterr()
    assert "Dee: 3 answers" in printed.out
    assert "1 answer is for positions without a cell" in printed.err
    assert said(study.path)["Dee", 2] == "glia"
    assert said(study.path)["Dee", 1] == "not_a_cell"
    assert consensus_table(Study.open(study.path))["status"].tolist()[-1] == "unmatched"


def test_export_uses_the_numbers_of_now(study: Study, tmp_path: Path, capsys) -> None:
    folder = study.recording("r1").folder
    shutil.rmtree(folder)
    add_recording(study, identified(cells_at((4, 4))), RecordingInfo(pixel_size_um=1.0))
    file = tmp_path / "answers.csv"
    assert main(["answers", "export", str(study.path), "--out", str(file)]) == 0
    assert (
        "1 answer is for cells that the study does not have" in capsys.readouterr().err
    )
    table = pd.read_csv(file)
    assert study.recording("r1").cells()["cell"].tolist() == [3]
    assert table[["cell", "annotator"]].values.tolist() == [
        [2, "Ann"], [3, "Ann"], [3, "Bo"],
    ]  # fmt: skip


def test_answers_refuse(study: Study, tmp_path: Path, capsys) -> None:
    path, file = str(study.path), tmp_path / "sheet.csv"
    before = snapshot(study.path)
    refused(capsys, main(["answers"]), "ACTION")
    refused(capsys, main(["answers", "export", path]), "--out")
    code = main(["answers", "export", path, "--out", str(tmp_path)])
    refused(capsys, code, "is a folder")
    refused(capsys, main(["answers", "import", path, str(file)]), "cannot be read")
    file.write_text("recording,cell,annotator,answer\nr1,1,Dee,glia\nr1,2,Dee,PV\n")
    code = main(["answers", "import", path, str(file)])
    refused(capsys, code, "row 3", "'PV'", "excitatory")
    file.write_text("recording,cell,annotator,answer\nr1,77,Dee,glia\n")
    refused(capsys, main(["answers", "import", path, str(file)]), "row 2", "77")
    assert snapshot(study.path) == before


# ---------------------------------------------------------------- restore


def test_restore(study: Study, capsys) -> None:
    say(study, "Ann", 1, "inhibitory", 30)
    say(study, "Ann", 2, None, 31)
    words = ["restore", str(study.path), "--annotator", "Ann", "--json", "--to"]
    assert main([*words, "2026-01-05T09:15Z"]) == 0
    assert result(capsys)["lines"] == 2
    assert said(study.path) == {
        ("Ann", 1): "glia", ("Ann", 2): "excitatory", ("Bo", 1): "unsure",
    }  # fmt: skip
    assert main([*words, "2026-01-05T09:15Z"]) == 0
    assert result(capsys)["lines"] == 0
    assert main([*words, "2026-01-01"]) == 0
    assert ("Ann", 1) not in said(study.path)
    # nothing is lost: what was there before can be brought back
    assert len(read_annotations(study.annotations).all_answers) == 5 + 2 + 2


def test_restore_refuses(study: Study, capsys) -> None:
    before = snapshot(study.path)
    words = ["restore", str(study.path), "--annotator"]
    refused(capsys, main([*words, "Cy", "--to", "2026-01-05"]), "Cy", "Ann, Bo")
    refused(capsys, main([*words, "Ann", "--to", "yesterday"]), "'yesterday'", "--to")
    refused(capsys, main([*words, "Ann", "--to", "2999-01-01"]), "in the future")
    refused(capsys, main([*words, "Ann"]), "--to")
    assert snapshot(study.path) == before


def test_times() -> None:
    assert read_time("2026-01-05T09:15Z") == datetime(2026, 1, 5, 9, 15, tzinfo=UTC)
    assert read_time("2026-01-05 10:15+01:00") == read_time("2026-01-05T09:15Z")
    local = datetime(2026, 1, 5, 9, 15).astimezone(UTC)
    assert read_time("2026-01-05 09:15") == local
    for text in ("", "9:15", "2026-13-01", "0001-01-01T00:00+10:00"):
        with pytest.raises(InputError, match="is not a time"):
            read_time(text)
