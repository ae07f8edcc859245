"""What the file of a layer says, and napari's own reader has left out.

That reader takes nothing but pixels from a TIFF file: axes, channels and the size of a
pixel are in the file's header still. A folder of pictures becomes one layer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.channel_names import channel_colour
from napari_cellid.io.registry import reader_for
from napari_cellid.io.stack import StackReader

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_cellid.io.stack import ImageStack

#: names of napari's own reader, today and before 0.6
_READERS_OF_NAPARI = ("napari", "builtins")
#: more files than this in a folder are no channels
_MOST_FILES = 8


@dataclass(frozen=True)
class LayerFile:
    """What a file or a folder says of a layer.

    Parameters
    ----------
    path
        The file or folder.
    channels
        Name of each channel, "" where it has none; empty where there is only one.
    leading
        Letters of the axes of a channel before y and x that are longer than one: "T"
        (time), "Z" (planes) or "TZ"; "" where there are none or the file is in doubt.
    pixel_um
        Edge of a pixel in µm; None if the file does not say it.
    source
        Where that comes from, such as "OME metadata".
    of_files
        Whether each channel is a file of the folder.
    """

    path: Path
    channels: tuple[str, ...]
    leading: str
    pixel_um: float | None
    source: str
    of_files: bool = False

    def channel_text(self) -> str:
        """A sentence on its channels."""
        if self.of_files:
            return (
                f"The files of the folder {self.path.name} were opened as one layer: "
                f"{', '.join(self.channels)}."
            )
        return (
            f"{self.path.name} holds {len(self.channels)} channels, which were opened "
            "as one layer."
        )


def file_of(layer: Layer) -> LayerFile | None:
    """What the file of a layer says; None if the layer is not as napari opened it.

    Other readers say in the layer what they know, and nothing is read for them.
    """
    found = _stored(layer)
    if found is None:
        return None
    stored, shape = found
    return stored.file if stored.fits(shape) else None


def file_pixel_size(layer: Layer) -> tuple[float, str] | None:
    """Edge of a pixel (µm) by the file of a layer, and where that comes from."""
    found = _stored(layer)
    if found is None:
        return None
    stored, shape = found
    # also of a layer of which planes or time points were cut away
    if stored.file.pixel_um is None or shape[-2:] != stored.image_shape:
        return None
    return stored.file.pixel_um, stored.file.source


@dataclass(frozen=True)
class _Stored:
    """A file, the size (y, x) of its images and how many there are."""

    file: LayerFile
    image_shape: tuple[int, ...]
    n_images: int

    def fits(self, shape: tuple[int, ...]) -> bool:
        n_values = self.n_images * int(np.prod(self.image_shape))
        if self.file.of_files and shape[0] != len(self.file.channels):
            return False
        return int(np.prod(shape)) == n_values


def _stored(layer: Layer) -> tuple[_Stored, tuple[int, ...]] | None:
    path = layer.source.path
    if path is None or layer.source.reader_plugin not in _READERS_OF_NAPARI:
        return None
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    try:
        changed = Path(path).stat().st_mtime_ns
        stored = _read(Path(path), changed)
    # the file is gone, or it is none that can be a recording
    except (OSError, InputError):
        return None
    return None if stored is None else (stored, tuple(data.shape))


# a dock asks for the same few files again and again
@lru_cache(maxsize=64)
def _read(path: Path, _changed: int) -> _Stored | None:
    if path.is_dir():
        return _of_folder(path)
    stack = _open(path)
    if stack is None:
        return None
    names = stack.names if len(stack.channels) > 1 else ()
    return _as_stored(stack, path, names)


def _of_folder(path: Path) -> _Stored | None:
    """A folder whose files are named after the two colours."""
    files = sorted((f for f in path.glob("*.*") if f.is_file()), key=_natural)
    names = tuple(file.stem for file in files)
    colours = [channel_colour(name) for name in names]
    one_of_each = colours.count("red") == colours.count("green") == 1
    if len(files) > _MOST_FILES or not one_of_each:
        return None
    stack = _open(files[0])
    if stack is None or len(stack.channels) > 1:
        return None
    return _as_stored(stack, path, names, of_files=True)


def _as_stored(
    stack: ImageStack, path: Path, names: tuple[str, ...], *, of_files: bool = False
) -> _Stored:
    n_times, n_planes, *image = stack.channels[0].shape
    # a note that names the option says that the header may be wrong about its axes
    doubted = any("--axes" in note for note in stack.notes)
    leading = "" if doubted else "T" * (n_times > 1) + "Z" * (n_planes > 1)
    try:
        size = stack.voxel.square(path.name)
    except InputError:
        size = None
    file = LayerFile(path, names, leading, size, stack.voxel.source, of_files)
    n_channels = len(names) if of_files else len(stack.channels)
    return _Stored(file, tuple(image), n_channels * n_times * n_planes)


def _open(path: Path) -> ImageStack | None:
    reader = reader_for(path)
    if not isinstance(reader, StackReader):
        return None
    return reader.open_stack(path, ReadOptions())


def _natural(file: Path) -> list[str | int]:
    """Order of files as napari has it: numbers in names count as numbers."""
    parts = re.split("([0-9]+)", str(file))
    return [int(part) if part.isdigit() else part for part in parts]
