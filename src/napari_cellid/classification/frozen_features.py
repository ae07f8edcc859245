"""Features that the frozen layers give for every augmented patch."""

from __future__ import annotations

import hashlib
import tempfile
import weakref
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_cellid.classification.partial_forward import run_stages
from napari_cellid.device import inference_context, to_device
from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from napari_cellid.classification.samples import AugmentedSamples
    from napari_cellid.device import Device
    from napari_cellid.progress import Step

#: patches that pass the frozen layers at once
_BATCH_SIZE = 16
_GB = 1e9


class FeatureSource(Protocol):
    """Gives the inputs of the trained layers."""

    @property
    def samples(self) -> AugmentedSamples:
        """The samples whose features these are."""

    def features(self, which: NDArray[np.int64]) -> Tensor:
        """Inputs (sample, …) of some samples, float32 on the CPU."""


class OnTheFlyFeatures:
    """Runs the frozen layers each time: slow, but nothing is cached.

    Parameters
    ----------
    samples
        The samples.
    device
        Where the frozen layers run.
    """

    def __init__(self, samples: AugmentedSamples, device: Device) -> None:
        self.samples, self._device = samples, device

    def features(self, which: NDArray[np.int64]) -> Tensor:
        """Inputs (sample, …) of some samples, float32 on the CPU."""
        return _run_frozen(self.samples, which, self._device)


class CachedFeatures:
    """Features that were computed once, in memory or on disk.

    They are in half precision, except where the network computes in fp32: training on
    cached features gives there what training without a cache gives.

    Parameters
    ----------
    samples
        The samples.
    values
        (sample, …): their features.
    """

    def __init__(self, samples: AugmentedSamples, values: NDArray[np.generic]) -> None:
        self.samples, self._values = samples, values

    def features(self, which: NDArray[np.int64]) -> Tensor:
        """Inputs (sample, …) of some samples, float32 on the CPU."""
        import torch

        chosen = np.ascontiguousarray(self._values[which])
        return torch.from_numpy(chosen).float()

    @property
    def on_disk(self) -> bool:
        """Whether they are on disk."""
        return isinstance(self._values, np.memmap)


class FeatureCache:
    """Keeps features for other epochs, folds and plans with the same frozen layers.

    Parameters
    ----------
    cache_gb
        Most memory (GB) for all features; larger ones go to a temporary file, which is
        removed together with the cache.
    """

    def __init__(self, cache_gb: float) -> None:
        self._limit = cache_gb * _GB
        self._values: dict[str, NDArray[np.generic]] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def get(self, samples: AugmentedSamples, device: Device) -> Step[CachedFeatures]:
        """Features of every sample, computed where they are not cached."""
        # by content, not by object: folds and plans load the same weights anew
        key = _key(samples, device)
        if key not in self._values:
            self._values[key] = yield from self._compute(samples, device, key)
        return CachedFeatures(samples, self._values[key])

    def _compute(
        self, samples: AugmentedSamples, device: Device, key: str
    ) -> Step[NDArray[np.generic]]:
        total, values = len(samples), None
        dtype = np.float32 if device.precision == "fp32" else np.float16
        for start in range(0, total, _BATCH_SIZE):
            yield Progress("Running the frozen layers", start, total)
            which = np.arange(start, min(start + _BATCH_SIZE, total))
            batch = _run_frozen(samples, which, device).numpy()
            if values is None:
                values = self._allocate((total, *batch.shape[1:]), dtype, key)
            # the largest number in half precision is 65504
            values[which] = np.clip(batch, -6e4, 6e4) if dtype == np.float16 else batch
        yield Progress("Running the frozen layers", total, total)
        return np.zeros((0, 1), dtype) if values is None else values

    def _allocate(
        self, shape: tuple[int, ...], dtype: type[np.generic], key: str
    ) -> NDArray[np.generic]:
        size = float(np.prod(shape)) * np.dtype(dtype).itemsize
        in_memory = (v for v in self._values.values() if not isinstance(v, np.memmap))
        if sum(v.nbytes for v in in_memory) + size <= self._limit:
            return np.empty(shape, dtype)
        if self._folder is None:
            # Windows cannot delete a file that is still mapped
            self._folder = tempfile.TemporaryDirectory(
                prefix="napari-cellid-", ignore_cleanup_errors=True
            )
            weakref.finalize(self, self._folder.cleanup)
        return np.memmap(f"{self._folder.name}/{key}", dtype, "w+", shape=shape)


def _run_frozen(
    samples: AugmentedSamples, which: NDArray[np.int64], device: Device
) -> Tensor:
    images = samples.images(which)
    # the images themselves are the input of the first trained layer
    if not samples.frozen:
        return images
    images = to_device(images, device)
    with inference_context(device):
        features = run_stages(samples.classifier.net, samples.frozen, images)
    # a copy, because an inference tensor cannot be used in training
    return features.float().cpu().clone()


def _key(samples: AugmentedSamples, device: Device) -> str:
    """Hash of everything on which the features depend."""
    total = hashlib.sha256()
    for name in samples.frozen:
        _add_weights(total, samples.classifier.net.get_submodule(name))
    cells = samples.cells
    for image in cells.images:
        total.update(image.tobytes())
    for column in (cells.image, cells.y, cells.x, samples.index):
        total.update(np.ascontiguousarray(column).tobytes())
    settings = (
        samples.classifier.size, samples.classifier.config.model_dump_json(),
        tuple(samples.frozen), samples.augmentation, samples.seed, device.precision,
    )  # fmt: skip
    total.update(repr(settings).encode())
    return total.hexdigest()


def _add_weights(total: hashlib._Hash, module: nn.Module) -> None:
    for tensor in module.state_dict().values():
        total.update(tensor.detach().cpu().numpy().tobytes())
