"""Augmented patches, reproducible for each cell and copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.classification.dataset import augmentation_margin

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.classification.upsampling import UpsamplingClassifier
    from napari_cellid.config.training import Augmentation


@dataclass(frozen=True)
class _Ranges:
    """Ranges of the augmentation: angle in degrees, scale, SD of the shift in px, …."""

    angle: float
    scale: tuple[float, float]
    shift: float = 0.0
    mirror: bool = False
    gain: tuple[float, float] = (1.0, 1.0)
    gamma: tuple[float, float] = (1.0, 1.0)


_RANGES: dict[Augmentation, _Ranges] = {
    "none": _Ranges(0.0, (1.0, 1.0)),
    "paper": _Ranges(30.0, (0.9, 1.1)),
    "strong": _Ranges(180.0, (0.88, 1.12), 1.3, True, (0.7, 1.3), (0.8, 1.25)),
}


def augmented_images(
    cells: PatchDataset,
    samples: NDArray[np.int64],
    classifier: UpsamplingClassifier,
    augmentation: Augmentation,
    seed: int,
) -> Tensor:
    """Input of the network (sample, 3, size, size) for augmented cells.

    Parameters
    ----------
    cells
        The cells.
    samples
        (sample, 2): row of the cell, and number of the copy. Copy 0 is not augmented:
        it is what the network is fed with where cells are classified.
    classifier
        Input size and preprocessing of the network.
    augmentation
        Kind of the augmentation.
    seed
        Fixes the augmentation, together with row and number of the copy.
    """
    import torch

    rows, copies = samples[:, 0], samples[:, 1]
    # plain patches go the way of classification exactly, without a second interpolation
    plain = (copies == 0) | (augmentation == "none")
    out = torch.zeros(len(samples), 3, classifier.size, classifier.size)
    if plain.any():
        patches = torch.from_numpy(cells.cut(rows[plain]))
        out[torch.from_numpy(plain)] = classifier.preprocess(patches)
    if not plain.all():
        margin = augmentation_margin(cells.patch_size)
        patches = torch.from_numpy(cells.cut(rows[~plain], margin))
        ranges = _RANGES[augmentation]
        drawn = [_draw(seed, row, copy, ranges) for row, copy in samples[~plain]]
        out[torch.from_numpy(~plain)] = _transform(
            patches, np.stack(drawn), cells.patch_size, classifier
        )
    return out


def _draw(seed: int, row: int, copy: int, ranges: _Ranges) -> NDArray[np.float64]:
    """Angle (radians), scale, mirror, shift y, x (px), gains and gammas of a copy."""
    # a stream for each copy: it is the same in any batch, epoch and resumed run, and so
    # its features can be cached
    rng = np.random.default_rng([seed, int(row), int(copy)])
    return np.concatenate(
        [
            [np.deg2rad(rng.uniform(-ranges.angle, ranges.angle))],
            [rng.uniform(*ranges.scale)],
            [rng.choice([-1.0, 1.0]) if ranges.mirror else 1.0],
            rng.normal(0, 1, 2) * ranges.shift,
            rng.uniform(*ranges.gain, 2),
            rng.uniform(*ranges.gamma, 2),
        ]
    )


def _transform(
    patches: Tensor,
    drawn: NDArray[np.float64],
    side: int,
    classifier: UpsamplingClassifier,
) -> Tensor:
    """Rotate, scale, shift and upsample patches in one interpolation, then preprocess.

    Parameters
    ----------
    patches
        (patch, 3, y, x), larger than `side` by the margin of the augmentation.
    drawn
        (patch, 9), as `_draw` gives them.
    side
        Side (px) of what is shown.
    classifier
        Input size and preprocessing of the network.
    """
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    full = patches.shape[-1]
    angle, scale, flip, *_ = values = torch.from_numpy(drawn).float().T
    gain, gamma = values[5:7].T, values[7:9].T
    # a larger cell means that less tissue is shown
    zoom = side / full / scale
    cos, sin = angle.cos(), angle.sin()
    theta = torch.zeros(len(patches), 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = zoom * cos, -zoom * sin * flip
    theta[:, 1, 0], theta[:, 1, 1] = zoom * sin, zoom * cos * flip
    theta[:, :, 2] = values[3:5].T.flip(1) * 2 / full
    size = classifier.size
    # align_corners as in `UpsamplingClassifier.preprocess`, so that copies and plain
    # patches show the same pixels at the same scale
    grid = affine_grid(theta, [len(patches), 3, size, size], align_corners=False)
    images = grid_sample(patches, grid, padding_mode="reflection", align_corners=False)
    # clamped first: a power of a number below 0 is NaN
    two = images[:, :2].clamp(0, 1) ** gamma[..., None, None]
    two = (two * gain[..., None, None]).clamp(0, 1)
    # the third image is the mean of the two, as `channels.model_input.combine` makes it
    images = torch.cat([two, two.mean(1, keepdim=True)], 1)
    return classifier.preprocess_upsampled(images, side)
