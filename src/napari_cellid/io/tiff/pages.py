"""Pages of a TIFF file as an array that is read lazily."""

from __future__ import annotations

import itertools
import math
import struct
import weakref
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import dask.array as da
import numpy as np
import tifffile
from dask.base import tokenize

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.read_ahead import ask_for_runs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

# one dask block: small enough for the processor's cache, large enough that dask's
# own work does not count
_BLOCK_BYTES = 8 << 20
# of a large frame, still so many at once that adding them up pays
_FRAMES_AT_ONCE = 4

# what tifffile and the codecs are known to raise for files that are broken
DECODE_ERRORS = (
    OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
    RuntimeError, AssertionError, MemoryError, struct.error, tifffile.TiffFileError,
)  # fmt: skip


class BlockMemory:
    """Buffers for blocks, reused as soon as no array refers to them.

    The system zeroes new memory, which takes half as long as reading a block.
    """

    def __init__(self) -> None:
        self._spare: deque[NDArray[np.uint8]] = deque(maxlen=4)

    def borrow(self, n_bytes: int) -> NDArray[np.uint8]:
        """An uninitialised array of bytes."""
        try:
            memory = self._spare.pop()
        except IndexError:
            memory = np.empty(n_bytes, np.uint8)
        if len(memory) < n_bytes:
            memory = np.empty(n_bytes, np.uint8)
        # through a memoryview: it is the base of every array in the memory, also of one
        # made by slicing, and lives as long as the last of them
        lent = np.frombuffer(memory.data, np.uint8, n_bytes)
        weakref.finalize(lent.base, self._spare.append, memory).atexit = False
        return lent


