"""Channels that lie within a page: as samples of a pixel, or as images side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import tifffile

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da
    from numpy.typing import NDArray

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.tiff.stated import StatedLayout

#: a last axis as short as this holds channels, not columns
_MOST_CHANNELS = 4
_SMALLEST_SIDE = 32
#: 16-bit numbers that lie between an image and its wrapped negative numbers
_HALF_EMPTY = (32768, 57344)
_FEW_VALUES = 4


@dataclass(frozen=True)
class ChannelSplit:
    """How the channels lie in the pages of a file.

    Parameters
    ----------
    kind
        "pages": each page is of one channel. "samples": each pixel has a number for
        each channel. "columns": channels side by side. "rows": one above the other.
    count
        Number of channels in one page.
    planar
        Number of images in one page that follow one another.
    notes
        What was made of the pages.
    """

    kind: Literal["pages", "samples", "columns", "rows"] = "pages"
    count: int = 1
    planar: int = 1
    notes: tuple[str, ...] = ()

    def channel(self, pages: da.Array, part: int) -> da.Array:
        """One channel of pages: (time, plane, y, x)."""
        rows, columns = pages.shape[2] // self.count, pages.shape[3] // self.count
        if self.kind == "samples":
            return pages[..., part :: self.count]
        if self.kind == "columns":
            return pages[..., part * columns : (part + 1) * columns]
        if self.kind == "rows":
            return pages[..., part * rows : (part + 1) * rows, :]
        return pages


IN_PAGES = ChannelSplit()


def split_of_pages(
    stated: StatedLayout, options: ReadOptions, path: Path
) -> tuple[StatedLayout, ChannelSplit]:
    """Find the channels that lie within a page; the dimensions without them.

    Raises
    ------
    InputError
        If a pixel has several samples, or the last axis is short, and the user did not
        say that these are channels.
    """
    if stated.keyframe.samplesperpixel > 1 and stated.tail in ("YXS", "SYX"):
        return _samples(stated, options, path)
    order = options.channel_order
    if order == "last":
        return _last_axis(stated, options, path)
    if order in ("side-by-side", "stacked"):
        return stated, _parts(stated, options, path)
    _check_not_last(stated, path)
    return stated, IN_PAGES


def check_pixels(page: tifffile.TiffPage, path: Path) -> None:
    """Refuse pixels that are no grey values in which more is brighter.

    Raises
    ------
    InputError
        If they are complex, packed, compressed in an unknown way, or inverted.
    """
    if page.dtype is None or page.dtype.kind not in "buif":
        raise InputError(
            f"{path.name} holds values of type {page.dtype}; save it as real numbers, "
            "such as uint16."
        )
    if page.imagedepth > 1:
        raise InputError(
            f"{path.name} keeps {page.imagedepth} planes in each page; save it again "
            "with one plane a page."
        )
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        raise InputError(
            f"{path.name} says that 0 is white (MinIsWhite), so whether cells are "
            "bright or dark numbers is not clear; save it again with 0 as black, in "
            "Fiji with Image > Lookup Tables > Grays."
        )
    try:
        known = tifffile.TIFF.DECOMPRESSORS[page.compression] is not NotImplemented
    except KeyError:
        known = False
    if not known and page.compression != 1:
        name = getattr(page.compression, "name", str(page.compression))
        raise InputError(
            f"{path.name} is compressed with {name}, which cannot be read here; save "
            "it again without compression, or with LZW or ZIP."
        )


def check_sign(frame: NDArray[Any], path: Path) -> None:
    """Refuse signed numbers that were stored as if they had no sign.

    Dark noise around 0 then lies just below 65536, and nothing lies between it and the
    image.

    Parameters
    ----------
    frame
        The first page: (y, x).
    path
        The file.

    Raises
    ------
    InputError
        If the page has numbers at both ends of the range and none between.
    """
    if frame.dtype != np.uint16:
        return
    if np.any((frame >= _HALF_EMPTY[0]) & (frame < _HALF_EMPTY[1])):
        return
    high = frame[frame >= _HALF_EMPTY[1]]
    # saturated pixels all have the largest number
    if len(np.unique(high)) < _FEW_VALUES or len(high) == frame.size:
        return
    raise InputError(
        f"{path.name} has {len(high)} pixels of {_HALF_EMPTY[1]} or more in its first "
        f"page and none from {_HALF_EMPTY[0]} to there, as if negative numbers were "
        "stored without their sign; save it again as signed 16-bit numbers (int16)."
    )


def _samples(
    stated: StatedLayout, options: ReadOptions, path: Path
) -> tuple[StatedLayout, ChannelSplit]:
    n, planar = stated.keyframe.samplesperpixel, stated.tail == "SYX"
    as_channels = options.channels == n
    # some writers store a stack of three images as the colours of one image
    if not as_channels and not (planar and options.axes is not None):
        axes = ", or name the axes with --axes (such as TYX)" if planar else ""
        raise InputError(
            f"{path.name} looks like a colour photograph ({n} samples a pixel), not "
            f"like a recording; say --channels {n} if the samples are channels{axes}, "
            "or save each channel as grey values."
        )
    if not planar:
        note = f"{path.name}: the {n} samples of a pixel were read as {n} channels."
        stated = replace(
            stated,
            letters=stated.letters[:-1],
            shape=stated.shape[:-1],
            all_sizes=stated.all_sizes[:-1],
            counts=(1, stated.counts[1]),
        )
        return stated, ChannelSplit("samples", n, notes=(note,))
    letter = "C" if as_channels else "S"
    leading = stated.letters[:-3] + letter
    one = np.arange(n, dtype=np.int64)
    pages = stated.pages
    if pages is not None:
        pages = (pages[:, None] * n + one).reshape(-1)
    plain = tuple(p * n + k for p in stated.plain for k in range(n))
    stated = replace(
        stated,
        letters=f"{leading}YX",
        pages=pages,
        plain=plain,
        counts=(n if as_channels else 1, stated.counts[1]),
    )
    return stated, ChannelSplit(planar=n)


def _parts(stated: StatedLayout, options: ReadOptions, path: Path) -> ChannelSplit:
    n, order = options.channels, options.channel_order
    if n is None or n < 2:
        raise InputError(
            f"{path.name}: --channel-order {order} needs the number of images in a "
            "page; give it with --channels, such as --channels 2."
        )
    side = stated.shape[-1] if order == "side-by-side" else stated.shape[-2]
    if side % n:
        name = "columns" if order == "side-by-side" else "rows"
        raise InputError(
            f"{path.name} has pages of {side} {name}, which are not {n} images of the "
            "same size; give another number with --channels."
        )
    if stated.counts[0] > 1:
        raise InputError(
            f"{path.name}: its header names {stated.counts[0]} channels in pages of "
            f"their own; leave out --channel-order {order}."
        )
    where = "side by side" if order == "side-by-side" else "one above the other"
    note = f"{path.name}: each page was read as {n} channels {where}."
    kind: Literal["columns", "rows"] = "columns" if order == "side-by-side" else "rows"
    return ChannelSplit(kind, n, notes=(note,))


def _last_axis(
    stated: StatedLayout, options: ReadOptions, path: Path
) -> tuple[StatedLayout, ChannelSplit]:
    """Take the last axis of an array as channels, and the two before as y and x."""
    n = stated.shape[-1]
    if len(stated.shape) < 3 or options.channels not in (None, n):
        raise InputError(
            f"{path.name}: the last axis has the length {n}, which is not the number "
            "of channels; leave out --channel-order last, or give another --channels."
        )
    if stated.data_offset is None:
        raise InputError(
            f"{path.name} keeps channels as its last axis in compressed or scattered "
            "pages; save it again with one page a channel."
        )
    letters = stated.letters[:-1]
    note = f"{path.name}: the last axis was read as {n} channels."
    stated = replace(
        stated,
        letters=f"{letters[:-2]}YX",
        shape=stated.shape[:-1],
        all_sizes=stated.all_sizes[:-1],
        pages=None,
        counts=(1, stated.counts[1]),
    )
    return stated, ChannelSplit("samples", n, notes=(note,))


def _check_not_last(stated: StatedLayout, path: Path) -> None:
    shape = stated.shape
    if len(shape) < 3 or not 1 < shape[-1] <= _MOST_CHANNELS:
        return
    if min(shape[-3:-1]) >= _SMALLEST_SIDE:
        raise InputError(
            f"{path.name} has images of {shape[-2]} x {shape[-1]} pixels, as if its "
            f"last axis were {shape[-1]} channels; say so with --channel-order last, "
            "or save it again with one page a channel."
        )
