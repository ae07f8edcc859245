"""Recordings from TIFF files: plain, ImageJ, OME, BigTIFF, ScanImage as a stack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.base import Certainty
from napari_cellid.io.channel_names import pick_channels, recording_name
from napari_cellid.io.tiff.axes import normalise_axes
from napari_cellid.io.tiff.file import TiffStack, open_stack
from napari_cellid.naming import utf8_text
from napari_cellid.recording import Recording

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions

#: the first bytes of TIFF and BigTIFF, in both byte orders
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SUFFIXES = (".tif", ".tiff")
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
        if options.axes is not None:
            normalise_axes(options.axes)
        if both is not None:
            stack = open_stack(both, options.axes)
            return _recording([stack], _split(stack, options), options)
        return _open_pair(red, green, options)


def _open_pair(red: Path | None, green: Path | None, options: ReadOptions) -> Recording:
    paths = [red, green]
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
        sources=tuple(utf8_text(str(stack.path)) for stack in stacks),
        notes=tuple(utf8_text(note) for stack in stacks for note in stack.notes),
        read_as=_given(options),
    )


def _given(options: ReadOptions) -> dict[str, str | int]:
    given = {
        name: getattr(options, name)
        for name in ("axes", "red_channel", "green_channel")
    }
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
