"""One TIFF file, opened: its pages with named axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import tifffile

from napari_cellid.errors import InputError
from napari_cellid.io.stack import ImageStack, VoxelSize
from napari_cellid.io.tiff.axes import Axes, axes_from_file
from napari_cellid.io.tiff.chain import read_chain
from napari_cellid.io.tiff.divide import divide_by_user
from napari_cellid.io.tiff.imagej import disagreeing_imagej
from napari_cellid.io.tiff.layout import locate_pages
from napari_cellid.io.tiff.metadata import TiffMetadata, read_metadata
from napari_cellid.io.tiff.opened import opened
from napari_cellid.io.tiff.pages import PageArray, PageFile
from napari_cellid.io.tiff.scanimage import scanimage_header, scanimage_layout
from napari_cellid.io.tiff.scanimage_fields import choose_field, scan_fields
from napari_cellid.io.tiff.series import series_layout
from napari_cellid.io.tiff.split import (
    ChannelSplit,
    check_pixels,
    check_sign,
    split_of_pages,
)
from napari_cellid.io.tiff.stated import StatedLayout, with_channels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import dask.array as da
    from numpy.typing import NDArray

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.tiff.chain import PageChain
    from napari_cellid.io.tiff.scanimage_fields import ScanField


@dataclass(frozen=True, eq=False)
class TiffStack:
    """The pages of a file, with time, plane and channel of each.

    Parameters
    ----------
    table
        Number of each page: (time, plane, channel).
    split
        How channels lie within a page.
    names
        The name of each channel that the file gives.
    notes
        One sentence each: what was assumed.
    field
        The part of each page that is read; None for whole pages.
    """

    path: Path
    pages: PageFile
    table: NDArray[np.int64]
    split: ChannelSplit
    metadata: TiffMetadata
    names: tuple[str, ...]
    notes: tuple[str, ...]
    field: ScanField | None = None

    @property
    def n_planes(self) -> int:
        """Number of planes."""
        return int(self.table.shape[1])

    @property
    def n_times(self) -> int:
        """Number of time points."""
        return int(self.table.shape[0])

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.table.shape[2]) * self.split.count

    @property
    def channel_names(self) -> list[str]:
        """The name of each channel, "" where the file gives none."""
        if len(self.names) != self.n_channels:
            return [""] * self.n_channels
        return list(self.names)

    def channel(self, index: int) -> da.Array:
        """One channel, read when needed: (time, plane, y, x)."""
        page, part = divmod(index, self.split.count)
        pages = PageArray(self.pages, self.table[:, :, page]).lazily()
        channel = self.split.channel(pages, part)
        if self.field is None:
            return channel
        return channel[:, :, self.field.first : self.field.last]

    def images(self) -> ImageStack:
        """All channels, with sizes and names."""
        metadata = self.metadata
        n_channels = self.n_channels
        colours = metadata.colours if len(metadata.colours) == n_channels else ()
        return ImageStack(
            path=self.path,
            channels=tuple(self.channel(index) for index in range(n_channels)),
            names=tuple(self.channel_names),
            colours=colours,
            colour_source=f"by the colours in its {metadata.source}",
            voxel=self._voxel(),
            frame_rate_hz=metadata.frame_rate_hz if self.n_times > 1 else None,
            notes=self.notes,
        )

    def _voxel(self) -> VoxelSize:
        """Size of a pixel: of the field, if each page shows several."""
        voxel = self.metadata.voxel
        if self.field is None:
            return voxel
        return replace(voxel, y_um=self.field.y_um, x_um=self.field.x_um)


def open_stack(path: Path, options: ReadOptions, *, in_pair: bool = False) -> TiffStack:
    """Read the header of a TIFF file.

    Parameters
    ----------
    path
        The file.
    options
        Axes, channels and planes of the file, if its header lacks them or is wrong.
    in_pair
        The options were given for two files, of which one may be a single image.

    Raises
    ------
    InputError
        If it is no TIFF file, cut off, a photograph, or does not say what its
        dimensions are.
    """
    with opened(path) as tif:
        chain = read_chain(path)
        metadata = read_metadata(tif)
        if metadata.other_files:
            # as OME tifffile would also open the other files
            with tifffile.TiffFile(path, is_ome=False) as part:
                return _stack(part, chain, path, metadata, options, in_pair)
        return _stack(tif, chain, path, metadata, options, in_pair)


def _stack(
    tif: tifffile.TiffFile,
    chain: PageChain,
    path: Path,
    metadata: TiffMetadata,
    options: ReadOptions,
    in_pair: bool,
) -> TiffStack:
    """Find the axes of an open file, and the positions of its pages."""
    stated = _stated(tif, chain, metadata, options, path)
    check_pixels(stated.keyframe, path)
    stated, split = split_of_pages(stated, options, path)
    axes, plain = _axes(stated, metadata, options, path, in_pair, split)
    if plain and stated.pages is not None:
        stated = replace(stated, pages=np.array(stated.plain, np.int64))
    notes = (
        *_header_notes(metadata, axes, options, path),
        *(() if plain else stated.notes), *split.notes, *axes.notes,
    )  # fmt: skip
    pages = locate_pages(path, stated, chain, split)
    # only the pixels tell: such a header says that they have no sign
    check_sign(pages.read(np.zeros(1, np.int64))[0], path)
    names = stated.channel_names
    return TiffStack(
        path, pages, axes.page_table(), split, metadata, names, notes, stated.field
    )


def _stated(
    tif: tifffile.TiffFile,
    chain: PageChain,
    metadata: TiffMetadata,
    options: ReadOptions,
    path: Path,
) -> StatedLayout:
    """What the header says of the pages."""
    if len(tif.pages) == 0:
        raise InputError(f"{path.name} holds no image; choose another file.")
    scanimage = scanimage_header(tif)
    if scanimage is not None and tif.pages.first.samplesperpixel == 1:
        fields = scan_fields(tif) if scanimage.several_fields else []
        field = None
        if fields and options.image is not None:
            field = choose_field(fields, options.image, path)
            scanimage = replace(scanimage, several_fields=False)
        stated = scanimage_layout(tif, scanimage, chain, path, fields)
        stated = replace(stated, field=field)
        if not stated.problem:
            return replace(stated, channel_names=metadata.channels)
        return stated
    disagreeing = disagreeing_imagej(tif, metadata, chain, path)
    if disagreeing is not None:
        return with_channels(disagreeing, metadata)
    return with_channels(
        series_layout(list(tif.series), chain, path, options), metadata
    )


def _axes(
    stated: StatedLayout,
    metadata: TiffMetadata,
    options: ReadOptions,
    path: Path,
    in_pair: bool,
    split: ChannelSplit,
) -> tuple[Axes, bool]:
    """The axes of the pages, and whether the header's order of pages is set aside."""
    if in_pair and stated.n_pages == 1:
        return Axes("", ()), False
    if _by_user(stated, options, split, path):
        division = divide_by_user(stated, options, path, split.count)
        return division.axes, division.plain
    if stated.problem:
        raise InputError(stated.problem)
    letters = stated.letters
    if metadata.other_files and metadata.planes_or_channels and len(letters) > 2:
        raise InputError(
            f"{path.name} is one of {1 + metadata.other_files} files of a recording, "
            "and which of its planes and channels this one holds is not clear; save "
            "the recording as one file, or name the axes with --axes."
        )
    return axes_from_file(letters, stated.shape, path.name), False


