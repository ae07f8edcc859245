"""A network that enlarges its patches itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_cellid.classification.networks import SCALING, ClassifierConfig

#: what is left of the light far from the middle
_AROUND = 0.25


class UpsamplingClassifier(nn.Module):
    """A classifier that takes patches as they were cut.

    They are enlarged on the device, where it costs least.

    Parameters
    ----------
    net
        Takes (patch, 3, size, size).
    size
        Side (px) of the images that `net` takes.
    config
        How its input is lit and scaled.
    """

    def __init__(self, net: nn.Module, size: int, config: ClassifierConfig) -> None:
        super().__init__()
        self.net = net
        self.size = size
        self.config = config
        self.mean: Tensor
        self.spread: Tensor
        mean, spread = SCALING[config.scaling]
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("spread", torch.tensor(spread)[:, None, None])

    def forward(self, patch: Tensor) -> Tensor:
        """Logits (patch, class) of patches (patch, 3, y, x), 0 to 1."""
        logits: Tensor = self.net(self.enlarged(patch))
        return logits

    def enlarged(self, patch: Tensor) -> Tensor:
        """What `net` is fed with (patch, 3, size, size)."""
        if self.config.spotlight_px:
            patch = patch * spotlight_mask(
                patch.shape[-1], self.config.spotlight_px
            ).to(patch.device)
        large = nn.functional.interpolate(
            patch, (self.size, self.size), mode="bilinear", align_corners=False
        )
        return (large - self.mean) / self.spread

    def lit(self, large: Tensor, side: int) -> Tensor:
        """What `net` is fed with, from images that are large already.

        Parameters
        ----------
        large
            (patch, 3, size, size), 0 to 1.
        side
            Side (px) of the patches that they show.
        """
        if self.config.spotlight_px:
            radius = self.config.spotlight_px * large.shape[-1] / side
            large = large * spotlight_mask(large.shape[-1], radius).to(large.device)
        return (large - self.mean) / self.spread


def spotlight_mask(side: int, radius: float) -> Tensor:
    """Light (side, side) that falls off from the middle: 1 there, dim far away.

    A patch of 118 µm shows the cell in question and tens of others, and a network that
    averages over its field of view must be told which one is meant.
    """
    away = torch.arange(side) - side // 2
    square = (away[:, None] ** 2 + away[None, :] ** 2).float()
    return _AROUND + (1 - _AROUND) * torch.exp(-square / (2 * radius**2))
