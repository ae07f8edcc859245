"""agree: the figures, the votes, and consensus.csv."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cli import main
from napari_cellid.config import StudyConfig, VoteConfig
from napari_cellid.study.study import Study

E, H, G = "excitatory", "inhibitory", "glia"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SOURCES = ("images.tif", "labels.tif")


def add_recording(study: Study, name: str, n: int) -> None:
    """A recording of n cells 30 µm apart; its images are not looked at."""
    folder = study.path / "recordings" / name
    folder.mkdir(parents=True)
    (folder / "recording.toml").write_text(
        'animal = "m1"\nsubvolume = "V1"\npixel_size_um = 1.5\n', "utf-8"
    )
    for file in SOURCES:
        (folder / file).touch()
    number = np.arange(1, n + 1)
    pd.DataFrame(
        {
            "cell": number, "label": number, "plane": 0, "y": 10.0, "x": number * 20.0,
            "area_um2": 90.0, "predicted": E, "confidence": 0.8,
        }
    ).to_csv(folder / "cells.csv", index=False)  # fmt: skip


def say(
    study: Study, annotator: str, answers: dict[int, str], at: int = 0, **how: object
) -> None:
    journal = Journal.open(study.annotations, annotator)
    for k, (cell, answer) in enumerate(answers.items()):
        time = START + timedelta(seconds=at + k)
        x = how.get("x", cell * 20.0)
        more = {key: value for key, value in how.items() if key != "x"}
        journal.add(Answer(time, annotator, "r1", cell, 0, 10.0, x, answer, **more))
    journal.close()


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Five cells; three people, one disputed cell, one with too few answers."""
    study = Study.create(tmp_path / "study")
    add_recording(study, "r1", 6)
    study = Study.open(study.path)
    say(study, "Ann", {1: E, 2: E, 3: G, 4: H, 5: "not_a_cell"})
    say(study, "Bo", {1: E, 2: E, 3: G, 4: E, 5: "not_a_cell"})
    say(study, "Cy", {1: E, 2: E, 3: G, 4: H})
    return study


@pytest.fixture
def agree(study: Study, capsys) -> Callable[..., dict]:
    """Run agree --json; its result."""

    def run(*words: str) -> dict:
        assert main(["agree", str(study.path), "--json", *words]) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        result = json.loads(printed.out.splitlines()[-1], parse_constant=pytest.fail)
        assert result["event"] == "result"
        return result

    return run


def test_figures_and_votes(agree) -> None:
    result = agree()
    assert result["annotators"] == ["Ann", "Bo", "Cy"]
    assert (result["cells"], result["answers"]) == (5, 14)
    assert result["consensus"] == {E: 2, H: 0, G: 1, "not_a_cell": 0}
    assert (result["disputed"], result["too_few"], result["unanswered"]) == (1, 1, 1)
    assert (result["adjudicated"], result["unmatched"]) == (0, 0)
    assert result["rule"] == VoteConfig().model_dump()
    pairs = {tuple(one["annotators"]): one for one in result["pairwise_kappa"]}
    assert pairs["Ann", "Cy"]["kappa"] == 1
    assert pairs["Ann", "Cy"]["cells"] == 4
    assert pairs["Ann", "Bo"]["equal"] == pytest.approx(0.8)
    assert sum(map(sum, pairs["Ann", "Bo"]["confusion"]["counts"])) == 5
    assert 0 < result["alpha"] < 1
    low, high = result["alpha_interval"]
    assert low <= result["alpha"] <= high
    assert (result["alpha_cells"], result["alpha_answers"]) == (5, 14)
    assert result["fleiss"]["raters"] == 3
    assert result["fleiss"]["cells_left_out"] == 1
    assert result["per_class"][G]["alpha"] == 1
    assert result["per_class"][G]["given"] == 3
    assert result["per_recording"]["r1"]["alpha"] == result["alpha"]
    assert result["self_consistency"]["Ann"]["kappa"] is None
    assert result["problems"] == []
    assert result["quality"] is None


def test_the_table_that_is_written(agree, study: Study) -> None:
    result = agree()
    path = study.path / "consensus.csv"
    assert result["file"] == str(path)
    table = pd.read_csv(path, keep_default_na=False).set_index("cell")
    columns = "recording,label,plane,y,x,consensus,status,votes,n_annotators".split(",")  # noqa: SIM905
    assert list(table.columns[: len(columns)]) == columns
    assert table["status"].tolist() == [
        "consensus", "consensus", "consensus", "disputed", "too_few", "unanswered"
    ]  # fmt: skip
    assert table["consensus"].tolist() == [E, E, G, "", "", ""]
    assert table.loc[4, "votes"] == "Ann=inhibitory; Bo=excitatory; Cy=inhibitory"
    assert table["n_annotators"].tolist() == [3, 3, 3, 3, 2, 0]


def test_rules_of_the_command_line(agree) -> None:
    majority = agree("--rule", "majority")
    assert majority["consensus"][H] == 1
    assert (majority["disputed"], majority["too_few"]) == (0, 1)
    two = agree("--rule", "majority", "--min-annotators", "2")
    assert two["consensus"]["not_a_cell"] == 1
    assert two["too_few"] == 0
    quorum = agree("--rule", "quorum", "--quorum", "2", "--min-annotators", "1")
    assert sum(quorum["consensus"].values()) == 5
    assert quorum["rule"]["quorum"] == 2
    against = agree("--min-annotators", "2", "--not-a-cell", "against")
    assert against["disputed"] == 2


