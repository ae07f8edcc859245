"""Overlap-tile prediction: images of any size, seams that do not show.

Each tile is predicted with all the surroundings that can change it, and begins at a
multiple of the network's pooling, so that every pixel gets the value it would get from
the whole image at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.device import run_batches

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.segmentation.unet import UNet, UNetConfig

#: output pixels of a tile; larger ones compute fewer surroundings twice
TILE_SIZE = 512


@dataclass(frozen=True)
class Tile:
    """A window of the padded image and the part of its output that is kept."""

    window: tuple[slice, slice]
    kept: tuple[slice, slice]
    place: tuple[slice, slice]


def predict_tiled(
    net: UNet,
    image: NDArray[np.float32],
    device: Device,
    tile: int = TILE_SIZE,
    *,
    stage: str = "Outlining cells",
) -> Step[NDArray[np.float32]]:
    """Probability of each kind of pixel, and of each class where the network tells.

    Parameters
    ----------
    net
        A U-Net.
    image
        (channel, y, x), normalised.
    device
        Where it runs.
    tile
        Output pixels of a tile along y and x.
    stage
        Name of the work, for the progress.

    Returns
    -------
    (kind, y, x) float32; the kinds sum to 1. Classes follow, and sum to 1 too.
    """
    import torch

    shape = image.shape[-2], image.shape[-1]
    padded = pad_image(image, net.config)
    tiles = plan_tiles(shape, net.config, tile)

    def window(start: int, _: int) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(padded[:, *tiles[start].window]))[
            None
        ]

    outputs = yield from run_batches(net, window, len(tiles), device, (stage, 1))
    kinds = net.config.out_channels
    result = np.zeros((kinds + net.config.class_outputs, *shape), np.float32)
    for part, output in zip(tiles, outputs, strict=True):
        maps = torch.cat([output[0][:kinds].softmax(0), output[0][kinds:].softmax(0)])
        result[:, *part.place] = maps.numpy()[:, *part.kept]
    return result


def pad_image(image: NDArray[np.float32], config: UNetConfig) -> NDArray[np.float32]:
    """Mirror an image (channel, y, x) beyond its borders as the network needs it."""
    before, after = _padding((image.shape[-2], image.shape[-1]), config)
    lack = [(0, 0), *((before, beyond) for beyond in after)]
    return np.pad(image, lack, mode="reflect" if min(image.shape[-2:]) > 1 else "edge")


def plan_tiles(
    shape: tuple[int, int], config: UNetConfig, tile: int = TILE_SIZE
) -> list[Tile]:
    """Cover an image (y, x) with tiles; windows are in pixels of the padded image."""
    rows = _plan_axis(shape[0], config, tile)
    columns = _plan_axis(shape[1], config, tile)
    return [
        Tile(*((a, b) for a, b in zip(row, column, strict=True)))
        for row in rows
        for column in columns
    ]


def _plan_axis(
    length: int, config: UNetConfig, tile: int
) -> list[tuple[slice, slice, slice]]:
    """(window, kept, place) of each tile along one axis."""
    from napari_cellid.segmentation.unet import reach, shrinkage

    pool = 2**config.depth
    step = max(tile // pool, 1) * pool
    lost = shrinkage(config)
    plan = []
    for start in range(0, length, step):
        stop = min(start + step, length)
        if lost:
            # a valid network: the window is as much larger as the output is smaller
            window = slice(start, _valid_size(start + step, config, length))
            kept = slice(0, stop - start)
        else:
            margin = -(-reach(config) // pool) * pool
            end = -(-length // pool) * pool
            low = max(start - margin, 0)
            window = slice(low, min(start + step + margin, end))
            kept = slice(start - low, stop - low)
        plan.append((window, kept, slice(start, stop)))
    return plan


def _valid_size(stop: int, config: UNetConfig, length: int) -> int:
    """End of a window whose output reaches `stop` (or the image's end, if before)."""
    from napari_cellid.segmentation.unet import shrinkage

    size = min(stop, length) + shrinkage(config)
    # every level needs an even number after its two convolutions, which holds for
    # inputs 4 short of a multiple of the pooling: 572 = 36 * 16 - 4
    return size + int((-4 - size) % 2**config.depth)


def _padding(shape: tuple[int, int], config: UNetConfig) -> tuple[int, tuple[int, int]]:
    """Pixels to add before (same for y and x) and after (y, x)."""
    from napari_cellid.segmentation.unet import shrinkage

    pool = 2**config.depth
    lost = shrinkage(config)
    if not lost:
        after = [-n % pool for n in shape]
        return 0, (after[0], after[1])
    after = [_valid_size(n, config, n) - n - lost // 2 for n in shape]
    return lost // 2, (after[0], after[1])
