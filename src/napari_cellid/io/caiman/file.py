"""HDF5 files of CaImAn: opening them, and reading no more than they hold."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5py
    from numpy.typing import NDArray

#: first bytes of an HDF5 file
SIGNATURE = b"\x89HDF\r\n\x1a\n"
#: more than this times its bytes on the disk no compression of HDF5 can hold
_MOST_COMPRESSED = 1100
#: what h5py raises for damaged files
READ_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError)


def is_hdf5(path: Path) -> bool:
    """Whether a path is an HDF5 file, by its first bytes."""
    try:
        with path.open("rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def is_caiman(path: Path) -> bool:
    """Whether a path is an HDF5 file with estimates of CaImAn."""
    if not is_hdf5(path):
        return False
    try:
        with open_hdf5(path) as root:
            return "estimates" in root
    except InputError:
        return False


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading.

    Raises
    ------
    InputError
        If it cannot be opened, or what the block reads of it is damaged.
    """
    import h5py

    try:
        with h5py.File(path, "r") as root:
            yield root
    except InputError:
        # it is a ValueError, too
        raise
    except READ_ERRORS as error:
        raise damaged(path, str(error) or type(error).__name__) from error


def damaged(path: Path, reason: str) -> InputError:
    """The error of a file whose contents are not what they should be."""
    return InputError(
        f"{path} is damaged or no file that CaImAn saved ({reason}); copy it again, or "
        "save it again with CaImAn."
    )


def dataset(root: h5py.File, *names: str) -> h5py.Dataset | None:
    """The first of some datasets that holds something; None if none does.

    CaImAn writes what is missing as the text "NoneType".
    """
    import h5py

    for name in names:
        found = root.get(name)
        if isinstance(found, h5py.Dataset) and found.shape and all(found.shape):
            return found
    return None


def numbers(found: h5py.Dataset, path: Path, n_axes: int) -> NDArray[Any]:
    """Read a dataset of numbers.

    Raises
    ------
    InputError
        If it holds something else, or claims more than the file can hold.
    """
    check_numbers(found, path, n_axes)
    return np.asarray(found[()])


def check_numbers(found: h5py.Dataset, path: Path, n_axes: int) -> None:
    """Check what a dataset is, without reading it.

    Raises
    ------
    InputError
        As for `numbers`.
    """
    if found.dtype.kind not in "biuf" or found.ndim != n_axes:
        raise damaged(path, f"{found.name} is no array of {n_axes} axes of numbers")
    stored = found.id.get_storage_size()
    if found.size * found.dtype.itemsize > stored * _MOST_COMPRESSED:
        raise damaged(path, f"{found.name} is larger than what the file holds of it")


class LazyDataset:
    """A dataset (roi, time) of a file that is open only while it is read.

    Parameters
    ----------
    path
        The file.
    found
        The dataset.
    """

    ndim = 2

    def __init__(self, path: Path, found: h5py.Dataset) -> None:
        self._path, self._name = path, str(found.name)
        self.shape: tuple[int, ...] = found.shape
        self.dtype: np.dtype[Any] = found.dtype

    def __len__(self) -> int:
        """Number of ROIs."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read a part, as h5py does."""
        with open_hdf5(self._path) as root:
            return np.asarray(root[self._name][index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all of it."""
        return np.asarray(self[()], dtype)
