"""Training of the U-Net: what counts, what stays, and that it learns."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_cellid.channels.model_input import with_local_contrast
from napari_cellid.config import SegmenterTrainingConfig
from napari_cellid.device import Device
from napari_cellid.errors import InputError
from napari_cellid.models.card import ModelCard
from napari_cellid.progress import ProgressEvent, run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.dataset import (
    LabelledField,
    SegmentationDataset,
    labelled_field,
)
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.starting_weights import (
    SegmenterStartingWeights,
    load_starting_weights,
    shift_cell_logits,
)
from napari_cellid.segmentation.targets import IGNORE_INDEX, pixel_targets
from napari_cellid.segmentation.training import (
    estimate_seconds,
    make_learner,
    train_segmenter,
)
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.training.run import Run

CPU = Device("cpu", "fp32", "CPU")
PIXEL_CLASSES = {2: ("background", "cell"), 3: ("background", "rim", "core")}


def _start(*, trained: bool = True, **shape: object) -> SegmenterStartingWeights:
    given = {"in_channels": 2, "base": 4, "depth": 2, **shape}
    config = UNetConfig.model_validate(given)
    torch.manual_seed(5)
    card = ModelCard(
        name="tiny", task="segment", architecture="unet", settings=config.model_dump(),
        classes=PIXEL_CLASSES[config.out_channels],
        combination="pair" if config.in_channels == 2 else "sum",
        pixel_size_um=1.17, weights_sha256="",
    )  # fmt: skip
    return SegmenterStartingWeights(card, UNet(config), {"name": "tiny"}, trained)


def _config(**other: object) -> SegmenterTrainingConfig:
    given = {"epochs": 2, "iterations": 3, "batch_size": 2, "tile": 32, "rate": 3e-3}
    return SegmenterTrainingConfig.model_validate({**given, **other})


def _field(seed: int, *, channels: int = 2, side: int = 70) -> LabelledField:
    """Bright discs on a dark ground."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((side, side))
    labels = np.zeros((side, side), np.int32)
    for number in range(1, 9):
        cy, cx = rng.integers(6, side - 6, 2)
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= 25] = number
    noise = rng.random((channels, side, side)).astype(np.float32)
    images = 0.2 * noise + 0.7 * (labels > 0)
    ones = np.ones(labels.shape, np.float32)
    return LabelledField(images.astype(np.float32), pixel_targets(labels), ones)


def _fields(**other: object) -> SegmentationDataset:
    own = [_field(k, **other) for k in range(2)]
    return SegmentationDataset(own, [_field(7, **other)], [_field(9, **other)])


def _planes(pixel_um: float, side: int = 60) -> tuple[MeanPlanes, np.ndarray]:
    rng = np.random.default_rng(1)
    red, green = rng.random((2, 1, side, side)).astype(np.float32)
    labels = np.zeros((side, side), np.int32)
    labels[10:20, 10:24] = 1
    labels[30:44, 28:40] = 2
    return MeanPlanes("f", red, green, pixel_um), labels


@pytest.mark.parametrize("pixel_um", [0.585, 1.17, 2.0])
def test_fields_are_brought_to_the_scale_of_the_model(pixel_um) -> None:
    planes, labels = _planes(pixel_um)
    field = labelled_field(planes, 0, labels, _start().card, _config())
    side = round(60 * pixel_um / 1.17)
    assert field.images.shape == (2, side, side)
    assert field.target.shape == field.weight.shape == (side, side)
    wanted = (labels > 0).mean()
    assert (field.target > 0).mean() == pytest.approx(wanted, rel=0.08)
    assert field.images.dtype == np.float32
    assert 0 <= field.images.min() < field.images.max() <= 1


def test_a_missing_channel_is_dark_and_the_other_is_seen() -> None:
    planes, labels = _planes(1.17)
    alone = MeanPlanes("f", None, planes.green, 1.17)
    field = labelled_field(alone, 0, labels, _start().card, _config())
    assert not field.images[0].any()
    assert field.images[1].any()


def test_pixels_that_are_held_out_are_not_learned() -> None:
    planes, labels = _planes(1.17)
    out = np.zeros(labels.shape, bool)
    out[:25] = True
    field = labelled_field(
        planes, 0, labels, _start().card, _config(), left_out=out
    )  # fmt: skip
    np.testing.assert_array_equal(field.target == IGNORE_INDEX, out)
    assert (field.target[30:44, 28:40] > 0).all()


@pytest.mark.parametrize("pixel_um", [1.17, 2.34])
def test_far_from_outlines_nothing_is_learned(pixel_um) -> None:
    planes, labels = _planes(pixel_um)
    config = _config(leave_out_unlabelled_um=11.7)
    field = labelled_field(planes, 0, labels, _start().card, config)
    k = round(pixel_um / 1.17)
    # 10 px to the right of the first cell counts, 12 px does not
    assert field.target[15 * k, 24 * k - 1 + 10] == 0
    assert field.target[15 * k, 24 * k - 1 + 12] == IGNORE_INDEX
    assert field.target[2 * k, 59 * k] == IGNORE_INDEX
    empty = labelled_field(planes, 0, 0 * labels, _start().card, config)
    assert (empty.target == IGNORE_INDEX).all()


