"""HDF5 files: opened for a moment, and their data sets as lazy arrays."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from dask.base import tokenize

from napari_cellid.errors import InputError, first_line
from napari_cellid.files import check_regular_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import dask.array as da
    import h5py
    from numpy.typing import NDArray

#: the first bytes of an HDF5 file
SIGNATURE = b"\x89HDF\r\n\x1a\n"
_BLOCK_BYTES = 8 << 20
#: what h5py is known to raise for files that are broken
_ERRORS = (
    OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError,
    OverflowError, MemoryError,
)  # fmt: skip
#: chunks of a damaged file may claim any size
_LARGEST_CHUNK_BYTES = 1 << 30


@contextmanager
def hdf5_file(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file while it is open for reading.

    Raises
    ------
    InputError
        If it is no HDF5 file, or is damaged.
    """
    check_regular_file(path, "an HDF5 file")
    try:
        with _unlocked(path) as file:
            yield file
    except InputError:
        raise
    except _ERRORS as error:
        raise InputError(
            f"{path.name} cannot be read ({first_line(error)}); it is no HDF5 file, "
            "cut off or damaged: copy it again."
        ) from error


def _unlocked(path: Path) -> h5py.File:
    """Open a file that another program may be writing, or this one holds open."""
    import h5py

    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        # a file can be open twice in one program with the same flags only
        if "locking flag" not in str(error):
            raise
        return h5py.File(path, "r")


class HdfArray:
    """A data set as an array that reads what is sliced.

    Parameters
    ----------
    path
        The file; it is open only while it is read.
    place
        Path of the data set in the file.
    shape, dtype
        Of the data set.
    """

    def __init__(
        self, path: Path, place: str, shape: tuple[int, ...], dtype: Any
    ) -> None:
        self._path, self._place = path, place
        self.shape, self.dtype = shape, np.dtype(dtype)
        self.ndim = len(shape)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        with hdf5_file(self._path) as file:
            data = file[self._place]
            if tuple(data.shape) != self.shape:
                raise InputError(
                    f"{self._path.name} was changed while it was being read; wait "
                    "until it is complete and open it again."
                )
            return np.asarray(data[key])

    def lazily(self) -> da.Array:
        """A dask array in blocks that hold whole chunks of the file.

        Raises
        ------
        InputError
            If the data are no numbers, or one chunk of the file is too large.
        """
        import dask.array as da

        if self.dtype.kind not in "buif":
            raise InputError(
                f"{self._path.name}: {self._place} holds values of type {self.dtype}, "
                "but numbers are needed; choose other images."
            )
        lazily: da.Array = da.from_array(
            self,
            chunks=self._blocks(),
            name=f"hdf5-{tokenize(str(self._path), self._place, self.shape)}",
            asarray=False,
            fancy=False,
            meta=np.empty((0,) * self.ndim, self.dtype),
        )
        return lazily

    def _blocks(self) -> tuple[int, ...]:
        with hdf5_file(self._path) as file:
            stored = file[self._place].chunks
        chunk = tuple(stored) if stored else (1, *self.shape[1:])
        chunk = tuple(min(n, size) for n, size in zip(chunk, self.shape, strict=True))
        length = self.dtype.itemsize * math.prod(chunk)
        if length > _LARGEST_CHUNK_BYTES:
            raise InputError(
                f"{self._path.name} stores {self._place} in pieces of "
                f"{length / 2**30:.1f} GiB, which do not fit into memory; write it "
                "again with smaller chunks."
            )
        # whole images, and so many at once that opening the file does not count
        image = (chunk[0], *self.shape[1:])
        if self.dtype.itemsize * math.prod(image) > _LARGEST_CHUNK_BYTES:
            return chunk
        per_step = self.dtype.itemsize * math.prod(image)
        return (chunk[0] * max(1, _BLOCK_BYTES // max(per_step, 1)), *self.shape[1:])
