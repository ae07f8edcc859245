"""Recordings from TIFF files: plain, ImageJ, OME, BigTIFF, ScanImage as a stack."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.channel_names import pick_channels, recording_name
from napari_cellid.io.tiff.axes import check_axes
from napari_cellid.io.tiff.file import TiffStack, open_stack
from napari_cellid.recording import Recording

if TYPE_CHECKING:
    import dask.array as da

_SAME_SIZE = 0.01
_SQUARE = 0.02


def open_recording(
    red: Path | None,
    green: Path | None,
    both: Path | None = None,
    options: ReadOptions | None = None,
) -> Recording:
    """Open a recording, from one file a channel or from one file with both.

    Nothing but headers is read; files are open only while their pages are read.

    Parameters
    ----------
    red, green
        The file of each channel; None where there is no such channel.
    both
        A file with a channel axis, instead of the two.
    options
        What the files do not say; None where they say everything.

    Raises
    ------
    InputError
        If the files cannot be read, do not fit one another, or do not say enough.
    """
    if (both is None) == (red is None and green is None):
        raise InputError(
            "Files for red, green or both were given in a way that is not clear; give "
            "either one file a channel or one file that holds both."
        )
    options = options or ReadOptions()
    if options.axes is not None:
        check_axes(options.axes)
    if both is not None:
        stack = open_stack(Path(both), options.axes)
        channels = _split(stack, options)
        return _recording([stack], channels, options)
    return _open_pair(red, green, options)


def _open_pair(red: Path | None, green: Path | None, options: ReadOptions) -> Recording:
    paths = [None if path is None else Path(path) for path in (red, green)]
    in_pair = None not in paths
    stacks = [
        None if path is None else open_stack(path, options.axes, in_pair=in_pair)
        for path in paths
    ]
    channels = tuple(None if stack is None else _only(stack) for stack in stacks)
    return _recording([s for s in stacks if s is not None], channels, options)


def _only(stack: TiffStack) -> da.Array:
    if stack.n_channels > 1:
        raise InputError(
            f"{stack.path.name} holds {stack.n_channels} channels and was given as "
            "one; give it as the one file with both channels, or name its axes with "
            "--axes (such as TYX) if they are something else."
        )
    return stack.channel(0)


def _split(stack: TiffStack, options: ReadOptions) -> tuple[da.Array, da.Array]:
    if stack.n_channels < 2:
        raise InputError(
            f"{stack.path.name} has no channel axis and was given as the file with "
            "both channels; give it as the red or the green file, or name its axes, "
            "such as --axes CYX."
        )
    red, green = pick_channels(
        stack.channel_names, options.red_channel, options.green_channel, stack.path.name
    )
    return stack.channel(red), stack.channel(green)


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
        sources=tuple(str(stack.path) for stack in stacks),
        notes=tuple(note for stack in stacks for note in stack.notes),
        read_as=_asked(options),
    )


def _asked(options: ReadOptions) -> dict[str, str | int]:
    given = {
        name: getattr(options, name)
        for name in ("axes", "red_channel", "green_channel")
    }
    return {name: value for name, value in given.items() if value is not None}


def _pixel_size(stacks: list[TiffStack]) -> tuple[float | None, str]:
    found = [stack for stack in stacks if stack.metadata.x_um is not None]
    sizes = [_square_size(stack) for stack in found]
    if not sizes:
        return None, ""
    if not math.isclose(min(sizes), max(sizes), rel_tol=_SAME_SIZE):
        said = " and ".join(
            f"{stack.path.name} {size:.4g} µm"
            for stack, size in zip(found, sizes, strict=True)
        )
        raise InputError(
            f"The channels have different pixel sizes, {said}, but must show the same "
            "field; say which is right with --pixel-size (µm per pixel)."
        )
    return sizes[0], found[0].metadata.source


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
