"""Frames of a movie, a few at a time and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dask.array as da
    from numpy.typing import NDArray

    from napari_cellid.recording.data import Recording

#: bytes of frames of all channels that are in memory at a time
_BLOCK_BYTES = 64 << 20


def n_frames(recording: Recording) -> int:
    """Number of time points of the longer channel; 1 where there is no movie."""
    return max(len(array) for array in channels_of(recording).values())


def channels_of(recording: Recording) -> dict[str, da.Array]:
    """The channels (time, plane, y, x) that a recording has, by name."""
    both = {"red": recording.red, "green": recording.green}
    return {name: array for name, array in both.items() if array is not None}


def frame_blocks(
    arrays: dict[str, da.Array],
) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
    """Read arrays (time, plane, y, x) of one length block by block.

    Yields
    ------
    The frames of a block, and these frames of each array.
    """
    first = next(iter(arrays.values()))
    # numbers are computed with as float32
    frame_bytes = 4 * len(arrays) * int(np.prod(first.shape[1:], dtype=np.int64))
    step = max(_BLOCK_BYTES // max(frame_bytes, 1), 1)
    for start in range(0, len(first), step):
        frames = slice(start, min(start + step, len(first)))
        yield (
            frames,
            {
                # in this thread: a block is read in order, and memory stays bounded
                name: np.asarray(array[frames].compute(scheduler="synchronous"))
                for name, array in arrays.items()
            },
        )