def test_it_learns(tmp_path) -> None:
    start = _start(trained=False)
    run = Run.create(tmp_path / "run", {})
    config = _config(epochs=2, iterations=20, rate=1e-2, elastic_sd_px=2.0)
    said: list[object] = []
    done = run_to_end(train_segmenter(_fields(), start, config, run, CPU), said.append)
    first, *epochs = [
        one.values
        for one in said
        if isinstance(one, ProgressEvent) and one.event == "epoch"
    ]
    assert first["epoch"] == 0
    assert epochs[-1]["validation"]["loss"] < first["validation"]["loss"] / 2
    assert epochs[-1]["validation"]["dice"] > 0.7
    assert epochs[0]["train"]["loss"] > epochs[1]["train"]["loss"]
    # the start's network holds the best epoch afterwards
    for name, weight in start.net.state_dict().items():
        torch.testing.assert_close(weight, done.weights[name], rtol=0, atol=0)
    assert not start.net.training


@pytest.mark.parametrize("shape", [{"dropout": 0.4}, {"padding": "valid"}])
def test_resumed_equals_uninterrupted(tmp_path, shape) -> None:
    def work(run: Run, stop: int):
        start = _start(trained=False, **shape)
        step = train_segmenter(_fields(), start, _config(epochs=3), run, CPU)
        taken = 0
        while True:
            try:
                taken += not isinstance(next(step), ProgressEvent)
            except StopIteration as end:
                return end.value
            if taken == stop:
                # as if killed
                step.close()
                return None

    whole = work(Run.create(tmp_path / "a", {}), -1)
    run = Run.create(tmp_path / "b", {})
    for stop in (2, 5, 4):
        assert work(run, stop) is None
    done = work(run, -1)
    assert done.best_epoch == whole.best_epoch
    for name, weight in whole.weights.items():
        assert torch.equal(done.weights[name], weight), name


@pytest.mark.parametrize("trained", [True, False])
def test_batch_statistics_of_a_trained_network_stay(trained) -> None:
    start = _start(trained=trained)
    before = {k: v.clone() for k, v in start.net.state_dict().items()}
    learner = make_learner(_fields(), start, _config(trained_part="all"), CPU)
    learner.step(1, 0)
    changed = {k for k, v in start.net.state_dict().items()
               if not torch.equal(v, before[k])}  # fmt: skip
    running = {k for k in before if "running" in k}
    assert running
    assert (running <= changed) == (not trained)
    assert bool(running & changed) == (not trained)
    assert {"head.weight", "down.0.0.weight"} <= changed


@pytest.mark.parametrize("trained", [True, False])
def test_the_encoder_of_a_trained_network_stays(trained) -> None:
    start = _start(trained=trained)
    before = {k: v.clone() for k, v in start.net.state_dict().items()}
    learner = make_learner(_fields(), start, _config(), CPU)
    learner.step(1, 0)
    weights = dict(start.net.named_parameters())
    encoder = {name for name in weights if name.startswith("down.")}
    stayed = {name for name in weights if torch.equal(weights[name], before[name])}
    assert encoder
    assert stayed == (encoder if trained else set())


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("depth", [1, 2])
def test_the_published_shape_is_trained_on_its_outputs(n_classes, depth) -> None:
    """Valid convolutions: the loss is that of the middle, every pixel judged once."""
    start = _start(
        in_channels=1, out_channels=n_classes, padding="valid", batch_norm=False,
        dropout=0.5, depth=depth,
    )  # fmt: skip
    fields = _fields(channels=1)
    learner = make_learner(fields, start, _config(), CPU)
    assert math.isfinite(learner.step(1, 0).loss)
    figures = learner.validate()
    assert math.isfinite(figures["loss"])
    assert 0 <= figures["dice"] <= 1
    field = fields.validation[0]
    seen = sum(
        (learner._inner(target) != IGNORE_INDEX).sum()
        for _, target, _ in learner._tiles(field)
    )
    assert seen == field.target.size


def test_the_mean_of_whole_fields_is_the_loss(tmp_path) -> None:
    """Against one pass over a field that is a single tile."""
    start = _start()
    one = _field(3, side=32)
    learner = make_learner(SegmentationDataset([one], [], [one]), start, _config(), CPU)
    with torch.no_grad():
        logits = start.net.eval()(torch.from_numpy(one.images)[None])
    truth = torch.from_numpy(one.target.astype(np.int64))[None]
    wanted = torch.nn.functional.cross_entropy(logits, truth)
    assert learner.validate()["loss"] == pytest.approx(float(wanted), rel=1e-5)


