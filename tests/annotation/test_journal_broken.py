"""Journals that were torn, edited or copied about: one sentence, and nothing lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from answering import ANSWERS, answer, said, write_lines

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.journal import Journal
from napari_cellid.annotation.jsonl import format_line


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three answers."""
    path = tmp_path / "Ann.jsonl"
    write_lines(path, [answer(cell, at=cell) for cell in (1, 2, 3)])
    return path


def cells(path: Path) -> list[int]:
    """Cells that count, read in both ways, which must agree."""
    lines = read_annotations(path.parent).all_answers
    lines = lines[lines["annotator"] == "Ann"]
    opened = Journal.open(path.parent, "Ann")
    assert [line.cell for line in opened.lines] == lines["cell"].tolist()
    return list(said(opened.current()))


def problem(path: Path) -> str:
    """The one thing that is odd about a journal."""
    (found,) = Journal.open(path.parent, "Ann", answers=ANSWERS).problems
    return found


def test_a_torn_last_line_is_set_aside(path: Path) -> None:
    torn = format_line(answer(4))[:50]
    with path.open("ab") as file:
        file.write(torn)
    assert "the last line (4) is incomplete" in problem(path)
    assert problem(path) in read_annotations(path.parent).problems
    assert cells(path) == [1, 2, 3]
    before = path.read_bytes()
    journal = Journal.open(path.parent, "Ann")
    journal.add(answer(5, at=5))
    assert path.read_bytes() == before + b"\n" + format_line(answer(5, at=5))
    assert list(said(journal.current())) == [1, 2, 3, 5]
    assert cells(path) == [1, 2, 3, 5]
    assert "line 4 cannot be read" in problem(path)


def test_a_last_line_that_lacks_only_its_end_counts(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])
    assert cells(path) == [1, 2, 3]
    journal = Journal.open(path.parent, "Ann")
    journal.add(answer(4, at=4))
    journal.add(answer(5, at=5))
    assert cells(path) == [1, 2, 3, 4, 5]
    assert journal.problems == ()
    assert len(path.read_bytes().splitlines()) == 5


def test_a_tear_within_a_letter_is_a_tear(path: Path) -> None:
    line = format_line(answer(4, recording="Mäuse"))
    with path.open("ab") as file:
        file.write(line[: line.index("ä".encode()) + 1])
    assert cells(path) == [1, 2, 3]
    assert "incomplete" in problem(path)


def test_zeros_of_a_power_cut_are_set_aside(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0" * 300)
    Journal.open(path.parent, "Ann").add(answer(4, at=4))
    assert cells(path) == [1, 2, 3, 4]


def test_broken_lines_in_the_middle_are_left_out(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    broken = [
        b"<<<<<<< HEAD\n", b"{}\n", b"[1, 2]\n", b"null\n", b"\xff\xfe\n", b"{" * 999,
        b"\n", lines[0].replace(b'"cell": 1', b'"cell": "one"'),
        lines[0].replace(b'"cell": 1', b'"cell": true'),
        lines[0].replace(b'"cell": 1', b'"cell": 99999999999999999999'),
        lines[0].replace(b'"y": 10.5', b'"y": NaN'),
        lines[0].replace(b'"y": 10.5', b'"y": 1e999'),
        lines[0].replace(b"2026-03-01T", b"yesterday "),
        lines[0].replace(b"2026-", b"0001-"),
        lines[0].replace(b'"seconds"', b'"role": "boss", "seconds"'),
        lines[0].replace(b'"answer": "glia", ', b""),
    ]  # fmt: skip
    path.write_bytes(lines[0] + b"".join(broken) + b"".join(lines[1:]))
    assert cells(path) == [1, 2, 3]
    assert "lines 2, 3, 4 and 12 more cannot be read" in problem(path)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (b'"seconds": 1.5}', b"", "cut off"),
        (b'{"time"', b"{time", "not JSON"),
        (b'"answer": "glia", ', b"", "'answer' is missing"),
        (b'"cell": 4', b'"cell": "four"', "'cell' has a value of another kind"),
        (b'"cell": 4', b'"cell": 1e999', "'cell' has a value of another kind"),
        (b'"y": 10.5', b'"y": NaN', "'y' is not a number"),
        (b'"seconds"', b'"role": "boss", "seconds"', "line of a newer version"),
        (b"2026-", b"0001-", "'time' is not a time"),
        (b'"y": 10.5', b'"y": 1' + 400 * b"0", "a number is too large"),
    ],
)
def test_a_line_that_cannot_be_read_has_a_reason(
    path: Path, before: bytes, after: bytes, reason: str
) -> None:
    line = format_line(answer(4, at=4)).replace(b'"seconds": 0.0', b'"seconds": 1.5')
    assert before in line
    with path.open("ab") as file:
        file.write(line.replace(before, after))
        file.write(format_line(answer(5, at=5)))
    assert cells(path) == [1, 2, 3, 5]
    (told,) = read_annotations(path.parent).problems
    assert told.startswith("Ann.jsonl: line 4 cannot be read (")
    assert reason in told


