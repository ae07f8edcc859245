"""Variants of the input: without the blue channel, or with the cell masked out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch

from napari_cellid.classification.upsampling import UpsamplingClassifier

if TYPE_CHECKING:
    from torch import Tensor, nn

    from napari_cellid.classification.networks import ClassifierConfig

#: what the network does not see
Without = Literal["", "blue", "cell"]
#: radius of the disc that hides a cell (µm): more than that of the largest soma
_MASK_UM = 11.0


class VariantClassifier(UpsamplingClassifier):
    """A patch classifier that does not see a part of its input.

    Parameters
    ----------
    net, size, config
        As for `UpsamplingClassifier`.
    without
        "blue": the third image, the mean of the two channels, is black; "cell": a disc
        around the centre is black, so that only the surroundings can give the class
        away.
    patch_um
        Side of a patch (µm).
    """

    def __init__(
        self,
        net: nn.Module,
        size: int,
        config: ClassifierConfig,
        without: Without,
        patch_um: float,
    ) -> None:
        super().__init__(net, size, config)
        self._without, self._share = without, _MASK_UM / patch_um

    def preprocess(self, patches: Tensor) -> Tensor:
        """Input of `net` (patch, 3, size, size) from patches (patch, 3, y, x)."""
        return self._hide(super().preprocess(patches))

    def preprocess_upsampled(self, images: Tensor, side: int) -> Tensor:
        """Input of `net` from images that are upsampled already."""
        return self._hide(super().preprocess_upsampled(images, side))

    def _hide(self, images: Tensor) -> Tensor:
        # what black is after the normalisation
        black = (-self.mean / self.std).to(images)
        if self._without == "blue":
            return torch.cat([images[:, :2], black[2:].expand_as(images[:, 2:])], 1)
        side = images.shape[-1]
        offset = torch.arange(side) - side / 2 + 0.5
        hidden = offset[:, None] ** 2 + offset[None] ** 2 <= (self._share * side) ** 2
        return torch.where(hidden.to(images.device), black, images)
