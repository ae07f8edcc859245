"""Several files of one grab of ScanImage: their pages follow one another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.stack import ImageStack
from napari_cellid.io.tiff.axes import axes_from_file
from napari_cellid.io.tiff.chain import PageChain
from napari_cellid.io.tiff.many_files import ManyFiles, file_kind, pages_like
from napari_cellid.io.tiff.metadata import read_metadata
from napari_cellid.io.tiff.opened import opened
from napari_cellid.io.tiff.scanimage import scanimage_header, scanimage_layout

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.io.tiff.many_files import FileKind

_NUMBERED = re.compile(r"(?P<base>.+_)(?P<number>\d{3,})(?P<end>\.tiff?)", re.I)
_FRAME = re.compile(r"^frameNumberAcquisition = (\d+)", re.MULTILINE)
_ACQUISITION = re.compile(r"^acquisitionNumbers = (\d+)", re.MULTILINE)


def files_of_grab(path: Path) -> list[Path]:
    """The file and those that continue it; the file alone if there are none.

    A file continues another one if its number is the next and its first frame, too:
    files of other acquisitions have numbers in a row as well, and begin with frame 1.
    """
    match = _NUMBERED.fullmatch(path.name)
    following = None if match is None else _next(path, match)
    if following is None or not following.is_file():
        return [path]
    files, (acquisition, first, last) = [path], _frames(path)
    if first != 1 or last is None:
        return [path]
    while match and (following := _next(files[-1], match)) and following.is_file():
        try:
            same, begin, end = _frames(following)
        except InputError:
            # a file that is being written, or of something else
            break
        if same != acquisition or begin != last + 1 or end is None:
            break
        files.append(following)
        last = end
        match = _NUMBERED.fullmatch(following.name)
    return files


def open_grab(files: list[Path]) -> ImageStack:
    """All pages of several files as one recording.

    Raises
    ------
    InputError
        If a file cannot be read, or header and pages do not agree.
    """
    path = files[0]
    kind = file_kind(path)
    counts = [len(kind.pages.offsets), *_counts(files[1:], kind)]
    n_pages = sum(counts)
    # places in a single file mean nothing here, the numbers of pages do
    chain = PageChain([0] * n_pages, [()] * n_pages, [()] * n_pages, [0] * n_pages)
    with opened(path) as tif:
        header = scanimage_header(tif)
        assert header is not None
        stated = scanimage_layout(tif, header, chain, path)
        metadata = read_metadata(tif)
    if stated.problem or stated.pages is None:
        raise InputError(stated.problem)
    axes = axes_from_file(stated.letters, stated.shape, path.name)
    numbers = stated.pages[axes.page_table()]
    ends = np.cumsum(counts)
    file = np.searchsorted(ends, numbers, side="right")
    places = np.stack([file, numbers - (ends - counts)[file]], axis=-1)
    n_channels = numbers.shape[2]
    names = metadata.channels if len(metadata.channels) == n_channels else ()
    colours = metadata.colours if len(metadata.colours) == n_channels else ()
    n_more = len(files) - 1
    note = (
        f"{path.name}: read together with the {n_more} file{'s' * (n_more > 1)} that "
        f"continue{'s' * (n_more == 1)} it, up to {files[-1].name}; say --axes to read "
        "it alone."
    )
    return ImageStack(
        path=path,
        channels=tuple(
            ManyFiles(files, places[:, :, channel], kind).lazily()
            for channel in range(n_channels)
        ),
        names=names or ("",) * n_channels,
        colours=colours,
        colour_source=f"by the colours in its {metadata.source}",
        voxel=metadata.voxel,
        frame_rate_hz=metadata.frame_rate_hz if numbers.shape[0] > 1 else None,
        notes=(note, *stated.notes),
    )


def _counts(files: list[Path], kind: FileKind) -> list[int]:
    return [len(pages_like(file, kind).offsets) for file in files]


def _next(path: Path, match: re.Match[str]) -> Path | None:
    digits = match["number"]
    number = str(int(digits) + 1).zfill(len(digits))
    return path.with_name(f"{match['base']}{number}{match['end']}")


def _frames(path: Path) -> tuple[int | None, int | None, int | None]:
    """Number of the acquisition, of the first frame and of the last frame of a file."""
    with opened(path, is_ome=False) as tif:
        if not tif.is_scanimage:
            return None, None, None
        first, last = tif.pages.first.description, tif.pages[-1].description
    numbers = [
        None if match is None else int(match.group(1))
        for match in (_ACQUISITION.search(first), _FRAME.search(first),
                      _FRAME.search(last))
    ]  # fmt: skip
    return numbers[0], numbers[1], numbers[2]