def _by_user(
    stated: StatedLayout, options: ReadOptions, split: ChannelSplit, path: Path
) -> bool:
    """Whether the user's options divide the pages, not the header."""
    if options.axes is not None:
        return True
    channels = options.channels if split.kind == "pages" else None
    given = [
        (channels, stated.counts[0], "channels"),
        (options.planes, stated.counts[1], "planes"),
    ]
    differing = [each for each in given if each[0] is not None and each[0] != each[1]]
    for number, by_header, name in differing:
        if by_header > 1 and not stated.problem:
            raise InputError(
                f"{path.name}: its header names {by_header} {name}, but --{name} says "
                f"{number}; give --axes, too, if the header is wrong, such as --axes "
                f"{'TC' if (options.channels or 1) > 1 else 'T'}YX."
            )
    if options.channel_order == "blocks" and options.channels is not None:
        return True
    return bool(differing) or (stated.problem != "" and any(g[0] for g in given))


def _header_notes(
    metadata: TiffMetadata, dimensions: Axes, options: ReadOptions, path: Path
) -> Iterator[str]:
    if metadata.other_files:
        yield (
            f"{path.name}: its header names {metadata.other_files} more files of the "
            "same recording; only this one was read."
        )
    # Fiji calls the images of a stack planes by default
    by_imagej = options.axes is None and metadata.source.startswith("ImageJ")
    if by_imagej and "T" not in dimensions.letters and dimensions.size("Z") > 1:
        others = dimensions.letters.replace("Z", "T")
        number = f" --channels {options.channels}" if options.channels else ""
        yield (
            f"{path.name}: its {metadata.source.split()[0]} header says that its "
            f"{dimensions.size('Z')} images are planes; say --axes {others}YX{number} "
            "if they are time points."
        )
