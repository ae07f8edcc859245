"""The U-Net of Ronneberger, Fischer & Brox (2015), of any depth and width."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from napari_cellid.config import Config


class UNetConfig(Config):
    """Shape of a U-Net."""

    in_channels: int = Field(1, ge=1, le=8, description="Channels of the input.")
    out_channels: int = Field(
        3,
        ge=2,
        le=8,
        description="Pixel classes: 2 background and cell (paper), 3 background, "
        "rim of a cell, core of a cell.",
    )
    class_outputs: int = Field(
        0,
        ge=0,
        le=100,
        description="Cell classes that are predicted for each pixel beside the "
        "pixel classes; 0: none.",
    )
    base: int = Field(16, ge=2, le=128, description="Channels of the first level.")
    depth: int = Field(4, ge=1, le=6, description="Number of poolings.")
    padding: Literal["same", "valid"] = Field(
        "same", description="valid: no padding, the output is smaller (paper)."
    )
    batch_norm: bool = Field(
        True, description="Batch normalisation (not in the paper)."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Dropout at the bottom.")


#: the network as published: 31,030,658 parameters
PAPER = UNetConfig(
    in_channels=1,
    out_channels=2,
    base=64,
    depth=4,
    padding="valid",
    batch_norm=False,
    dropout=0.5,
)


class UNet(nn.Module):
    """U-Net: images (batch, channel, y, x) to logits (batch, class, y, x)."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.base * 2**level for level in range(config.depth + 1)]
        into = [config.in_channels, *widths[:-1]]
        self.down = nn.ModuleList(
            _double(a, b, config) for a, b in zip(into, widths, strict=True)
        )
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout2d(config.dropout)
        self.widen = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 2, stride=2)
            for a, b in reversed(list(pairwise(widths)))
        )
        self.up = nn.ModuleList(
            _double(2 * width, width, config) for width in reversed(widths[:-1])
        )
        outputs = config.out_channels + config.class_outputs
        self.head = nn.Conv2d(config.base, outputs, 1)
        for module in self.modules():
            # as in the paper: normal with SD sqrt(2 / inputs)
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, image: Tensor) -> Tensor:
        """Logits of each pixel: pixel classes first, then cell classes.

        The output is smaller than the image by `shrinkage` without padding.
        """
        skips = []
        for level, block in enumerate(self.down):
            image = block(self.pool(image) if level else image)
            skips.append(image)
        image = self.dropout(skips.pop())
        for widen, block in zip(self.widen, self.up, strict=True):
            skip = skips.pop()
            image = widen(image)
            image = block(torch.cat([_crop(skip, image), image], dim=1))
        logits: Tensor = self.head(image)
        return logits


def shrinkage(config: UNetConfig) -> int:
    """Pixels by which the output is smaller than the input along each axis.

    184 for the published network (572 to 388); 0 with padding.
    """
    if config.padding == "same":
        return 0
    lost = int(4 * 2**config.depth)  # at the bottom, in pixels of the input
    for level in range(config.depth):
        lost += int(2 * 4 * 2**level)
    return lost


def reach(config: UNetConfig) -> int:
    """Pixels beyond an output pixel, on each side, that can change its value."""
    per_side = int(2 * 2**config.depth)  # two 3 x 3 convolutions at the bottom
    for level in range(config.depth):
        # two convolutions on the way down, two on the way up, and the pooling
        per_side += int(5 * 2**level)
    return per_side


def _double(a: int, b: int, config: UNetConfig) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (a, b):
        padding = 1 if config.padding == "same" else 0
        layers.append(
            # batch normalisation would subtract a bias again
            nn.Conv2d(channels, b, 3, padding=padding, bias=not config.batch_norm)
        )
        if config.batch_norm:
            layers.append(nn.BatchNorm2d(b))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _crop(skip: Tensor, like: Tensor) -> Tensor:
    top = (skip.shape[-2] - like.shape[-2]) // 2
    left = (skip.shape[-1] - like.shape[-1]) // 2
    return skip[..., top : top + like.shape[-2], left : left + like.shape[-1]]
