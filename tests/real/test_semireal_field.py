"""Simulated red on a real green image that is not in the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_cellid.config import SemirealConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.semireal.field import REAL, simulate_red
from napari_cellid.simulation.semireal.green import MarkedGreen

DATA = Path(__file__).parents[3] / "shared" / "data" / "semireal_01_00"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="the recordings are not here"),
]


def test_red_on_real_green_is_like_that_of_the_recipe() -> None:
    green = tifffile.imread(DATA / "green.tif")
    labels = tifffile.imread(DATA / "labels.tif").astype(np.int32)
    given = pd.read_csv(DATA / "cells.csv")
    real = given.loc[given["source"] == "real ROI", "label"]
    marks = np.where(np.isin(labels, real), labels, 0)
    config = SemirealConfig(seed=3, inhibitory_fraction=0.2, n_frames=100)
    made = run_to_end(simulate_red(MarkedGreen(green[None], marks[None], 0.8), config))
    assert np.array_equal(made.green[0], green)
    cells = made.cells[made.cells["source"] == REAL]
    assert np.array_equal(np.sort(cells["label"]), np.unique(real))
    shares = cells["class"].value_counts(normalize=True)
    assert shares["inhibitory"] == pytest.approx(0.2, abs=0.08)
    # most nuclei of the recipe stand out clearly, and so do these
    assert cells["ambiguous"].mean() < 0.2
    sharp = cells[cells["red"] == "sharp"]
    assert sharp["red_contrast"].median() > 2
    assert 30 < len(made.cells) - len(cells) < 60
    # both are dark fields of bright spots
    ranks = [np.percentile(i, [50, 90, 99.8]) - np.percentile(i, 1)
             for i in (tifffile.imread(DATA / "red.tif"), made.red[0])]  # fmt: skip
    for rank in ranks:
        assert rank[0] / rank[2] < 0.12
        assert rank[1] / rank[2] < 0.25
