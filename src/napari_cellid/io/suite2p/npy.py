"""Reading of `.npy` files, which can hold pickles, without running what they say."""

from __future__ import annotations

import math
import tokenize
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import check_regular_file
from napari_cellid.io.suite2p.safe_pickle import (
    ForeignPickleError,
    PickledArray,
    PickleError,
    load_pickle,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

#: what numpy raises where a header is not one
_BAD_HEADER = (
    ValueError, TypeError, KeyError, SyntaxError, OverflowError, MemoryError,
    RecursionError, EOFError, tokenize.TokenError,
)  # fmt: skip
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True)
class _Header:
    """What the header of a file says, and where its values begin."""

    shape: tuple[int, ...]
    column_first: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def n_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def open_numbers(path: Path, n_axes: int) -> NDArray[Any]:
    """Open an array of numbers; its values are read when they are needed.

    Parameters
    ----------
    path
        A `.npy` file.
    n_axes
        Number of axes that it must have.

    Returns
    -------
    The array, mapped into memory; it cannot be written.

    Raises
    ------
    InputError
        If it is no such file, or truncated.
    """
    with _open(path) as file:
        header = _read_header(file, path)
    if header.dtype.kind not in "biuf" or len(header.shape) != n_axes:
        raise InputError(
            f"{path} holds {_described(header)}, but {n_axes} axes of numbers are "
            "needed, as suite2p writes it; copy the file again."
        )
    if header.offset + header.n_bytes > path.stat().st_size:
        raise _truncated(path)
    if header.n_bytes == 0:
        # an empty file cannot be mapped
        return np.empty(header.shape, header.dtype)
    return np.memmap(
        path,
        header.dtype,
        "r",
        header.offset,
        header.shape,
        "F" if header.column_first else "C",
    )


def read_objects(path: Path) -> PickledArray:
    """Read an array of Python objects: dicts, lists, and arrays in them.

    Raises
    ------
    InputError
        If it is no such file, damaged, or names anything but arrays of numpy; nothing
        that it names is run.
    """
    with _open(path) as file:
        header = _read_header(file, path)
        if not header.dtype.hasobject:
            raise InputError(
                f"{path} holds {_described(header)}, but dictionaries are needed, as "
                "suite2p writes it; copy the file again."
            )
        data = file.read()
    try:
        loaded = load_pickle(data)
    except ForeignPickleError as error:
        raise InputError(
            f"{path} names {error}, which is no array of numbers and could run code, "
            "so it was not read; save it again with suite2p, or ask its author what "
            "it is."
        ) from error
    except PickleError as error:
        raise damaged(path, str(error)) from error
    if not isinstance(loaded, PickledArray):
        raise damaged(path, "it holds no array")
    return loaded


def damaged(path: Path, reason: str) -> InputError:
    """The error of a file whose contents are not what they should be."""
    return InputError(f"{path} is damaged ({reason}); copy it again, or run suite2p.")


def _open(path: Path) -> BinaryIO:
    check_regular_file(path, "a .npy file")
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({file_reason(error)}); check its permissions."
        ) from error


def _read_header(file: BinaryIO, path: Path) -> _Header:
    try:
        version = np.lib.format.read_magic(file)
        with warnings.catch_warnings():
            # numpy's, about headers that Python 2 wrote
            warnings.simplefilter("ignore")
            shape, column_first, dtype = _HEADERS[version](file)
    except _BAD_HEADER as error:
        raise InputError(
            f"{path} is no .npy file, or its header is damaged; copy it again."
        ) from error
    header = _Header(shape, column_first, dtype, file.tell())
    if any(n < 0 for n in shape):
        raise InputError(f"{path} has the negative size {shape}; copy it again.")
    return header


def _described(header: _Header) -> str:
    return f"{len(header.shape)} axes of {header.dtype}"


def _truncated(path: Path) -> InputError:
    return InputError(
        f"{path} is shorter than its header says: it was cut off; copy it again."
    )
