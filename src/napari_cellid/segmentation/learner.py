"""The learner of a U-Net: what one step of its training does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.channels.model_input import N_IMAGES, with_local_contrast
from napari_cellid.device import place_network, to_device
from napari_cellid.segmentation.augment import ElasticDeformation, random_crop
from napari_cellid.segmentation.targets import IGNORE_INDEX
from napari_cellid.training.learner import StepMetrics
from napari_cellid.training.network_learner import NetworkLearner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.config import SegmenterTrainingConfig
    from napari_cellid.device import Device
    from napari_cellid.segmentation.dataset import LabelledField, SegmentationDataset
    from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights

#: norm to which gradients are clipped, so that one bad crop does not spoil the network
_MAX_GRADIENT_NORM = 1.0


class SegmenterLearner(NetworkLearner):
    """Trains a U-Net on fields with known outlines.

    Parameters
    ----------
    dataset
        Fields to train on and to choose the best epoch with.
    start
        Network to train; it is changed. Batch statistics adapt in a new network; one
        that was trained keeps its own, because those of few crops are poor.
    config
        Settings.
    device
        Where to compute.
    threshold_logit
        Logit from which on a pixel counts as cell in the figure "dice".
    """

    def __init__(
        self,
        dataset: SegmentationDataset,
        start: SegmenterStartingWeights,
        config: SegmenterTrainingConfig,
        device: Device,
        threshold_logit: float = 0.0,
    ) -> None:
        import torch

        from napari_cellid.segmentation.unet import shrinkage

        net = place_network(start.net, device)
        if start.trained and config.trained_part == "decoder":
            net.down.requires_grad_(False)
        learning = [p for p in net.parameters() if p.requires_grad]
        optimiser = torch.optim.Adam(learning, config.rate)
        super().__init__(net, optimiser, device, config.seed)
        self._config, self._unet = config, net
        self._own, self._simulated = dataset.own, dataset.simulated
        self._validation = dataset.validation or dataset.own
        self._adapt_batch_norm = not start.trained
        self._threshold_logit = threshold_logit
        self._has_local_contrast = start.card.combination == "pair+local"
        self._shrinkage = shrinkage(net.config)

    @property
    def steps_per_epoch(self) -> int:
        """Steps between two checkpoints."""
        return self._config.iterations

    @property
    def side(self) -> int:
        """Side (px) of a crop that suits the network, at least that of the settings."""
        pool = int(2**self._unet.config.depth)
        if not self._shrinkage:
            return -(-self._config.tile // pool) * pool
        # without padding: 4 short of a multiple of the pooling
        return -(-(self._config.tile + self._shrinkage + 4) // pool) * pool - 4

    def step(self, epoch: int, index: int) -> StepMetrics:
        """Take one step on crops that depend on seed, epoch and index alone."""
        rng = np.random.default_rng([self._seed, epoch, index])
        crops = [self._draw_crop(rng) for _ in range(self._config.batch_size)]
        self._net.train(self._adapt_batch_norm)
        # also where the rest is in inference mode, to keep its batch statistics
        self._unet.dropout.train()
        with self._seeded(epoch, index):
            loss = self._loss(*(np.stack(part) for part in zip(*crops, strict=True)))
        self._update(loss, _MAX_GRADIENT_NORM)
        return StepMetrics(float(loss.detach()), len(crops))

    def validate(self) -> dict[str, float]:
        """Loss, and Dice of cell against background, on whole validation fields."""
        import torch

        self._net.eval()
        loss_sum = weight_sum = overlap = size = 0.0
        with torch.no_grad():
            for field in self._validation:
                for images, target, weight in self._tiles(field):
                    logits = self._logits(images[None])
                    target = self._inner(target)
                    known = target != IGNORE_INDEX
                    if not known.any():
                        continue
                    weight = self._inner(weight)
                    # a tile at the border has few pixels, and counts by their weight
                    n = float(weight[known].sum())
                    loss = self._cross_entropy(logits, target[None], weight[None])
                    loss_sum, weight_sum = loss_sum + n * float(loss), weight_sum + n
                    # rim and core together, as cells are outlined
                    cell_logit = logits[0, 1:].logsumexp(0) - logits[0, 0]
                    cell = (cell_logit >= self._threshold_logit).cpu().numpy() & known
                    truth = (target > 0) & known
                    overlap += 2 * float((cell & truth).sum())
                    size += float(cell.sum() + truth.sum())
        mean_loss = loss_sum / weight_sum if weight_sum else 0.0
        return {"loss": mean_loss, "dice": overlap / size if size else 0.0}

    def end_of_training(self) -> None:
        """Put the network into the mode of inference."""
        self._net.eval()

    def _draw_crop(self, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
        simulated = (
            bool(self._simulated) and rng.random() < self._config.simulated_share
        )
        pool = self._simulated if simulated else self._own
        field = pool[int(rng.integers(len(pool)))]
        deformation = ElasticDeformation(
            self._config.elastic_sd_px, self._config.elastic_spacing_px
        )
        # local contrast follows from the changed channels; it is not changed itself
        n_channels = N_IMAGES["pair"] if self._has_local_contrast else None
        images, target, weight = random_crop(
            field.images[:n_channels], field.target, field.weight,
            self.side, deformation, rng,
        )  # fmt: skip
        if self._has_local_contrast:
            images = with_local_contrast(images)
        return images, target, weight

    def _loss(
        self, images: NDArray[Any], target: NDArray[Any], weight: NDArray[Any]
    ) -> Tensor:
        logits = self._logits(images)
        return self._cross_entropy(logits, self._inner(target), self._inner(weight))

    def _logits(self, images: NDArray[Any]) -> Tensor:
        import torch

        batch = to_device(torch.from_numpy(np.ascontiguousarray(images)), self._device)
        with self._autocast():
            logits: Tensor = self._net(batch)
        return logits[:, : self._unet.config.out_channels].float()

    def _cross_entropy(
        self, logits: Tensor, target: NDArray[Any], weight: NDArray[Any]
    ) -> Tensor:
        """Weighted mean of the cross-entropy over the pixels that are not ignored."""
        import torch
        from torch.nn.functional import cross_entropy

        known = target != IGNORE_INDEX
        classes = np.where(known, target, 0).astype(np.int64)
        # with two outputs the core of a cell is cell, too
        classes = np.minimum(classes, logits.shape[1] - 1)
        truth = torch.from_numpy(classes).to(logits.device)
        known_weight = np.where(known, weight, 0).astype(np.float32)
        weights = torch.from_numpy(known_weight).to(logits.device)
        losses = cross_entropy(logits, truth, reduction="none")
        return (losses * weights).sum() / weights.sum().clamp(min=1e-6)

    def _inner(self, image: NDArray[Any]) -> NDArray[Any]:
        """Part of a crop that the network has outputs for: all, or the middle."""
        if not self._shrinkage:
            return image
        edge = self._shrinkage // 2
        return image[..., edge:-edge, edge:-edge]

    def _tiles(self, field: LabelledField) -> Sequence[tuple[NDArray[Any], ...]]:
        """Cut a field, mirrored beyond its border, into tiles that suit the network."""
        side, step = self.side, self.side - self._shrinkage
        edge = self._shrinkage // 2
        shape = field.target.shape
        widths = [(edge, edge + -n % step) for n in shape]
        images = np.pad(field.images, [(0, 0), *widths], "symmetric")
        target = np.pad(field.target, widths, constant_values=IGNORE_INDEX)
        weight = np.pad(field.weight, widths)
        tiles = []
        for top in range(0, shape[0], step):
            for left in range(0, shape[1], step):
                window = np.s_[..., top : top + side, left : left + side]
                tiles.append((images[window], target[window], weight[window]))
        return tiles
