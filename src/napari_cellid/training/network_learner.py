"""What every learner shares: a network, its optimiser, and the state of both."""

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
    from napari_cellid.training.loop import Learner

#: prefixes of the keys in a checkpoint
_NET, _OPTIMISER = "net.", "optimiser."


class NetworkLearner:
    """Part of a learner that does not depend on what is learned.

    Parameters
    ----------
    net
        Network to train, on its device already; it is changed.
    optimiser
        Of the parameters that are trained.
    device
        Where the network is, and the precision of its matrix work.
    seed
        Fixes dropout.
    """

    def __init__(
        self, net: nn.Module, optimiser: Optimizer, device: Device, seed: int
    ) -> None:
        self._net, self._optimiser = net, optimiser
        self._device, self._seed = device, seed

    def state(self) -> dict[str, Tensor]:
        """State of network and optimiser, as a checkpoint keeps it."""
        import torch

        state = {f"{_NET}{name}": one for name, one in self._net.state_dict().items()}
        for k, values in self._optimiser.state_dict()["state"].items():
            for name, value in values.items():
                # momentum that is not there yet
                if value is not None:
                    state[f"{_OPTIMISER}{k}.{name}"] = torch.as_tensor(value)
        return state

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Restore a state, to go on from it."""
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
        return {name: one.detach().cpu().clone() for name, one in state.items()}

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Load a state dict into the network."""
        self._net.load_state_dict(dict(weights))

    def _autocast(self) -> AbstractContextManager[Any]:
        """Context in which matrix work is done in bf16, where the device asks for it.

        fp16 would need scaled gradients; training is in fp32 then.
        """
        import torch

        short = self._device.precision == "bf16"
        return torch.autocast(self._device.kind, torch.bfloat16, enabled=short)

    @contextmanager
    def _seeded(self, epoch: int, index: int) -> Iterator[None]:
        """Context in which dropout depends on seed, epoch and step alone.

        So a step is the same whether it comes after a resumption or not.
        """
        import torch

        with torch.random.fork_rng():
            torch.manual_seed(hash((self._seed, epoch, index)) % 2**63)
            yield

    def _update(self, loss: Tensor, max_norm: float = 0.0) -> None:
        """Take one step of the optimiser.

        Parameters
        ----------
        loss
            What is minimised.
        max_norm
            Norm to which the gradient is clipped; 0: it is not.
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
    """Time the steps of a learner; its network is changed.

    Parameters
    ----------
    learner
        What is timed.
    seconds
        How long steps are taken.
    at_least
        Steps that are taken in any case.
    first
        Number of the first step.
    """
    n, start = 0, time.perf_counter()
    while n < at_least or time.perf_counter() - start < seconds:
        learner.step(1, (first + n) % learner.steps_per_epoch)
        n += 1
    return (time.perf_counter() - start) / n
