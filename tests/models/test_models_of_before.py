"""Models of version 0.1.0 give the same outlines and classes as they did then.

The two folders in `fixtures/models_0_1_0` hold U-Nets of four channels, trained for a
moment on three spots, with cards as that version wrote them; what they gave on the
recording made here is beside them.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_cellid.cells.measure import measure
from napari_cellid.classification import load_classifier
from napari_cellid.classification.base import classify_cells
from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.models.store import load_card
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.predict import load_segmenter, segment

BEFORE = Path(__file__).parents[1] / "fixtures" / "models_0_1_0"
DEVICE = choose_device(DeviceConfig(device="cpu", precision="fp32"))


def spots(seed):
    y, x = np.mgrid[:64, :64]
    image = np.random.default_rng(seed).random((64, 64))
    for cy, cx in ((16, 16), (16, 48), (44, 30)):
        image += 6 * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / 30)
    return image.astype(np.float32)[None]


@pytest.fixture(scope="module")
def planes():
    return MeanPlanes(name="r", red=spots(1), green=spots(2), pixel_size_um=1.3)


@pytest.fixture(scope="module")
def outlined(planes):
    model = load_segmenter(BEFORE / "outlines")
    return run_to_end(segment(planes, model, SegmentConfig(threshold=0.5), DEVICE))


def test_outlines_and_probabilities_are_those_of_then(outlined):
    expected = np.load(BEFORE / "expected.npz")
    np.testing.assert_allclose(outlined.probability, expected["probability"], atol=1e-4)
    np.testing.assert_array_equal(outlined.labels, expected["labels"])
    assert outlined.labels.max() == 3


def test_classes_and_probabilities_are_those_of_then(planes, outlined):
    labels = outlined.labels
    cells = run_to_end(
        classify_cells(
            planes, labels, measure(labels, planes),
            load_classifier(BEFORE / "classes"), ClassifyConfig(), DEVICE,
        )
    )  # fmt: skip
    expected = pd.read_csv(BEFORE / "expected.csv")
    pd.testing.assert_frame_equal(
        cells[list(expected.columns)], expected, check_dtype=False, atol=1e-4
    )


def test_normalisation_and_operating_point_stand_in_the_card():
    card = load_card(BEFORE / "outlines", "segment")
    assert card.combination == "pair"
    assert card.normalisation.outlier_limit == 2.5
    assert card.threshold == 0.5
    assert card.training["cell_output_shift"] == 0.25
