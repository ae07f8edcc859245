"""Forward passes through some stages of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.classification.finetuning import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor, nn


def run_stages(net: nn.Module, stages: Sequence[str], inputs: Tensor) -> Tensor:
    """Pass images, or the features of earlier stages, through some stages.

    All stages of a network in order are the same as its own `forward` (without its
    auxiliary head).
    """
    for name in stages:
        # torchvision flattens inside `forward`, where no module stands for it
        if name == HEAD:
            inputs = inputs.flatten(1)
        inputs = net.get_submodule(name)(inputs)
    return inputs


def batch_norms(net: nn.Module, stages: Sequence[str]) -> Iterator[nn.Module]:
    """Batch normalisation layers of some stages."""
    from torch import nn

    for name in stages:
        for module in net.get_submodule(name).modules():
            if isinstance(module, nn.BatchNorm2d):
                yield module


def set_modes(net: nn.Module, trained: Sequence[str], *, adapt: bool) -> None:
    """Put a network into training mode, with dropout in the trained stages alone.

    Parameters
    ----------
    net
        The network.
    trained
        Stages that are trained.
    adapt
        Whether batch statistics adapt, in frozen stages, too; else all stay fixed.
    """
    from torch import nn

    # first all: dropout and batch statistics of frozen stages must not vary
    net.eval()
    for name in trained:
        net.get_submodule(name).train()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train(adapt)
