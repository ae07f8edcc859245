"""The main job with the default models on recordings that are not in the repository."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.cli import main

SHARED = Path(__file__).parents[3] / "shared"
pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (SHARED / "data").is_dir(), reason="the recordings are not here"
    ),
]


def test_better_than_the_classical_reference_on_semi_real_data(tmp_path: Path) -> None:
    truth = SHARED / "data" / "semireal_01_00"
    out = ["--pixel-size", "0.8", "--name", "field", "--out", str(tmp_path), "--quiet"]
    channels = [f"--{c}={truth / c}.tif" for c in ("red", "green")]
    assert main(["identify", *channels, *out]) == 0
    result = _score(tmp_path / "field", truth)["centroid"]
    # the reference: LoG and watershed, two thresholds
    assert result["f1"] > 0.855
    assert result["balanced_accuracy"] > 0.910
    assert result["end_to_end_macro_f1"] > 0.613


def test_a_real_movie_from_end_to_end(tmp_path: Path) -> None:
    data = SHARED / "data" / "real_movie"
    channels = [f"--{c}={data / c}.tif" for c in ("red", "green")]
    out = ["--pixel-size", "1.17", "--name", "movie", "--out", str(tmp_path), "--quiet"]
    assert main(["identify", *channels, *out]) == 0
    folder = tmp_path / "movie"
    labels = tifffile.imread(folder / "labels.tif")
    cells = pd.read_csv(folder / "cells.csv")
    assert labels.shape == (512, 512)
    assert sorted(np.unique(labels[labels > 0])) == sorted(cells["label"])
    # there is no truth: what must hold of any field of this size and density
    assert 150 < len(cells) < 600
    assert cells["area_um2"].median() == pytest.approx(90, rel=0.5)
    assert set(cells["predicted"]) - {"none"} == {"excitatory", "inhibitory", "glia"}
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert any("time points" in note for note in run["notes"])


def _score(folder: Path, truth: Path) -> dict:
    path = SHARED / "tools" / "score.py"
    spec = importlib.util.spec_from_file_location("score", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    labels = module.read_labels(folder / "labels.tif")
    return module.score(labels, module.read_csv(folder / "cells.csv"), str(truth))
