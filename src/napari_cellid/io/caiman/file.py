"""HDF5 files of CaImAn: knowing them, and reading no more of them than they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.hdf5 import SIGNATURE, hdf5_file

if TYPE_CHECKING:
    from pathlib import Path

    import h5py
    from numpy.typing import NDArray

#: more than this times its bytes on the disk no compression of HDF5 can hold
_MOST_COMPRESSED = 1100


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
        with hdf5_file(path) as root:
            return "estimates" in root
    except InputError:
        return False


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
