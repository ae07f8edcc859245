"""Recordings from TIFF files: plain, ImageJ, OME, BigTIFF, ScanImage as a stack."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.base import Certainty
from napari_cellid.io.channel_names import (
    contradicting_name,
    pick_channels,
    recording_name,
)
from napari_cellid.io.tiff.axes import normalise_axes
from napari_cellid.io.tiff.file import TiffStack, open_stack
from napari_cellid.naming import utf8_text
from napari_cellid.recording import Recording
from napari_cellid.recording.data import SMALLEST_SIDE_PX

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions

#: the first bytes of TIFF and BigTIFF, in both byte orders
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUFFIXES = (".tif", ".tiff")
#: options that say what the files hold
_READ_AS = (
    "axes", "red_channel", "green_channel", "channels", "channel_order", "planes",
    "image",
)  # fmt: skip
#: relative difference up to which the channels' pixel sizes are the same
_SAME_SIZE = 0.01
#: relative difference up to which width and height of a pixel are the same
_SQUARE = 0.02


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
        if both is not None:
            stack = open_stack(both, options)
            channels, notes = _split(stack, options)
            stack = replace(stack, notes=(*stack.notes, *notes))
            return _recording([stack], channels, options)
        return _open_pair(red, green, options)


def _open_pair(red: Path | None, green: Path | None, options: ReadOptions) -> Recording:
    paths = [red, green]
    in_pair = None not in paths
    stacks = [
        None if path is None else open_stack(path, options, in_pair=in_pair)
        for path in paths
    ]
    channels = tuple(
        None if stack is None else _only(stack, options) for stack in stacks
    )
    doubted = [
        replace(stack, notes=(*stack.notes, *_doubt(stack.path, colour)))
        for stack, colour in zip(stacks, ("red", "green"), strict=True)
        if stack is not None
    ]
    return _recording(doubted, channels, options)


def _doubt(path: Path, colour: str) -> list[str]:
    """A note if the name of a file says that it is the other channel."""
    if not contradicting_name(path.stem, colour):
        return []
    return [
        f"{path.name} was given as the {colour} file, but its name says that it is "
        "the other channel; exchange --red and --green if the name is right."
    ]


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
    stack: TiffStack, options: ReadOptions
) -> tuple[tuple[da.Array, da.Array], tuple[str, ...]]:
    """The red and the green channel of a file, and what was made of its channels."""
    if stack.n_channels < 2:
        raise InputError(
            f"{stack.path.name} has no channel axis and was given as the file with "
            f"both channels; give it as the red or the green file{_ways(stack)}."
        )
    names = stack.channel_names
    red, green = pick_channels(
        names, options.red_channel, options.green_channel, stack.path.name
    )
    notes = [
        f"{stack.path.name}: channel {index} ({names[index]}) is read as {colour}, but "
        "its name says the other colour; exchange --red-channel and --green-channel if "
        "the name is right."
        for index, colour in ((red, "red"), (green, "green"))
        if contradicting_name(names[index], colour)
    ]
    if stack.n_channels > 2:
        said = f"{stack.path.name}: of its {stack.n_channels} channels, {red} was read "
        again = (
            "; say --channels 2 in place of --axes if channels alternate"
            if options.axes and not options.channels and stack.n_channels % 2 == 0
            else ""
        )
        notes += [f"{said}as red and {green} as green{again}."]
    return (stack.channel(red), stack.channel(green)), tuple(notes)


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


def _recording(
    stacks: list[TiffStack],
    channels: tuple[da.Array | None, ...],
    options: ReadOptions,
) -> Recording:
    size, source = options.pixel_size_um, "given"
    if size is None:
        size, source = _pixel_size(stacks)
    red, green = channels
    return Recording(
        name=options.name or recording_name([stack.path for stack in stacks]),
        red=red,
        green=green,
        pixel_size_um=size,
        pixel_size_source=source,
        plane_depths_um=_depths(stacks),
        sources=tuple(utf8_text(str(stack.path)) for stack in stacks),
        notes=tuple(utf8_text(note) for stack in stacks for note in stack.notes),
        read_as=_given(options),
    )


def _given(options: ReadOptions) -> dict[str, str | int]:
    given = {name: getattr(options, name) for name in _READ_AS}
    return {name: value for name, value in given.items() if value is not None}


def _pixel_size(stacks: list[TiffStack]) -> tuple[float | None, str]:
    sized = [stack for stack in stacks if stack.metadata.x_um is not None]
    sizes = [_square_size(stack) for stack in sized]
    if not sizes:
        return None, ""
    if not math.isclose(min(sizes), max(sizes), rel_tol=_SAME_SIZE):
        listed = " and ".join(
            f"{stack.path.name} {size:.4g} µm"
            for stack, size in zip(sized, sizes, strict=True)
        )
        raise InputError(
            f"The channels have different pixel sizes, {listed}, but must show the "
            "same field; say which is right with --pixel-size (µm per pixel)."
        )
    return sizes[0], sized[0].metadata.source


def _square_size(stack: TiffStack) -> float:
    width = stack.metadata.x_um or math.nan
    height = stack.metadata.y_um or width
    if not math.isclose(width, height, rel_tol=_SQUARE):
        raise InputError(
            f"{stack.path.name} has pixels of {width:.4g} x {height:.4g} µm "
            f"({stack.metadata.source}), but they must be square; resample it, or give "
            "one size with --pixel-size."
        )
    return width


def _depths(stacks: list[TiffStack]) -> tuple[float, ...] | None:
    for stack in stacks:
        step = stack.metadata.z_um
        if step is not None and stack.n_planes > 1:
            return tuple(step * plane for plane in range(stack.n_planes))
    return None
