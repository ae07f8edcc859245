"""Positions of the pages in a TIFF file, and checks that the file is complete."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.pages import PageFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

_LARGEST_PAGE_BYTES = 512 << 20


def locate_pages(
    path: Path, series: Sequence[tifffile.TiffPageSeries], n_pages: int
) -> PageFile:
    """Find the positions of the pages in a file, and how they are stored.

    Parameters
    ----------
    path
        The file.
    series
        Series of the file, in order.
    n_pages
        Number of pages in them.

    Raises
    ------
    InputError
        If pages lie beyond the end of the file or are stored in different ways.
    """
    page = series[0].keyframe
    shape = (int(page.imagelength), int(page.imagewidth))
    stored = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    length = stored.itemsize * math.prod(shape)
    if length > _LARGEST_PAGE_BYTES:
        raise InputError(
            f"{path.name} has pages of {shape[0]} x {shape[1]} pixels, far more than a "
            "two-photon image has; choose a recording or cut out a field."
        )
    if len(series) == 1 and series[0].dataoffset is not None:
        # contiguous frames, described by the first page alone
        steps = np.arange(n_pages, dtype=np.int64).reshape(-1, 1)
        offsets, counts = series[0].dataoffset + length * steps, length + 0 * steps
        raw = True
    else:
        offsets, counts = _segments(path, series)
        # images that are samples of one page count as pages
        offsets, counts = offsets.reshape(n_pages, -1), counts.reshape(n_pages, -1)
        raw = page.is_final and _is_gapless(offsets, counts)
        if raw:
            offsets, counts = offsets[:, :1], counts.sum(axis=1, keepdims=True)
    size = path.stat().st_size
    _check_inside(path, offsets, counts, size)
    keyframe = None if raw else page
    return PageFile(path, offsets, counts, keyframe, shape, stored, size)


def _segments(
    path: Path, series: Sequence[tifffile.TiffPageSeries]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    listed = [page for part in series for page in part]
    pages = [page for page in listed if page is not None]
    if len(pages) < len(listed):
        raise InputError(
            f"{path.name} lacks {len(listed) - len(pages)} of {len(listed)} images "
            "that its header names; save the whole recording in one file."
        )
    first = series[0].keyframe.hash
    if any(page.keyframe is None or page.keyframe.hash != first for page in pages):
        raise InputError(
            f"{path.name} stores its pages in different ways; save it again as one "
            "stack, with Fiji for instance."
        )
    offsets = np.array([page.dataoffsets for page in pages], np.int64)
    counts = np.array([page.databytecounts for page in pages], np.int64)
    return offsets, counts


def _is_gapless(offsets: NDArray[np.int64], counts: NDArray[np.int64]) -> bool:
    return bool(np.all(offsets[:, :-1] + counts[:, :-1] == offsets[:, 1:]))


def _check_inside(
    path: Path, offsets: NDArray[np.int64], counts: NDArray[np.int64], size: int
) -> None:
    if offsets.size == 0 or np.any(counts <= 0) or np.any(offsets <= 0):
        raise InputError(
            f"{path.name} has pages without data; it is damaged, export it again."
        )
    beyond = np.any(offsets + counts > size, axis=1)
    if beyond.any():
        raise InputError(
            f"{path.name} is cut off: the data of {int(beyond.sum())} of its "
            f"{len(beyond)} pages lie beyond its end; copy it again, whole."
        )


def check_chain(path: Path) -> None:
    """Refuse a file whose chain of pages (IFDs) leads beyond its end.

    tifffile would silently read only the pages before the break.
    """
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        order = {b"II": "<", b"MM": ">"}.get(file.read(2), "<")
        big = struct.unpack(f"{order}H", file.read(2))[0] == 43
        count_format, next_format, entry = ("Q", "Q", 20) if big else ("H", "I", 12)
        file.seek(8 if big else 4)
        (place,) = struct.unpack(f"{order}{next_format}", file.read(8 if big else 4))
        seen: set[int] = set()
        while place:
            end = place
            if place not in seen and place + 8 < size:
                file.seek(place)
                width = struct.calcsize(count_format)
                (tags,) = struct.unpack(f"{order}{count_format}", file.read(width))
                end = place + width + tags * entry
            if end == place or end + struct.calcsize(next_format) > size:
                raise InputError(
                    f"{path.name} is cut off or damaged: its list of pages breaks off "
                    f"after page {len(seen)}; copy it again, whole."
                )
            seen.add(place)
            file.seek(end)
            width = struct.calcsize(next_format)
            (place,) = struct.unpack(f"{order}{next_format}", file.read(width))
