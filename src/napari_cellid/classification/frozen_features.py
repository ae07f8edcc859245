"""What the frozen layers make of every augmented patch, computed once and kept."""

from __future__ import annotations

import hashlib
import tempfile
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_cellid.classification.augment import augmented_images
from napari_cellid.classification.partial_forward import run_stages
from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from napari_cellid.classification.dataset import LabelledCells
    from napari_cellid.classification.upsampling import UpsamplingClassifier
    from napari_cellid.config.training import Augmentation
    from napari_cellid.device import Device
    from napari_cellid.progress import Step

#: patches that pass the frozen layers at once on the CPU
_BATCH = 16
_GB = 1e9


class FeatureSource(Protocol):
    """Gives what the trained layers are fed with."""

    def take(self, which: NDArray[np.int64]) -> Tensor:
        """Inputs (sample, …) of some samples, float32 on the CPU."""


@dataclass(frozen=True, eq=False)
class AugmentedSamples:
    """How samples become what the trained layers are fed with.

    Parameters
    ----------
    cells
        Cells of known class.
    samples
        (sample, 2): row of the cell, number of the copy.
    enlarging
        The network, with the size and light of its images.
    frozen
        Its stages that are not trained.
    augmentation
        How copies differ.
    seed
        Fixes how.
    """

    cells: LabelledCells
    samples: NDArray[np.int64]
    enlarging: UpsamplingClassifier
    frozen: Sequence[str]
    augmentation: Augmentation
    seed: int

    def images(self, which: NDArray[np.int64]) -> Tensor:
        """Images of some samples (sample, 3, size, size)."""
        return augmented_images(
            self.cells,
            self.samples[which],
            self.enlarging,
            self.augmentation,
            self.seed,
        )


class OnTheFlyFeatures:
    """Runs the frozen layers each time: slow, but nothing is kept.

    Parameters
    ----------
    recipe
        How samples are made.
    device
        Where the frozen layers run.
    """

    def __init__(self, recipe: AugmentedSamples, device: Device) -> None:
        self._recipe, self._device = recipe, device

    def take(self, which: NDArray[np.int64]) -> Tensor:
        """Inputs (sample, …) of some samples, float32 on the CPU."""
        return _pass(self._recipe, which, self._device)


class CachedFeatures:
    """What the frozen layers made, in memory or on disk.

    Half precision, except where the network computes in fp32: there training on kept
    values gives what plain training gives.
    """

    def __init__(self, values: NDArray[np.generic]) -> None:
        self._values = values

    def take(self, which: NDArray[np.int64]) -> Tensor:
        """Inputs (sample, …) of some samples, float32 on the CPU."""
        import torch

        chosen = np.ascontiguousarray(self._values[which])
        return torch.from_numpy(chosen).float()

    @property
    def nbytes(self) -> int:
        """Bytes kept."""
        return int(self._values.nbytes)

    @property
    def on_disk(self) -> bool:
        """Whether they are on disk."""
        return isinstance(self._values, np.memmap)


class FeatureCache:
    """Keeps what frozen layers made, for other epochs, folds and plans of the same cut.

    Parameters
    ----------
    cache_gb
        Most memory (GB) for all of it; what is larger goes to a temporary file that is
        gone when the store is.
    """

    def __init__(self, cache_gb: float) -> None:
        self._limit = cache_gb * _GB
        self._kept: dict[str, CachedFeatures] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def keep(self, recipe: AugmentedSamples, device: Device) -> Step[CachedFeatures]:
        """Compute what the frozen layers make of every sample, unless it is there."""
        key = _key(recipe, device)
        if key not in self._kept:
            self._kept[key] = yield from self._compute(recipe, device, key)
        return self._kept[key]

    def _compute(
        self, recipe: AugmentedSamples, device: Device, key: str
    ) -> Step[CachedFeatures]:
        total, values = len(recipe.samples), None
        dtype = np.float32 if device.precision == "fp32" else np.float16
        for start in range(0, total, _BATCH):
            yield Progress("Running the frozen layers", start, total)
            which = np.arange(start, min(start + _BATCH, total))
            part = _pass(recipe, which, device).numpy()
            if values is None:
                values = self._room((total, *part.shape[1:]), dtype, key)
            # half precision ends at 65504
            values[which] = np.clip(part, -6e4, 6e4) if dtype == np.float16 else part
        yield Progress("Running the frozen layers", total, total)
        return CachedFeatures(np.zeros((0, 1), dtype) if values is None else values)

    def _room(
        self, shape: tuple[int, ...], dtype: type[np.generic], key: str
    ) -> NDArray[np.generic]:
        size = float(np.prod(shape)) * np.dtype(dtype).itemsize
        used = sum(one.nbytes for one in self._kept.values() if not one.on_disk)
        if used + size <= self._limit:
            return np.empty(shape, dtype)
        if self._folder is None:
            # Windows cannot delete a file that is mapped still
            self._folder = tempfile.TemporaryDirectory(
                prefix="napari-cellid-", ignore_cleanup_errors=True
            )
            weakref.finalize(self, self._folder.cleanup)
        return np.memmap(f"{self._folder.name}/{key}", dtype, "w+", shape=shape)


def _pass(recipe: AugmentedSamples, which: NDArray[np.int64], device: Device) -> Tensor:
    from napari_cellid.device import computing

    images = recipe.images(which)
    if not recipe.frozen:
        return images
    images = to_device(images, device)
    with computing(device):
        made = run_stages(recipe.enlarging.net, recipe.frozen, images)
    # a copy, for what is made without gradients cannot be trained on
    return made.float().cpu().clone()


def to_device(images: Tensor, device: Device) -> Tensor:
    """Move images (batch, channel, y, x) or vectors to where they are computed with."""
    import torch

    if images.ndim == 4 and device.kind != "mps":
        return images.to(device.kind, memory_format=torch.channels_last)
    return images.to(device.kind)


def _key(recipe: AugmentedSamples, device: Device) -> str:
    """Stands for everything on which the values depend."""
    total = hashlib.sha256()
    for name in recipe.frozen:
        _add_weights(total, recipe.enlarging.net.get_submodule(name))
    for image in recipe.cells.images:
        total.update(image.tobytes())
    for column in (recipe.cells.image, recipe.cells.y, recipe.cells.x, recipe.samples):
        total.update(np.ascontiguousarray(column).tobytes())
    other = (
        recipe.enlarging.size, recipe.enlarging.config.model_dump_json(),
        tuple(recipe.frozen), recipe.augmentation, recipe.seed, device.precision,
    )  # fmt: skip
    total.update(repr(other).encode())
    return total.hexdigest()


def _add_weights(total: hashlib._Hash, module: nn.Module) -> None:
    for tensor in module.state_dict().values():
        total.update(tensor.detach().cpu().numpy().tobytes())
