"""Test-time augmentation: the mean prediction of turned and mirrored images.

Cells have no up and down, but a network learns them a little differently each way, so
the mean over several views is steadier than one of them. The mean is that of the
outputs before the softmax: a constant added to an output (the operating point of a
model) has the same effect on the mean as on each view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.progress import subprogress
from napari_cellid.segmentation.tiles import predict_tiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.segmentation.unet import UNet

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
_MIN_PROBABILITY = 1e-9


def predict_tta(
    net: UNet,
    image: NDArray[np.float32],
    device: Device,
    views: int,
    *,
    stage: str = "Outlining cells",
) -> Step[NDArray[np.float32]]:
    """Predict class probabilities of pixels as the mean over some views of the image.

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
        ones.
    stage
        Name of the stage, for the progress.

    Returns
    -------
    (class, y, x) float32, as `predict_tiled` gives them.
    """
    if not 1 <= views <= len(_VIEWS):
        raise ValueError(f"{views} views requested, 1 to {len(_VIEWS)} are possible")
    logs = []
    for k, (turns, mirrored) in enumerate(_VIEWS[:views]):
        view = np.ascontiguousarray(_turn(image, turns, mirrored))
        step = predict_tiled(net, view, device, stage=stage)
        maps = yield from subprogress(step, k, views)
        if views == 1:
            return maps
        maps = _turn_back(maps, turns, mirrored)
        logs.append(np.log(np.maximum(maps, _MIN_PROBABILITY)))
    mean = np.exp(np.mean(logs, axis=0, dtype=np.float32))
    n = net.config.out_channels
    # slices are views, so `mean` itself is normalised; a mean of logarithms is not
    for group in (mean[:n], mean[n:]):
        group /= group.sum(0)
    return mean


def _turn(
    image: NDArray[np.float32], turns: int, mirrored: bool
) -> NDArray[np.float32]:
    turned = np.rot90(image, turns, (1, 2))
    return turned[:, :, ::-1] if mirrored else turned


def _turn_back(
    image: NDArray[np.float32], turns: int, mirrored: bool
) -> NDArray[np.float32]:
    unmirrored = image[:, :, ::-1] if mirrored else image
    return np.rot90(unmirrored, -turns, (1, 2))
