"""Overlap-tile prediction of images of any size, without visible seams.

Each tile is predicted together with all surroundings that can change it, and begins at
a multiple of the network's pooling, so every pixel gets the value that it would get
from the whole image at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_cellid.batches import Inputs, stream_batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.segmentation.unet import UNet, UNetConfig

#: most output pixels of a tile: larger tiles compute fewer surroundings twice,
#: and a plane of 512 px is one tile even when it is a quarter larger (`scales`)
TILE_SIZE = 704


@dataclass(frozen=True)
class Tile:
    """A tile of the padded image and where its output goes; slices are (y, x).

    Parameters
    ----------
    input
        Part of the padded image that the network is fed with.
    crop
        Part of the network's output that is kept.
    output
        Part of the result that the crop fills.
    """

    input: tuple[slice, slice]
    crop: tuple[slice, slice]
    output: tuple[slice, slice]


def predict_tiled(
    net: UNet,
    image: NDArray[np.float32],
    device: Device,
    tile_size: int = TILE_SIZE,
    *,
    stage: str = "Outlining cells",
) -> Step[NDArray[np.float32]]:
    """Predict class probabilities of pixels, tile by tile.

    Parameters
    ----------
    net
        A U-Net.
    image
        (channel, y, x), normalised.
    device
        Where to compute.
    tile_size
        Most output pixels of a tile along y and x.
    stage
        Name of the stage, for the progress.

    Returns
    -------
    (class, y, x) float32: pixel classes (background, rim, core), which sum to 1, then
    cell classes where the network has outputs for them, which sum to 1, too.
    """
    n_outputs = net.config.out_channels + net.config.class_outputs
    result = np.empty((n_outputs, *image.shape[-2:]), np.float32)

    def keep(place: tuple[slice, slice], maps: NDArray[np.float32]) -> None:
        result[:, *place] = maps

    yield from stream_tiles(net, image, keep, device, tile_size, stage=stage)
    return result


def stream_tiles(
    net: UNet,
    image: NDArray[np.float32],
    receive: Callable[[tuple[slice, slice], NDArray[np.float32]], object],
    device: Device,
    tile_size: int = TILE_SIZE,
    *,
    stage: str = "Outlining cells",
) -> Step[None]:
    """Predict class probabilities of pixels as `predict_tiled` does, and keep none.

    Parameters
    ----------
    net, device, tile_size, stage
        As for `predict_tiled`.
    image
        (channel, y, x), normalised; turned and mirrored views of an array are fine,
        because only tiles are copied.
    receive
        Called for each tile with its place (y, x) in the image and its probabilities
        (class, y, x). The tiles cover every pixel once.
    """
    import torch

    n = net.config.out_channels
    shape = image.shape[-2], image.shape[-1]
    rows, columns = mirrored_indices(shape, net.config)
    tiles = plan_tiles(shape, net.config, tile_size)

    def one_tile(start: int, _: int) -> Tensor:
        y, x = tiles[start].input
        window = image[:, rows[y, None], columns[x]]
        return torch.from_numpy(np.ascontiguousarray(window))[None]

    def blend(start: int, logits: Tensor) -> None:
        tile = tiles[start]
        maps = logits[0][:n].softmax(0)
        if net.config.class_outputs:
            maps = torch.cat([maps, logits[0][n:].softmax(0)])
        receive(tile.output, maps.numpy()[:, *tile.crop])

    # one at a time: tiles at the border of the image have other sizes
    inputs = Inputs(one_tile, len(tiles), 1)
    yield from stream_batches(net, inputs, blend, device, stage)


def mirrored_indices(
    shape: tuple[int, int], config: UNetConfig
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of an image, mirrored beyond its borders as a network needs it.

    `image[:, rows[:, None], columns]` is the padded image of which tiles are cut.
    """
    before, after = _padding(shape, config)
    # reflecting needs two pixels
    mode: Literal["reflect", "edge"] = "reflect" if min(shape) > 1 else "edge"
    rows, columns = (
        np.pad(np.arange(length), (before, end), mode=mode)
        for length, end in zip(shape, after, strict=True)
    )
    return rows, columns


def plan_tiles(
    shape: tuple[int, int], config: UNetConfig, tile_size: int = TILE_SIZE
) -> list[Tile]:
    """Cover an image of some shape (y, x) with tiles."""
    rows = _plan_axis(shape[0], config, tile_size)
    columns = _plan_axis(shape[1], config, tile_size)
    return [
        Tile(*((a, b) for a, b in zip(row, column, strict=True)))
        for row in rows
        for column in columns
    ]


def _plan_axis(
    length: int, config: UNetConfig, tile_size: int
) -> list[tuple[slice, slice, slice]]:
    """Slices (input, crop, output) of each tile along one axis."""
    from napari_cellid.segmentation.unet import reach, shrinkage

    pool = 2**config.depth
    # tiles of one size, because each costs its surroundings, however small it is
    n_tiles = -(-length // max(tile_size // pool * pool, pool))
    step = -(-length // (n_tiles * pool)) * pool
    lost = shrinkage(config)
    plan = []
    for start in range(0, length, step):
        stop = min(start + step, length)
        if lost:
            # without padding in the network the input is larger than the output
            window = slice(start, _valid_size(start + step, config, length))
            crop = slice(0, stop - start)
        else:
            margin = -(-reach(config) // pool) * pool
            end = -(-length // pool) * pool
            low = max(start - margin, 0)
            window = slice(low, min(start + step + margin, end))
            crop = slice(start - low, stop - low)
        plan.append((window, crop, slice(start, stop)))
    return plan


def _valid_size(stop: int, config: UNetConfig, length: int) -> int:
    """End of an input whose output reaches `stop` (or the image's end, if before)."""
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
