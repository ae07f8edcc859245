"""Cancelling takes effect between two yields, so little may happen between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from napari_cellid.config import DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.models.card import ModelCard
from napari_cellid.models.registry import find_model
from napari_cellid.models.store import load_card
from napari_cellid.progress import Progress, Step, subprogress
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain import replay
from napari_cellid.retrain.detection_comparison import predict_fields
from napari_cellid.retrain.job import estimate
from napari_cellid.retrain.operating_point import find_best_shift
from napari_cellid.retrain.simulated_fields import Rehearsal, simulate_fields
from napari_cellid.segmentation.predict import Segmenter
from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation import field as simulated
from napari_cellid.simulation.tissue import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable

CPU = choose_device(DeviceConfig(device="cpu", precision="fp32"))


def most_between_yields(step: Step[Any], events: list[object], *, yields: int) -> int:
    """Most events between two of the first yields; then the step is cancelled."""
    counts = []
    for _ in range(yields):
        before = len(events)
        progress = next(step)
        assert 0 <= progress.done <= max(progress.total, 1)
        counts.append(len(events) - before)
    at_cancel = len(events)
    step.close()
    assert len(events) == at_cancel
    assert at_cancel > 0
    return max(counts)


@pytest.fixture
def net() -> UNet:
    torch.manual_seed(2)
    return UNet(UNetConfig(base=4, depth=2, in_channels=2))


@pytest.fixture
def card(net: UNet) -> ModelCard:
    return ModelCard(
        name="tiny", task="segment", architecture="unet", licence="CC0-1.0",
        weights_sha256="0" * 64, settings=net.config.model_dump(),
        classes=("background", "rim", "core"),
        combination="pair", pixel_size_um=1.17, training={"cell_output_shift": 0.0},
    )  # fmt: skip


@pytest.fixture
def predicted(net: UNet) -> list[object]:
    """One entry for each view (or tile) that the network has predicted."""
    views: list[object] = []
    net.register_forward_hook(lambda *_: views.append(None))
    return views


@pytest.fixture
def fields() -> list[Any]:
    """Two recordings of four planes: images, labels, pixels that count."""
    rng, shape = np.random.default_rng(1), (4, 40, 40)
    images = [rng.random(shape, dtype=np.float32) for _ in range(2)]
    labels, where = np.zeros(shape, np.int32), np.ones(shape, np.bool_)
    planes = MeanPlanes("r", red=images[0], green=images[1], pixel_size_um=1.17)
    return [(planes, labels, where)] * 2


def test_comparison_predicts_one_view_between_yields(net, card, predicted, fields):
    step = predict_fields(Segmenter(card, net), fields, CPU)
    assert most_between_yields(step, predicted, yields=4) == 1


def test_operating_point_predicts_one_view_between_yields(net, card, predicted, fields):
    start = SegmenterStartingWeights(card, net, {}, trained=True)
    step = find_best_shift(start, fields, CPU, 0.0)
    assert most_between_yields(step, predicted, yields=4) == 1


def replayed_cells() -> Step[Any]:
    same = {name: name for name in CLASSES}
    card = load_card(find_model("resnet18", "classify"))
    return replay.simulate_replay_cells(20, CLASSES, same, card, 3)


@pytest.mark.parametrize(
    "make", [lambda: simulate_fields(3, Rehearsal(("nominal",)), 4), replayed_cells]
)
def test_simulation_does_one_part_of_a_field_between_yields(
    make: Callable[[], Step[Any]], monkeypatch
):
    parts: list[object] = []

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            parts.append(function)
            return function(*arguments)

        return call

    for name in ("generate_tissue", "render_light"):
        monkeypatch.setattr(simulated, name, counted(getattr(simulated, name)))
    assert most_between_yields(make(), parts, yields=3) == 1


def test_an_estimate_can_be_cancelled(study, quick, device):
    step = estimate(study, quick, device)
    assert isinstance(next(step), Progress)
    step.close()


def test_cancelling_closes_the_parts_of_a_step():
    closed = []

    def part() -> Step[None]:
        try:
            yield Progress("One")
        finally:
            closed.append(True)

    inner = part()
    step = subprogress(inner, 0, 2, stage="Two")
    assert next(step).stage == "Two"
    step.close()
    # although the part is still referenced
    assert closed == [True]
    assert inner.gi_frame is None
