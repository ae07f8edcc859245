"""simulate --animals: folders of recordings, a table of them, and true answers."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from napari_cellid.cli import main
from napari_cellid.config import SimulationConfig

SMALL = ["--height", "96", "--width", "96", "--n-planes", "1", "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("animals") / "out"
    words = ["--animals", "2", "--recordings", "2", "--seed", "3"]
    assert main(["simulate", "--out", str(path), *SMALL, *words]) == 0
    return path


def test_one_folder_a_recording(folder) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "animal_1", "animal_2", "animals.csv", "answers.csv",
    ]  # fmt: skip
    table = pd.read_csv(folder / "animals.csv")
    assert table["folder"].tolist() == [
        "animal_1/recording_1", "animal_1/recording_2",
        "animal_2/recording_1", "animal_2/recording_2",
    ]  # fmt: skip
    assert table["simulated"].all()
    for row in table.itertuples():
        meta = json.loads((folder / row.folder / "meta.json").read_text("utf-8"))
        settings = SimulationConfig(**meta["settings"])
        assert settings.seed == row.seed
        assert settings.green_photons == pytest.approx(row.green_photons, rel=1e-5)
        assert len(pd.read_csv(folder / row.folder / "cells.csv")) == row.n_cells
    assert table["red_photons"].nunique() == 4


def test_answers_are_the_classes_that_can_be_seen(folder) -> None:
    answers = pd.read_csv(folder / "answers.csv")
    assert list(answers) == ["recording", "plane", "y", "x", "answer", "annotator"]
    cells = pd.read_csv(folder / "animal_2" / "recording_1" / "cells.csv")
    clear = cells[~cells["ambiguous"]]
    own = answers[answers["recording"] == "animal_2_recording_1"]
    assert own["answer"].tolist() == clear["class"].tolist()
    assert set(answers["annotator"]) == {"simulated truth"}


def test_an_animal_alone_with_movies(tmp_path) -> None:
    words = ["--recordings", "1", "--animals", "1", "--movie-frames", "3"]
    assert main(["simulate", "--out", str(tmp_path / "a"), *SMALL, *words]) == 0
    one = tmp_path / "a" / "animal_1" / "recording_1"
    assert (one / "green_movie.tif").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--gain-spread", "0.5"], "give their number with --animals"),
        (["--animals", "2"], "is not empty"),
    ],
)
def test_refused(tmp_path, capsys, words, said) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert main(["simulate", "--out", str(tmp_path), *SMALL, *words]) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
