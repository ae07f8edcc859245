"""simulate: files that the program reads again by itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main
from napari_cellid.config import SimulationConfig
from napari_cellid.io.registry import read_recording
from napari_cellid.simulation.field import SimulatedField

SMALL = ["--height", "96", "--width", "112", "--n-planes", "1", "--quiet"]


def test_files(sample: Path, field: SimulatedField) -> None:
    assert sorted(path.name for path in sample.iterdir()) == [
        "cells.csv", "green.tif", "labels.tif", "meta.json", "red.tif",
    ]  # fmt: skip
    # the fixture `field` has the same settings
    assert np.array_equal(tifffile.imread(sample / "red.tif"), field.red)
    assert np.array_equal(tifffile.imread(sample / "green.tif"), field.green)
    labels = tifffile.imread(sample / "labels.tif")
    assert labels.dtype == np.int32
    assert np.array_equal(labels, field.labels)
    cells = pd.read_csv(sample / "cells.csv")
    first = ["label", "plane", "y", "x", "class", "biological", "ambiguous"]
    assert list(cells)[:7] == first
    assert set(cells["class"]) <= {"excitatory", "inhibitory", "glia"}
    assert set(cells["label"]) == set(np.unique(labels)) - {0}
    meta = json.loads((sample / "meta.json").read_text("utf-8"))
    assert meta["simulated"] is True
    assert meta["pixel_size_um"] == 1.17
    assert SimulationConfig(**meta["settings"]) == field.config


def test_files_say_their_scale_and_axes(sample: Path) -> None:
    recording = read_recording(sample / "red.tif", sample / "green.tif")
    assert recording.shape == (2, 128, 160)
    assert recording.pixel_size_um == 1.17
    assert recording.plane_depths_um == (0.0, 15.0)
    with tifffile.TiffFile(sample / "red.tif") as tif:
        assert "imulated" in str(tif.ome_metadata)


def test_same_seed_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["simulate", "--out", str(tmp_path / name), *SMALL]) == 0
    for file in ("red.tif", "green.tif", "labels.tif", "cells.csv", "meta.json"):
        first, second = (tmp_path / name / file for name in "ab")
        assert first.read_bytes() == second.read_bytes()
    other = ["--out", str(tmp_path / "c"), "--seed", "1"]
    assert main(["simulate", *SMALL, *other]) == 0
    images = [tifffile.imread(tmp_path / name / "red.tif") for name in "ac"]
    assert not np.array_equal(*images)


@pytest.mark.parametrize("kind", ["bleed", "wide"])
def test_kind(tmp_path: Path, kind: str) -> None:
    words = ["--kind", kind, "--seed", "5", "--pixel-size-um", "1.5", *SMALL]
    assert main(["simulate", "--out", str(tmp_path / "a"), *words]) == 0
    assert main(["simulate", "--out", str(tmp_path / "b"), *words]) == 0
    meta = json.loads((tmp_path / "a" / "meta.json").read_text("utf-8"))
    assert meta == json.loads((tmp_path / "b" / "meta.json").read_text("utf-8"))
    assert meta["kind"] == kind
    assert meta["settings"]["seed"] == 5
    assert meta["settings"]["pixel_size_um"] == 1.5
    assert meta["settings"]["height"] == 96
    if kind == "bleed":
        assert meta["settings"]["bleed_green_to_red"] == 0.12


def test_one_plane_is_a_plain_image(tmp_path: Path) -> None:
    assert main(["simulate", "--out", str(tmp_path / "one"), *SMALL]) == 0
    assert tifffile.imread(tmp_path / "one" / "labels.tif").shape == (96, 112)


def test_says_what_it_made(tmp_path: Path, capsys) -> None:
    words = [word for word in SMALL if word != "--quiet"]
    assert main(["simulate", "--out", str(tmp_path / "one"), "--json", *words]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["simulated"] is True
    assert result["n_cells"] == sum(result["counts"].values())
    assert main(["simulate", "--out", str(tmp_path / "one"), *words]) == 0
    assert f"Simulated {result['n_cells']} cells" in capsys.readouterr().out


def test_real_images_are_not_replaced(tmp_path, capsys):
    (tmp_path / "red.tif").write_bytes(b"mine")
    assert main(["simulate", "--out", str(tmp_path), "--height=64", "--width=64"]) == 2
    assert "red.tif that was not simulated" in capsys.readouterr().err
    assert (tmp_path / "red.tif").read_bytes() == b"mine"
    assert [p.name for p in tmp_path.iterdir()] == ["red.tif"]
