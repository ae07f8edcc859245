"""Recordings from OME-Zarr folders, read chunk by chunk with zarr."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError, first_line
from napari_cellid.io.assemble import refuse_options
from napari_cellid.io.base import Certainty
from napari_cellid.io.ome_zarr.metadata import image_of, ome_attributes
from napari_cellid.io.stack import ImageStack, VoxelSize, frame_rate
from napari_cellid.io.stack_reader import ChannelReader

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.ome_zarr.metadata import OmeZarrImage

_SUFFIX = ".zarr"
#: what zarr is known to raise for folders that are broken
_ERRORS = (
    OSError, ValueError, TypeError, LookupError, RuntimeError, AttributeError,
    ArithmeticError, MemoryError,
)  # fmt: skip
_LARGEST_CHUNK_BYTES = 1 << 30


class OmeZarrReader(ChannelReader):
    """Reads the images of OME-Zarr folders, versions 0.4 and 0.5."""

    name = "ome-zarr"
    formats = "OME-Zarr folders (.zarr)"

    def certainty(self, path: Path, head: bytes) -> Certainty:
        """Go by the metadata of OME in the folder, else by its name."""
        del head
        if not path.is_dir():
            return Certainty.NO
        try:
            if ome_attributes(path) is not None:
                return Certainty.CERTAIN
        except InputError:
            # a damaged folder: the reader says what is wrong with it
            pass
        named = path.suffix.lower() == _SUFFIX
        return Certainty.POSSIBLE if named else Certainty.NO

    def open_stack(self, path: Path, options: ReadOptions) -> ImageStack:
        """All channels of the largest resolution of the image."""
        refuse_options(
            options, ("axes", "channels", "planes", "channel_order", "image"), path,
            "its OME-Zarr metadata",
        )  # fmt: skip
        attributes = ome_attributes(path)
        if attributes is None:
            raise InputError(
                f"{path.name} is a Zarr folder without the metadata of OME-Zarr 0.4 or "
                "0.5, so its axes are not known; export it as OME-Zarr or OME-TIFF."
            )
        image = image_of(attributes, path)
        channels = _channels(_array(path, image), image.axes)
        names, colours = image.channel_names, image.channel_colours
        fits = len(names) == len(channels)
        return ImageStack(
            path=path,
            channels=channels,
            names=names if fits else ("",) * len(channels),
            colours=colours if fits else (),
            colour_source="by the colours in its OME-Zarr metadata",
            voxel=VoxelSize(
                image.size_um("y"), image.size_um("x"), image.size_um("z"),
                "OME-Zarr metadata",
            ),
            frame_rate_hz=frame_rate(image.period_s()),
        )  # fmt: skip


def _array(path: Path, image: OmeZarrImage) -> da.Array:
    """The array of an image, lazily, with the axes of its metadata."""
    import dask.array as da

    try:
        import zarr
    except ImportError as error:
        raise InputError(
            f"{path.name} is an OME-Zarr folder, which the package zarr reads; install "
            'it with: pip install "napari-cellid[zarr]".'
        ) from error
    try:
        stored = zarr.open_array(str(path / image.array), mode="r")
        shape, chunks = tuple(stored.shape), tuple(stored.chunks)
        dtype = stored.dtype
    except _ERRORS as error:
        raise InputError(
            f"{path.name}: its array {image.array} cannot be opened "
            f"({first_line(error)}); the folder is not complete: copy it again."
        ) from error
    _check(path, image, shape, chunks, dtype)
    return da.from_array(
        _Guarded(stored, path), chunks=chunks, asarray=False, fancy=False, name=False
    )


def _check(
    path: Path,
    image: OmeZarrImage,
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    dtype: Any,
) -> None:
    if len(shape) != len(image.axes) or not all(shape):
        raise InputError(
            f"{path.name} has an array of the shape {shape}, but its metadata name the "
            f"axes {image.axes}; export it again."
        )
    if dtype.kind not in "buif":
        raise InputError(
            f"{path.name} holds values of type {dtype}; save it as real numbers, such "
            "as uint16."
        )
    if dtype.itemsize * math.prod(chunks) > _LARGEST_CHUNK_BYTES:
        raise InputError(
            f"{path.name} is stored in chunks of {chunks}, which do not fit into "
            "memory; export it with smaller ones."
        )


class _Guarded:
    """An array of zarr whose errors say which folder they are about."""

    def __init__(self, stored: Any, path: Path) -> None:
        self._stored, self._path = stored, path
        self.shape, self.dtype, self.ndim = stored.shape, stored.dtype, stored.ndim

    def __getitem__(self, key: Any) -> Any:
        try:
            return self._stored[key]
        except _ERRORS as error:
            raise InputError(
                f"{self._path.name} cannot be read any further ({first_line(error)}); "
                "a chunk is damaged: copy the folder again."
            ) from error


def _channels(array: da.Array, axes: str) -> tuple[da.Array, ...]:
    """Each channel (time, plane, y, x)."""
    for axis in "tcz":
        if axis not in axes:
            array, axes = array[None], axis + axes
    array = array.transpose([axes.index(axis) for axis in "tczyx"])
    return tuple(array[:, channel] for channel in range(array.shape[1]))
