"""The mean of what a network says of an image turned and mirrored.

Cells have no up and down, but a network learns them a little differently each way;
the mean of its answers is steadier than one of them (test-time augmentation). It is
the mean of the outputs before the softmax, so that a constant on an output (the
operating point of a model) does the same to the mean as to each view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.progress import part
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
#: probability of what a view excludes
_LEAST = 1e-9


def predict_tta(
    net: UNet,
    image: NDArray[np.float32],
    device: Device,
    views: int,
    *,
    stage: str = "Outlining cells",
) -> Step[NDArray[np.float32]]:
    """Probability of each kind of pixel, the mean of some views of the image.

    Parameters
    ----------
    net
        A U-Net.
    image
        (channel, y, x), normalised.
    device
        Where it runs.
    views
        1: the image as it is; up to 8: turned and mirrored, too.
    stage
        Name of the work, for the progress.

    Returns
    -------
    (kind, y, x) float32, as `predict_tiled` gives them.
    """
    if not 1 <= views <= len(_VIEWS):
        raise ValueError(f"{views} views wanted, 1 to {len(_VIEWS)} are possible")
    logs = []
    for k, (turns, mirrored) in enumerate(_VIEWS[:views]):
        turned = np.ascontiguousarray(_turn(image, turns, mirrored))
        maps = yield from part(
            predict_tiled(net, turned, device, stage=stage), k, views
        )
        if views == 1:
            return maps
        logs.append(np.log(np.maximum(_turn_back(maps, turns, mirrored), _LEAST)))
    mean = np.exp(np.mean(logs, axis=0, dtype=np.float32))
    kinds = net.config.out_channels
    for group in (mean[:kinds], mean[kinds:]):
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