def test_the_studys_own_rule_is_the_default(study: Study, agree) -> None:
    rule = VoteConfig(rule="majority", min_annotators=2)
    study.save_config(StudyConfig(vote=rule))
    assert agree()["rule"] == rule.model_dump()
    mixed = agree("--min-annotators", "3")
    assert mixed["rule"] == {**rule.model_dump(), "min_annotators": 3}
    # what was tried on the command line is not kept
    assert Study.open(study.path).config.vote == rule


def test_adjudicated_cells(study: Study, agree) -> None:
    say(study, "Di", {4: G, 5: "unsure"}, role="adjudicator")
    result = agree()
    assert result["annotators"] == ["Ann", "Bo", "Cy"]
    assert result["consensus"][G] == 2
    assert (result["adjudicated"], result["settled_unsure"]) == (2, 1)
    assert (result["disputed"], result["too_few"]) == (0, 0)


def test_repeats_are_compared(study: Study, agree) -> None:
    say(study, "Ann", {1: E, 3: H, 4: H}, at=100, repeat=True)
    found = agree()["self_consistency"]["Ann"]
    assert found["cells"] == 3
    assert found["equal"] == pytest.approx(2 / 3)


def test_quality(study: Study, agree) -> None:
    found = agree("--quality")["quality"]
    assert set(found["accuracy"]) == {"Ann", "Bo", "Cy"}
    assert found["accuracy"]["Bo"] < found["accuracy"]["Ann"]
    assert (found["cells"], found["answers"]) == (5, 14)
    table = pd.read_csv(study.path / "consensus.csv").set_index("cell")
    assert table.loc[4, "estimated"] == H
    assert np.isnan(table.loc[6, "estimated_p"])


def test_answers_without_a_cell_are_told(study: Study, agree) -> None:
    say(study, "Ann", {77: G}, x=900.0)
    result = agree()
    assert result["unmatched"] == 1
    assert any("r1: 1 answer of Ann does not count" in note for note in result["notes"])
    table = pd.read_csv(study.path / "consensus.csv")
    assert table["status"].tolist()[-1] == "unmatched"


def test_problems_are_told_and_the_rest_counts(study: Study, agree) -> None:
    with (study.annotations / "Bo.jsonl").open("ab") as file:
        file.write(b"{broken\n")
    result = agree()
    assert result["answers"] == 14
    assert any("Bo.jsonl" in problem for problem in result["problems"])


@pytest.mark.parametrize("words", [[], ["--quality"]])
def test_nobody_answered_yet(tmp_path: Path, capsys, words) -> None:
    empty = Study.create(tmp_path / "empty")
    assert main(["agree", str(empty.path), "--json", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["annotators"], result["answers"], result["alpha"]) == ([], 0, None)
    add_recording(empty, "r1", 3)
    assert main(["agree", str(empty.path), "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["unanswered"] == 3
    assert main(["agree", str(empty.path), *words]) == 0
    said, written = capsys.readouterr().out.splitlines()
    assert said == "Nobody has answered a cell of this study yet."
    assert written == f"Written: {empty.path / 'consensus.csv'}"


def test_only_an_adjudicator_answered(tmp_path: Path, capsys) -> None:
    study = Study.create(tmp_path / "settled")
    add_recording(study, "r1", 2)
    say(study, "Di", {1: G}, role="adjudicator")
    assert main(["agree", str(study.path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("0 people, 0 answers about 0 cells.")
    assert "1 settled by an adjudicator" in printed
    assert "Alpha" not in printed


def test_lines_for_people(study: Study, capsys) -> None:
    say(study, "Ann", {1: E}, at=100, repeat=True)
    assert main(["agree", str(study.path), "--quality"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for words in (
        "3 people, 14 answers about 5 cells.", "Krippendorff's alpha: 0.",
        "95 % interval", "on 5 cells with 14 answers",
        "Ann - Cy  1.000 (100.0 % equal) on 4 cells", "3 of them glia",
        "on 4 cells with 3 answers each; 1 with another number left out",
        "none (100.0 % equal) on 1 cell: both always gave the same one answer",
        "unanimous: all say the same, and at least 3 people answered",
        "3 cells decided: 2 excitatory, 0 inhibitory, 1 glia, 0 not_a_cell",
        "1 disputed, 1 with too few answers, 1 not answered",
        "Dawid-Skene, on 5 cells with 14 answers", "consensus.csv",
    ):  # fmt: skip
        assert words in printed.out


def test_what_cannot_be(tmp_path: Path, study: Study, capsys) -> None:
    before = sorted(study.path.rglob("*"))
    for words, said in (
        ([str(tmp_path / "nowhere")], "does not exist"),
        ([str(tmp_path)], "is not a study"),
        ([str(study.path), "--quorum", "0"], "a whole number from 1 to 100"),
        ([str(study.path), "--rule", "best"], "best"),
        ([], "STUDY"),
    ):
        assert main(["agree", *words]) == 2
        printed = capsys.readouterr()
        assert said in printed.err
        assert printed.err.count("\n") == 1
    assert sorted(study.path.rglob("*")) == before


def test_nothing_slow_is_imported(study: Study) -> None:
    slow = ["sklearn", "statsmodels", "torch", "matplotlib", "napari"]
    program = (
        "import sys; from napari_cellid.cli import main;"
        f"main(['agree', {str(study.path)!r}, '--quiet', '--quality']);"
        f"print([name for name in {slow} if name in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stdout.strip() == "[]"
    assert ended.stderr == ""