@dataclass(frozen=True, eq=False)
class PageFile:
    """Positions of the pages in one file.

    Parameters
    ----------
    offsets, counts
        (page, segment): offset and length (bytes) of each strip or tile. Uncompressed,
        contiguous pages have one segment.
    keyframe
        Page that describes how all pages are decoded; None for uncompressed pages.
    shape
        (y, x) of a page.
    stored
        Data type in the file, with its byte order.
    size
        Length of the file in bytes when it was opened.
    samples
        Numbers of one pixel, which count as columns of a page.
    """

    path: Path
    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]
    keyframe: tifffile.TiffPage | None
    shape: tuple[int, int]
    stored: np.dtype[Any]
    size: int
    samples: int = 1
    _memory: BlockMemory = field(default_factory=BlockMemory, repr=False)

    def __dask_tokenize__(self) -> tuple[object, ...]:
        changed = self.path.stat().st_mtime_ns if self.path.exists() else 0
        return str(self.path), self.size, changed

    def read(self, pages: NDArray[np.int64]) -> NDArray[Any]:
        """Read pages into a new array: (page, y, x).

        Raises
        ------
        InputError
            If the file is gone, was changed or cannot be decoded.
        """
        try:
            with self.path.open("rb", buffering=0) as file:
                if self.keyframe is None:
                    return self._read_stored(file, pages)
                return self._decode(file, pages, self.keyframe)
        except DECODE_ERRORS as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"{self.path.name} cannot be read any further ({error}); it is damaged "
                "or out of reach, copy it again."
            ) from error

    def _read_stored(self, file: BinaryIO, pages: NDArray[np.int64]) -> NDArray[Any]:
        length = self.stored.itemsize * math.prod(self.shape)
        frames = self._memory.borrow(len(pages) * length).view(self.stored)
        frames = frames.reshape(len(pages), *self.shape)
        offsets = self.offsets[pages, 0]
        ask_for_runs(file, offsets, length)
        for start, stop in _runs(offsets, length):
            file.seek(int(offsets[start]))
            self._fill(file, frames[start:stop])
        if not self.stored.isnative:
            frames = _native(frames)
        return frames

    def _fill(self, file: BinaryIO, frames: NDArray[Any]) -> None:
        """Read bytes until the frames are full; one call may return fewer."""
        rest = frames.view(np.uint8).reshape(-1).data
        while rest:
            read = file.readinto(rest)  # type: ignore[attr-defined]
            if not read:
                raise InputError(
                    f"{self.path.name} ended too early: it was changed while it was "
                    "being read; wait until it is complete and open it again."
                )
            rest = rest[read:]

    def _decode(
        self, file: BinaryIO, pages: NDArray[np.int64], keyframe: tifffile.TiffPage
    ) -> NDArray[Any]:
        frames = np.empty((len(pages), *self.shape), self.stored.newbyteorder("="))
        for frame, page in zip(frames, pages, strict=True):
            segments = zip(self.offsets[page], self.counts[page], strict=True)
            for index, (offset, count) in enumerate(segments):
                file.seek(int(offset))
                raw = np.empty(int(count), np.uint8)
                self._fill(file, raw)
                part, position, size = keyframe.decode(
                    raw.tobytes(), index, jpegtables=keyframe.jpegtables
                )
                if part is None:
                    raise InputError(f"{self.path.name} has pages without data.")
                _, _, y, x, _ = position
                n = self.samples
                target = frame[y : y + size[1], x * n : (x + size[2]) * n]
                columns = part[0, : target.shape[0], : target.shape[1] // n, :n]
                target[...] = columns.reshape(target.shape)
        return frames


class PageArray:
    """Pages of a file as an array (time, plane, y, x) that reads what is sliced."""

    ndim = 4

    def __init__(self, file: PageFile, table: NDArray[np.int64]) -> None:
        self._file = file
        self._table = table
        self.shape = (*table.shape, *file.shape)
        self.dtype = file.stored.newbyteorder("=")

    def __getitem__(self, key: Any) -> NDArray[Any]:
        # dask asks with a slice or a number for each axis
        time, plane, y, x = key
        pages = np.asarray(self._table[time, plane])
        frames = self._file.read(pages.reshape(-1))
        return frames.reshape(*pages.shape, *self._file.shape)[..., y, x]

    def lazily(self) -> da.Array:
        """A dask array in blocks of whole pages."""
        n_times, n_planes = self._table.shape
        page_bytes = self.dtype.itemsize * math.prod(self._file.shape)
        frames = min(_FRAMES_AT_ONCE, n_times)
        planes = min(n_planes, max(1, _BLOCK_BYTES // (frames * page_bytes)))
        times = min(n_times, max(frames, _BLOCK_BYTES // (planes * page_bytes)))
        lazily: da.Array = da.from_array(
            self,
            chunks=(times, planes, *self._file.shape),
            # dask would read the whole array to make a name of its content
            name=f"tiff-{tokenize(self._file, self._table)}",
            asarray=False,
            # slices and numbers alone are understood
            fancy=False,
            meta=np.empty((0,) * 4, self.dtype),
        )
        return lazily


def _runs(offsets: NDArray[np.int64], length: int) -> Iterator[tuple[int, int]]:
    """Group pages that follow one another in the file: (first, past the last)."""
    breaks = np.flatnonzero(np.diff(offsets) != length) + 1
    edges = [0, *breaks.tolist(), len(offsets)]
    yield from itertools.pairwise(edges)


def _native(frames: NDArray[Any]) -> NDArray[Any]:
    """Swap the bytes of each number, in place."""
    if frames.dtype.itemsize == 2:
        # ImageJ's files; numpy's byteswap takes half as long again
        numbers = frames.view(np.uint16)
        low = np.empty(frames.shape[1:], np.uint16)
        for frame in numbers:
            np.right_shift(frame, 8, out=low)
            np.left_shift(frame, 8, out=frame)
            np.bitwise_or(frame, low, out=frame)
        return numbers.view(frames.dtype.newbyteorder("="))
    return frames.byteswap(inplace=True).view(frames.dtype.newbyteorder("="))
