"""The mean over time, in one pass over a recording of any length."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import product, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from dask.core import flatten
from dask.local import get_sync
from dask.optimization import cull

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, Step
from napari_cellid.recording.data import ASSUMED_SOURCE, MeanPlanes, Recording
from napari_cellid.recording.sums import BlockSum, sum_frames
from napari_cellid.row_blocks import row_blocks

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    import dask.array as da
    from numpy.typing import NDArray

# bytes that a thread reads at a time: many blocks, because each read has a fixed cost
_BATCH_BYTES = 32 << 20
_MEMORY_BYTES = 400 << 20
_MAX_THREADS = 4
# sums of channels that are made in turn, because their frames lie side by side in a
# file, which is then read once; those of large planes would need too much memory
_TOGETHER_BYTES = 64 << 20
# a detector counts to 65535, and sums over many frames reach 1e9
_LARGEST_INTENSITY = 1e12


def mean_planes(recording: Recording) -> Step[MeanPlanes]:
    """Average both channels over time, in one pass with bounded memory.

    Whole numbers are added exactly. Pixels that are NaN or infinite at a time point
    are left out of their mean.

    Raises
    ------
    InputError
        If there is no pixel size, a file turns out unreadable, or more than half of
        a channel's pixels never have a value.
    """
    if recording.pixel_size_um is None:
        raise InputError(
            f"{recording.name}: no pixel size was found; give it with --pixel-size "
            "(µm per pixel), or the diameter of a soma with --diameter (px), or "
            "--diameter auto to estimate it."
        )
    sums = {
        channel: _TimeSum(array)
        for channel, array in (("red", recording.red), ("green", recording.green))
        if array is not None
    }
    total = sum(channel.n_batches for channel in sums.values())
    done = 0
    yield Progress("Averaging frames", done, total)
    means, notes = {}, list(recording.notes)
    together = sum(channel.n_bytes for channel in sums.values()) <= _TOGETHER_BYTES
    # else one channel after the other, so that the sums of one alone need memory
    for group in [list(sums)] if together else [[name] for name in sums]:
        parts = {name: sums.pop(name) for name in group}
        for _ in _add_up(list(parts.values())):
            done += 1
            yield Progress("Averaging frames", done, total)
        for name in group:
            where = f"{recording.name}, {name} channel"
            channel = parts.pop(name)
            mean = channel.mean()
            if channel.of_floats:
                _check_range(mean, where)
            means[name], filled = _fill(mean, where)
            notes += filled
    return MeanPlanes(
        name=recording.name,
        red=means.get("red"),
        green=means.get("green"),
        pixel_size_um=float(recording.pixel_size_um),
        diameter_px=recording.diameter_px,
        size_assumed=recording.pixel_size_source == ASSUMED_SOURCE,
        notes=tuple(notes),
    )


def _fill(
    mean: NDArray[np.float32], where: str
) -> tuple[NDArray[np.float32], list[str]]:
    """Fill pixels that never have a value with the channel's median, and note it."""
    missing = ~np.isfinite(mean)
    n_missing = int(np.count_nonzero(missing))
    if n_missing == 0:
        return mean, []
    if 2 * n_missing > mean.size:
        raise InputError(
            f"{where}: {n_missing} of {mean.size} pixels are NaN or infinite in every "
            "frame; export the recording again without a mask around the cells."
        )
    mean[missing] = np.median(mean[~missing])
    pixels = "1 pixel is" if n_missing == 1 else f"{n_missing} pixels are"
    return mean, [
        f"{where}: {pixels} NaN or infinite in every frame; the median of the other "
        "pixels was used there."
    ]


def _check_range(mean: NDArray[np.float32], where: str) -> None:
    """Refuse numbers of which sums and squares overflow in what follows."""
    with np.errstate(invalid="ignore"):
        too_large = np.isinf(mean) | (np.abs(mean) > _LARGEST_INTENSITY)
    if too_large.any():
        raise InputError(
            f"{where}: {int(too_large.sum())} pixels have a mean beyond "
            f"{_LARGEST_INTENSITY:g}, which is no intensity; export the recording "
            "again without fill values, or scaled to smaller numbers."
        )


