from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from napari_cellid.channels.model_input import plane_image
from napari_cellid.channels.resampling import rescale
from napari_cellid.device import Device
from napari_cellid.models.card import ModelCard
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.model import UNetModel
from napari_cellid.segmentation.scales import predict_plane
from napari_cellid.segmentation.tta import predict_tta
from napari_cellid.segmentation.unet import UNet, UNetConfig

CPU = Device("cpu", "fp32", "CPU")


def _model(*scales: float) -> UNetModel:
    torch.manual_seed(4)
    net = UNet(UNetConfig(in_channels=2, base=4, depth=2)).eval()
    card = ModelCard(
        name="small",
        task="segment",
        architecture="unet",
        classes=("background", "rim", "core"),
        combination="pair",
        pixel_size_um=1.0,
        scales=scales,
        weights_sha256="",
    )
    return UNetModel(card, net)


@pytest.fixture
def planes() -> MeanPlanes:
    red, green = np.random.default_rng(0).random((2, 1, 48, 64), np.float32)
    return MeanPlanes("field", red, green, 1.0)


def test_with_one_scale_nothing_is_added(planes: MeanPlanes) -> None:
    model = _model(1.0)
    image = plane_image(planes, 0, model.card)
    expected = run_to_end(
        predict_tta(model.net, image, CPU, 2, outputs="pixel classes")
    )
    maps = run_to_end(predict_plane(model, planes, 0, 2, CPU))
    np.testing.assert_array_equal(maps, expected)


def test_the_second_view_is_at_the_second_scale(planes: MeanPlanes) -> None:
    model = _model(1.0, 1.5)
    logs = []
    for view, scale in enumerate(model.card.scales):
        image = plane_image(planes, 0, model.card, scale)
        assert image.shape[1:] == (48 * scale, 64 * scale)
        only = range(view, view + 1)
        maps = run_to_end(predict_tta(model.net, image, CPU, only))
        logs.append(np.log(rescale(maps, 1 / scale, (48, 64))))
    expected = np.exp(np.mean(logs, 0))
    expected /= expected.sum(0)
    maps = run_to_end(predict_plane(model, planes, 0, 2, CPU))
    np.testing.assert_allclose(maps, expected, atol=1e-5)


@pytest.mark.parametrize("views", [1, 2, 3, 8])
def test_probabilities_sum_to_one(planes: MeanPlanes, views: int) -> None:
    maps = run_to_end(predict_plane(_model(1.0, 1.25), planes, 0, views, CPU))
    assert maps.shape == (3, 48, 64)
    np.testing.assert_allclose(maps.sum(0), 1, atol=1e-5)


def test_one_view_is_at_the_first_scale(planes: MeanPlanes) -> None:
    several, one = (
        run_to_end(predict_plane(_model(*scales), planes, 0, 1, CPU))
        for scales in ((1.0, 1.25), (1.0,))
    )
    np.testing.assert_array_equal(several, one)


def test_an_empty_plane_has_no_prediction() -> None:
    empty = MeanPlanes("field", None, np.zeros((1, 32, 32), np.float32), 1.0)
    assert run_to_end(predict_plane(_model(1.0, 1.25), empty, 0, 2, CPU)) is None


def test_progress_is_that_of_the_whole(planes: MeanPlanes) -> None:
    seen: list[float] = []
    run_to_end(
        predict_plane(_model(1.0, 1.25), planes, 0, 4, CPU),
        lambda news: seen.append(news.done / news.total),
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize("scales", [(), (1.25,), (1.0, 0.0), (1.0, float("nan"))])
def test_scales_that_make_no_sense_are_refused(scales: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        _model(*scales)


def test_a_card_of_one_scale_is_written_as_before() -> None:
    assert "scales" not in _model(1.0).card.model_dump()
    assert _model(1.0, 1.25).card.model_dump()["scales"] == (1.0, 1.25)
