"""The classifier as a learner: what one step of its training does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.classification.finetuning import (
    HEAD,
    STAGES,
    freeze,
    get_plan,
    n_frozen_stages,
)
from napari_cellid.classification.partial_forward import (
    batch_norms,
    run_stages,
    set_modes,
)
from napari_cellid.training.loop import StepFigures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.classification.dataset import LabelledCells
    from napari_cellid.classification.frozen_features import FeatureSource
    from napari_cellid.classification.starting_weights import StartingWeights
    from napari_cellid.config import ClassifierTrainingConfig
    from napari_cellid.device import Device

#: cells that are validated, or whose statistics are taken, at once
_AT_ONCE = 64
#: what is told apart from the network's own names in a checkpoint
_NET, _OPTIMISER = "net.", "optimiser."


class ClassifierLearner:
    """Trains some stages of a classifier on cells of known class.

    Parameters
    ----------
    start
        Network to train; it is changed.
    cells
        Training and validation cells.
    sources
        What the trained stages are fed with, for training and validation samples.
    samples
        (sample, 2): row and copy of the training samples.
    config
        Settings.
    device
        Where to compute.
    """

    def __init__(
        self,
        start: StartingWeights,
        cells: tuple[LabelledCells, LabelledCells],
        sources: tuple[FeatureSource, FeatureSource],
        samples: NDArray[np.int64],
        config: ClassifierTrainingConfig,
        device: Device,
    ) -> None:
        import torch

        self._net, self._config, self._device = start.net, config, device
        self._training, self._validation = cells
        self._sources, self._samples = sources, samples
        self._names, self._frozen, self._stages = split_stages(start, config)
        self._weights = class_weights(self._training, len(start.classes), config)
        self._net.to(device.kind)
        if device.kind != "mps":
            self._net.to(memory_format=torch.channels_last)
        self._optimiser = self._make_optimiser()
        #: logits of the validation cells, as they were last
        self.logits: Tensor = torch.zeros(0, len(start.classes))

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch; all samples are seen once, give or take the last batch."""
        return len(self._batches(len(self._samples)))

    def step(self, epoch: int, index: int) -> StepFigures:
        """Take one step on its batch of the epoch."""
        import torch
        from torch.nn.functional import cross_entropy

        which = self._order(epoch)[self._batches(len(self._samples))[index]]
        rows = self._samples[which, 0]
        target = torch.from_numpy(self._training.target[rows]).to(self._device.kind)
        weight = (
            self._training.weight[rows] * self._weights[self._training.target[rows]]
        )
        set_modes(self._net, self._stages, adapt=self._config.batch_norm == "adapt")
        with torch.random.fork_rng(), self._computing():
            # dropout is the same whether this step comes after a resumption or not
            torch.manual_seed(hash((self._config.seed, epoch, index)) % 2**63)
            logits = self._forward(self._sources[0].take(which))
        loss = cross_entropy(logits.float(), target, reduction="none")
        counted = torch.from_numpy(weight).to(loss)
        loss = (loss * counted).sum() / counted.sum().clamp(min=1e-12)
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimiser.step()
        right = int((logits.argmax(1) == target).sum())
        return StepFigures(float(loss.detach()), len(which), right)

    def validate(self) -> dict[str, float]:
        """Loss with each class counting the same, its error, accuracies."""
        import torch
        from torch.nn.functional import cross_entropy

        self.logits = self._told()
        truth = torch.from_numpy(self._validation.target)
        losses = cross_entropy(self.logits, truth, reduction="none").numpy()
        right = (self.logits.argmax(1) == truth).numpy()
        there = np.unique(self._validation.target)
        by_class = [self._validation.target == k for k in there]
        return {
            "loss": float(np.mean([losses[one].mean() for one in by_class])),
            "loss_error": _standard_error([losses[one] for one in by_class]),
            "accuracy": float(right.mean()),
            "balanced_accuracy": float(
                np.mean([right[one].mean() for one in by_class])
            ),
        }

    def end_of_training(self) -> None:
        """Take the batch statistics of all training cells, where they adapt."""
        import torch

        if self._config.batch_norm == "adapt":
            every = STAGES[self._architecture]
            norms: list[Any] = list(batch_norms(self._net, every))
            before = [one.momentum for one in norms]
            for one in norms:
                one.reset_running_stats()
                one.momentum = None
            self._net.eval()
            for one in norms:
                one.train()
            with torch.no_grad(), self._computing():
                for batch in self._batches(len(self._samples), _AT_ONCE):
                    self._forward(self._sources[0].take(batch))
            for one, momentum in zip(norms, before, strict=True):
                one.momentum = momentum
        self._net.eval()
        self.validate()

    def state(self) -> dict[str, Tensor]:
        """Everything that is needed to go on."""
        import torch

        found = {f"{_NET}{name}": one for name, one in self._net.state_dict().items()}
        for k, values in self._optimiser.state_dict()["state"].items():
            for name, value in values.items():
                if value is not None:
                    tensor = torch.as_tensor(value)
                    found[f"{_OPTIMISER}{k}.{name}"] = tensor
        return found

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""
        own = self._net.state_dict()
        self._net.load_state_dict({name: state[f"{_NET}{name}"] for name in own})
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
        """Take weights back."""
        self._net.load_state_dict(dict(weights))

    def _told(self) -> Tensor:
        """Logits (cell, class) of the validation cells."""
        import torch

        self._net.eval()
        batches = self._batches(len(self._validation), _AT_ONCE)
        with torch.no_grad(), self._computing():
            told = [self._forward(self._sources[1].take(batch)) for batch in batches]
        return torch.cat(told).float().cpu()

    def _forward(self, inputs: Tensor) -> Tensor:
        from napari_cellid.classification.frozen_features import to_device

        return run_stages(self._net, self._stages, to_device(inputs, self._device))

    def _computing(self) -> Any:
        """Short precision where the device has a good one; fp16 would want scaling."""
        import torch

        short = self._device.precision == "bf16"
        return torch.autocast(self._device.kind, torch.bfloat16, enabled=short)

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Samples of an epoch, in their order; it depends on seed and epoch alone."""
        rng = np.random.default_rng([self._config.seed, epoch])
        n = len(self._samples)
        if self._config.balance != "sampling":
            return rng.permutation(n)
        target = self._training.target[self._samples[:, 0]]
        share = 1 / np.bincount(target)[target]
        return rng.choice(n, n, p=share / share.sum())

    def _batches(self, n: int, size: int = 0) -> list[NDArray[np.int64]]:
        size = size or self._config.batch_size
        batches = [np.arange(k, min(k + size, n)) for k in range(0, n, size)]
        if len(batches) > 1 and len(batches[-1]) == 1:
            # one cell alone has no batch statistics
            last = batches.pop()
            batches[-1] = np.concatenate([batches[-1], last])
        return batches

    @property
    def _architecture(self) -> Any:
        return self._names[0]

    def _make_optimiser(self) -> Any:
        import torch

        config = self._config
        named = [(n, p) for n, p in self._net.named_parameters() if p.requires_grad]
        head = [p for n, p in named if n.startswith(f"{HEAD}.")]
        rest = [p for n, p in named if not n.startswith(f"{HEAD}.")]
        groups = [{"params": head, "lr": config.rate * config.head_rate_factor}]
        if rest:
            groups.append({"params": rest, "lr": config.rate})
        if config.optimiser == "sgd":
            return torch.optim.SGD(
                groups,
                config.rate,
                momentum=config.momentum,
                weight_decay=config.weight_decay,
            )
        kind = torch.optim.Adam if config.optimiser == "adam" else torch.optim.AdamW
        return kind(groups, config.rate, weight_decay=config.weight_decay)


def split_stages(
    start: StartingWeights, config: ClassifierTrainingConfig
) -> tuple[tuple[Any, ...], tuple[str, ...], tuple[str, ...]]:
    """Architecture, frozen stages and trained stages; the rest of the net is frozen.

    With batch statistics that adapt no stage can be run beforehand, for what it gives
    depends on the batch: all stages count as trained, though their weights are not.
    """
    architecture = start.config.architecture
    plan = get_plan(config.plan, architecture)
    freeze(start.net, plan)
    stages = STAGES[architecture]
    cut = 0 if config.batch_norm == "adapt" else n_frozen_stages(plan, architecture)
    return (architecture,), stages[:cut], stages[cut:]


def _standard_error(by_class: list[NDArray[np.float32]]) -> float:
    """Standard error of the mean of class means; 0 if no class has two cells."""
    variance = [one.var(ddof=1) / len(one) for one in by_class if len(one) > 1]
    return float(np.sqrt(np.sum(variance)) / max(len(by_class), 1))


def class_weights(
    cells: LabelledCells, n_classes: int, config: ClassifierTrainingConfig
) -> NDArray[np.float32]:
    """How much a cell of each class counts, 1 in the mean over the cells."""
    count = np.bincount(cells.target, weights=cells.weight, minlength=n_classes)
    if config.balance != "weights":
        return np.ones(n_classes, np.float32)
    there = count > 0
    weight = np.where(there, count.sum() / (there.sum() * np.maximum(count, 1e-9)), 0)
    return weight.astype(np.float32)
