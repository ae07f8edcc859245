"""Answers as CSV, and back."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from answering import ANSWERS, START, answer, said, timeless

from napari_cellid.annotation.all_answers import current_answers, read_annotations
from napari_cellid.annotation.csv_export import export_answers
from napari_cellid.annotation.csv_import import import_answers
from napari_cellid.annotation.journal import Journal
from napari_cellid.errors import InputError

CELLS = pd.DataFrame(
    {"recording": "mouse 1", "cell": [1, 2], "plane": [0, 3], "y": [1.5, 2], "x": 4.0}
)
HEADER = "recording,cell,annotator,answer\n"


def take(tmp_path: Path, text: str, cells: pd.DataFrame | None = CELLS) -> dict:
    path = tmp_path / "answers.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return import_answers(path, tmp_path / "annotations", ANSWERS, cells)


def refused(tmp_path: Path, text: str, *words: str) -> None:
    with pytest.raises(InputError) as caught:
        take(tmp_path, text)
    for word in words:
        assert word in str(caught.value)
    assert not (tmp_path / "annotations").exists()


def current(tmp_path: Path, who: str = "Ann") -> dict:
    return Journal.open(tmp_path / "annotations", who).current()


def test_what_counts_is_written(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "annotations", "Ann")
    journal.add(answer(2, "glia", at=0.5, shown="unet", seconds=1.5, repeat=True))
    journal.add(answer(1, "glia", at=1))
    journal.add(answer(1, "unsure", at=2))
    journal.add(answer(3, "unsure", at=3))
    journal.undo()
    journal.add(answer(1, "excitatory", at=4, role="adjudicator"))
    lines = read_annotations(tmp_path / "annotations").all_answers
    assert export_answers(lines, tmp_path / "out.csv") == 3
    text = (tmp_path / "out.csv").read_text("utf-8")
    assert text == (
        "time,annotator,recording,cell,plane,y,x,answer,shown,seconds,role,repeat\n"
        "2026-03-01T09:00:04.000000Z,Ann,mouse 1,1,0,10.5,20.25,excitatory,,0.0,"
        "adjudicator,\n"
        "2026-03-01T09:00:02.000000Z,Ann,mouse 1,1,0,10.5,20.25,unsure,,0.0,annotator,"
        "\n"
        "2026-03-01T09:00:00.500000Z,Ann,mouse 1,2,0,10.5,20.25,glia,unet,1.5,"
        "annotator,true\n"
    )
    stream = io.StringIO()
    export_answers(lines, stream)
    assert stream.getvalue() == text


def test_no_answers_give_the_heading(tmp_path: Path) -> None:
    assert (
        export_answers(read_annotations(tmp_path).all_answers, tmp_path / "out.csv")
        == 0
    )
    assert (tmp_path / "out.csv").read_text().count("\n") == 1


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out.csv").mkdir()
    with pytest.raises(InputError, match=r"out\.csv cannot be written"):
        export_answers(read_annotations(tmp_path).all_answers, tmp_path / "out.csv")


def test_a_table_typed_by_hand(tmp_path: Path) -> None:
    text = (
        HEADER + "mouse 1,1,Ann,glia\nmouse 1,2,Ann, Not a cell \n,,,\n"
        "mouse 1,2,Bo,EXCITATORY\nmouse 1,1,Bo,\n"
    )
    assert take(tmp_path, text) == {"Ann": 2, "Bo": 1}
    assert said(current(tmp_path)) == {1: "glia", 2: "not_a_cell"}
    assert said(current(tmp_path, "Bo")) == {2: "excitatory"}
    one = Journal.open(tmp_path / "annotations", "Ann").lines[1]
    assert (one.plane, one.y, one.x, one.shown, one.seconds) == (3, 2.0, 4.0, None, 0.0)
    assert abs((one.time - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffrecording;plane;y;x;annotator;answer\r\nm;0;10,5;20,25;Jürgen;glia\r\n",
        "Recording\tPlane\tY\tX\tAnnotator\tAnswer\nm\t0\t10,5\t20,25\tJürgen\tglia",
        'recording,plane,y,x,annotator,answer\n"m",0,10.5,20.25,"Jürgen",glia\n',
    ],
)
def test_as_spreadsheets_save(tmp_path: Path, text: str) -> None:
    assert take(tmp_path, text, None) == {"Jürgen": 1}
    (one,) = current(tmp_path, "Jürgen").values()
    assert (one.recording, one.plane, one.y, one.x) == ("m", 0, 10.5, 20.25)
    assert one.cell < 0


def test_a_place_without_a_number_is_the_same_cell_each_time(tmp_path: Path) -> None:
    head = "recording,plane,y,x,annotator,answer\n"
    take(tmp_path, head + "m,0,1,2,Ann,glia\nm,0,1,3,Ann,glia\n")
    take(tmp_path, head + "m,0,1.0,2.0,Ann,unsure\n")
    assert sorted(one.answer for one in current(tmp_path).values()) == [
        "glia",
        "unsure",
    ]


def test_importing_twice_adds_nothing(tmp_path: Path) -> None:
    text = HEADER + "mouse 1,1,Ann,glia\n"
    assert take(tmp_path, text) == {"Ann": 1}
    assert take(tmp_path, text) == {"Ann": 0}
    assert take(tmp_path, text.replace("glia", "unsure")) == {"Ann": 1}
    assert said(current(tmp_path)) == {1: "unsure"}


def test_an_older_export_does_not_undo_what_came_since(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "annotations", "Ann")
    journal.add(answer(1, "glia", at=1))
    journal.add(answer(2, "glia", at=2))
    lines = read_annotations(tmp_path / "annotations").all_answers
    export_answers(lines, tmp_path / "old.csv")
    journal.add(answer(1, "unsure", at=3))
    folder = tmp_path / "annotations"
    assert import_answers(tmp_path / "old.csv", folder, ANSWERS) == {"Ann": 0}
    text = (tmp_path / "old.csv").read_text()
    corrected = text.replace("glia", "inhibitory")
    assert take(tmp_path, corrected) == {"Ann": 2}
    assert said(current(tmp_path)) == {1: "inhibitory", 2: "inhibitory"}
    assert Journal.open(folder, "Ann").problems == ()
    assert journal.current_at(START).keys() == set()
    journal.undo()
    assert said(journal.current()) == {1: "inhibitory", 2: "glia"}


def test_there_and_back(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "annotations", "Ann")
    journal.add(answer(5, "glia", recording='m "1", a;b', shown="u", seconds=0.1))
    journal.add(answer(6, "unsure", at=-1, y=1 / 3, role="adjudicator", repeat=True))
    lines = read_annotations(tmp_path / "annotations").all_answers
    export_answers(lines, tmp_path / "out.csv")
    import_answers(tmp_path / "out.csv", tmp_path / "new", ANSWERS)
    again = Journal.open(tmp_path / "new", "Ann")
    for role in ("annotator", "adjudicator"):
        assert again.current(role) == journal.current(role)
        assert timeless(again.current(role)) == timeless(journal.current(role))
    again_lines = read_annotations(tmp_path / "new").all_answers
    pd.testing.assert_frame_equal(current_answers(again_lines), current_answers(lines))


def test_a_time_that_has_not_come_is_now(tmp_path: Path) -> None:
    text = "time," + HEADER + "2099-01-01T00:00:00Z,mouse 1,1,Ann,glia\n"
    take(tmp_path, text)
    (line,) = Journal.open(tmp_path / "annotations", "Ann").lines
    assert line.time <= datetime.now(UTC)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("mouse 1,1,Ann,neuron", ["row 3", "'neuron' is not an answer", "excitatory"]),
        ("mouse 1,one,Ann,glia", ["row 3", "cell is 'one'; give a number"]),
        ("mouse 1,1.5,Ann,glia", ["row 3", "cell is '1.5'; give a whole number"]),
        ("mouse 1,nan,Ann,glia", ["row 3", "cell is 'nan'"]),
        ("mouse 1,1e99,Ann,glia", ["row 3", "whole number"]),
        ("mouse 1,,Ann,glia", ["row 3", "the cell is missing"]),
        ("mouse 1,77,Ann,glia", ["row 3", "no cell 77 in a recording 'mouse 1'"]),
        ("mouse 2,1,Ann,glia", ["row 3", "no cell 1 in a recording 'mouse 2'"]),
        (",1,Ann,glia", ["row 3", "the recording is missing"]),
        ("mouse 1,1,,glia", ["row 3", "name is empty"]),
        ("mouse 1,1,bo,glia", ["row 3", "'bo' differs from 'Bo' only"]),
        ("mouse 1,1,Bo,unsure", ["row 3", "'unsure'", "row 2 says 'glia'"]),
        ("mouse 1,1,Ann,glia,more", ["row 3", "more fields"]),
    ],
)
def test_a_bad_row_refuses_the_file(tmp_path: Path, row: str, words: list[str]) -> None:
    refused(tmp_path, HEADER + "mouse 1,1,Bo,glia\n" + row + "\n", *words)


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("time", "yesterday", ["row 2", "time is 'yesterday'"]),
        ("seconds", "long", ["row 2", "seconds is 'long'"]),
        ("role", "boss", ["row 2", "role is 'boss'"]),
        ("repeat", "maybe", ["row 2", "repeat is 'maybe'"]),
        ("y", "3", ["row 2", "only y is given"]),
    ],
)
def test_a_bad_value_beside(
    tmp_path: Path, column: str, value: str, words: list[str]
) -> None:
    text = f"{column},{HEADER}{value},mouse 1,1,Ann,glia\n"
    refused(tmp_path, text, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no column recording, annotator, answer"]),
        ("recording,annotator,answer\n", ["no column cell (or plane, y and x)"]),
        ("recording,plane,y,annotator,answer\n", ["no column cell (or"]),
        (HEADER.replace("annotator", "who"), ["no column annotator in its first row"]),
        (HEADER.replace("recording", "cell"), ["no column recording"]),
        ("cell," + HEADER, ["the column cell twice"]),
        ("Jürgen".encode("cp1252"), ["not UTF-8", "CSV UTF-8"]),
        (HEADER.encode("utf-16"), ["not UTF-8"]),
    ],
)
def test_a_file_that_is_no_table_of_answers(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    refused(tmp_path, text, "answers.csv", *words)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv cannot be read"):
        import_answers(tmp_path / "nowhere.csv", tmp_path, ANSWERS)


def test_a_name_written_otherwise_than_here_writes_nothing(tmp_path: Path) -> None:
    Journal.open(tmp_path / "annotations", "Ann").add(answer(9))
    with pytest.raises(InputError, match="There is already a journal of 'Ann'"):
        take(tmp_path, HEADER + "mouse 1,1,Aaron,glia\nmouse 1,1,ann,glia\n")
    assert [p.name for p in (tmp_path / "annotations").iterdir()] == ["Ann.jsonl"]
