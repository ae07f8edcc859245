"""One TIFF file, opened: its pages with named axes."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import tifffile

from napari_cellid.errors import InputError, file_reason
from napari_cellid.io.tiff.axes import Axes, axes_from_file, axes_from_user
from napari_cellid.io.tiff.layout import check_chain, locate_pages
from napari_cellid.io.tiff.metadata import (
    TiffMetadata,
    read_metadata,
    scanimage_layout,
)
from napari_cellid.io.tiff.pages import (
    DECODE_ERRORS,
    PageArray,
    PageFile,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import dask.array as da
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class TiffStack:
    """The pages of a file, with time, plane and channel of each.

    Parameters
    ----------
    table
        Number of each page: (time, plane, channel).
    notes
        One sentence each: what was assumed.
    """

    path: Path
    pages: PageFile
    table: NDArray[np.int64]
    metadata: TiffMetadata
    notes: tuple[str, ...]

    @property
    def n_planes(self) -> int:
        """Number of planes."""
        return int(self.table.shape[1])

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.table.shape[2])

    @property
    def channel_names(self) -> list[str]:
        """The name of each channel, "" where the file gives none."""
        names = self.metadata.channels
        if len(names) != self.n_channels:
            return [""] * self.n_channels
        return list(names)

    def channel(self, index: int) -> da.Array:
        """One channel, read when needed: (time, plane, y, x)."""
        return PageArray(self.pages, self.table[:, :, index]).lazily()


def open_stack(
    path: Path, axes: str | None = None, *, in_pair: bool = False
) -> TiffStack:
    """Read the header of a TIFF file.

    Parameters
    ----------
    path
        The file.
    axes
        Axes of the file, if its header lacks them or is wrong.
    in_pair
        The axes were given for two files, of which one may be a single image.

    Raises
    ------
    InputError
        If it is no TIFF file, cut off, a photograph, or does not say what its
        dimensions are.
    """
    with _opened(path) as tif:
        check_chain(path)
        metadata = read_metadata(tif)
        if metadata.other_files:
            with tifffile.TiffFile(path, is_ome=False) as part:
                return _stack(part, path, metadata, axes, in_pair)
        return _stack(tif, path, metadata, axes, in_pair)


@contextmanager
def _opened(path: Path) -> Iterator[tifffile.TiffFile]:
    if not path.exists():
        raise InputError(f"{path} does not exist; check its name and folder.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; choose a TIFF file.")
    try:
        with tifffile.TiffFile(path) as tif:
            yield tif
    except InputError:
        raise
    except tifffile.TiffFileError as error:
        raise InputError(
            f"{path.name} is not a TIFF file ({error}); choose one or convert it."
        ) from error
    except PermissionError as error:
        raise InputError(
            f"{path} may not be read ({file_reason(error)}); ask its owner."
        ) from error
    except DECODE_ERRORS as error:
        raise InputError(
            f"{path.name} has a header that cannot be read ({error}); it is damaged, "
            "copy or export it again."
        ) from error


def _stack(
    tif: tifffile.TiffFile,
    path: Path,
    metadata: TiffMetadata,
    axes: str | None,
    in_pair: bool,
) -> TiffStack:
    """Find the axes of an open file, and the positions of its pages."""
    lacking = _lacking_pages(tif, path, metadata)
    if lacking:
        with tifffile.TiffFile(path, is_imagej=False) as plain:
            rest = replace(metadata, pages_expected=0)
            stack = _stack(plain, path, rest, axes, in_pair)
        return replace(stack, notes=(lacking, *stack.notes))
    series = list(tif.series)
    _check_grey(series, path, axes)
    letters, shapes = _dimensions(series, path)
    if axes is None:
        _check_axes_known(tif, metadata, letters, path)
        dimensions = axes_from_file(letters, shapes[0], path.name)
    elif in_pair and len(shapes[0]) == 2:
        dimensions = Axes("", ())
    else:
        dimensions = axes_from_user(axes, shapes, path.name)
    pages = locate_pages(path, series, math.prod(dimensions.sizes))
    notes = (*_header_notes(metadata, dimensions, axes, path), *dimensions.notes)
    return TiffStack(path, pages, dimensions.page_table(), metadata, notes)


def _lacking_pages(tif: tifffile.TiffFile, path: Path, metadata: TiffMetadata) -> str:
    """A note if an ImageJ header promises more images than there are, else ""."""
    if not tif.is_imagej or metadata.pages_expected <= len(tif.pages):
        return ""
    series = tif.series[0]
    if series.kind == "imagej" and series.dataoffset is not None:
        # ImageJ saves large files with all images after the first page
        return ""
    n_pages, first = len(tif.pages), tif.pages.first
    n_bytes_after = tif.filehandle.size - first.dataoffsets[0] - first.nbytes
    if n_pages == 1 and first.is_final and n_bytes_after > first.nbytes / 10:
        raise InputError(
            f"{path.name} is cut off: its header promises {metadata.pages_expected} "
            f"images and there are {1 + n_bytes_after / first.nbytes:.1f}; copy it "
            "again, whole."
        )
    return (
        f"{path.name}: its header promises {metadata.pages_expected} images, but the "
        f"file holds {n_pages}, which were read."
    )


def _check_grey(
    series: list[tifffile.TiffPageSeries], path: Path, axes: str | None
) -> None:
    if not series:
        raise InputError(f"{path.name} holds no image; choose another file.")
    page = series[0].keyframe
    # some writers store a stack of three images as the colours of one image
    stacked = series[0].axes.endswith("SYX")
    if page.samplesperpixel > 1 and not (stacked and axes is not None):
        raise InputError(
            f"{path.name} looks like a colour photograph ({page.samplesperpixel} "
            "samples a pixel), not like a recording; save each channel as grey values, "
            "or name the axes with --axes (such as TYX) if they are no colours."
        )
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


def _dimensions(
    series: list[tifffile.TiffPageSeries], path: Path
) -> tuple[str, list[tuple[int, ...]]]:
    """Letters and shape of the dimensions; the shape also with those of length 1."""
    first = series[0]
    shapes = [tuple(first.shape), tuple(first.get_shape(squeeze=False))]
    if len(series) == 1:
        return first.axes, shapes
    # frames written one by one become a series each
    kinds = {(tuple(part.shape), part.axes, part.dtype) for part in series}
    if len(kinds) > 1:
        raise InputError(
            f"{path.name} holds {len(series)} different images, of which the first is "
            f"{' x '.join(map(str, first.shape))}; save the recording alone in a file."
        )
    return f"I{first.axes}", [(len(series), *shape) for shape in shapes]


def _check_axes_known(
    tif: tifffile.TiffFile, metadata: TiffMetadata, letters: str, path: Path
) -> None:
    """Refuse files whose pages would wrongly be read as time points."""
    channels, planes = scanimage_layout(tif)
    if planes > 1 or (channels > 1 and "C" not in letters):
        raise InputError(
            f"{path.name} is a ScanImage file with {channels} channels and {planes} "
            "planes in one row of pages; save it as a hyperstack in Fiji, or name its "
            "axes with --axes."
        )
    if metadata.other_files and metadata.planes_or_channels and len(letters) > 2:
        raise InputError(
            f"{path.name} is one of {1 + metadata.other_files} files of a recording, "
            "and which of its planes and channels this one holds is not clear; save "
            "the recording as one file, or name the axes with --axes."
        )


def _header_notes(
    metadata: TiffMetadata, dimensions: Axes, axes: str | None, path: Path
) -> Iterator[str]:
    if metadata.other_files:
        yield (
            f"{path.name}: its header names {metadata.other_files} more files of the "
            "same recording; only this one was read."
        )
    # Fiji calls the images of a stack planes by default
    by_imagej = axes is None and metadata.source.startswith("ImageJ")
    if by_imagej and "T" not in dimensions.letters and dimensions.size("Z") > 1:
        others = dimensions.letters.replace("Z", "T")
        yield (
            f"{path.name}: its {metadata.source.split()[0]} header says that its "
            f"{dimensions.size('Z')} images are planes; say --axes {others}YX if they "
            "are time points."
        )
