"""Classification of cells by their pixels, in one pass over the plane."""

import numpy as np
import pandas as pd
import pytest
import torch

from napari_cellid.cells.measure import measure
from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.pixel import PixelClassifier
from napari_cellid.config import ClassifyConfig, DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.models.store import save_model
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.tiles import predict_tiled
from napari_cellid.segmentation.unet import UNet, UNetConfig

CLASSES = ("excitatory", "inhibitory", "glia")
SMALL = UNetConfig(in_channels=2, class_outputs=3, base=2, depth=1, batch_norm=False)
DEVICE = choose_device(DeviceConfig(device="cpu", precision="fp32"))
CONFIG = ClassifyConfig()
PROBABILITIES = [f"p_{name}" for name in CLASSES]


def _card(**other):
    return {
        "name": "one pass",
        "task": "classify",
        "architecture": "unet",
        "settings": SMALL.model_dump(),
        "classes": CLASSES,
        "combination": "pair",
        "pixel_size_um": 1.0,
        **other,
    }


def _channel_net() -> UNet:
    """A network whose class outputs are 8 times the channels, and 0."""
    net = UNet(SMALL)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        first, second = net.down[0][0], net.down[0][2]
        up_first, up_second = net.up[0][0], net.up[0][2]
        for channel in range(2):
            first.weight[channel, channel, 1, 1] = 1
            second.weight[channel, channel, 1, 1] = 1
            up_first.weight[channel, channel, 1, 1] = 1
            up_second.weight[channel, channel, 1, 1] = 1
            net.head.weight[3 + channel, channel] = 8
    return net


@pytest.fixture
def folder(tmp_path):
    save_model(tmp_path / "one", _card(), _channel_net().state_dict())
    return tmp_path / "one"


@pytest.fixture
def field():
    red, green = np.zeros((2, 1, 32, 32), np.float32)
    labels = np.zeros((1, 32, 32), np.int32)
    labels[0, 2:8, 2:8], labels[0, 12:20, 12:20], labels[0, 24:30, 24:30] = 4, 7, 9
    red[labels == 4], green[labels == 7] = 100, 100
    planes = MeanPlanes(name="f", red=red, green=green, pixel_size_um=1.0)
    return planes, labels, measure(labels, planes)


def test_class_of_a_cell_is_the_mean_over_its_pixels(folder, field):
    planes, labels, cells = field
    classifier = load_classifier(folder)
    assert isinstance(classifier, PixelClassifier)
    table = run_to_end(
        classify_cells(planes, labels, cells, classifier, CONFIG, DEVICE)
    )
    high = np.exp(8) / (np.exp(8) + 2)
    probabilities = table[[f"p_{name}" for name in CLASSES]].to_numpy()
    low = (1 - high) / 2
    expected = [[high, low, low], [low, high, low], [1 / 3] * 3]
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert list(table["predicted"][:2]) == ["excitatory", "inhibitory"]


def test_a_huge_number_needs_no_huge_memory(folder, field):
    planes, labels, cells = field
    classifier = load_classifier(folder)
    expected = run_to_end(
        classify_cells(planes, labels, cells, classifier, CONFIG, DEVICE)
    )
    huge = 2**31 - 1
    labels = np.where(labels == 9, huge, labels).astype(np.int32)
    cells = cells.replace({"label": {9: huge}})
    table = run_to_end(
        classify_cells(planes, labels, cells, classifier, CONFIG, DEVICE)
    )
    np.testing.assert_allclose(table[PROBABILITIES], expected[PROBABILITIES])
    # a cell that has no pixels could be anything
    gone = run_to_end(
        classify_cells(
            planes, labels, cells.assign(label=5), classifier, CONFIG, DEVICE
        )
    )
    np.testing.assert_allclose(gone[PROBABILITIES], 1 / 3, atol=1e-6)


