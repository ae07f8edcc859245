"""The U-Net as a learner: what one step of its training does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.segmentation.augment import ElasticDeformation, random_crop
from napari_cellid.segmentation.targets import IGNORE_INDEX
from napari_cellid.training.loop import StepFigures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.config import SegmenterTrainingConfig
    from napari_cellid.device import Device
    from napari_cellid.segmentation.unet import UNet

_NET, _OPTIMISER = "net.", "optimiser."
#: longest gradient that is taken as it is; one bad piece must not throw the net off
_GRADIENT = 1.0


@dataclass(frozen=True, eq=False)
class LabelledField:
    """One plane with known outlines, at the model's scale.

    Parameters
    ----------
    images
        (channel, y, x) float32, normalised as the model wants it.
    target
        (y, x): 0 background, 1 rim, 2 core of a cell, 255 to be left out.
    weight
        (y, x): how much each pixel counts.
    """

    images: NDArray[np.float32]
    target: NDArray[np.uint8]
    weight: NDArray[np.float32]


class SegmenterLearner:
    """Trains a U-Net on fields with known outlines.

    Parameters
    ----------
    net
        Network to train; it is changed.
    fields
        To train on: the user's own, and simulated ones.
    validation
        To choose the best epoch with.
    config
        Settings.
    work
        Where to compute, and whether batch statistics adapt: they do in a network that
        begins anew; one that was trained keeps its own, for few pieces have bad ones.
    line
        Logit from which on a pixel is called cell in the figure "dice".
    """

    def __init__(
        self,
        net: UNet,
        fields: tuple[Sequence[LabelledField], Sequence[LabelledField]],
        validation: Sequence[LabelledField],
        config: SegmenterTrainingConfig,
        work: tuple[Device, bool],
        line: float = 0.0,
    ) -> None:
        import torch

        from napari_cellid.segmentation.unet import shrinkage

        self._net, self._config = net, config
        self._own, self._simulated = fields
        self._validation = validation
        self._device, self._adapt = work
        self._line = line
        self._lost = shrinkage(net.config)
        self._net.to(self._device.kind)
        if self._device.kind != "mps":
            self._net.to(memory_format=torch.channels_last)
        self._optimiser = torch.optim.Adam(net.parameters(), config.rate)

    @property
    def steps_per_epoch(self) -> int:
        """Steps between two checkpoints."""
        return self._config.iterations

    @property
    def side(self) -> int:
        """Side (px) of a piece that the network takes, at least the one wanted."""
        pool = int(2**self._net.config.depth)
        if not self._lost:
            return -(-self._config.tile // pool) * pool
        # valid: 4 short of a multiple of the pooling
        return -(-(self._config.tile + self._lost + 4) // pool) * pool - 4

    def step(self, epoch: int, index: int) -> StepFigures:
        """Take one step on pieces that depend on seed, epoch and index alone."""
        import torch

        rng = np.random.default_rng([self._config.seed, epoch, index])
        pieces = [self._draw(rng) for _ in range(self._config.batch_size)]
        self._net.train(self._adapt)
        self._net.dropout.train()
        with torch.random.fork_rng():
            torch.manual_seed(hash((self._config.seed, epoch, index)) % 2**63)
            loss = self._loss(*(np.stack(part) for part in zip(*pieces, strict=True)))
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self._net.parameters(), _GRADIENT)
        self._optimiser.step()
        return StepFigures(float(loss.detach()), len(pieces))

    def validate(self) -> dict[str, float]:
        """Loss, and Dice of cell against background, on whole validation fields."""
        import torch

        self._net.eval()
        total = counted = both = size = 0.0
        with torch.no_grad():
            for field in self._validation:
                for images, target, weight in self._tiles(field):
                    logits = self._logits(images[None])
                    target = self._inner(target)
                    known = target != IGNORE_INDEX
                    if not known.any():
                        continue
                    inner = self._inner(weight)
                    # pieces at the border hold few pixels, and count by these
                    n = float(inner[known].sum())
                    mean = self._entropy(logits, target[None], inner[None])
                    total, counted = total + n * float(mean), counted + n
                    odds = logits[0, 1:].logsumexp(0) - logits[0, 0]
                    cell = (odds >= self._line).cpu().numpy() & known
                    true = (target > 0) & known
                    both += 2 * float((cell & true).sum())
                    size += float(cell.sum() + true.sum())
        loss = total / counted if counted else 0.0
        return {"loss": loss, "dice": both / size if size else 0.0}

    def end_of_training(self) -> None:
        """Nothing is left to do."""
        self._net.eval()

    def state(self) -> dict[str, Tensor]:
        """Everything that is needed to go on."""
        import torch

        found = {f"{_NET}{name}": one for name, one in self._net.state_dict().items()}
        for k, values in self._optimiser.state_dict()["state"].items():
            for name, value in values.items():
                found[f"{_OPTIMISER}{k}.{name}"] = torch.as_tensor(value)
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

    def _draw(self, rng: np.random.Generator) -> tuple[NDArray[Any], ...]:
        simulated = (
            bool(self._simulated) and rng.random() < self._config.simulated_share
        )
        pool = self._simulated if simulated else self._own
        field = pool[int(rng.integers(len(pool)))]
        bending = ElasticDeformation(
            self._config.elastic_sd_px, self._config.elastic_spacing_px
        )
        return random_crop(
            field.images, field.target, field.weight, (self.side, bending), rng
        )

    def _loss(
        self, images: NDArray[Any], target: NDArray[Any], weight: NDArray[Any]
    ) -> Tensor:
        logits = self._logits(images)
        return self._entropy(logits, self._inner(target), self._inner(weight))

    def _logits(self, images: NDArray[Any]) -> Tensor:
        import torch

        batch = torch.from_numpy(np.ascontiguousarray(images)).to(self._device.kind)
        if self._device.kind != "mps":
            batch = batch.to(memory_format=torch.channels_last)
        short = self._device.precision == "bf16"
        with torch.autocast(self._device.kind, torch.bfloat16, enabled=short):
            logits: Tensor = self._net(batch)
        return logits[:, : self._net.config.out_channels].float()

    def _entropy(
        self, logits: Tensor, target: NDArray[Any], weight: NDArray[Any]
    ) -> Tensor:
        """Mean weighted cross-entropy of the pixels that are known."""
        import torch
        from torch.nn.functional import cross_entropy

        known = target != IGNORE_INDEX
        kinds = np.where(known, target, 0).astype(np.int64)
        kinds = np.minimum(kinds, logits.shape[1] - 1)
        truth = torch.from_numpy(kinds).to(logits.device)
        counted = torch.from_numpy(np.where(known, weight, 0).astype(np.float32))
        counted = counted.to(logits.device)
        losses = cross_entropy(logits, truth, reduction="none")
        return (losses * counted).sum() / counted.sum().clamp(min=1e-6)

    def _inner(self, image: NDArray[Any]) -> NDArray[Any]:
        """What the network tells of a piece: all of it, or its middle when valid."""
        if not self._lost:
            return image
        edge = self._lost // 2
        return image[..., edge:-edge, edge:-edge]

    def _tiles(self, field: LabelledField) -> Sequence[tuple[NDArray[Any], ...]]:
        """Cut a field, mirrored where it ends, into pieces that the network takes."""
        side, step = self.side, self.side - self._lost
        edge = self._lost // 2
        shape = field.target.shape
        lack = [(edge, edge + -n % step) for n in shape]
        images = np.pad(field.images, [(0, 0), *lack], "symmetric")
        target = np.pad(field.target, lack, constant_values=IGNORE_INDEX)
        weight = np.pad(field.weight, lack)
        found = []
        for top in range(0, shape[0], step):
            for left in range(0, shape[1], step):
                here = np.s_[..., top : top + side, left : left + side]
                found.append((images[here], target[here], weight[here]))
        return found