def test_each_reason_has_its_lines(path: Path) -> None:
    line = format_line(answer(4))
    broken = [b"\0" * 20, b"[1]", line[:40], line[:50], b"\xff", b"{}", b"null"]
    with path.open("ab") as file:
        file.write(b"\n".join(broken) + b"\n")
    told = problem(path)
    assert "lines 4, 5, 6 and 4 more cannot be read" in told
    assert "line 4: zeros instead of text" in told
    assert "lines 5, 10: not an answer" in told
    assert "lines 6, 7: cut off" in told
    assert "others for other reasons" in told


def test_a_line_glued_to_a_torn_one_counts(path: Path) -> None:
    with path.open("ab") as file:
        file.write(format_line(answer(4))[:60] + format_line(answer(5, at=5)))
        file.write(format_line(answer(6, at=6))[:-1] + format_line(answer(7, at=7)))
    assert cells(path) == [1, 2, 3, 5, 6, 7]
    assert "line 4 cannot be read" in problem(path)


def test_a_comma_between_texts_mends_no_torn_lines(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b'{"x": [1\n2]},{"y": 1}\n' + lines[0] + b'{"a": "\n"}\n')
    assert cells(path) == [1]
    assert "lines 1, 2, 4 and 1 more cannot be read" in problem(path)


def test_many_broken_lines_are_read_in_time(path: Path) -> None:
    line = format_line(answer(4, at=4))
    with path.open("ab") as file:
        file.write((b'{"time": "2026\n' + line) * 2000)
    assert cells(path) == [1, 2, 3, 4]
    assert "and 1997 more cannot be read" in problem(path)


def test_unknown_keys_stay_in_the_file(path: Path) -> None:
    line = json.loads(format_line(answer(4, at=4))) | {"microscope": {"name": "B"}}
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    assert cells(path) == [1, 2, 3, 4]
    Journal.open(path.parent, "Ann").undo()
    assert b"microscope" in path.read_bytes()


def test_missing_keys_that_need_not_be_there(path: Path) -> None:
    line = json.loads(format_line(answer(4, at=4)))
    del line["shown"], line["seconds"]
    with path.open("a") as file:
        file.write(json.dumps(line))
    assert cells(path) == [1, 2, 3, 4]


def test_whole_numbers_and_times_without_zone_are_read(path: Path) -> None:
    line = json.loads(format_line(answer(4))) | {"time": "2026-03-02T10:00", "y": 3}
    path.write_text(json.dumps(line))
    lines = read_annotations(path.parent).all_answers
    assert str(lines["time"][0]) == "2026-03-02 10:00:00+00:00"
    assert lines["y"].tolist() == [3.0]
    assert cells(path) == [4]


def test_byte_order_mark_and_line_ends_of_windows(path: Path) -> None:
    text = path.read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + text + b"\r\n")
    assert cells(path) == [1, 2, 3]
    journal = Journal.open(path.parent, "Ann")
    journal.add(answer(4, at=4))
    assert cells(path) == [1, 2, 3, 4]
    assert journal.problems == ()


def test_an_empty_file_has_no_answers(path: Path) -> None:
    for content in (b"", b"\n\n \n", b"\xef\xbb\xbf"):
        path.write_bytes(content)
        assert cells(path) == []
        Journal.open(path.parent, "Ann").add(answer(1))
        assert cells(path) == [1]


def test_answers_that_the_study_does_not_have_are_kept(path: Path) -> None:
    with path.open("ab") as file:
        file.write(
            format_line(answer(4, "neuron", at=4)) + format_line(answer(5, "x", at=5))
        )
    assert "2 lines with answers that the study does not have ('neuron', 'x')" in (
        problem(path)
    )
    assert cells(path) == [1, 2, 3, 4, 5]
    assert read_annotations(path.parent).problems == ()


def test_lines_of_somebody_else_do_not_count(path: Path) -> None:
    with path.open("ab") as file:
        file.write(format_line(answer(4, who="Bo", at=4)))
    write_lines(path.with_name("Bo.jsonl"), [answer(4, "unsure", who="Bo")])
    assert cells(path) == [1, 2, 3]
    assert "1 line of 'Bo' in the journal of 'Ann' does not count" in problem(path)
    assert said(Journal.open(path.parent, "Bo").current()) == {4: "unsure"}


def test_lines_that_write_the_name_otherwise_are_the_persons(path: Path) -> None:
    with path.open("ab") as file:
        file.write(format_line(answer(4, who="ANN", at=4)))
    assert cells(path) == [1, 2, 3, 4]
    lines = read_annotations(path.parent).all_answers
    assert set(lines["annotator"]) == {"Ann"}


def test_a_name_that_is_no_unicode_survives(path: Path) -> None:
    Journal.open(path.parent, "Ann").add(answer(4, recording="m\udce4use", at=4))
    assert cells(path) == [1, 2, 3, 4]
    assert (
        "m\udce4use" in read_annotations(path.parent).all_answers["recording"].tolist()
    )
