"""A learner that is quick: a line through noisy points, with Adam and dropout."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from napari_cellid.training.learner import StepMetrics

_POINTS = torch.linspace(-1, 1, 24)[:, None]


class TinyLearner:
    """Fits y = 3x - 1; steps depend on seed, epoch and index alone.

    Parameters
    ----------
    steps
        Of an epoch.
    losses
        Validation losses to say in place of the true ones, in order.
    error
        Their standard error; 0 says none.
    """

    def __init__(
        self, steps: int = 4, losses: tuple[float, ...] = (), error: float = 0.0
    ) -> None:
        torch.manual_seed(11)
        self.net = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.2), nn.Linear(8, 1))
        self.optimiser = torch.optim.Adam(self.net.parameters(), 0.05)
        self.steps_per_epoch = steps
        self.losses = list(losses)
        self.error = error
        self.ended = 0
        self.taken: list[tuple[int, int]] = []

    def step(self, epoch: int, index: int) -> StepMetrics:
        self.taken.append((epoch, index))
        torch.manual_seed(1000 * epoch + index)
        chosen = torch.randperm(len(_POINTS))[:6]
        x = _POINTS[chosen]
        y = 3 * x - 1 + 0.05 * torch.randn(6, 1)
        self.net.train()
        loss = ((self.net(x) - y) ** 2).mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return StepMetrics(float(loss.detach()), 6, correct=3)

    def validate(self) -> dict[str, float]:
        if self.losses:
            loss = self.losses.pop(0)
            rough = {"loss_error": self.error} if self.error else {}
            return {"loss": loss, **rough}
        self.net.eval()
        with torch.no_grad():
            error = self.net(_POINTS) - (3 * _POINTS - 1)
        return {"loss": float((error**2).mean())}

    def end_of_training(self) -> None:
        self.ended += 1

    def state(self) -> dict[str, Tensor]:
        found = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        for k, values in self.optimiser.state_dict()["state"].items():
            found |= {f"adam.{k}.{name}": value for name, value in values.items()}
        return found

    def load(self, state: Mapping[str, Tensor]) -> None:
        own = self.net.state_dict()
        self.net.load_state_dict({name: state[f"net.{name}"] for name in own})
        moments: dict[int, dict[str, Any]] = {}
        for name, tensor in state.items():
            if name.startswith("adam."):
                _, k, key = name.split(".")
                moments.setdefault(int(k), {})[key] = tensor.clone()
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": moments, "param_groups": groups})

    def weights(self) -> dict[str, Tensor]:
        return {k: v.detach().clone() for k, v in self.net.state_dict().items()}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        self.net.load_state_dict(dict(weights))


def digest(weights: Mapping[str, Tensor]) -> str:
    """Hash of all weights, to the bit."""
    total = hashlib.sha256()
    for name in sorted(weights):
        total.update(name.encode() + weights[name].numpy().tobytes())
    return total.hexdigest()
