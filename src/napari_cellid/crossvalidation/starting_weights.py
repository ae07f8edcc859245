"""The weights that the network of a method begins with in every fold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.classification.starting_weights import load_starting_weights
from napari_cellid.training.starting_weights import RANDOM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_cellid.classification.starting_weights import StartingWeights
    from napari_cellid.config import PlanName
    from napari_cellid.crossvalidation.methods import NetworkMethod
    from napari_cellid.study.study import Study

#: a plan of each network, by which its starting weights are loaded
_ANY_PLAN: dict[str, PlanName] = {
    "inception_v3": "inceptionv3_311", "resnet18": "resnet18_69",
    "resnet50": "resnet50_174",
}  # fmt: skip


def load_start(
    study: Study, classes: Sequence[str], method: NetworkMethod
) -> StartingWeights:
    """Load the starting weights of a method.

    Parameters
    ----------
    study
        The study, whose models can be named.
    classes
        Names of the classes.
    method
        The method, which names the network and its weights.

    Raises
    ------
    InputError
        If there are no such weights, they cannot be read, or they are for another
        network.
    """
    import torch

    # the same random weights in all folds, for the features of frozen layers
    torch.manual_seed(0)
    return load_starting_weights(
        method.start, classes, _ANY_PLAN[method.architecture], study.models,
        study.config,
    )  # fmt: skip


def check_starts(
    study: Study, classes: Sequence[str], methods: Iterable[NetworkMethod]
) -> None:
    """Load all starting weights once, so that a wrong one is refused at the start.

    Raises
    ------
    InputError
        As `load_start`.
    """
    different = {(one.architecture, one.start): one for one in methods}
    for (_, start), method in different.items():
        if start != RANDOM:
            load_start(study, classes, method)
