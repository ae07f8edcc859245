"""simulate --green --masks: red for a green image that is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main
from napari_cellid.config import SemirealConfig
from napari_cellid.io.registry import read_recording
from napari_cellid.simulation.field import SimulatedField


@pytest.fixture(scope="session")
def masks(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Neurons of the sample, as somebody would have marked them."""
    cells = pd.read_csv(sample / "cells.csv")
    labels = tifffile.imread(sample / "labels.tif")
    neurons = cells.loc[cells["class"] != "glia", "label"]
    path = tmp_path_factory.mktemp("masks") / "masks.tif"
    tifffile.imwrite(path, np.where(np.isin(labels, neurons), labels, 0).astype("u2"))
    return path


@pytest.fixture
def files(sample: Path, masks: Path) -> list[str]:
    return ["--green", str(sample / "green.tif"), "--masks", str(masks), "--quiet"]


def test_files_say_what_is_real(
    sample: Path, masks: Path, files: list[str], field: SimulatedField, tmp_path: Path
) -> None:
    out = tmp_path / "field"
    words = ["--seed", "3", "--chromatin", "0.2", "--glia-share", "0.5"]
    assert main(["simulate", "--out", str(out), *files, *words]) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "cells.csv", "green.tif", "labels.tif", "meta.json", "red.tif",
    ]  # fmt: skip
    assert np.array_equal(tifffile.imread(out / "green.tif"), field.green)
    labels, marks = tifffile.imread(out / "labels.tif"), tifffile.imread(masks)
    assert np.array_equal(labels[marks > 0], marks[marks > 0])
    cells = pd.read_csv(out / "cells.csv")
    first = ["label", "plane", "y", "x", "class", "biological", "ambiguous"]
    assert list(cells)[:7] == first
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    assert set(cells["source"]) == {"real mark", "simulated"}
    meta = json.loads((out / "meta.json").read_text("utf-8"))
    assert meta["simulated"] is True
    assert (meta["green"], meta["red"]) == ("real", "simulated")
    assert meta["green_file"] == str(sample / "green.tif")
    assert meta["masks_file"] == str(masks)
    assert meta["pixel_size_um"] == pytest.approx(1.17)
    config = SemirealConfig(seed=3, chromatin=0.2, glia_share=0.5)
    assert SemirealConfig(**meta["settings"]) == config
    recording = read_recording(out / "red.tif", out / "green.tif")
    assert recording.pixel_size_um == pytest.approx(1.17)
    assert recording.plane_depths_um == (0.0, 15.0)
    for name, said in (("red", "mCherry (simulated)"), ("green", "GCaMP (real)")):
        with tifffile.TiffFile(out / f"{name}.tif") as tif:
            assert said in str(tif.ome_metadata)


