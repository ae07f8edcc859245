from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from napari_cellid.cells.measure import measure
from napari_cellid.classification.base import CellClassifier, classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.networks import ClassifierConfig, build_network
from napari_cellid.classification.upsampling import UpsamplingClassifier, spotlight_mask
from napari_cellid.config import ClassifyConfig, DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.models.store import CARD_FILE
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.field import SimulatedField

CPU = choose_device(DeviceConfig(device="cpu", precision="fp32"))


@pytest.mark.parametrize(
    ("architecture", "count"),
    [("inception_v3", 21_791_715), ("resnet18", 11_178_051), ("resnet50", 23_514_179)],
)
def test_three_outputs_and_the_published_size(architecture: str, count: int) -> None:
    net = build_network(ClassifierConfig(architecture=architecture)).eval()
    assert sum(p.numel() for p in net.parameters()) == count
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, 96, 96)).shape == (1, 3)


@pytest.mark.parametrize("architecture", ["resnet18", "resnet50"])
def test_a_narrow_resnet_has_the_layers_of_the_published_one(architecture: str) -> None:
    whole, narrow = (
        build_network(ClassifierConfig(architecture=architecture, width=width))
        for width in (64, 8)
    )
    theirs, mine = whole.state_dict(), narrow.state_dict()
    assert list(mine) == list(theirs)
    for name, weights in mine.items():
        by = [1, 8] if name == "fc.weight" else [8, 8]
        by = [1] if name == "fc.bias" else [8, 1] if name == "conv1.weight" else by
        wide = [n * k for n, k in zip(weights.shape, by, strict=False)]
        assert wide == list(theirs[name].shape[: len(by)])
    with torch.inference_mode():
        assert narrow.eval()(torch.rand(1, 3, 64, 64)).shape == (1, 3)
    with pytest.raises(ValueError, match="Inception-v3 has one width"):
        ClassifierConfig(width=8)


@pytest.fixture
def cells(field: SimulatedField, planes: MeanPlanes) -> pd.DataFrame:
    return measure(field.labels, planes)


def _classify(
    planes: MeanPlanes,
    cells: pd.DataFrame,
    classifier: CellClassifier,
    batch_size: int = 0,
) -> pd.DataFrame:
    no_labels = np.zeros((1, 1, 1), np.int32)
    config = ClassifyConfig(batch_size=batch_size)
    return run_to_end(classify_cells(planes, no_labels, cells, classifier, config, CPU))


def test_probabilities_sum_to_one_and_name_the_class(
    planes: MeanPlanes, cells: pd.DataFrame, classifier_folder: Path
) -> None:
    classifier = load_classifier(classifier_folder)
    table = _classify(planes, cells, classifier)
    probabilities = table[["p_excitatory", "p_inhibitory", "p_glia"]].to_numpy()
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    best = np.array(classifier.card.classes)[probabilities.argmax(1)]
    assert (table["predicted"] == best).all()
    np.testing.assert_array_equal(table["confidence"], probabilities.max(1))
    assert table["label"].tolist() == cells["label"].tolist()


def test_the_batch_size_changes_nothing(
    planes: MeanPlanes, cells: pd.DataFrame, classifier_folder: Path
) -> None:
    classifier = load_classifier(classifier_folder)
    tables = [_classify(planes, cells, classifier, n) for n in (1, 7, 1000)]
    for table in tables[1:]:
        np.testing.assert_allclose(table["p_glia"], tables[0]["p_glia"], atol=1e-5)


def test_no_cells_give_an_empty_table_with_all_columns(
    planes: MeanPlanes, cells: pd.DataFrame, classifier_folder: Path
) -> None:
    classifier = load_classifier(classifier_folder)
    table = _classify(planes, cells[:0], classifier)
    assert len(table) == 0
    assert {"cell", "label", "predicted", "p_glia", "confidence"} <= set(table.columns)


def test_enlarging_is_bilinear_to_the_input_size() -> None:
    seen = []

    class Spy(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            seen.append(image)
            return image.mean((2, 3))

    config = ClassifierConfig(scaling="symmetric")
    patch = torch.rand(2, 3, 101, 101)
    UpsamplingClassifier(Spy(), 299, config)(patch)
    expected = torch.nn.functional.interpolate(patch, (299, 299), mode="bilinear")
    torch.testing.assert_close(seen[0], expected * 2 - 1)


def test_the_spotlight_leaves_the_middle_and_dims_the_rest() -> None:
    light = spotlight_mask(101, 14.0)
    assert light[50, 50] == 1
    assert light.argmax() == 50 * 101 + 50
    assert 0.2 < light[0, 0] < 0.3
    torch.testing.assert_close(light, light.T)
    torch.testing.assert_close(light, light.flip(0))


def test_more_classes_than_outputs_are_refused(
    classifier_folder: Path, tmp_path: Path
) -> None:
    for file in classifier_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    card = json.loads((tmp_path / CARD_FILE).read_text())
    card["classes"] = ["a", "b"]
    (tmp_path / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(
        InputError, match="names 2 classes, but its network has 3 outputs"
    ):
        load_classifier(tmp_path)
