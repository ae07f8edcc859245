"""The learner of a patch classifier: what one step of its training does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.classification.finetuning import HEAD, STAGES, split_stages
from napari_cellid.classification.partial_forward import (
    batch_norms,
    run_stages,
    set_modes,
)
from napari_cellid.device import place_network, to_device
from napari_cellid.training.learner import StepMetrics
from napari_cellid.training.network_learner import NetworkLearner

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.classification.frozen_features import FeatureSource
    from napari_cellid.classification.starting_weights import StartingWeights
    from napari_cellid.config import ClassifierTrainingConfig
    from napari_cellid.device import Device

#: samples at once where nothing is trained: validation and batch statistics
_BATCH_SIZE = 64


class ClassifierLearner(NetworkLearner):
    """Trains some stages of a classifier on cells of known class.

    Parameters
    ----------
    start
        Network to train; it is changed.
    training, validation
        Inputs of the trained stages, with their cells.
    config
        Settings.
    device
        Where to compute.
    """

    def __init__(
        self,
        start: StartingWeights,
        training: FeatureSource,
        validation: FeatureSource,
        config: ClassifierTrainingConfig,
        device: Device,
    ) -> None:
        import torch

        self._architecture = start.config.architecture
        # frozen before the optimiser is made, which takes what needs a gradient
        frozen, self._stages = split_stages(start.net, self._architecture, config)
        #: whether some stages are frozen, so that their features can be cached
        self.has_frozen = bool(frozen)
        # moved before the optimiser is made, which holds the parameters where they are
        net = place_network(start.net, device)
        super().__init__(net, _make_optimiser(net, config), device, config.seed)
        self._config = config
        self._training, self._validation = training, validation
        self._cells = training.samples.cells
        self._class_weights = class_weights(self._cells, len(start.classes), config)
        #: logits of the validation cells at the last validation
        self.logits: Tensor = torch.zeros(0, len(start.classes))

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch; each sees every sample once, save for drawn ones."""
        return len(self._batches(len(self._training.samples)))

    def step(self, epoch: int, index: int) -> StepMetrics:
        """Take one step on its batch of the epoch."""
        import torch
        from torch.nn.functional import cross_entropy

        samples = self._training.samples
        which = self._order(epoch)[self._batches(len(samples))[index]]
        rows = samples.index[which, 0]
        classes = self._cells.target[rows]
        weight = self._cells.weight[rows] * self._class_weights[classes]
        target = torch.from_numpy(classes).to(self._device.kind)
        set_modes(self._net, self._stages, adapt=self._config.batch_norm == "adapt")
        with self._seeded(epoch, index), self._autocast():
            logits = self._forward(self._training.features(which))
        # in full precision: bf16 has fewer than three digits
        loss = cross_entropy(logits.float(), target, reduction="none")
        weights = torch.from_numpy(weight).to(loss)
        # by the weights of the batch: its mix of classes does not scale the step
        loss = (loss * weights).sum() / weights.sum().clamp(min=1e-12)
        self._update(loss)
        n_correct = int((logits.argmax(1) == target).sum())
        return StepMetrics(float(loss.detach()), len(which), n_correct)

    def validate(self) -> dict[str, float]:
        """Mean loss over the classes, its standard error, accuracies."""
        import torch
        from torch.nn.functional import cross_entropy

        self.logits = self._validation_logits()
        target = self._validation.samples.cells.target
        truth = torch.from_numpy(target)
        losses = cross_entropy(self.logits, truth, reduction="none").numpy()
        correct = (self.logits.argmax(1) == truth).numpy()
        # classes count equally, or the most frequent one would choose the best epoch
        by_class = [target == k for k in np.unique(target)]
        return {
            "loss": float(np.mean([losses[rows].mean() for rows in by_class])),
            "loss_error": _standard_error([losses[rows] for rows in by_class]),
            "accuracy": float(correct.mean()),
            "balanced_accuracy": float(
                np.mean([correct[rows].mean() for rows in by_class])
            ),
        }

    def end_of_training(self) -> None:
        """Take the batch statistics of all training cells, where they adapt."""
        if self._config.batch_norm == "adapt":
            self._update_batch_statistics()
        # the loop has loaded the best weights, and the calibration needs their logits
        self._net.eval()
        self.validate()

    def _update_batch_statistics(self) -> None:
        import torch

        norms: list[Any] = list(batch_norms(self._net, STAGES[self._architecture]))
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            # the plain mean over all batches
            norm.momentum = None
        # dropout stays off; only the statistics are in training mode
        self._net.eval()
        for norm in norms:
            norm.train()
        with torch.no_grad(), self._autocast():
            for batch in self._batches(len(self._training.samples), _BATCH_SIZE):
                self._forward(self._training.features(batch))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum

    def _validation_logits(self) -> Tensor:
        """Logits (cell, class) of the validation cells."""
        import torch

        self._net.eval()
        batches = self._batches(len(self._validation.samples), _BATCH_SIZE)
        with torch.no_grad(), self._autocast():
            logits = [self._forward(self._validation.features(b)) for b in batches]
        return torch.cat(logits).float().cpu()

    def _forward(self, inputs: Tensor) -> Tensor:
        return run_stages(self._net, self._stages, to_device(inputs, self._device))

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Order of the samples in an epoch; it depends on seed and epoch alone."""
        rng = np.random.default_rng([self._config.seed, epoch])
        n = len(self._training.samples)
        if self._config.balance != "sampling":
            return rng.permutation(n)
        target = self._cells.target[self._training.samples.index[:, 0]]
        weight = 1 / np.bincount(target)[target]
        return rng.choice(n, n, p=weight / weight.sum())

    def _batches(self, n: int, size: int = 0) -> list[NDArray[np.int64]]:
        size = size or self._config.batch_size
        batches = [np.arange(k, min(k + size, n)) for k in range(0, n, size)]
        if len(batches) > 1 and len(batches[-1]) == 1:
            # a single cell has no batch statistics
            last = batches.pop()
            batches[-1] = np.concatenate([batches[-1], last])
        return batches


def _make_optimiser(net: nn.Module, config: ClassifierTrainingConfig) -> Optimizer:
    """Optimiser of the parameters that are not frozen; the head has its own rate."""
    import torch

    named = [(n, p) for n, p in net.named_parameters() if p.requires_grad]
    head = [p for n, p in named if n.startswith(f"{HEAD}.")]
    rest = [p for n, p in named if not n.startswith(f"{HEAD}.")]
    # a new head is random, while the layers below it only need small changes
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


def _standard_error(by_class: list[NDArray[np.float32]]) -> float:
    """Standard error of the mean of class means; 0 if no class has two cells."""
    variance = [loss.var(ddof=1) / len(loss) for loss in by_class if len(loss) > 1]
    return float(np.sqrt(np.sum(variance)) / max(len(by_class), 1))


def class_weights(
    cells: PatchDataset, n_classes: int, config: ClassifierTrainingConfig
) -> NDArray[np.float32]:
    """Weights of the classes in the loss, 1 in the mean over the cells."""
    count = np.bincount(cells.target, weights=cells.weight, minlength=n_classes)
    if config.balance != "weights":
        return np.ones(n_classes, np.float32)
    present = count > 0
    expected = present.sum() * np.maximum(count, 1e-9)
    weight = np.where(present, count.sum() / expected, 0)
    return weight.astype(np.float32)
