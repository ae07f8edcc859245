"""Augmented copies of cells: the same each time they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.classification.dataset import augmentation_margin

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.classification.dataset import LabelledCells
    from napari_cellid.classification.upsampling import UpsamplingClassifier
    from napari_cellid.config.training import Augmentation


@dataclass(frozen=True)
class _Ranges:
    """How far copies differ from the cell: angle (degrees), scale, shift (px) …."""

    angle: float
    scale: tuple[float, float]
    shift: float = 0.0
    mirrored: bool = False
    gain: tuple[float, float] = (1.0, 1.0)
    power: tuple[float, float] = (1.0, 1.0)


_RANGES: dict[Augmentation, _Ranges] = {
    "none": _Ranges(0.0, (1.0, 1.0)),
    "paper": _Ranges(30.0, (0.9, 1.1)),
    "strong": _Ranges(180.0, (0.88, 1.12), 1.3, True, (0.7, 1.3), (0.8, 1.25)),
}


def augmented_images(
    cells: LabelledCells,
    samples: NDArray[np.int64],
    enlarging: UpsamplingClassifier,
    augmentation: Augmentation,
    seed: int,
) -> Tensor:
    """Images that the network is fed with, (sample, 3, size, size).

    Parameters
    ----------
    cells
        The cells.
    samples
        (sample, 2): row of the cell, and number of the copy; copy 0 is the cell as it
        is, exactly as where cells are classified.
    enlarging
        Size, light and scaling of the network.
    augmentation
        How copies differ.
    seed
        With row and number of the copy it fixes how that copy differs.
    """
    import torch

    rows, copies = samples[:, 0], samples[:, 1]
    plain = (copies == 0) | (augmentation == "none")
    out = torch.zeros(len(samples), 3, enlarging.size, enlarging.size)
    if plain.any():
        patches = torch.from_numpy(cells.cut(rows[plain]))
        out[torch.from_numpy(plain)] = enlarging.enlarged(patches)
    if not plain.all():
        room = augmentation_margin(cells.patch_size)
        patches = torch.from_numpy(cells.cut(rows[~plain], room))
        ranges = _RANGES[augmentation]
        drawn = [_draw(seed, row, copy, ranges) for row, copy in samples[~plain]]
        moved = _moved(patches, np.stack(drawn), cells.patch_size, enlarging)
        out[torch.from_numpy(~plain)] = moved
    return out


def _draw(seed: int, row: int, copy: int, ranges: _Ranges) -> NDArray[np.float64]:
    """Angle (radians), scale, mirror, shift y and x (px), gains, powers of a copy."""
    rng = np.random.default_rng([seed, int(row), int(copy)])
    return np.concatenate(
        [
            [np.deg2rad(rng.uniform(-ranges.angle, ranges.angle))],
            [rng.uniform(*ranges.scale)],
            [rng.choice([-1.0, 1.0]) if ranges.mirrored else 1.0],
            rng.normal(0, 1, 2) * ranges.shift,
            rng.uniform(*ranges.gain, 2),
            rng.uniform(*ranges.power, 2),
        ]
    )


def _moved(
    patches: Tensor,
    drawn: NDArray[np.float64],
    side: int,
    enlarging: UpsamplingClassifier,
) -> Tensor:
    """Turn, scale, shift and enlarge in one interpolation, then light and scale."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    full = patches.shape[-1]
    share = side / full
    one = torch.from_numpy(drawn).float()
    # a larger cell is a smaller piece of tissue
    zoom = share / one[:, 1]
    cos, sin, flip = one[:, 0].cos(), one[:, 0].sin(), one[:, 2]
    theta = torch.zeros(len(patches), 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = zoom * cos, -zoom * sin * flip
    theta[:, 1, 0], theta[:, 1, 1] = zoom * sin, zoom * cos * flip
    theta[:, :, 2] = one[:, 3:5].flip(1) * 2 / full
    size = enlarging.size
    grid = affine_grid(theta, [len(patches), 3, size, size], align_corners=False)
    large = grid_sample(patches, grid, padding_mode="reflection", align_corners=False)
    two = large[:, :2].clamp(0, 1) ** one[:, 7:9, None, None]
    two = (two * one[:, 5:7, None, None]).clamp(0, 1)
    # the third image is the mean of the two, as `channels.combine` makes it
    return enlarging.lit(torch.cat([two, two.mean(1, keepdim=True)], 1), side)