@pytest.mark.parametrize("side", [40, 70])
def test_every_pixel_counts_the_same_in_any_tile(side: int) -> None:
    """A field that does not fill whole tiles: those at the border weigh little."""
    start, field = _start(), _field(3, side=side)
    with torch.no_grad():
        # a network that says the same everywhere, whatever the cutting
        start.net.head.weight.zero_()
        start.net.head.bias[:] = torch.tensor([0.5, -0.3, 0.1])
    learner = make_learner(
        SegmentationDataset([field], [], [field]), start, _config(), CPU
    )
    logits = start.net.head.bias.detach()[None, :, None, None].expand(1, 3, side, side)
    truth = torch.from_numpy(field.target.astype(np.int64))[None]
    each = torch.nn.functional.cross_entropy(
        logits, truth, reduction="none", ignore_index=IGNORE_INDEX
    )
    weight = torch.from_numpy(field.weight * (field.target != IGNORE_INDEX))
    wanted = float((each[0] * weight).sum() / weight.sum())
    assert learner.validate()["loss"] == pytest.approx(wanted, rel=1e-5)


def test_pixels_that_are_left_out_change_nothing() -> None:
    one = _field(3)
    out = one.target.copy()
    out[:, 40:] = IGNORE_INDEX
    half = np.where(np.arange(70) < 40, 1, 0) * one.weight
    seen = []
    for target, weight in ((out, one.weight), (one.target, half)):
        field = LabelledField(one.images, target, weight.astype(np.float32))
        start = _start()
        learner = make_learner(
            SegmentationDataset([field], [], [field]),
            start,
            _config(elastic_sd_px=0),
            CPU,
        )
        seen.append((learner.step(1, 0).loss, learner.weights()))
    (loss, weights), (other, others) = seen
    assert loss == pytest.approx(other, rel=1e-4)
    for name, weight in weights.items():
        torch.testing.assert_close(others[name], weight, rtol=1e-3, atol=1e-4)


def test_nothing_to_train_on_is_refused() -> None:
    field = _field(1)
    gone = LabelledField(
        field.images, np.full_like(field.target, IGNORE_INDEX), field.weight
    )
    with pytest.raises(InputError, match="nothing to train on"):
        make_learner(SegmentationDataset([gone], [field], []), _start(), _config(), CPU)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_the_share_of_simulated_crops(share, monkeypatch) -> None:
    own, simulated = _field(1), _field(2)
    config = _config(simulated_share=share)
    learner = make_learner(
        SegmentationDataset([own], [simulated], []), _start(), config, CPU
    )
    drawn = []
    monkeypatch.setattr(
        "napari_cellid.segmentation.learner.random_crop",
        lambda images, *_: (
            drawn.append(np.shares_memory(images, simulated.images)),
            None,
            None,
        ),
    )
    for k in range(600):
        learner._draw_crop(np.random.default_rng(k))
    assert np.mean(drawn) == pytest.approx(share, abs=0.06)


def test_a_start_is_without_the_shift_of_its_outputs() -> None:
    shipped = load_segmenter()
    start = load_starting_weights("shipped")
    assert start.trained
    assert start.shift == shipped.card.training["cell_output_shift"] > 0
    assert start.origin["weights_sha256"] == shipped.card.weights_sha256
    shift_cell_logits(start.net, start.shift)
    for name, weight in shipped.net.state_dict().items():
        torch.testing.assert_close(start.net.state_dict()[name], weight)


def test_random_weights_are_those_of_the_seed() -> None:
    one, same, other = (load_starting_weights("random", seed=k).net for k in (3, 3, 4))
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)
    assert not load_starting_weights("random").trained


def test_the_published_network_can_be_a_start() -> None:
    start = load_starting_weights("paper")
    assert sum(p.numel() for p in start.net.parameters()) == 31_030_658
    assert start.card.combination == "sum"
    assert start.card.classes == ("background", "cell")


@pytest.mark.parametrize("wanted", ["inception_v3", "not there"])
def test_other_starts_are_refused(wanted, tmp_path) -> None:
    with pytest.raises(InputError, match=wanted):
        load_starting_weights(wanted, tmp_path)


def test_an_estimate_is_a_time_for_all_steps(monkeypatch) -> None:
    monkeypatch.setattr("napari_cellid.segmentation.training._PROBE_SECONDS", 0.1)
    few, many = (
        run_to_end(estimate_seconds(_fields(), _start(), _config(iterations=n), CPU))
        for n in (10, 1000)
    )
    assert 0 < few < many


def test_local_contrast_follows_from_the_changed_channels() -> None:
    config = UNetConfig(in_channels=4, base=2, depth=2)
    start = _start()
    start = replace(
        start, net=UNet(config), card=start.card.model_copy(
            update={"combination": "pair+local", "settings": config.model_dump()}
        ),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    images = with_local_contrast(rng.random((2, 96, 96)).astype(np.float32))
    field = LabelledField(
        images, np.zeros((96, 96), np.uint8), np.ones((96, 96), np.float32)
    )
    learner = make_learner(SegmentationDataset([field], [], []), start, _config(), CPU)
    crop, target, _ = learner._draw_crop(np.random.default_rng(1))
    assert crop.shape == (4, *target.shape)
    np.testing.assert_array_equal(crop, with_local_contrast(crop[:2]))
    assert crop[2].min() < 0
