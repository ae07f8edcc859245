"""Test-time augmentation: the mean prediction of turned and mirrored images.

Cells have no up and down, but a network learns them a little differently each way, so
the mean over several views is steadier than one of them. The mean is that of the
outputs before the softmax: a constant added to an output (the operating point of a
model) has the same effect on the mean as on each view.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_cellid.progress import subprogress
from napari_cellid.row_blocks import row_blocks
from napari_cellid.segmentation.tiles import stream_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.segmentation.unet import UNet, UNetConfig

#: which outputs of a network are predicted: those for the classes of pixels
#: (background, rim, core), those for the classes of cells, or all in this order
Outputs = Literal["pixel classes", "cell classes", "all"]

#: quarter turns, and whether mirrored after; the first few differ most
_VIEWS = (
    (0, False),
    (2, False),
    (1, True),
    (3, True),
    (0, True),
    (2, True),
    (1, False),
    (3, False),
)
#: least probability of a class, whose logarithm is taken
MIN_PROBABILITY = 1e-9


def predict_tta(
    net: UNet,
    image: NDArray[np.float32],
    device: Device,
    views: int | range,
    *,
    stage: str = "Outlining cells",
    outputs: Outputs = "all",
) -> Step[NDArray[np.float32]]:
    """Predict class probabilities of pixels as the mean over some views of the image.

    Besides the result, no array is as large as the image.

    Parameters
    ----------
    net
        A U-Net.
    image
        (channel, y, x), normalised.
    device
        Where to compute.
    views
        Number of views: 1 for the image as it is, up to 8 with turned and mirrored
        ones; or the numbers of some of these.
    stage
        Name of the stage, for the progress.
    outputs
        Which outputs are predicted; the others need no memory.

    Returns
    -------
    (class, y, x) float32, as `predict_tiled` gives them.
    """
    chosen = range(views) if isinstance(views, int) else views
    if not chosen or chosen[-1] >= len(_VIEWS):
        raise ValueError(f"{views} views requested, 1 to {len(_VIEWS)} are possible")
    kept, groups = kept_outputs(net.config, outputs)
    mean = np.zeros((kept.stop - kept.start, *image.shape[-2:]), np.float32)
    for k, (turns, mirrored) in enumerate(_VIEWS[number] for number in chosen):
        # what is added to the turned mean lies turned back in the mean itself
        turned = _turn(mean, turns, mirrored)
        receive = partial(_add_logs if len(chosen) > 1 else _keep, turned, kept)
        view = _turn(image, turns, mirrored)
        step = stream_tiles(net, view, receive, device, stage=stage)
        yield from subprogress(step, k, len(chosen))
    if len(chosen) > 1:
        to_probabilities(mean, len(chosen), groups)
    return mean


def kept_outputs(
    config: UNetConfig, outputs: Outputs
) -> tuple[slice, tuple[slice, ...]]:
    """The outputs that are kept, and the groups among them that sum to 1."""
    n, total = config.out_channels, config.out_channels + config.class_outputs
    if outputs == "pixel classes":
        return slice(0, n), (slice(0, n),)
    if outputs == "cell classes":
        return slice(n, total), (slice(0, total - n),)
    return slice(0, total), (slice(0, n), slice(n, total))


def _keep(
    result: NDArray[np.float32],
    kept: slice,
    place: tuple[slice, slice],
    maps: NDArray[np.float32],
) -> None:
    result[:, *place] = maps[kept]


def _add_logs(
    total: NDArray[np.float32],
    kept: slice,
    place: tuple[slice, slice],
    maps: NDArray[np.float32],
) -> None:
    total[:, *place] += np.log(np.maximum(maps[kept], MIN_PROBABILITY))


def to_probabilities(
    total: NDArray[np.float32], views: int, groups: tuple[slice, ...]
) -> None:
    """Turn sums of logarithms (class, y, x) into probabilities, in place."""
    for rows in row_blocks(total.shape):
        block = total[:, rows]
        block /= views
        np.exp(block, out=block)
        # a mean of logarithms does not sum to 1
        for group in groups:
            block[group] /= block[group].sum(0)


def _turn(
    image: NDArray[np.float32], turns: int, mirrored: bool
) -> NDArray[np.float32]:
    turned = np.rot90(image, turns, (1, 2))
    return turned[:, :, ::-1] if mirrored else turned
