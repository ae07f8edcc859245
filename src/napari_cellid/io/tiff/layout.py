"""Positions of the data of pages in a TIFF file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.pages import PageFile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.io.tiff.chain import PageChain
    from napari_cellid.io.tiff.split import ChannelSplit
    from napari_cellid.io.tiff.stated import StatedLayout

_LARGEST_PAGE_BYTES = 512 << 20


def locate_pages(
    path: Path, stated: StatedLayout, chain: PageChain, split: ChannelSplit
) -> PageFile:
    """Find the positions of the pages in a file, and how they are stored.

    Parameters
    ----------
    path
        The file.
    stated
        The pages that are read, in order.
    chain
        All pages of the file.
    split
        Channels that lie within a page.

    Raises
    ------
    InputError
        If pages lie beyond the end of the file or are stored in different ways.
    """
    page = stated.keyframe
    samples = split.count if split.kind == "samples" else 1
    # samples of a pixel are further columns here
    shape = (int(stated.shape[-2]), int(stated.shape[-1]) * samples)
    stored = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    length = stored.itemsize * math.prod(shape)
    if length > _LARGEST_PAGE_BYTES:
        raise InputError(
            f"{path.name} has pages of {shape[0]} x {shape[1]} pixels, far more than a "
            "two-photon image has; choose a recording or cut out a field."
        )
    if stated.pages is None:
        # contiguous frames, described by the first page alone
        steps = np.arange(stated.n_pages, dtype=np.int64).reshape(-1, 1)
        offsets = (stated.data_offset or 0) + length * steps
        counts, raw = length + 0 * steps, True
    else:
        offsets, counts = _segments(path, stated, chain, split.planar)
        raw = page.is_final and _is_gapless(offsets, counts)
        if raw:
            offsets, counts = offsets[:, :1], counts.sum(axis=1, keepdims=True)
    size = path.stat().st_size
    _check_inside(path, offsets, counts, size)
    keyframe = None if raw else page
    return PageFile(path, offsets, counts, keyframe, shape, stored, size, samples)


def _segments(
    path: Path, stated: StatedLayout, chain: PageChain, planar: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offset and length of each strip or tile: (page, segment)."""
    assert stated.pages is not None
    wanted = [int(number) for number in stated.pages]
    # images that are samples of one page count as pages
    first = chain.kinds[wanted[0] // planar]
    if any(chain.kinds[number // planar] != first for number in wanted):
        raise InputError(
            f"{path.name} stores its pages in different ways; save it again as one "
            "stack, with Fiji for instance."
        )
    offsets = chain.offsets
    counts = {n // planar: _counts(chain, n // planar, stated) for n in wanted}
    segments = len(offsets[wanted[0] // planar]) // planar
    rows = [(number // planar, number % planar * segments) for number in wanted]
    if any(len(offsets[n]) != len(counts[n]) for n, _ in rows) or segments == 0:
        raise InputError(
            f"{path.name} has pages without data; it is damaged, export it again."
        )
    return (
        np.array([offsets[n][at : at + segments] for n, at in rows], np.int64),
        np.array([counts[n][at : at + segments] for n, at in rows], np.int64),
    )


def _counts(chain: PageChain, number: int, stated: StatedLayout) -> tuple[int, ...]:
    # the length of uncompressed pages need not be in the file
    return chain.counts[number] or tuple(stated.keyframe.databytecounts)


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