def test_same_seed_same_files(files: list[str], tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        words = ["--out", str(tmp_path / name), "--seed", seed, *files]
        assert main(["simulate", *words]) == 0
    for file in ("red.tif", "green.tif", "labels.tif", "cells.csv", "meta.json"):
        first, second = (tmp_path / name / file for name in "ab")
        assert first.read_bytes() == second.read_bytes()
    images = [tifffile.imread(tmp_path / name / "red.tif") for name in "ac"]
    assert not np.array_equal(*images)


def test_a_movie_is_averaged(tmp_path: Path, capsys) -> None:
    rng = np.random.default_rng(0)
    still = 100 + 50 * rng.random((80, 90))
    movie = rng.poisson(still, (30, 80, 90)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "movie.tif", movie)
    labels = np.zeros((80, 90), np.uint16)
    labels[20:31, 20:31], labels[50:61, 40:51] = 4, 9
    tifffile.imwrite(tmp_path / "masks.tif", labels)
    words = ["--green", str(tmp_path / "movie.tif"), "--axes", "TYX"]
    words += ["--masks", str(tmp_path / "masks.tif"), "--pixel-size-um", "1"]
    assert main(["simulate", "--out", str(tmp_path / "out"), *words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["semireal"] is True
    assert result["marks"] == 2
    assert result["n_cells"] == result["marks"] + result["added_glia"]
    green = tifffile.imread(tmp_path / "out" / "green.tif")
    ratio = np.corrcoef(green.ravel(), movie.mean(0).ravel())[0, 1]
    assert ratio == pytest.approx(1, abs=1e-4)
    main(["simulate", "--out", str(tmp_path / "out"), *words])
    assert "Simulated red for 2 marked cells" in capsys.readouterr().out


def test_wide_settings(files: list[str], tmp_path: Path) -> None:
    words = ["--kind", "wide", "--seed", "5", "--bit-depth", "8", "--blur-um", "0.4"]
    for name in "ab":
        words_ = ["--out", str(tmp_path / name), *files, *words]
        assert main(["simulate", *words_]) == 0
    meta = json.loads((tmp_path / "a" / "meta.json").read_text("utf-8"))
    assert meta == json.loads((tmp_path / "b" / "meta.json").read_text("utf-8"))
    assert meta["kind"] == "wide"
    settings = meta["settings"]
    assert (settings["seed"], settings["bit_depth"], settings["blur_um"]) == (5, 8, 0.4)
    assert settings["glia_share"] != SemirealConfig().glia_share


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--masks", "{masks}"], "without --green"),
        (["--green", "{green}"], "without --masks"),
        (["--glia-share", "0.2"], "about a real green image"),
        (["{files}", "--width", "200"], "about tissue that is made up"),
        (["{files}", "--vessels", "2"], "about tissue that is made up"),
        (["{files}", "--movie-frames", "9"], "movies and animals"),
        (["{files}", "--animals", "2"], "movies and animals"),
        (["{files}", "--kind", "bleed"], "--kind wide alone"),
        (["--green", "{green}", "--masks", "{none}"], "hold no cell"),
        (["--green", "{green}", "--masks", "{small}"], "labels of the same field"),
        (["--green", "{green}", "--masks", "{gone}"], "does not exist"),
        (["--green", "{plain}", "--masks", "{masks}"], "--pixel-size-um"),
        (["{files}", "--green-gamma", "9"], "from 0.3 to 3"),
    ],
)
def test_what_cannot_be_done_is_told(
    sample: Path, masks: Path, files, tmp_path: Path, capsys, words, said
) -> None:
    labels = tifffile.imread(masks)
    tifffile.imwrite(tmp_path / "none.tif", np.zeros_like(labels))
    tifffile.imwrite(tmp_path / "small.tif", labels[:, :-3])
    tifffile.imwrite(tmp_path / "plain.tif", tifffile.imread(sample / "green.tif"))
    names = {"green": sample / "green.tif", "masks": masks, "files": "{files}"}
    names |= {n: tmp_path / f"{n}.tif" for n in ("none", "small", "plain", "gone")}
    given = [word.format(**names) for word in words]
    if "{files}" in given:
        given[:1] = files
    out = tmp_path / "out"
    assert main(["simulate", "--out", str(out), *given]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_own_files_are_not_replaced(masks: Path, tmp_path: Path, capsys) -> None:
    green = np.random.default_rng(0).integers(90, 110, (80, 90), np.uint16)
    tifffile.imwrite(tmp_path / "green.tif", green)
    tifffile.imwrite(tmp_path / "masks.tif", (green > 107).astype(np.uint8))
    before = (tmp_path / "green.tif").read_bytes()
    words = ["--green", str(tmp_path / "green.tif"), "--pixel-size-um", "1"]
    words += ["--masks", str(tmp_path / "masks.tif"), "--out", str(tmp_path)]
    assert main(["simulate", *words]) == 2
    assert "not simulated" in capsys.readouterr().err
    (tmp_path / "green.tif").rename(tmp_path / "mine.tif")
    words[1] = str(tmp_path / "mine.tif")
    assert main(["simulate", *words]) == 2
    assert "lies in" in capsys.readouterr().err
    assert (tmp_path / "mine.tif").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["masks.tif", "mine.tif"]
