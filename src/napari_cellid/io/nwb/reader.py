"""Recordings from NWB files, read with h5py alone and only where they are needed.

By the schema the images of a series are stored as (time, x, y), transposed; some
programs store (time, y, x). What the file itself says of the width decides, else the
schema, which is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.assemble import refuse_options
from napari_cellid.io.base import Certainty
from napari_cellid.io.hdf5 import SIGNATURE, HdfArray, hdf5_file
from napari_cellid.io.nwb.contents import image_sources, text_attribute
from napari_cellid.io.stack import ImageStack, VoxelSize
from napari_cellid.io.stack_reader import ChannelReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.nwb.contents import ImageSource

_SUFFIXES = (".nwb",)


class NwbReader(ChannelReader):
    """Reads the two-photon series and the mean images of NWB files."""

    name = "nwb"
    formats = "NWB (.nwb)"

    def certainty(self, path: Path, head: bytes) -> Certainty:
        """Go by the attribute that says the version of NWB, else by the name."""
        if path.is_dir():
            return Certainty.NO
        if head.startswith(SIGNATURE):
            try:
                with hdf5_file(path) as file:
                    if text_attribute(file, "nwb_version"):
                        return Certainty.CERTAIN
            except InputError:
                # a damaged file: the reader says what is wrong with it
                pass
        named = path.suffix.lower() in _SUFFIXES
        return Certainty.POSSIBLE if named else Certainty.NO

    def open_stack(self, path: Path, options: ReadOptions) -> ImageStack:
        """The series of a file that show one field, or its mean images."""
        refuse_options(
            options, ("channels", "planes", "channel_order"), path, "its NWB metadata"
        )
        with hdf5_file(path) as file:
            if not text_attribute(file, "nwb_version"):
                raise InputError(
                    f"{path.name} is an HDF5 file, but not of NWB 2; convert it to "
                    "TIFF or NWB."
                )
            sources = image_sources(file, path)
        chosen = _chosen(sources, options.image, path)
        swapped = [_is_swapped(source, options.axes, path) for source in chosen]
        # grid_spacing is x, y, z by the schema, however the images are stored
        x_um, y_um, z_um = chosen[0].size_um
        return ImageStack(
            path=path,
            channels=tuple(
                _array(path, source, turned)
                for source, turned in zip(chosen, swapped, strict=True)
            ),
            names=tuple(_name(source) for source in chosen),
            colours=tuple(source.colour for source in chosen),
            colour_source="by the wavelengths of its optical channels",
            voxel=VoxelSize(y_um, x_um, z_um, "NWB metadata"),
            frame_rate_hz=None if chosen[0].is_image else chosen[0].rate_hz,
            notes=_notes(path, chosen, swapped, len(sources), options.axes),
        )


def _chosen(
    sources: list[ImageSource], image: str | int | None, path: Path
) -> list[ImageSource]:
    """The series of one field and time, or its images; those with data in the file."""
    inside = [source for source in sources if not source.external]
    if not inside:
        raise InputError(
            f"{path.name} names its images in other files, such as those of the "
            f"series {sources[0].name}; open these files in place of it."
        )
    if image is not None:
        names = [source.name for source in inside]
        if isinstance(image, str) and names.count(image) == 1:
            return [inside[names.index(image)]]
        if str(image).isdecimal() and int(image) < len(inside):
            return [inside[int(image)]]
        raise InputError(
            f"{path.name} has no images {image!r}; choose one of {_listed(inside)} "
            "with --image."
        )
    series = [source for source in inside if not source.is_image]
    candidates = series or inside
    if len({source.shape for source in candidates}) > 1:
        raise InputError(
            f"{path.name} holds series of different shapes, and one recording is one "
            f"field; choose one of {_listed(candidates)} with --image."
        )
    return candidates


def _listed(sources: Sequence[ImageSource]) -> str:
    return ", ".join(
        f"{number} ({source.name}, {' x '.join(map(str, source.shape))})"
        for number, source in enumerate(sources)
    )


def _is_swapped(source: ImageSource, axes: str | None, path: Path) -> bool:
    """Whether the data are (time, y, x), against the schema."""
    if len(source.shape) not in ((2,) if source.is_image else (3, 4)):
        raise InputError(
            f"{path.name}: the images {source.name} have {len(source.shape)} "
            "dimensions, but time, x, y and planes are the most; choose others with "
            "--image."
        )
    if axes is not None:
        letters = axes.strip().upper().replace("T", "").replace("Z", "")
        if letters not in ("YX", "XY"):
            raise InputError(
                f"{path.name}: the axes {axes!r} cannot be read; give TXY (as NWB "
                "says) or TYX (as some programs write)."
            )
        return letters == "YX"
    in_file = source.shape[-2:] if len(source.shape) < 4 else source.shape[1:3]
    # width and height, by the series
    stated = source.plane_shape
    return stated is not None and in_file == stated[::-1] and in_file != stated


def _array(path: Path, source: ImageSource, swapped: bool) -> da.Array:
    """The images of a series: (time, plane, y, x)."""
    place = source.place if source.is_image else f"{source.place}/data"
    array = HdfArray(path, place, source.shape, source.dtype).lazily()
    if source.is_image:
        array = array[None]
    if array.ndim == 4:
        return array.transpose(0, 3, *((1, 2) if swapped else (2, 1)))
    array = array if swapped else array.transpose(0, 2, 1)
    return array[:, None]


def _name(source: ImageSource) -> str:
    if len(source.channels) != 1:
        return source.name
    channel = source.channels[0][0]
    # names that the format gives by default say nothing
    plain = channel.lower().replace("_", "") in ("opticalchannel", "channel")
    return source.name if plain else f"{source.name}, {channel}"


def _notes(
    path: Path,
    chosen: list[ImageSource],
    swapped: list[bool],
    n_all: int,
    axes: str | None,
) -> tuple[str, ...]:
    names = ", ".join(source.name for source in chosen)
    notes = [f"{path.name}: of its {n_all} series and images, {names} was read."]
    if axes is None and any(swapped):
        notes.append(
            f"{path.name}: its images are stored as (y, x), against the rule of NWB, "
            "by the width and height that it names."
        )
    elif axes is None and chosen[0].shape[1:3] != chosen[0].shape[2:0:-1]:
        notes.append(
            f"{path.name}: its images are read as (x, y), which is the rule of NWB; "
            "say --axes TYX if the picture lies on its side."
        )
    return tuple(notes)
