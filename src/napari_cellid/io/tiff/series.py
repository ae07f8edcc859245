"""The dimensions that tifffile finds in a file, and the pages that belong to them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.stated import StatedLayout, disagreement, plain_layout
from napari_cellid.recording.data import format_shape

if TYPE_CHECKING:
    from pathlib import Path

    import tifffile

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.tiff.chain import PageChain


def series_layout(
    series: list[tifffile.TiffPageSeries],
    chain: PageChain,
    path: Path,
    options: ReadOptions,
) -> StatedLayout:
    """The dimensions of a file that is no ScanImage file, as tifffile finds them.

    Raises
    ------
    InputError
        If the file holds no or several different images.
    """
    if not series:
        raise InputError(f"{path.name} holds no image; choose another file.")
    if options.image is not None:
        layout = _of_series(_chosen(series, options.image, path), chain, path)
        if layout.pages is None or layout.problem:
            return layout
        # other images of the file are no pages of this one
        return replace(layout, plain=tuple(layout.pages.tolist()))
    if len(series) == 1:
        return _of_series(series[0], chain, path)
    if series[0].kind in ("ome", "mmstack"):
        return _of_images(series, chain, path, options)
    # frames written one by one become a series each
    kinds = {(tuple(part.shape), part.axes, part.dtype) for part in series}
    if len(kinds) > 1:
        raise InputError(
            f"{path.name} holds {len(series)} different images, of which the first is "
            f"{format_shape(series[0].shape)}; save the recording alone in a file, or "
            "choose one with --image (a number from 0)."
        )
    return _joined(series, chain, path, "I")


def _chosen(
    series: list[tifffile.TiffPageSeries], image: str | int, path: Path
) -> tifffile.TiffPageSeries:
    names = [part.name for part in series]
    if isinstance(image, str) and names.count(image) == 1:
        return series[names.index(image)]
    if str(image).isdecimal() and int(image) < len(series):
        return series[int(image)]
    listed = ", ".join(
        f"{number} ({name})" if name else str(number)
        for number, name in enumerate(names)
    )
    raise InputError(
        f"{path.name} has no image {image!r}; choose one of {listed} with --image."
    )


def _of_images(
    series: list[tifffile.TiffPageSeries],
    chain: PageChain,
    path: Path,
    options: ReadOptions,
) -> StatedLayout:
    """Several images of one OME file: positions, or one image a channel."""
    kinds = {(tuple(part.shape), part.axes, part.dtype) for part in series}
    alike = len(kinds) == 1 and "C" not in series[0].axes
    if alike and options.channels == len(series):
        joined = _joined(series, chain, path, "C")
        names = tuple(part.name for part in series)
        return replace(joined, channel_names=names)
    names_text = ", ".join(part.name or str(k) for k, part in enumerate(series))
    channels = f", or say --channels {len(series)} if each is one channel"
    raise InputError(
        f"{path.name} holds {len(series)} images ({names_text}), and one recording is "
        "one field; choose one with --image (its name, or its number from 0)"
        f"{channels if alike else ''}."
    )


def _joined(
    series: list[tifffile.TiffPageSeries], chain: PageChain, path: Path, letter: str
) -> StatedLayout:
    """Images of the same shape as one more dimension."""
    parts = [_of_series(part, chain, path) for part in series]
    first = parts[0]
    if any(part.pages is None or part.problem for part in parts):
        raise InputError(
            f"{path.name} stores several recordings one after another; save the "
            "recording alone in a file, or choose one with --image (a number from 0)."
        )
    pages = np.concatenate([part.pages for part in parts if part.pages is not None])
    joined = replace(
        first,
        letters=letter + first.letters,
        shape=(len(series), *first.shape),
        all_sizes=(len(series), *first.all_sizes),
        pages=pages,
    )
    if len(pages) < len(chain.like_first):
        return _unreconciled(joined, chain, path)
    return joined


def _of_series(
    series: tifffile.TiffPageSeries, chain: PageChain, path: Path
) -> StatedLayout:
    keyframe = series.keyframe
    tail = 3 if keyframe.samplesperpixel > 1 and "S" in series.axes else 2
    layout = StatedLayout(
        letters=series.axes,
        shape=tuple(series.shape),
        all_sizes=tuple(series.get_shape(squeeze=False)),
        pages=None,
        keyframe=keyframe,
        data_offset=series.dataoffset,
        plain=tuple(chain.like_first),
    )
    if layout.tail == "YX" and layout.all_sizes[-1] == 1 and series.shape[-1] != 1:
        # tifffile adds samples of length 1
        layout = replace(layout, all_sizes=layout.all_sizes[:-1])
    n_images = math.prod(series.shape[:-tail])
    if series.dataoffset is not None and n_images > len(chain.kinds):
        return layout
    if n_images == len(chain.like_first) and series.kind not in ("ome", "mmstack"):
        return replace(layout, pages=np.array(chain.like_first, np.int64))
    return _numbered(series, layout, n_images, chain, path)


def _numbered(
    series: tifffile.TiffPageSeries,
    layout: StatedLayout,
    n_images: int,
    chain: PageChain,
    path: Path,
) -> StatedLayout:
    """Find the pages of a series in the chain of the file."""
    by_place = {place: number for number, place in enumerate(chain.places)}
    listed = [None if page is None else by_place.get(page.offset) for page in series]
    if len(listed) < n_images and series.dataoffset is not None:
        # the first page stands for those that follow it
        start = by_place.get(series.keyframe.offset, 0)
        listed = list(range(start, start + n_images))
    numbers = np.array([-1 if n is None else n for n in listed], np.int64)
    if len(numbers) != n_images or np.any(numbers >= len(chain.kinds)):
        return _unreconciled(layout, chain, path)
    layout = replace(layout, pages=numbers)
    if np.any(numbers < 0):
        layout = _complete_frames(layout, path)
    in_others = sum(kind == 0 for kind in chain.kinds)
    alone = len(series.keyframe.parent.series) == 1
    if layout.problem or (alone and len(set(numbers.tolist())) < in_others):
        return _unreconciled(layout, chain, path)
    return layout


def _complete_frames(layout: StatedLayout, path: Path) -> StatedLayout:
    """Keep the time points of which all pages are in the file."""
    assert layout.pages is not None
    n_tail = len(layout.tail)
    sizes, letters = layout.shape[:-n_tail], layout.letters[:-n_tail]
    table = layout.pages.reshape(sizes)
    n_there, n_named = int(np.sum(table >= 0)), table.size
    if "T" not in letters:
        return replace(layout, problem="lacks pages")
    axis = letters.index("T")
    whole = np.all(np.moveaxis(table, axis, 0).reshape(sizes[axis], -1) >= 0, axis=1)
    n_whole = int(np.argmin(whole)) if not whole.all() else len(whole)
    if n_whole == 0 or whole[n_whole:].any():
        return replace(layout, problem="lacks pages")
    kept = np.take(table, range(n_whole), axis)
    note = (
        f"{path.name}: its header names {n_named} images, but the file holds "
        f"{n_there}; the {n_whole} complete time points were read"
    )
    left = n_there - kept.size
    rest = f", and {left} images of an incomplete one were left out" if left else ""
    return replace(
        layout,
        pages=kept.reshape(-1),
        shape=(*kept.shape, *layout.shape[-n_tail:]),
        all_sizes=(*kept.shape, *layout.shape[-n_tail:]),
        notes=(f"{note}{rest}.",),
    )


def _unreconciled(layout: StatedLayout, chain: PageChain, path: Path) -> StatedLayout:
    """All pages of the file in place of what a header says that does not fit them."""
    named = math.prod(layout.shape[: -len(layout.tail)])
    channels = dict(zip(layout.letters, layout.shape, strict=True)).get("C", 1)
    if named != len(chain.like_first):
        numbers = f"its header names {named} images"
    else:
        numbers = "its header names images that are not in the file"
    return plain_layout(
        layout.keyframe,
        chain,
        disagreement(path, numbers, len(chain.like_first), channels),
    )
