"""One rule for new names: of recordings, folders, trainings, people, classes."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.annotation.annotators import journal_path
from napari_cellid.cli import main
from napari_cellid.cli.console import make_console
from napari_cellid.config import RecordingInfo, StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.naming import (
    check_folder_name,
    check_name,
    check_new_path,
    clean_name,
    utf8_name,
    utf8_text,
    visible,
)
from napari_cellid.retrain.job import check_name as check_run_name
from napari_cellid.study.classes import add_class, rename_class
from napari_cellid.study.save_results import check_can_add
from napari_cellid.study.study import Study

#: names that cannot be seen or turn the text around them
HIDDEN = [
    "a\nb", "x\n", "\x1b[2Jx", "a\x7f", "a\x85b", "gnp\u202egpj.x", "\u2066x\u2069",
    "\u200fx", "\u061cx", "zero\u200bwidth", "\ufeffx", "a\u2028b",
]  # fmt: skip
#: names that some computer cannot give a folder
UNUSABLE = [
    "CON", "con.tif", "COM¹", "lpt³.x", "nul", "CONIN$", "a/b", "a\\b", "a:b", "x.",
    "x. ", "...", ".x", "", " ", "a*", "a?", 'a"', "<b>", "a|b", "é" * 120,
]  # fmt: skip
GOOD = [
    "mouse 1",
    "M%FCller",
    "Jürgen",
    "山田",
    "می\u200cخواهم",
    "a.b",
    "x" * 180,
    "conny",
]


@pytest.mark.parametrize("name", [*HIDDEN, *UNUSABLE])
def test_a_folder_has_no_name_that_some_computer_refuses(name: str) -> None:
    with pytest.raises(InputError) as refused:
        check_folder_name(name, "recording")
    assert visible(str(refused.value)) == str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", GOOD)
def test_other_names_are_good(name: str) -> None:
    assert check_folder_name(f" {name} ", "recording") == name
    decomposed = unicodedata.normalize("NFD", name)
    assert check_folder_name(decomposed, "recording") == name


@pytest.mark.parametrize("name", [*HIDDEN, *UNUSABLE])
def test_the_rule_binds_every_new_folder(tmp_path: Path, name: str) -> None:
    study = Study.create(tmp_path / "s")
    with pytest.raises(InputError):
        check_can_add(study, name)
    with pytest.raises(InputError):
        check_run_name(name)


@pytest.mark.parametrize("name", HIDDEN)
def test_the_rule_binds_people_animals_and_classes(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        check_name(name, "animal")
    with pytest.raises(InputError):
        add_class(StudyConfig(), name)
    with pytest.raises(InputError):
        rename_class(StudyConfig(), "glia", name)
    if name == " ".join(name.split()):  # of a person's name, lines become spaces
        with pytest.raises(InputError):
            journal_path(tmp_path, name)


@pytest.mark.parametrize("name", ["CON", "x.", "a\nb", "a\x1b", "gnp\u202e", "COM¹.x"])
def test_the_rule_binds_new_folders_of_results_and_studies(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for new in (tmp_path / name, tmp_path / name / "deep", tmp_path / "deep" / name):
        with pytest.raises(InputError):
            check_new_path(new)
        with pytest.raises(InputError):
            Study.create(new)
        assert main(["simulate", "--out", str(new), "--quiet"]) == 2
        error = capsys.readouterr().err
        assert len(error.splitlines()) == 1
        assert "\x1b" not in error and "\u202e" not in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["CON", "x.", "a\nb", "gnp\u202e"])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such folders")
def test_a_study_that_exists_opens_whatever_its_names_are(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir()
    folder = tmp_path / name / name
    Study.create(tmp_path / "s").path.rename(folder)
    recording = folder / "recordings" / name
    recording.mkdir(parents=True)
    text = "cell,label,plane,y,x,area_um2,predicted,confidence\n1,1,0,5,5,50,,\n"
    (recording / "cells.csv").write_text(text)
    (recording / "recording.toml").write_text("pixel_size_um = 1.0\n")
    study = Study.open(folder)
    assert study.recordings == (name,)
    check_can_add(study, name)
    check_new_path(folder)
    assert study.update_recording_info({name: {"animal": "m1"}})


def test_a_person_who_has_a_journal_goes_on(tmp_path: Path) -> None:
    from napari_cellid.annotation.journal import Journal

    (tmp_path / "gnp\u202e.jsonl").touch()
    assert Journal.open(tmp_path, "gnp\u202e").annotator == "gnp\u202e"
    with pytest.raises(InputError):
        Journal.open(tmp_path, "other\u202e")


def test_the_names_of_animals_are_checked(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "s")
    folder = study.path / "recordings" / "r"
    folder.mkdir(parents=True)
    (folder / "cells.csv").write_text(
        "cell,label,plane,y,x,area_um2,predicted,confidence\n"
    )
    (folder / "recording.toml").write_text("pixel_size_um = 1.0\n")
    study.reload()
    with pytest.raises(InputError, match="animal"):
        study.update_recording_info({"r": {"animal": "m\u202e1"}})
    new = study.update_recording_info({"r": {"animal": " Mu\u0308ller "}})
    assert new.recording("r").info.animal == "Müller"


@given(st.text())
def test_a_terminal_gets_no_control_character(text: str) -> None:
    shown = visible(text)
    hidden = {c for c in shown if unicodedata.category(c) in {"Cc", "Cs", "Cf", "Zl"}}
    assert hidden <= set("\n\u200c\u200d")
    assert visible(shown) == shown


def test_every_message_of_the_terminal_is_escaped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = make_console(as_json=False, quiet=False)
    console.notes(["note \x1b[2J"])
    console.error("error \x1b]0;x\x07")
    console.result({}, ["one \x9b", "two \u202e", "\nthree\r"])
    printed = "".join(capsys.readouterr())
    assert not set(printed) & set("\x1b\x07\x9b\u202e\r")
    assert r"\x1b" in printed
    assert len(printed.splitlines()) == 6


def test_study_toml_and_file_names_cannot_move_the_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = Study.create(tmp_path / "s")
    text = (study.path / "study.toml").read_text("utf-8")
    (study.path / "study.toml").write_text(
        text.replace('name = "glia"', 'name = "\\u001b[2Jglia"')
        + '\n[recordings."x\\u001b[1A"]\nanimal = "m"\n',
        "utf-8",
    )
    if os.name != "nt":
        (study.path / "recordings" / "r\x1b[2J").mkdir(parents=True)
        (study.path / "annotations").mkdir()
        (study.path / "annotations" / "A\x1b[2J.jsonl").write_text("broken\n")
    assert main(["agree", str(study.path)]) == 0
    printed = "".join(capsys.readouterr())
    assert "\x1b" not in printed
    assert r"\x1b[" in printed


@given(st.binary())
def test_bytes_that_are_no_text_can_be_written(name: bytes) -> None:
    path = name.decode("utf-8", "surrogateescape")
    utf8_text(path).encode("utf-8")
    utf8_name(path).encode("utf-8")
    assert utf8_name(clean_name("Müller")) == utf8_text("Müller") == "Müller"


def test_sources_can_be_written() -> None:
    source = utf8_text(os.fsdecode(b"/data/M\xfcller.tif"))
    assert RecordingInfo(pixel_size_um=1, sources=(source,)).sources == (source,)
    assert utf8_name(os.fsdecode(b"M\xfcller")) == "M%FCller"
