"""Features of frozen layers, computed once for all folds, plans and seeds.

Each augmented patch passes the network once. Where a plan begins to train, the
features are written; folds and plans read the rows that they need.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.classification.frozen_features import (
    CachedFeatures,
    OnTheFlyFeatures,
)
from napari_cellid.classification.partial_forward import run_stages
from napari_cellid.classification.samples import sample_index
from napari_cellid.device import inference_context, place_network, to_device
from napari_cellid.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_cellid.classification.frozen_features import FeatureSource
    from napari_cellid.classification.samples import AugmentedSamples
    from napari_cellid.device import Device

#: patches that pass the frozen layers at once
_BATCH_SIZE = 16
#: the largest number in half precision is 65504
_LARGEST = 6e4


@dataclass(frozen=True)
class FeatureFiles:
    """Files with the features of one network and one kind of input.

    Parameters
    ----------
    folder
        Folder of all features.
    key
        Names the network, its starting weights and its input.
    """

    folder: Path
    key: str

    def path(self, n_stages: int) -> Path:
        """File with the output of the first stages of the network."""
        digest = hashlib.sha256(self.key.encode()).hexdigest()[:12]
        return self.folder / f"{digest}_{n_stages}.npy"


def write_features(
    samples: AugmentedSamples,
    stages: Sequence[str],
    cuts: Sequence[int],
    files: FeatureFiles,
    device: Device,
) -> int:
    """Compute the output of the first stages of a network, at several cuts at once.

    Parameters
    ----------
    samples
        All cells with their augmented copies.
    stages
        Stages of the network in their order.
    cuts
        Numbers of stages after which features are written.
    files
        Receives the features; files that exist are kept.
    device
        Where to compute.

    Returns
    -------
    Number of features files that were written.
    """
    left = sorted({cut for cut in cuts if cut and not files.path(cut).exists()})
    if not left:
        return 0
    place_network(samples.classifier.net, device)
    blocks: dict[int, list[NDArray[np.generic]]] = {cut: [] for cut in left}
    # in half precision, except where the network computes in fp32: training on them
    # gives there what training without them gives
    dtype = np.float32 if device.precision == "fp32" else np.float16
    for start in range(0, len(samples), _BATCH_SIZE):
        which = np.arange(start, min(start + _BATCH_SIZE, len(samples)))
        values, done = to_device(samples.images(which), device), 0
        for cut in left:
            with inference_context(device):
                values = run_stages(samples.classifier.net, stages[done:cut], values)
            out = values.float().cpu().numpy()
            if dtype == np.float16:
                out = np.clip(out, -_LARGEST, _LARGEST)
            blocks[cut].append(out.astype(dtype))
            done = cut
    for cut, parts in blocks.items():
        with atomic_write(files.path(cut)) as temporary:
            _save(temporary, parts)
    return len(left)


def _save(path: Path, parts: Sequence[NDArray[np.generic]]) -> None:
    shape = (sum(map(len, parts)), *parts[0].shape[1:])
    out = np.lib.format.open_memmap(path, "w+", parts[0].dtype, shape)
    start = 0
    for part in parts:
        out[start : start + len(part)] = part
        start += len(part)
    out.flush()


class FoldFeatures:
    """Inputs of the trained layers for the cells of one part of a fold.

    Parameters
    ----------
    source
        Inputs of all cells with their augmented copies.
    rows
        Cells of the part.
    copies
        Augmented copies of each cell; 0 where nothing is trained.
    """

    def __init__(
        self, source: FeatureSource, rows: NDArray[np.int64], copies: int
    ) -> None:
        whole = source.samples
        index = sample_index(len(rows), copies)
        # the cells of this part alone: nothing else is known to whoever trains on it
        self.samples = replace(whole, cells=whole.cells.rows(rows), index=index)
        self._source = source
        place = np.full((len(whole.cells), whole.index[:, 1].max(initial=0) + 1), -1)
        place[whole.index[:, 0], whole.index[:, 1]] = np.arange(len(whole.index))
        self._which = place[rows[index[:, 0]], index[:, 1]]

    def features(self, which: NDArray[np.int64]) -> Tensor:
        """Inputs (sample, …) of some samples, float32 on the CPU."""
        return self._source.features(self._which[which])


def feature_source(
    samples: AugmentedSamples, files: FeatureFiles | None, device: Device
) -> FeatureSource:
    """Inputs of the trained layers, for all cells.

    Parameters
    ----------
    samples
        All cells with their augmented copies; `frozen` names the frozen layers.
    files
        Features that were written; None to run the frozen layers in every step.
    device
        Where frozen layers run.
    """
    n = len(samples.frozen)
    if files is None or not n:
        return OnTheFlyFeatures(samples, device)
    # read where they are needed: they may be larger than the memory
    return CachedFeatures(samples, np.load(files.path(n), mmap_mode="r"))


def feature_key(**parts: object) -> str:
    """Text that names the network, its starting weights and its input."""
    return json.dumps(parts, sort_keys=True)
