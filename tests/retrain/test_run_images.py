"""A training is resumed only with the images that its network saw."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from napari_cellid.classification.dataset import RecordingCells, prepare_cells
from napari_cellid.classification.preprocess import Patches
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain.run_images import digest_images


def planes() -> MeanPlanes:
    rng = np.random.default_rng(0)
    images = rng.gamma(2.0, 50.0, (2, 1, 160, 160)).astype(np.float32)
    return MeanPlanes("field", *images, pixel_size_um=1.17)


def digest(recorded: MeanPlanes) -> dict[str, str]:
    study: Any = SimpleNamespace(
        recording=lambda name: SimpleNamespace(planes=lambda: recorded)
    )
    return digest_images(study, ["field"])


def test_another_correction_is_another_image() -> None:
    recorded = planes()
    corrected = replace(recorded, bleed_through=0.2)
    assert digest(recorded) == digest(planes())
    assert digest(recorded) != digest(corrected)
    assert digest(corrected) != digest(replace(recorded, bleed_through=0.3))


def test_training_sees_the_patches_of_prediction() -> None:
    import pandas as pd

    corrected = replace(planes(), bleed_through=0.4)
    cells = pd.DataFrame({"plane": [0, 0], "y": [80.0, 70.2], "x": [75.0, 88.8]})
    card = load_card(find_model(None, "classify"), "classify")
    trained = prepare_cells(
        [RecordingCells(corrected, cells, np.array([0, 1]))], card
    ).cut(np.arange(2))
    seen = Patches(corrected, cells, card).cut(0, 2)
    np.testing.assert_array_equal(trained, seen)
    recorded = Patches(planes(), cells, card).cut(0, 2)
    assert not np.allclose(seen[:, 0], recorded[:, 0], atol=0.01)
    np.testing.assert_array_equal(seen[:, 1], recorded[:, 1])