class _TimeSum:
    """The running sum over time of one channel."""

    def __init__(self, array: da.Array) -> None:
        #: whether fill values of any size may be among the numbers
        self.of_floats = array.dtype.kind == "f"
        exact = array.dtype.kind in "bui" and array.dtype.itemsize <= 4
        # int64 cannot overflow: 2**31 frames of the largest 32-bit number fit
        self._total = np.zeros(array.shape[1:], np.int64 if exact else np.float64)
        # one number is enough while every pixel of every frame has a value
        self._missing: NDArray[np.int64] | None = None
        self._frames = array.shape[0]
        sums: da.Array = array.map_blocks(
            sum_frames,
            dtype=array.dtype,
            meta=np.empty((0,) * 4, array.dtype),
        )
        # not optimised: that pays only for graphs longer than one read and one sum
        self._graph = dict(sums.__dask_graph__())
        places = list(product(*(_slices(sizes) for sizes in array.chunks)))
        keys = flatten(sums.__dask_keys__())
        blocks = list(zip(keys, places, strict=True))
        self._batches = list(_batches(blocks, array.dtype.itemsize))
        largest = int(np.prod([max(sizes) for sizes in array.chunks], dtype=np.int64))
        fitting = _MEMORY_BYTES // max(1, largest * array.dtype.itemsize)
        #: threads whose blocks fit into memory
        self.threads = max(1, min(_MAX_THREADS, os.cpu_count() or 1, fitting))

    @property
    def n_batches(self) -> int:
        """Number of batches of blocks."""
        return len(self._batches)

    @property
    def n_bytes(self) -> int:
        """Memory of the sum."""
        return self._total.nbytes

    def reads(self) -> list[_Read]:
        """Every batch of blocks, to be computed."""
        return [
            _Read(self._graph, [key for key, _ in batch]) for batch in self._batches
        ]

    def add(self, number: int, results: Sequence[BlockSum]) -> None:
        """Add the results of the batch of this number."""
        for (_, place), result in zip(self._batches[number], results, strict=True):
            self._add(place, result)

    def mean(self) -> NDArray[np.float32]:
        """The mean of the frames in which a pixel has a value, NaN where in none."""
        mean = np.empty(self._total.shape, np.float32)
        for rows in row_blocks(mean.shape):
            mean[..., rows, :] = _rounded(self._mean_of(rows))
        return mean

    def _mean_of(self, rows: slice) -> NDArray[np.float64]:
        total: NDArray[Any] = self._total[..., rows, :]
        if self._missing is None:
            exact: NDArray[np.float64] = total / self._frames
            return exact
        count = self._frames - self._missing[..., rows, :]
        mean = np.full(total.shape, np.nan)
        np.divide(total, count, out=mean, where=count > 0)
        return mean

    def _add(self, place: tuple[slice, ...], block: BlockSum) -> None:
        times, *area = place
        # not `+=` on an index, which would look the area up twice
        here = self._total[tuple(area)]
        np.add(here, block.total, out=here)
        if isinstance(block.valid, int):
            return
        if self._missing is None:
            self._missing = np.zeros(self._total.shape, np.int64)
        self._missing[tuple(area)] += times.stop - times.start - block.valid


def _add_up(sums: list[_TimeSum]) -> Iterator[None]:
    """Add all batches of some channels, in turn, yielding after each."""
    turns = zip_longest(*(enumerate(channel.reads()) for channel in sums))
    jobs = [
        (channel, *job)
        for turn in turns
        for channel, job in zip(sums, turn, strict=True)
        if job is not None
    ]
    threads = min(channel.threads for channel in sums)
    results = _in_order([read for _, _, read in jobs], threads)
    for (channel, number, _), result in zip(jobs, results, strict=True):
        channel.add(number, result)
        yield


def _rounded(mean: NDArray[Any]) -> NDArray[np.float32]:
    # what float32 does not hold becomes inf, and is refused later
    with np.errstate(over="ignore"):
        return np.asarray(mean, np.float32)


class _Read(NamedTuple):
    """Blocks of a dask graph, computed in the calling thread."""

    graph: dict[Any, Any]
    keys: list[Any]

    def blocks(self) -> Sequence[BlockSum]:
        # without dask's own scheduler: starting it costs more than reading a block
        needed, _ = cull(self.graph, self.keys)
        blocks: Sequence[BlockSum] = get_sync(needed, self.keys)
        return blocks


def _batches(
    blocks: list[tuple[Hashable, tuple[slice, ...]]], itemsize: int
) -> Iterator[list[tuple[Hashable, tuple[slice, ...]]]]:
    """Group neighbouring blocks into reads of about `_BATCH_BYTES`."""
    batch: list[tuple[Hashable, tuple[slice, ...]]] = []
    room = _BATCH_BYTES
    for block in blocks:
        size = itemsize * int(np.prod([s.stop - s.start for s in block[1]]))
        if batch and size > room:
            yield batch
            batch, room = [], _BATCH_BYTES
        batch.append(block)
        room -= size
    if batch:
        yield batch


def _in_order(jobs: Sequence[_Read], threads: int) -> Iterator[Sequence[BlockSum]]:
    """Run jobs in threads, a few at a time, and yield their results in order.

    The order matters because sums of floating-point numbers depend on it.
    """
    waiting: deque[Future[Sequence[BlockSum]]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for job in jobs:
            waiting.append(pool.submit(job.blocks))
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # also when the step is cancelled, or a job fails
        pool.shutdown(cancel_futures=True)


def _slices(sizes: Sequence[int]) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
