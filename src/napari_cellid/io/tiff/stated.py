"""What the header of a TIFF file says of the pages that the file holds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

    from napari_cellid.io.tiff.chain import PageChain
    from napari_cellid.io.tiff.metadata import TiffMetadata
    from napari_cellid.io.tiff.scanimage_fields import ScanField

#: more images than this in a row are time points, not planes
MOST_PLANES = 40


@dataclass(frozen=True, eq=False)
class StatedLayout:
    """The pages of a file, and the dimensions that its header gives them.

    Parameters
    ----------
    letters
        tifffile's code of each dimension before and after y and x, such as "TCYX",
        "IYXS" (samples of a pixel last) or "SYX" (samples one after another).
    shape
        Length of each dimension.
    all_sizes
        Length of each dimension, also of those of length 1.
    pages
        Number in the chain of each page, in the order of the dimensions; None if the
        images follow the first page without headers of their own.
    keyframe
        A page that describes how all are stored.
    data_offset
        Where images without headers begin (bytes).
    plain
        Number in the chain of every page, in the order of the file.
    counts
        Channels and planes that the header names; 1 if it names none.
    field
        The part of each page that is read; None for whole pages.
    problem
        Why header and pages cannot be reconciled, and what to do; else "".
    """

    letters: str
    shape: tuple[int, ...]
    all_sizes: tuple[int, ...]
    pages: NDArray[np.int64] | None
    keyframe: tifffile.TiffPage
    data_offset: int | None = None
    plain: tuple[int, ...] = ()
    counts: tuple[int, int] = (1, 1)
    channel_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    field: ScanField | None = None
    problem: str = ""

    @property
    def n_pages(self) -> int:
        """Number of images, whether they have headers of their own or not."""
        return math.prod(self.shape[: -len(self.tail)])

    @property
    def tail(self) -> str:
        """The dimensions of one page: "YX", "YXS", "SYX" or "YXC"."""
        for tail in ("YXS", "SYX", "YXC"):
            if self.letters.endswith(tail):
                return tail
        return "YX"


def plain_layout(
    keyframe: tifffile.TiffPage, chain: PageChain, problem: str = ""
) -> StatedLayout:
    """All pages of a file in their order, with one unknown dimension."""
    pages = chain.like_first
    axes = keyframe.axes if keyframe.samplesperpixel > 1 else "YX"
    size = keyframe.shape if keyframe.samplesperpixel > 1 else keyframe.shape[-2:]
    several = len(pages) > 1
    return StatedLayout(
        letters=("I" if several else "") + axes,
        shape=(*((len(pages),) if several else ()), *size),
        all_sizes=(len(pages), *size),
        pages=np.array(pages, np.int64),
        keyframe=keyframe,
        plain=tuple(pages),
        problem=problem,
    )


def with_channels(layout: StatedLayout, metadata: TiffMetadata) -> StatedLayout:
    """Add what the header says of the channels."""
    letters, shape = layout.letters, layout.shape
    by_letter = dict(zip(letters, shape, strict=False))
    counts = (by_letter.get("C", 1), by_letter.get("Z", 1))
    names = layout.channel_names or metadata.channels
    if layout.keyframe.photometric == 2 and not names:
        names = ("red", "green", "blue")[: layout.keyframe.samplesperpixel]
    return replace(layout, counts=counts, channel_names=tuple(names))


def disagreement(
    path: Path, numbers: str, n_pages: int, channels: int = 1, planes: int = 1
) -> str:
    """Say that header and pages differ, and with which options the file is read."""
    ways = ["--axes TYX", "--axes ZYX"]
    if channels > 1 and n_pages % channels == 0:
        ways = [f"--axes {letter}CYX --channels {channels}" for letter in "TZ"]
        per_volume = channels * planes
        if planes > 1 and n_pages % per_volume == 0:
            ways = [f"--axes TZCYX --channels {channels} --planes {planes}", *ways[1:]]
    elif planes > 1 and n_pages % planes == 0:
        ways = [f"--axes TZYX --planes {planes}", *ways]
    pages = "1 page" if n_pages == 1 else f"{n_pages} pages"
    return (
        f"{path.name}: {numbers}, but the file holds {pages}; say what they are "
        f"with {', or '.join(ways)}."
    )
