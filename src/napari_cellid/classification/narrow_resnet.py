"""ResNets with fewer channels than those that were published."""

from __future__ import annotations

from typing import Any

from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

#: channels of the first stage in the code of torchvision
_PUBLISHED_WIDTH = 64
_BLOCKS: dict[str, tuple[type[BasicBlock] | type[Bottleneck], list[int]]] = {
    "resnet18": (BasicBlock, [2, 2, 2, 2]),
    "resnet50": (Bottleneck, [3, 4, 6, 3]),
}


class NarrowResNet(ResNet):
    """A ResNet of torchvision whose layers all are narrower by one factor.

    Parameters
    ----------
    architecture
        "resnet18" or "resnet50".
    width
        Channels of the first stage; the next ones have 2, 4 and 8 times as many.
    n_classes
        Number of outputs.
    """

    def __init__(self, architecture: str, width: int, n_classes: int) -> None:
        self._width = width
        block, blocks = _BLOCKS[architecture]
        super().__init__(block, blocks)
        self.fc = nn.Linear(8 * width * block.expansion, n_classes)

    def _make_layer(self, block: Any, planes: int, *how: Any, **more: Any) -> Any:
        """Make a stage; the layers before the first one are made narrow with it."""
        if planes == _PUBLISHED_WIDTH:
            self.inplanes = self._width
            self.conv1 = nn.Conv2d(3, self._width, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(self._width)
        narrow = planes // _PUBLISHED_WIDTH * self._width
        return super()._make_layer(block, narrow, *how, **more)
