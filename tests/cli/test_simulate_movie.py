"""simulate --movie-frames: movies that the program reads again by itself."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main
from napari_cellid.config import SimulationConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.movie import Movie, simulate_movie

SMALL = ["--height", "64", "--width", "80", "--n-planes", "2", "--quiet"]
MOVIE = ["--movie-frames", "12", "--frame-rate-hz", "5"]


def test_movie_files(tmp_path) -> None:
    assert main(["simulate", "--out", str(tmp_path / "a"), *SMALL, *MOVIE]) == 0
    assert main(["simulate", "--out", str(tmp_path / "b"), *SMALL, *MOVIE]) == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "cells.csv", "events.csv", "green.tif", "green_movie.tif", "labels.tif",
        "meta.json", "motion.csv", "movie.json", "red.tif", "red_movie.tif",
    ]  # fmt: skip
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    config = SimulationConfig(height=64, width=80, n_planes=2)
    settings = MovieConfig(movie_frames=12, frame_rate_hz=5)
    _, movie = run_to_end(simulate_movie(config, settings))
    red = tifffile.imread(tmp_path / "a" / "red_movie.tif")
    green = tifffile.imread(tmp_path / "a" / "green_movie.tif")
    for time, plane in ((0, 0), (7, 1), (11, 1)):
        one = movie.frame(plane, time)
        np.testing.assert_array_equal(red[time, plane], one[0])
        np.testing.assert_array_equal(green[time, plane], one[1])
    meta = json.loads((tmp_path / "a" / "movie.json").read_text("utf-8"))
    assert meta["simulated"] is True
    assert MovieConfig(**meta["settings"]) == settings
    assert len(pd.read_csv(tmp_path / "a" / "motion.csv")) == 12
    meta = json.loads((tmp_path / "a" / "meta.json").read_text("utf-8"))
    assert meta["settings"]["n_frames"] == 12


@pytest.mark.parametrize("planes", [1, 2])
def test_movies_say_their_scale_and_axes(tmp_path, planes) -> None:
    words = ["--n-planes", str(planes), "--bit-depth", "8"]
    assert main(["simulate", "--out", str(tmp_path), *SMALL, *MOVIE, *words]) == 0
    recording = read_recording(tmp_path / "red_movie.tif", tmp_path / "green_movie.tif")
    assert recording.shape == (planes, 64, 80)
    assert recording.green.shape == (12, planes, 64, 80)
    assert recording.green.dtype == np.uint8
    assert recording.pixel_size_um == 1.17


def test_a_movie_of_another_field_does_not_stay(tmp_path, capsys) -> None:
    assert main(["simulate", "--out", str(tmp_path), *SMALL, *MOVIE]) == 0
    assert main(["simulate", "--out", str(tmp_path), *SMALL]) == 2
    assert "movie of another field" in capsys.readouterr().err
    assert main(["simulate", "--out", str(tmp_path), *SMALL, *MOVIE]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frame-rate-hz", "5"], "--frame-rate-hz is about a movie"),
        ([*MOVIE, "--n-frames", "9"], "leave out --n-frames"),
    ],
)
def test_contradictions_are_refused(tmp_path, capsys, words, said) -> None:
    assert main(["simulate", "--out", str(tmp_path / "a"), *SMALL, *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_a_full_disk_leaves_nothing(tmp_path, capsys, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Movie, "frame", full)
    assert main(["simulate", "--out", str(tmp_path / "a"), *SMALL, *MOVIE]) == 2
    assert "No space left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
