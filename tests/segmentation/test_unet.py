from __future__ import annotations

import pytest
import torch

from napari_cellid.segmentation.unet import PAPER, UNet, UNetConfig, reach, shrinkage


@pytest.mark.parametrize(("base", "count"), [(64, 31_030_658), (32, 7_759_554)])
def test_the_papers_network_has_its_number_of_parameters(base: int, count: int) -> None:
    net = UNet(PAPER.model_copy(update={"base": base}))
    assert sum(p.numel() for p in net.parameters()) == count


@pytest.mark.parametrize(("size", "left"), [(572, 388), (540, 356), (700, 516)])
def test_valid_convolutions_shrink_as_published(size: int, left: int) -> None:
    config = PAPER.model_copy(update={"base": 2})
    with torch.inference_mode():
        output = UNet(config).eval()(torch.zeros(1, 1, size, size))
    assert output.shape == (1, 2, left, left)
    assert size - shrinkage(config) == left


def test_padding_keeps_the_size() -> None:
    config = UNetConfig(base=2, depth=3)
    with torch.inference_mode():
        output = UNet(config).eval()(torch.zeros(2, 1, 64, 80))
    assert output.shape == (2, 3, 64, 80)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_nothing_beyond_reach_changes_a_pixel(depth: int) -> None:
    torch.manual_seed(depth)
    config = UNetConfig(base=2, depth=depth, batch_norm=False)
    net = UNet(config).eval()
    side, middle = 2 * (reach(config) + 2**depth * 4), reach(config) + 2**depth * 2
    image = torch.rand(1, 1, side, side)
    changed = image.clone()
    changed[..., : middle - reach(config)] = 5.0
    with torch.inference_mode():
        a, b = net(image), net(changed)
    torch.testing.assert_close(a[..., middle:], b[..., middle:], atol=1e-6, rtol=0)
    assert not torch.allclose(a[..., 0], b[..., 0])


def test_loss_falls_on_one_batch() -> None:
    torch.manual_seed(0)
    net = UNet(UNetConfig(base=4, depth=2))
    image = torch.rand(4, 1, 32, 32)
    target = (image[:, 0] > 0.5).long()
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    losses = []
    for _ in range(15):
        loss = torch.nn.functional.cross_entropy(net(image), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
