from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_cellid.config import SegmentConfig
from napari_cellid.device import Device
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.tiles import predict_tiled
from napari_cellid.segmentation.tta import predict_tta
from napari_cellid.segmentation.unet import UNet, UNetConfig

CPU = Device("cpu", "fp32", "CPU")
SYMMETRIES = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)]


@pytest.fixture
def net() -> UNet:
    torch.manual_seed(4)
    return UNet(UNetConfig(in_channels=2, base=4, depth=2, class_outputs=3)).eval()


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).random((2, 48, 64), np.float32)


def _moved(image: np.ndarray, turns: int, mirrored: bool) -> np.ndarray:
    turned = np.rot90(image, turns, (1, 2))
    return np.ascontiguousarray(turned[:, :, ::-1] if mirrored else turned)


def test_one_view_is_the_prediction_itself(net: UNet, image: np.ndarray) -> None:
    once = run_to_end(predict_tta(net, image, CPU, 1))
    np.testing.assert_array_equal(once, run_to_end(predict_tiled(net, image, CPU)))


def test_two_views_are_the_mean_of_the_outputs_for_the_image_and_its_half_turn(
    net: UNet, image: np.ndarray
) -> None:
    turned = np.ascontiguousarray(image[:, ::-1, ::-1])
    with torch.inference_mode():
        upright, around = (net(torch.from_numpy(x)[None])[0] for x in (image, turned))
        mean = (upright + around.flip(1, 2)) / 2
        expected = torch.cat([mean[:3].softmax(0), mean[3:].softmax(0)])
    np.testing.assert_allclose(
        run_to_end(predict_tta(net, image, CPU, 2)), expected.numpy(), atol=1e-5
    )


def test_a_shift_of_the_outputs_is_the_same_before_and_after(
    net: UNet, image: np.ndarray
) -> None:
    """What the operating point of a model rests on."""
    after = run_to_end(predict_tta(net, image, CPU, 2))[:3]
    after[1:] *= np.exp(1.5)
    after /= after.sum(0)
    with torch.no_grad():
        net.head.bias[1:3] += 1.5
    before = run_to_end(predict_tta(net, image, CPU, 2))[:3]
    np.testing.assert_allclose(before, after, atol=1e-5)


@pytest.mark.parametrize(("turns", "mirrored"), SYMMETRIES)
def test_all_eight_views_give_the_same_for_a_rotated_field(
    net: UNet, image: np.ndarray, turns: int, mirrored: bool
) -> None:
    maps = run_to_end(predict_tta(net, image, CPU, 8))
    other = run_to_end(predict_tta(net, _moved(image, turns, mirrored), CPU, 8))
    np.testing.assert_allclose(other, _moved(maps, turns, mirrored), atol=1e-5)


def test_maps_have_the_image_s_shape_and_sum_to_one(
    net: UNet, image: np.ndarray
) -> None:
    for views in range(1, 9):
        maps = run_to_end(predict_tta(net, image, CPU, views))
        assert maps.shape == (6, 48, 64)
        assert maps.dtype == np.float32
        np.testing.assert_allclose(maps[:3].sum(0), 1, atol=1e-5)
        np.testing.assert_allclose(maps[3:].sum(0), 1, atol=1e-5)


def test_progress_goes_up_over_all_views(net: UNet, image: np.ndarray) -> None:
    seen: list[float] = []
    run_to_end(
        predict_tta(net, image, CPU, 4),
        lambda news: seen.append(news.done / news.total),
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize("views", [0, 9])
def test_settings_refuse_other_numbers(views: int) -> None:
    with pytest.raises(ValueError, match="views"):
        SegmentConfig(views=views)
