from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_cellid.device import Device
from napari_cellid.models.card import ModelCard
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain.operating_point import copy_weights, settle
from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights
from napari_cellid.segmentation.unet import UNet, UNetConfig

CPU = Device("cpu", "fp32", "CPU")


class Dial(UNet):
    """Calls bright pixels cells the more, the larger the first weight of its head."""

    def forward(self, image: Tensor) -> Tensor:
        """Logits of background, rim and core."""
        gain = self.head.weight[0, 0, 0, 0]
        bias = self.head.bias
        cell = gain * (image - 0.5) * 20 - 3 * (1 - gain)
        return torch.cat([0 * image, cell + bias[1], cell + bias[2]], dim=1)


@pytest.fixture
def start() -> SegmenterStartingWeights:
    net = Dial(UNetConfig(base=2, depth=1)).eval()
    card = ModelCard(
        name="dial", task="segment", architecture="unet", combination="sum",
        classes=("background", "rim", "core"), pixel_size_um=1.0, weights_sha256="",
    )  # fmt: skip
    with torch.no_grad():
        net.head.weight.zero_()
        net.head.bias.zero_()
    return SegmenterStartingWeights(card, net, {}, trained=True, shift=0.5)


def _after(start: SegmenterStartingWeights) -> dict[str, Tensor]:
    """The weights before a training; the network then has those after it."""
    before = copy_weights(start.net)
    with torch.no_grad():
        start.net.head.weight.fill_(1.0)
    return before


@pytest.fixture
def field() -> tuple[MeanPlanes, np.ndarray, np.ndarray]:
    """36 bright squares, all of them cells."""
    labels = np.zeros((1, 120, 120), np.int32)
    for number in range(36):
        y, x = 20 * (number // 6) + 4, 20 * (number % 6) + 4
        labels[0, y : y + 12, x : x + 12] = number + 1
    green = np.float32(labels > 0)
    planes = MeanPlanes("field", None, green, 1.0)
    return planes, labels, np.ones(labels.shape, bool)


def test_the_mean_of_the_weights_before_and_after(
    start: SegmenterStartingWeights,
) -> None:
    before = _after(start)
    point = run_to_end(settle(start, before, 0.4, [], CPU))
    assert point.new_share == 0.4
    torch.testing.assert_close(
        start.net.head.weight, torch.full_like(start.net.head.weight, 0.4)
    )
    # too few cells tell nothing of the shift: half way between that of the new weights,
    # with which the threshold 0.7 stands for even odds, and that of the old ones
    assert point.shift == pytest.approx((np.log(0.7 / 0.3) + 0.5) / 2)
    assert start.net.head.bias.tolist() == pytest.approx([0, point.shift, point.shift])


def test_of_random_weights_nothing_is_kept(start: SegmenterStartingWeights) -> None:
    begun = replace(start, trained=False)
    before = _after(begun)
    point = run_to_end(settle(begun, before, 0.4, [], CPU))
    assert point.new_share == 1
    assert (begun.net.head.weight == 1).all()


def test_new_weights_that_detect_clearly_better_are_taken_alone(
    start: SegmenterStartingWeights, field: tuple[MeanPlanes, np.ndarray, np.ndarray]
) -> None:
    # a hundredth of the new weights finds nothing at any shift that is tried
    point = run_to_end(settle(start, _after(start), 0.01, [field], CPU))
    assert point.new_share == 1
    assert (start.net.head.weight == 1).all()


def test_the_mean_stays_where_it_detects_as_well(
    start: SegmenterStartingWeights, field: tuple[MeanPlanes, np.ndarray, np.ndarray]
) -> None:
    point = run_to_end(settle(start, _after(start), 0.9, [field], CPU))
    assert point.new_share == 0.9
    # of the shifts that are tried and as good, the nearest to that of both weights
    assert point.shift == 0.75
