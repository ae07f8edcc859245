"""Patches as the classifiers learn from them: turned, in other light, enlarged."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn.functional import affine_grid, conv2d, grid_sample

from napari_cellid.classification.upsampling import spotlight_mask

PATCH = 101
SPOTLIGHT_PX = 14.0


def disturbed(two: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Patches (patch, channel, y, x) in another focus and light, with more noise.

    As `disturbances.disturbed` does to images, for many patches at once.
    """
    n, channels, side = two.shape[:3]

    def some(share: float, values: np.ndarray) -> torch.Tensor:
        values = np.where(rng.random((n, channels)) < share, values, 0)
        return torch.from_numpy(values).float()[..., None, None]

    def grains() -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal(two.shape)).float()

    two = blurred(two, some(0.3, rng.uniform(0.4, 1.2, (n, channels))), reach=3)
    # in shares of what is brightest near the middle, lest dim cells drown
    near = slice(side // 2 - 15, side // 2 + 16)
    scale = two[..., near, near].amax((2, 3), keepdim=True)
    two = two + scale * some(0.4, rng.uniform(0, 0.12, (n, channels))) * grains()
    size = torch.from_numpy(rng.uniform(0.7, 3, (n, channels))).float()
    texture = blurred(grains(), size[..., None, None], reach=7)
    texture = texture / texture.std((2, 3), keepdim=True)
    two = two + scale * some(0.3, rng.uniform(0, 0.1, (n, channels))) * texture
    tilt = some(0.4, rng.normal(0, 0.2, (n, channels)))
    across = torch.linspace(-1, 1, side)
    two = two * (1 + tilt * (across if rng.random() < 0.5 else across[:, None]))
    # lines of a scanner differ in offset
    lines = torch.from_numpy(rng.standard_normal((n, channels, side, 1))).float()
    two = two + scale * some(0.15, rng.uniform(0, 0.12, (n, channels))) * lines
    return two + scale * some(0.4, rng.uniform(-0.1, 0.25, (n, channels)))


def blurred(images: torch.Tensor, width: torch.Tensor, reach: int) -> torch.Tensor:
    """Images (patch, channel, y, x), each blurred by a Gaussian of its own SD in px."""
    n, channels, side = images.shape[:3]
    steps = torch.arange(-reach, reach + 1).float()
    sd = width.reshape(-1, 1).clamp(min=1e-3)
    kernel = torch.exp(-(steps**2) / (2 * sd**2))
    kernel = (kernel / kernel.sum(1, keepdim=True))[:, None, None, :]
    flat = images.reshape(1, -1, side, side)
    flat = nn.functional.pad(flat, (reach,) * 4, "replicate")
    flat = conv2d(flat, kernel, groups=n * channels)
    return conv2d(flat, kernel.mT, groups=n * channels).reshape(images.shape)


def upsample(
    patches: torch.Tensor,
    size: int,
    rng: np.random.Generator | None,
    shown: int = PATCH,
) -> torch.Tensor:
    """Turn, scale, shift and disturb (with `rng`) patches, and enlarge them.

    Of each only the middle, `shown` px wide, is enlarged.
    """
    n, side = len(patches), patches.shape[-1]
    if rng is not None:
        patches = torch.cat([disturbed(patches[:, :2], rng), patches[:, 2:]], 1)
    share = shown / side
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = share
    if rng is not None:
        angle = torch.from_numpy(rng.uniform(0, 2 * np.pi, n)).float()
        zoom = share * torch.from_numpy(rng.uniform(0.8, 1.25, n)).float()
        flip = torch.from_numpy(rng.choice([-1.0, 1.0], n)).float()
        theta[:, 0, 0], theta[:, 0, 1] = zoom * angle.cos(), -zoom * angle.sin() * flip
        theta[:, 1, 0], theta[:, 1, 1] = zoom * angle.sin(), zoom * angle.cos() * flip
        theta[:, :, 2] = torch.from_numpy(rng.normal(0, 1.3, (n, 2))).float() * 2 / side
    large = sampled(patches, theta, size)
    if rng is not None:
        # the channels of a microscope lie a little beside one another
        theta[:, :, 2] += (
            torch.from_numpy(rng.normal(0, 0.5, (n, 2))).float() * 2 / side
        )
        large[:, 1:2] = sampled(patches[:, 1:2], theta, size)
        gain = torch.from_numpy(rng.uniform(0.7, 1.3, (n, 2, 1, 1))).float()
        power = torch.from_numpy(1.35 ** rng.uniform(-1, 1, (n, 2, 1, 1))).float()
        two = (large[:, :2].clamp(0, 1) ** power * gain).clamp(0, 1)
        # the third image is the mean of the two, or dark
        third = two.mean(1, keepdim=True) * (large[:, 2:].amax((1, 2, 3), True) > 0)
        large = torch.cat([two, third], 1)
    return large * spotlight_mask(size, SPOTLIGHT_PX * size / shown)


def sampled(images: torch.Tensor, theta: torch.Tensor, size: int) -> torch.Tensor:
    """Images turned, scaled and shifted as `theta` says, `size` px wide."""
    grid = affine_grid(theta, [*images.shape[:2], size, size], align_corners=False)
    return grid_sample(images, grid, padding_mode="reflection", align_corners=False)
