"""Base of all learners: a network, its optimiser, and the state of both."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from torch import Tensor, nn
    from torch.optim import Optimizer

    from napari_cellid.device import Device
    from napari_cellid.training.learner import Learner

#: prefixes of the keys in a checkpoint
_NET, _OPTIMISER = "net.", "optimiser."


class NetworkLearner:
    """Part of a learner that does not depend on the task.

    Parameters
    ----------
    net
        Network to train, already on its device; it is changed in place.
    optimiser
        Optimiser of the trained parameters.
    device
        Device of the network, and precision of its matrix operations.
    seed
        Seed of dropout.
    """

    def __init__(
        self, net: nn.Module, optimiser: Optimizer, device: Device, seed: int
    ) -> None:
        self._net, self._optimiser = net, optimiser
        self._device, self._seed = device, seed

    def state(self) -> dict[str, Tensor]:
        """State of network and optimiser, as a checkpoint keeps it."""
        import torch

        state = {
            f"{_NET}{name}": tensor for name, tensor in self._net.state_dict().items()
        }
        # the moments alone: rates come from the settings of the run
        for k, values in self._optimiser.state_dict()["state"].items():
            for name, value in values.items():
                # momentum is None before the first step
                if value is not None:
                    # a count of steps can be a plain number
                    state[f"{_OPTIMISER}{k}.{name}"] = torch.as_tensor(value)
        return state

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore a state, to resume from it."""
        names = self._net.state_dict()
        self._net.load_state_dict({name: state[f"{_NET}{name}"] for name in names})
        moments: dict[int, dict[str, Any]] = {}
        for name, tensor in state.items():
            if name.startswith(_OPTIMISER):
                k, _, key = name.removeprefix(_OPTIMISER).partition(".")
                moments.setdefault(int(k), {})[key] = tensor.clone()
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": moments, "param_groups": groups})

    def weights(self) -> dict[str, Tensor]:
        """State dict of the network, on the CPU."""
        state = self._net.state_dict()
        # on the CPU cpu() gives no copy, and the next step changes the tensors in place
        return {name: value.detach().cpu().clone() for name, value in state.items()}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Load a state dict into the network."""
        self._net.load_state_dict(dict(weights))

    def _autocast(self) -> AbstractContextManager[Any]:
        """Context of mixed precision, if the precision of the device is bf16.

        fp16 would need scaled gradients, so training uses fp32 instead.
        """
        import torch

        mixed = self._device.precision == "bf16"
        return torch.autocast(self._device.kind, torch.bfloat16, enabled=mixed)

    @contextmanager
    def _seeded(self, epoch: int, index: int) -> Iterator[None]:
        """Context in which dropout depends only on seed, epoch and step.

        So a resumed training takes the same steps as an uninterrupted one.
        """
        import torch

        with torch.random.fork_rng():
            # numbers, unlike texts, hash alike in every process
            torch.manual_seed(hash((self._seed, epoch, index)) % 2**63)
            yield

    def _update(self, loss: Tensor, max_norm: float = 0.0) -> None:
        """Take one optimiser step.

        Parameters
        ----------
        loss
            Loss of the batch.
        max_norm
            Norm to which the gradient is clipped; 0: no clipping.
        """
        import torch

        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if max_norm:
            torch.nn.utils.clip_grad_norm_(self._net.parameters(), max_norm)
        self._optimiser.step()


def seconds_per_step(
    learner: Learner, seconds: float, *, at_least: int = 1, first: int = 0
) -> float:
    """Measure the time of a step of a learner; its network is changed.

    Parameters
    ----------
    learner
        Learner to time.
    seconds
        Duration of the measurement.
    at_least
        Least number of steps.
    first
        Index of the first step.
    """
    n, start = 0, time.perf_counter()
    while n < at_least or time.perf_counter() - start < seconds:
        learner.step(1, (first + n) % learner.steps_per_epoch)
        n += 1
    return (time.perf_counter() - start) / n
