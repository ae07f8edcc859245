"""Recordings whose pages lie in many TIFF files."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
from dask.base import tokenize

from napari_cellid.errors import InputError
from napari_cellid.files import check_regular_file
from napari_cellid.io.tiff.chain import read_chain
from napari_cellid.io.tiff.layout import locate_pages
from napari_cellid.io.tiff.opened import opened
from napari_cellid.io.tiff.pages import DECODE_ERRORS
from napari_cellid.io.tiff.split import IN_PAGES, check_pixels
from napari_cellid.io.tiff.stated import plain_layout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.io.tiff.pages import PageFile
    from napari_cellid.io.tiff.stated import StatedLayout

# one dask block, as of a single file
_BLOCK_BYTES = 8 << 20
#: files whose positions of pages are kept, because reading them again takes long
_KEPT = 16


@dataclass(frozen=True, eq=False)
class FileKind:
    """How a file stores its pages: other files that do it alike need no second look.

    Parameters
    ----------
    pages
        Positions of its pages.
    layout
        All pages in their order.
    signature
        How the first page is stored; see `PageChain`.
    """

    pages: PageFile
    layout: StatedLayout
    signature: object


def file_kind(path: Path) -> FileKind:
    """Read how a file stores its pages, of those that are like the first one.

    What the file's header says about other files and dimensions is left aside.

    Raises
    ------
    InputError
        If it is no TIFF file, or is damaged.
    """
    with opened(path, is_ome=False) as tif:
        if len(tif.pages) == 0:
            raise InputError(f"{path.name} holds no image; copy it again, whole.")
        chain = read_chain(path)
        check_pixels(tif.pages.first, path)
        layout = plain_layout(tif.pages.first, chain)
        pages = locate_pages(path, layout, chain, IN_PAGES)
        return FileKind(pages, layout, chain.signature)


def pages_like(path: Path, kind: FileKind) -> PageFile:
    """Positions of the pages of a file, which is probably stored as another one.

    Raises
    ------
    InputError
        If it is no TIFF file, or is damaged.
    """
    check_regular_file(path, "a TIFF file")
    try:
        chain = read_chain(path)
    except InputError:
        raise
    except DECODE_ERRORS as error:
        raise InputError(
            f"{path.name} cannot be read ({error}); it is damaged, copy it again."
        ) from error
    if chain.signature != kind.signature:
        return file_kind(path).pages
    numbers = chain.like_first
    layout = replace(
        kind.layout, pages=np.array(numbers, np.int64), plain=tuple(numbers)
    )
    return locate_pages(path, layout, chain, IN_PAGES)


class ManyFiles:
    """Pages of many files as an array (time, plane, y, x) that reads what is sliced.

    Parameters
    ----------
    files
        The files.
    table
        (time, plane, 2): number of the file, and of the page in it.
    kind
        How the first file stores its pages; those of all others must have the same
        size and type.
    """

    ndim = 4

    def __init__(
        self, files: Sequence[Path], table: NDArray[np.int64], kind: FileKind
    ) -> None:
        self._files = tuple(files)
        self._table = table
        self.shape = (*table.shape[:2], *kind.pages.shape)
        self.dtype = kind.pages.stored.newbyteorder("=")
        self._open = lru_cache(_KEPT)(partial(pages_like, kind=kind))

    def __getitem__(self, key: Any) -> NDArray[Any]:
        # dask asks with a slice or a number for each axis
        time, plane, y, x = key
        wanted = self._table[time, plane]
        frames = np.empty((math.prod(wanted.shape[:-1]), *self.shape[2:]), self.dtype)
        rows = wanted.reshape(-1, 2)
        for start, stop in _runs(rows[:, 0]):
            file = self._checked(self._files[int(rows[start, 0])])
            pages = rows[start:stop, 1]
            if pages.max() >= len(file.offsets):
                raise InputError(
                    f"{file.path.name} holds {len(file.offsets)} pages, but page "
                    f"{int(pages.max()) + 1} is needed; copy it again, whole."
                )
            frames[start:stop] = file.read(pages)
        return frames.reshape(*wanted.shape[:-1], *self.shape[2:])[..., y, x]

    def lazily(self) -> da.Array:
        """A dask array in blocks of whole pages."""
        page_bytes = self.dtype.itemsize * math.prod(self.shape[2:])
        n_times, n_planes = self.shape[:2]
        planes = min(n_planes, max(1, _BLOCK_BYTES // page_bytes))
        times = min(n_times, max(1, _BLOCK_BYTES // (planes * page_bytes)))
        lazily: da.Array = da.from_array(
            self,
            chunks=(times, planes, *self.shape[2:]),
            # dask would read the whole array to make a name of its content
            name=f"tiffs-{tokenize([str(f) for f in self._files], self._table)}",
            asarray=False,
            fancy=False,
            meta=np.empty((0,) * 4, self.dtype),
        )
        return lazily

    def _checked(self, path: Path) -> PageFile:
        file = self._open(path)
        dtype = file.stored.newbyteorder("=")
        if file.shape != self.shape[2:] or dtype != self.dtype:
            rows, columns = file.shape
            raise InputError(
                f"{path.name} has pages of {rows} x {columns} pixels of type {dtype}, "
                f"but the recording has {self.shape[2]} x {self.shape[3]} of type "
                f"{self.dtype}; it belongs to another recording, or is damaged."
            )
        return file


def _runs(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Group equal numbers that follow one another: (first, past the last)."""
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    return list(itertools.pairwise(edges))
