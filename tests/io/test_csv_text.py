"""Texts in CSV files that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.annotators import journal_path
from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.csv_export import export_answers
from napari_cellid.annotation.csv_import import import_answers
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.jsonl import format_line
from napari_cellid.errors import InputError
from napari_cellid.io.csv_text import protect_text, unprotect_text
from napari_cellid.io.tables import read_cells, write_cells
from napari_cellid.progress import run_to_end
from napari_cellid.report.confusion_cells import read_held_out

RISKY = ["=1+1", "+PV", "-SST", "@x", "\tx", "＝1", "'=1", "''-x"]
BEGINNINGS = tuple("=+-@\t\r＝＋－＠")


@given(st.text() | st.text("'=+-@\t\r\nx", max_size=5))
@settings(max_examples=500)
def test_every_text_comes_back(text: str) -> None:
    assert unprotect_text(protect_text(text)) == text
    assert not protect_text(text).startswith(BEGINNINGS)


@pytest.mark.parametrize("name", RISKY)
def test_a_table_of_cells_gives_the_true_names_back(tmp_path: Path, name: str) -> None:
    cells = pd.DataFrame({
        "cell": [1, 2], "label": [1, 2], "plane": [0, 0], "y": [-1.5, 2.0],
        "x": [3.0, -4.0], "area_um2": [50.0, 50.0], "predicted": [name, "glia"],
        "confidence": [0.5, -0.25],
    })  # fmt: skip
    write_cells(tmp_path / "cells.csv", cells)
    with (tmp_path / "cells.csv").open(newline="", encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    assert not first["predicted"].startswith(BEGINNINGS)
    assert first["y"] == "-1.5"  # a number stays a number
    pd.testing.assert_frame_equal(read_cells(tmp_path / "cells.csv"), cells)


@pytest.mark.parametrize("name", RISKY)
def test_held_out_cells_have_their_true_names(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame({"recording": [name], "cell": [1], "class": [name]})
    write_cells(tmp_path / "h.csv", table.assign(y=-1.0, x=1.0))
    read = run_to_end(read_held_out(tmp_path / "h.csv"), lambda _: None)
    assert read[["recording", "class"]].to_numpy().tolist() == [[name, name]]


def one_answer(who: str, recording: str, answer: str) -> Answer:
    time = datetime(2026, 3, 1, tzinfo=UTC)
    return Answer(time, who, recording, 1, 0, -3.5, 4.0, answer)


names = st.text("'=+-@ab", min_size=1, max_size=6)


@given(who=names, recording=names, answer=names)
@settings(max_examples=60, deadline=None)
def test_answers_come_back_from_an_export(
    tmp_path_factory: pytest.TempPathFactory, who: str, recording: str, answer: str
) -> None:
    tmp_path = tmp_path_factory.mktemp("round")
    line = one_answer(who, recording, answer)
    path = journal_path(tmp_path / "a", who)
    path.parent.mkdir()
    path.write_bytes(format_line(line))
    file = tmp_path / "answers.csv"
    export_answers(read_annotations(tmp_path / "a").all_answers, file)
    with file.open(newline="", encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    for key in ("annotator", "recording", "answer"):
        assert not row[key].startswith(BEGINNINGS)
    assert float(row["y"]) == -3.5
    import_answers(file, tmp_path / "b", [answer])
    (back,) = Journal.open(tmp_path / "b", who).lines
    assert back == line


@pytest.mark.parametrize("written", ["=cmd", "'=cmd"])
def test_tables_of_people_may_have_the_name_either_way(
    tmp_path: Path, written: str
) -> None:
    file = tmp_path / "answers.csv"
    file.write_text(f"recording,plane,y,x,annotator,answer\nr,0,1,1,{written},glia\n")
    try:
        assert import_answers(file, tmp_path / "a", ["glia"]) == {"=cmd": 1}
    except InputError as error:  # pragma: no cover
        raise AssertionError from error
