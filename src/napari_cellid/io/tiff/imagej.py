"""Pages of a file whose ImageJ header names more or fewer images than there are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.stated import MOST_PLANES, disagreement, plain_layout

if TYPE_CHECKING:
    from pathlib import Path

    import tifffile

    from napari_cellid.io.tiff.chain import PageChain
    from napari_cellid.io.tiff.metadata import TiffMetadata
    from napari_cellid.io.tiff.stated import StatedLayout


def disagreeing_imagej(
    tif: tifffile.TiffFile, metadata: TiffMetadata, chain: PageChain, path: Path
) -> StatedLayout | None:
    """The layout of a file whose header and pages disagree; None if they agree.

    The number of frames follows the pages. Where the header names none, and planes or
    channels do not fit, it is not clear what the pages are.

    Raises
    ------
    InputError
        If the file is cut off.
    """
    if not tif.is_imagej or tif.pages.first.samplesperpixel > 1:
        return None
    n_pages = len(chain.like_first)
    channels, planes, frames = _counts(tif)
    named = channels * planes * frames
    if named > 1 and named == n_pages:
        # ImageJ's "images" is not reliable
        return None
    named = max(metadata.pages_expected, named)
    if named in (0, n_pages) or _follow_first_page(tif, chain, n_pages, named):
        return None
    _check_cut_off(tif, chain, named, path)
    plain = plain_layout(tif.pages.first, chain)
    notes = (
        f"{path.name}: its header promises {named} images, but the file holds "
        f"{n_pages}, which were read.",
    )
    if frames > 1 and (channels > 1 or planes > 1):
        return _by_frames(plain, channels, planes, named, path)
    lone = channels == 1 and (planes == 1 or planes > MOST_PLANES)
    if n_pages == 1 and channels == 1:
        lone = True
    if lone:
        return replace(plain, notes=notes)
    numbers = f"its header names {_listed(channels, planes)}"
    problem = disagreement(path, numbers, n_pages, channels, planes)
    return replace(plain, problem=problem)


def _counts(tif: tifffile.TiffFile) -> tuple[int, int, int]:
    header = tif.imagej_metadata or {}
    counts = [header.get(key, 1) for key in ("channels", "slices", "frames")]
    channels, planes, frames = (
        count if isinstance(count, int) and count > 0 else 1 for count in counts
    )
    return channels, planes, frames


def _follow_first_page(
    tif: tifffile.TiffFile, chain: PageChain, n_pages: int, named: int
) -> bool:
    """Whether all images follow the first page, as ImageJ saves large files."""
    series = tif.series[0]
    if series.kind != "imagej" or series.dataoffset is None or n_pages > 1:
        return False
    return len(chain.kinds) == 1 and math.prod(series.shape[:-2]) == named


def _check_cut_off(
    tif: tifffile.TiffFile, chain: PageChain, named: int, path: Path
) -> None:
    first = tif.pages.first
    if len(chain.kinds) > 1 or not first.is_final or named < 2:
        return
    n_bytes_after = tif.filehandle.size - first.dataoffsets[0] - first.nbytes
    if n_bytes_after > first.nbytes / 10:
        raise InputError(
            f"{path.name} is cut off: its header promises {named} images and there "
            f"are {1 + n_bytes_after / first.nbytes:.1f}; copy it again, whole."
        )


def _by_frames(
    plain: StatedLayout, channels: int, planes: int, named: int, path: Path
) -> StatedLayout:
    """Planes and channels as the header says, as many frames as there are pages."""
    n_pages, per_frame = len(plain.plain), channels * planes
    n_frames = n_pages // per_frame
    if n_frames == 0:
        numbers = f"its header names {_listed(channels, planes)} a time point"
        problem = disagreement(path, numbers, n_pages, channels, planes)
        return replace(plain, problem=problem)
    left = n_pages - n_frames * per_frame
    rest = f"; {left} of an incomplete last time point were left out" if left else ""
    present = [("T", n_frames), ("Z", planes), ("C", channels)]
    letters = "".join(letter for letter, size in present if size > 1)
    sizes = tuple(size for _, size in present if size > 1)
    return replace(
        plain,
        letters=f"{letters}YX",
        shape=(*sizes, *plain.keyframe.shape[-2:]),
        all_sizes=(n_frames, planes, channels, *plain.keyframe.shape[-2:]),
        pages=np.array(plain.plain[: n_frames * per_frame], np.int64),
        notes=(
            f"{path.name}: its header names {named} images, but the file holds "
            f"{n_pages}, which were read as {n_frames} time points of "
            f"{_listed(channels, planes)}{rest}.",
        ),
    )


def _listed(channels: int, planes: int) -> str:
    parts = [
        f"{count} {name}"
        for count, name in ((planes, "planes"), (channels, "channels"))
        if count > 1
    ]
    return " and ".join(parts) or "1 image"
