"""A network run in parts: what is frozen once, what is trained every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.classification.finetuning import HEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor, nn


def run_stages(net: nn.Module, stages: Sequence[str], images: Tensor) -> Tensor:
    """Pass images, or what earlier stages made of them, through some stages.

    All stages of a network, in order, do what its own `forward` does (without its
    auxiliary head).
    """
    for name in stages:
        if name == HEAD:
            images = images.flatten(1)
        images = net.get_submodule(name)(images)
    return images


def batch_norms(net: nn.Module, stages: Sequence[str]) -> Iterator[nn.Module]:
    """Batch normalisations of some stages."""
    from torch import nn

    for name in stages:
        for module in net.get_submodule(name).modules():
            if isinstance(module, nn.BatchNorm2d):
                yield module


def set_modes(net: nn.Module, trained: Sequence[str], *, adapt: bool) -> None:
    """Put a network into the mode of training: dropout on in trained stages.

    Parameters
    ----------
    net
        The network.
    trained
        Stages that are trained.
    adapt
        Whether batch statistics follow the cells, in frozen stages too; else all stay.
    """
    from torch import nn

    net.eval()
    for name in trained:
        net.get_submodule(name).train()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train(adapt)
