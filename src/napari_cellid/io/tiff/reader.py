"""Recordings from TIFF files: plain, ImageJ, OME, BigTIFF, ScanImage as a stack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.assemble import (
    assemble,
    choose_channels,
    other_channel_notes,
    read_stacks,
)
from napari_cellid.io.base import Certainty
from napari_cellid.io.tiff.axes import normalise_axes
from napari_cellid.io.tiff.file import TiffStack, open_stack
from napari_cellid.io.tiff.ome_set import open_ome_set
from napari_cellid.io.tiff.scanimage_grab import files_of_grab, open_grab
from napari_cellid.recording.data import SMALLEST_SIDE_PX

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.stack import ImageStack
    from napari_cellid.recording import Recording

#: the first bytes of TIFF and BigTIFF, in both byte orders
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUFFIXES = (".tif", ".tiff")


class TiffReader:
    """Reads TIFF files: plain, ImageJ, OME, BigTIFF, ScanImage as a stack."""

    name = "tiff"
    formats = "TIFF (.tif, .tiff)"

    def certainty(self, path: Path, head: bytes) -> Certainty:
        """Go by the first bytes, else by the name."""
        if head[:4] in _MAGIC:
            return Certainty.LIKELY
        # a damaged file: the reader says what is wrong with it
        return Certainty.POSSIBLE if path.suffix.lower() in _SUFFIXES else Certainty.NO

    def read(
        self,
        red: Path | None,
        green: Path | None,
        both: Path | None,
        options: ReadOptions,
    ) -> Recording:
        """Read a recording; files are open only while their pages are read."""
        options = _checked(options)
        # of an OME set, files that are given one by one are read one by one
        given = [path for path in (red, green) if path is not None]
        several = (
            _of_several_files(both, options) is not None
            if both is not None
            else any(_grab(path, options) for path in given)
        )
        if several:
            return read_stacks(red, green, both, options, self.open_stack)
        if both is not None:
            stack = open_stack(both, options)
            images = stack.images()
            (red_index, green_index), notes = _split(stack, images, options)
            channels = images.channels[red_index], images.channels[green_index]
            return assemble([images], channels, options, notes)
        return _open_pair(red, green, options)

    def open_stack(self, path: Path, options: ReadOptions) -> ImageStack:
        """All channels of a file, whichever is red or green."""
        several = _of_several_files(path, options)
        if several is not None:
            return several
        return open_stack(path, _checked(options)).images()


def _of_several_files(path: Path, options: ReadOptions) -> ImageStack | None:
    """The recording that a file is a part of; None if it is one of its own."""
    if _says_layout(options):
        return None
    files = _grab(path, options)
    return open_grab(files) if files else open_ome_set(path)


def _grab(path: Path, options: ReadOptions) -> list[Path]:
    """The files of a grab of ScanImage; none if the file is all of it."""
    files = [path] if _says_layout(options) else files_of_grab(path)
    return files if len(files) > 1 else []


def _says_layout(options: ReadOptions) -> bool:
    """Whether the user says what a file holds, and thus means the file alone."""
    layout = (options.axes, options.channels, options.planes, options.channel_order)
    return any(each is not None for each in (*layout, options.image))


def _open_pair(red: Path | None, green: Path | None, options: ReadOptions) -> Recording:
    paths = [red, green]
    in_pair = None not in paths
    stacks = [
        None if path is None else open_stack(path, options, in_pair=in_pair)
        for path in paths
    ]
    of_red, of_green = (
        None if stack is None else _only(stack, options) for stack in stacks
    )
    doubted = [
        replace(
            stack, notes=(*stack.notes, *other_channel_notes(stack.path, colour))
        ).images()
        for stack, colour in zip(stacks, ("red", "green"), strict=True)
        if stack is not None
    ]
    return assemble(doubted, (of_red, of_green), options)


def _checked(options: ReadOptions) -> ReadOptions:
    """Options whose axes and numbers are valid; "TYXC" says that channels are last."""
    for name in ("channels", "planes"):
        number = getattr(options, name)
        if number is not None and number < 1:
            raise InputError(
                f"{number} {name} cannot be read; give a number above 0 with --{name}."
            )
    axes = options.axes
    if axes is None:
        return options
    if axes.strip().upper().endswith("YXC"):
        axes = axes.strip()[:-1]
        options = replace(options, axes=axes, channel_order="last")
    normalise_axes(axes)
    return options


def _only(stack: TiffStack, options: ReadOptions) -> da.Array:
    if stack.n_channels == 1:
        return stack.channel(0)
    axes = _axes_without_channels(stack, options)
    advice = (
        f", or name its axes with --axes if they are something else, such as --axes "
        f"{axes}"
        if axes
        else ""
    )
    raise InputError(
        f"{stack.path.name} holds {stack.n_channels} channels and was given as "
        f"one; give it as the one file with both channels{advice}."
    )


def _axes_without_channels(stack: TiffStack, options: ReadOptions) -> str:
    """Axes with which a file is read as one channel; "" if there are none."""
    used = [("T", stack.n_times), ("Z", stack.n_planes)]
    for free in ("T", "Z"):
        letters = [x for x, n in used if n > 1 and x != free]
        for order in ([*letters, free], [free, *letters]):
            axes = f"{''.join(order)}YX"
            try:
                again = open_stack(stack.path, replace(options, axes=axes))
            except InputError:
                continue
            if again.n_channels == 1:
                return axes
    return ""


def _split(
    stack: TiffStack, images: ImageStack, options: ReadOptions
) -> tuple[tuple[int, int], tuple[str, ...]]:
    """The red and the green channel of a file, and what was made of its channels."""
    if stack.n_channels < 2:
        raise InputError(
            f"{stack.path.name} has no channel axis and was given as the file with "
            f"both channels; give it as the red or the green file{_ways(stack)}."
        )
    indices, notes = choose_channels(images, options)
    even = stack.n_channels > 2 and stack.n_channels % 2 == 0
    if even and options.axes and not options.channels:
        again = "; say --channels 2 in place of --axes if channels alternate."
        notes = (*notes[:-1], notes[-1].removesuffix(".") + again)
    return indices, notes


def _ways(stack: TiffStack) -> str:
    """How a file is read whose pages are those of several channels."""
    n_pages = stack.n_times * stack.n_planes
    if n_pages == 1:
        rows, columns = stack.pages.shape
        fits = {
            "side-by-side": columns % 2 == 0 and columns >= 2 * SMALLEST_SIDE_PX,
            "stacked": rows % 2 == 0 and rows >= 2 * SMALLEST_SIDE_PX,
        }
        order = next((name for name, fit in fits.items() if fit), None)
        if order is None:
            return ""
        return f", or say --channels 2 --channel-order {order} if a page holds both"
    if n_pages % 2 or (stack.n_times > 1 and stack.n_planes > 1):
        return ""
    return ", or say --channels 2 --red-channel 0 if its pages alternate"
