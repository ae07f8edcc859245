"""A classifier that upsamples its patches itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_cellid.classification.networks import SCALING, ClassifierConfig

#: brightness far from the centre, as a share of that at the centre
_PERIPHERY = 0.25


class UpsamplingClassifier(nn.Module):
    """A classifier that takes patches at the size at which they were cut.

    They are upsampled on the device, where it costs least.

    Parameters
    ----------
    net
        Takes (patch, 3, size, size).
    size
        Side (px) of the input of `net`.
    config
        Spotlight and scaling of the input.
    """

    def __init__(self, net: nn.Module, size: int, config: ClassifierConfig) -> None:
        super().__init__()
        self.net = net
        self.size = size
        self.config = config
        self.mean: Tensor
        self.std: Tensor
        mean, std = SCALING[config.scaling]
        # buffers move to the device and the precision of the network with it
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])

    def forward(self, patches: Tensor) -> Tensor:
        """Logits (patch, class) of patches (patch, 3, y, x), 0 to 1."""
        logits: Tensor = self.net(self.preprocess(patches))
        return logits

    def preprocess(self, patches: Tensor) -> Tensor:
        """Input of `net` (patch, 3, size, size) from patches (patch, 3, y, x)."""
        if self.config.spotlight_px:
            mask = spotlight_mask(patches.shape[-1], self.config.spotlight_px)
            patches = patches * mask.to(patches.device)
        upsampled = nn.functional.interpolate(
            patches, (self.size, self.size), mode="bilinear", align_corners=False
        )
        return self._normalise(upsampled)

    def preprocess_upsampled(self, images: Tensor, side: int) -> Tensor:
        """Input of `net` from images that are upsampled already.

        Parameters
        ----------
        images
            (patch, 3, size, size), 0 to 1.
        side
            Side (px) of the patches that they show.
        """
        if self.config.spotlight_px:
            # the same tissue stays bright, though the pixels are smaller now
            radius = self.config.spotlight_px * images.shape[-1] / side
            mask = spotlight_mask(images.shape[-1], radius)
            images = images * mask.to(images.device)
        return self._normalise(images)

    def _normalise(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.std


def spotlight_mask(side: int, radius: float) -> Tensor:
    """Weights (side, side) that dim a patch towards its edge; 1 at the centre.

    A patch of 118 µm shows the cell in question and tens of others. A network that
    averages over its field of view must be told which cell is meant.

    Parameters
    ----------
    side
        Side of the patch (px).
    radius
        SD of the Gaussian (px).
    """
    # `Patches.cut` puts the centroid there, also where the side is even
    offset = torch.arange(side) - side // 2
    squared = (offset[:, None] ** 2 + offset[None, :] ** 2).float()
    return _PERIPHERY + (1 - _PERIPHERY) * torch.exp(-squared / (2 * radius**2))
