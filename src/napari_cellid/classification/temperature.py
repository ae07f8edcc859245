"""Calibration of class probabilities by a temperature (Guo et al. 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def fit_temperature(logits: Tensor, truth: NDArray[np.int64]) -> float:
    """Divisor of the logits (cell, class) with which probabilities are calibrated."""
    import torch
    from torch.nn.functional import cross_entropy

    # the loss has one flat minimum, so a grid with steps of 4 % finds it
    grid = np.geomspace(0.3, 5, 80)
    target = torch.from_numpy(truth)
    losses = [float(cross_entropy(logits / float(t), target)) for t in grid]
    return float(grid[int(np.argmin(losses))])


def apply_temperature(
    probabilities: NDArray[np.floating], temperature: float
) -> NDArray[np.float32]:
    """Calibrate probabilities (cell, class) with the temperature of a model.

    The same as dividing the logits by the temperature before the softmax.
    """
    # relative to the largest, so that no power of all of them becomes 0
    relative = probabilities / probabilities.max(1, keepdims=True, initial=1e-12)
    powers = np.maximum(relative, 1e-12) ** (1 / temperature)
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)
