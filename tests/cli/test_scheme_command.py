"""--scheme, and napari-cellid scheme."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cli import main
from napari_cellid.config import StudyConfig, parse_scheme
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.study.study import Study

INTERNEURONS = StudyConfig.of_scheme(parse_scheme("red-interneurons"))


@pytest.fixture
def identify(channels, segmenter, classifier):
    """Words that identify the sample."""
    return ["identify", *channels, *segmenter, *classifier, "--name", "r1", "--quiet"]


def refused(capsys, words: list[str], *said: str) -> None:
    capsys.readouterr()
    assert main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1, printed.err
    for word in said:
        assert word in printed.err


def as_before(folder: Path) -> None:
    """Make a study one of version 0.1."""
    path = folder / STUDY_FILE
    text = re.sub(r', markers = "[^"]*"|scheme = .*\n', "", path.read_text())
    path.write_text(text.replace("format = 3", "format = 2"))


def answer(study: Study, said: str) -> None:
    cell = study.recording("r1").cells().iloc[0]
    journal = Journal.open(study.annotations, "Ann")
    place = {name: cell[name] for name in ("y", "x")}
    journal.add(
        Answer(
            time=datetime.now(UTC), annotator="Ann", recording="r1",
            cell=int(cell["cell"]), plane=int(cell["plane"]), answer=said, **place,
        )
    )  # fmt: skip
    journal.close()


def test_the_same_cells_under_three_schemes(tmp_path, identify) -> None:
    """The probabilities are the same; the names follow."""
    tables = {}
    for scheme in ("emx1-h2b", "red-interneurons", "red-subtype=PV"):
        out = tmp_path / scheme
        assert main([*identify, "--scheme", scheme, "--out", str(out)]) == 0
        run = json.loads((out / "r1" / "run.json").read_text())
        config = StudyConfig.of_scheme(parse_scheme(scheme))
        assert run["classes"]["scheme"] == config.scheme
        assert run["classes"]["markers"] == {
            one.name: one.markers for one in config.classes
        }
        table = pd.read_csv(out / "r1" / "cells.csv")
        columns = [f"p_{name}" for name in config.class_names]
        tables[scheme] = table[columns].to_numpy().tolist()
        assert set(table["predicted"]) <= set(config.class_names)
    assert len({json.dumps(values) for values in tables.values()}) == 1


def test_without_a_scheme_the_paper_s(tmp_path, identify) -> None:
    assert main([*identify, "--out", str(tmp_path)]) == 0
    run = json.loads((tmp_path / "r1" / "run.json").read_text())
    assert run["classes"]["scheme"] == "emx1-h2b"


def test_a_new_study_keeps_it(tmp_path, identify, capsys) -> None:
    study = tmp_path / "s"
    words = [*identify, "--study", str(study)]
    assert main([*words, "--scheme", "red-interneurons"]) == 0
    assert Study.open(study).config == INTERNEURONS
    # without --scheme it is that of the study
    assert main(words) == 0
    names = set(Study.open(study).recording("r1").cells()["predicted"])
    assert names <= set(INTERNEURONS.class_names)
    capsys.readouterr()
    assert main(["scheme", str(study)]) == 0
    told = capsys.readouterr().out
    assert "red marks interneurons" in told
    assert "red and green: inhibitory" in told


def test_another_scheme_is_refused_where_there_are_answers(
    tmp_path, identify, capsys
) -> None:
    folder = tmp_path / "s"
    words = [*identify, "--study", str(folder)]
    assert main(words) == 0
    answer(Study.open(folder), "glia")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    said = "would mean something else"
    refused(capsys, [*words, "--scheme", "red-interneurons"], said)
    refused(capsys, ["scheme", str(folder), "--scheme", "red-subtype=PV"], said)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    # the same one is no change
    assert main([*words, "--scheme", "emx1-h2b"]) == 0


def test_a_study_of_before_needs_it_once(tmp_path, identify, capsys) -> None:
    folder = tmp_path / "s"
    words = [*identify, "--study", str(folder)]
    assert main(words) == 0
    as_before(folder)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    refused(capsys, words, "does not say what red marks", "--scheme")
    refused(capsys, ["train", "classifier", str(folder)], "--scheme")
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert main(["scheme", str(folder)]) == 0
    assert "does not say what red marks" in capsys.readouterr().out
    assert main([*words, "--scheme", "red-interneurons"]) == 0
    config = Study.open(folder).config
    assert config.state_names == INTERNEURONS.state_names
    assert "glia" in config.class_names
    assert main(words) == 0


def test_outlines_alone_need_no_scheme(tmp_path, channels, segmenter, identify) -> None:
    folder = tmp_path / "s"
    assert main([*identify, "--study", str(folder)]) == 0
    as_before(folder)
    words = ["segment", *channels, *segmenter, "--study", str(folder), "--quiet"]
    assert main([*words, "--name", "r2"]) == 0
    assert Study.open(folder).config.scheme is None


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("gad2", "There is no labelling scheme 'gad2'"),
        ("own=a,b", "needs the names of"),
        ("own=a,b,a", "two classes have the same name"),
        ("red-subtype", "give red-subtype=PV, for example"),
    ],
)
def test_what_is_no_scheme(tmp_path, identify, capsys, scheme, said) -> None:
    out = tmp_path / "out"
    refused(capsys, [*identify, "--scheme", scheme, "--out", str(out)], said)
    assert not out.exists()


def test_the_whole_help_names_the_schemes(capsys) -> None:
    assert main(["identify", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "--scheme SCHEME" in told
    assert "red-projection- neurons" in told or "red-projection-neurons" in told
