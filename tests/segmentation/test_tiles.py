from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.device import Device
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.tiles import (
    mirrored_indices,
    plan_tiles,
    predict_tiled,
)
from napari_cellid.segmentation.unet import UNet, UNetConfig, shrinkage

CPU = Device("cpu", "fp32", "CPU")


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("shape", [(150, 190), (96, 96), (33, 260)])
def test_seams_do_not_show(padding: str, shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    net = UNet(UNetConfig(base=4, depth=2, padding=padding)).eval()
    # statistics and weights of a network that has learnt something, not of a new one
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    image = np.random.default_rng(0).random((1, *shape), np.float32)
    whole = run_to_end(predict_tiled(net, image, CPU, tile_size=1024))
    tiled = run_to_end(predict_tiled(net, image, CPU, tile_size=32))
    assert whole.shape == (3, *shape)
    np.testing.assert_allclose(tiled, whole, atol=1e-4)
    np.testing.assert_allclose(whole.sum(0), 1, atol=1e-5)


def test_one_tile_is_the_network_itself() -> None:
    torch.manual_seed(2)
    net = UNet(UNetConfig(base=2, depth=2)).eval()
    image = np.random.default_rng(0).random((1, 64, 48), np.float32)
    with torch.inference_mode():
        expected = net(torch.from_numpy(image)[None])[0].softmax(0).numpy()
    np.testing.assert_allclose(
        run_to_end(predict_tiled(net, image, CPU)), expected, atol=1e-5
    )


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 700),
    width=st.integers(1, 700),
    depth=st.integers(1, 4),
    tile_size=st.integers(1, 600),
    padding=st.sampled_from(["same", "valid"]),
)
def test_tiles_cover_every_pixel_once(
    height: int, width: int, depth: int, tile_size: int, padding: str
) -> None:
    config = UNetConfig(base=2, depth=depth, padding=padding)
    padded = tuple(map(len, mirrored_indices((height, width), config)))
    covered = np.zeros((height, width), int)
    for part in plan_tiles((height, width), config, tile_size):
        covered[part.output] += 1
        for axis, (window, kept, place) in enumerate(
            zip(part.input, part.crop, part.output, strict=True)
        ):
            size = window.stop - window.start
            assert window.start >= 0 and window.stop <= padded[axis]
            assert _fits(size, config)
            assert kept.stop <= size - shrinkage(config)
            assert kept.stop - kept.start == place.stop - place.start
            assert window.start % 2**depth == 0
    assert (covered == 1).all()


@pytest.mark.parametrize(
    ("length", "expected"), [(512, [512]), (640, [640]), (1024, [512, 512])]
)
def test_tiles_of_a_row_are_few_and_alike(length: int, expected: list[int]) -> None:
    tiles = plan_tiles((16, length), UNetConfig())
    assert [part.output[1].stop - part.output[1].start for part in tiles] == expected


def _fits(size: int, config: UNetConfig) -> bool:
    """Follow the size through the poolings."""
    lost = 4 if config.padding == "valid" else 0
    for _ in range(config.depth):
        size -= lost
        if size % 2:
            return False
        size //= 2
    return size > lost


def test_when_the_card_has_no_memory_every_tile_is_computed_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import napari_cellid.batches as module

    def prepare(model, device):
        if device.kind == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return model

    monkeypatch.setattr(module, "_free_memory", lambda device: None)
    torch.manual_seed(2)
    net = UNet(UNetConfig(base=2, depth=2)).eval()
    image = np.random.default_rng(0).random((1, 70, 90), np.float32)
    expected = run_to_end(predict_tiled(net, image, CPU, tile_size=32))
    monkeypatch.setattr(module, "fast_precision", lambda kind: "fp32")
    monkeypatch.setattr(module, "place_network", prepare)
    card = Device("cuda", "fp16", "a card")
    np.testing.assert_allclose(
        run_to_end(predict_tiled(net, image, card, tile_size=32)), expected
    )
