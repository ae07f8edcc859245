"""What the training loop needs of a network: one step, its validation, its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


@dataclass(frozen=True)
class StepMetrics:
    """Metrics of one optimiser step.

    Parameters
    ----------
    loss
        Mean loss of the batch.
    n
        Number of cells or tiles in the batch.
    correct
        Number of correct predictions; -1 if that is undefined.
    """

    loss: float
    n: int
    correct: int = -1


class Learner(Protocol):
    """A network in training, with its data and optimiser.

    A step depends only on the seed, the epoch and its index, so that a resumed training
    gives the same weights as an uninterrupted one.
    """

    @property
    def steps_per_epoch(self) -> int:
        """Number of optimiser steps per epoch."""

    def step(self, epoch: int, index: int) -> StepMetrics:
        """Take one optimiser step."""

    def validate(self) -> dict[str, float]:
        """Metrics of the validation data, "loss" among them."""

    def end_of_training(self) -> None:
        """Finish the best weights, for example update batch statistics."""

    def state(self) -> dict[str, Tensor]:
        """Everything that resuming needs."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore a state."""

    def weights(self) -> dict[str, Tensor]:
        """State dict of the network, float32 on the CPU."""

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Restore weights."""
