"""The prediction of a plane as the mean over views of several sizes.

Somata differ in size between animals and areas, and declared pixel sizes are often
wrong by a fifth: a network that sees a plane at two sizes knows more of its cells than
one that sees it twice at one size. The views that turn and mirror the plane (`tta`)
take the scales of the model in turn, so that the mean costs little more.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.channels.model_input import plane_image
from napari_cellid.channels.resampling import rescale
from napari_cellid.progress import subprogress
from napari_cellid.row_blocks import row_blocks
from napari_cellid.segmentation.tta import (
    MIN_PROBABILITY,
    kept_outputs,
    predict_tta,
    to_probabilities,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.model import UNetModel
    from napari_cellid.segmentation.unet import UNet


def predict_plane(
    model: UNetModel, planes: MeanPlanes, plane: int, views: int, device: Device
) -> Step[NDArray[np.float32] | None]:
    """Predict the pixel classes of one plane.

    Parameters
    ----------
    model
        A U-Net; its card has the scales.
    planes, plane
        Mean images, and the index of the plane.
    views
        Number of views, as for `predict_tta`. One view is at the first scale.
    device
        Where to compute.

    Returns
    -------
    Probabilities (pixel class, y, x) float32, in pixels of the model; None where the
    plane is empty.
    """
    image_at = partial(plane_image, planes, plane, model.card)
    return (
        yield from predict_at_scales(
            model.net, image_at, model.card.scales, views, device
        )
    )


def predict_at_scales(
    net: UNet,
    image_at: Callable[[float], NDArray[np.float32]],
    scales: Sequence[float],
    views: int,
    device: Device,
) -> Step[NDArray[np.float32] | None]:
    """Predict the pixel classes of an image as the mean over views of some sizes.

    Parameters
    ----------
    net
        A U-Net.
    image_at
        Makes the input images (channel, y, x), so many times larger.
    scales
        How many times; the first of them is 1.
    views, device
        As for `predict_plane`.

    Returns
    -------
    As from `predict_plane`.
    """
    total = None
    used = scales[:views]
    for k, scale in enumerate(used):
        image = image_at(scale)
        if not image.any():
            return None
        chosen = range(k, views, len(used))
        step = predict_tta(net, image, device, chosen, outputs="pixel classes")
        maps = yield from subprogress(step, k, len(used))
        # before the next image, which needs as much memory
        del image, step
        if len(used) == 1:
            return maps
        total = _add_logs(total, maps, scale, len(chosen))
        del maps
    assert total is not None  # there is one scale at least
    to_probabilities(total, views, kept_outputs(net.config, "pixel classes")[1])
    return total


def _add_logs(
    total: NDArray[np.float32] | None,
    maps: NDArray[np.float32],
    scale: float,
    times: int,
) -> NDArray[np.float32]:
    """Add the logarithms of maps (class, y, x), which are overwritten, to a sum."""
    if total is None:
        total = np.zeros_like(maps)
    size = (total.shape[1], total.shape[2])
    for one, sums in zip(maps, total, strict=True):
        resampled = rescale(one, 1 / scale, size)
        for rows in row_blocks(resampled.shape):
            block = resampled[rows]
            np.log(np.maximum(block, MIN_PROBABILITY), out=block)
            block *= times
            sums[rows] += block
    return total