def test_some_cells_alone_get_the_same_as_with_all(folder, field):
    planes, labels, cells = field
    classifier = load_classifier(folder)
    every = run_to_end(
        classify_cells(planes, labels, cells, classifier, CONFIG, DEVICE)
    )
    one = run_to_end(
        classify_cells(planes, labels, cells.iloc[[1]], classifier, CONFIG, DEVICE)
    )
    pd.testing.assert_frame_equal(one, every.iloc[[1]])


def test_temperature_lowers_confidence_and_keeps_the_class(tmp_path, field):
    planes, labels, cells = field
    weights = _channel_net().state_dict()
    save_model(tmp_path / "warm", _card(temperature=4.0), weights)
    save_model(tmp_path / "plain", _card(), weights)
    warm, plain = (
        run_to_end(
            classify_cells(
                planes, labels, cells, load_classifier(tmp_path / name), CONFIG, DEVICE
            )
        )
        for name in ("warm", "plain")
    )
    assert (warm["predicted"][:2] == plain["predicted"][:2]).all()
    assert (warm["confidence"][:2] < plain["confidence"][:2]).all()
    names = [f"p_{name}" for name in CLASSES]
    np.testing.assert_allclose(warm[names].sum(axis=1), 1, atol=1e-6)


def test_pixel_size_does_not_change_the_class(folder, field):
    planes, labels, _cells = field
    large = MeanPlanes(
        name="f",
        red=np.kron(planes.red, np.ones((1, 2, 2), np.float32)),
        green=np.kron(planes.green, np.ones((1, 2, 2), np.float32)),
        pixel_size_um=0.5,
    )
    marks = np.kron(labels, np.ones((1, 2, 2), np.int32))
    classifier = load_classifier(folder)
    table = run_to_end(
        classify_cells(large, marks, measure(marks, large), classifier, CONFIG, DEVICE)
    )
    assert list(table["predicted"][:2]) == ["excitatory", "inhibitory"]


def test_a_network_without_class_outputs_is_refused(tmp_path):
    config = SMALL.model_copy(update={"class_outputs": 0})
    card = _card(settings=config.model_dump())
    save_model(tmp_path / "m", card, UNet(config).state_dict())
    with pytest.raises(InputError, match="no outputs for cell classes"):
        load_classifier(tmp_path / "m")


def test_classes_do_not_depend_on_the_orientation_of_the_field():
    """With all views a rotated field gives the same classes; with one it does not."""
    classifier = load_classifier("one-pass")
    images = np.random.default_rng(1).gamma(2, 50, (2, 1, 48, 64)).astype(np.float32)
    labels = np.zeros((1, 48, 64), np.int32)
    labels[0, 10:20, 10:20], labels[0, 30:38, 42:52] = 1, 2
    gaps = {}
    for views in (1, 8):
        config = ClassifyConfig(class_views=views)
        tables = []
        for turns in (0, 1):
            red, green = np.rot90(images, turns, (2, 3)).copy()
            turned = np.rot90(labels, turns, (1, 2)).copy()
            scale = classifier.card.pixel_size_um
            planes = MeanPlanes("f", red=red, green=green, pixel_size_um=scale)
            cells = measure(turned, planes)
            step = classify_cells(planes, turned, cells, classifier, config, DEVICE)
            tables.append(
                run_to_end(step).set_index("label")[PROBABILITIES].loc[[1, 2]]
            )
        gaps[views] = np.abs(tables[0] - tables[1]).to_numpy().max()
    assert gaps[8] < 1e-4 < gaps[1]


def test_pixel_classes_and_cell_classes_each_sum_to_one():
    image = np.random.default_rng(0).random((2, 40, 33)).astype(np.float32)
    maps = run_to_end(predict_tiled(UNet(SMALL).eval(), image, DEVICE))
    assert maps.shape == (6, 40, 33)
    np.testing.assert_allclose(maps[:3].sum(0), 1, atol=1e-5)
    np.testing.assert_allclose(maps[3:].sum(0), 1, atol=1e-5)
