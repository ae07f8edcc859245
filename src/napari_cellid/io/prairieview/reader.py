"""Recordings from PrairieView folders (Bruker): one XML file and many TIFF files.

The XML file decides what each image is; the OME metadata inside the images are not
used, because they are incomplete in several versions of PrairieView.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError, file_reason
from napari_cellid.io.assemble import refuse_options
from napari_cellid.io.base import HEAD_BYTES, Certainty
from napari_cellid.io.prairieview.frames import arrange
from napari_cellid.io.prairieview.xml_file import ROOT, read_xml
from napari_cellid.io.stack import ImageStack, VoxelSize
from napari_cellid.io.stack_reader import ChannelReader
from napari_cellid.io.tiff.many_files import ManyFiles, file_kind

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.prairieview.frames import FrameGrid
    from napari_cellid.io.prairieview.xml_file import PrairieXml

_IMAGE = re.compile(r".+_Cycle\d+.*_Ch\d+_\d+(\.ome)?\.tiff?$", re.IGNORECASE)
#: XML files of a folder that are looked at; a recording has one to three
_MOST_XML = 40
#: PrairieView shows channel 1 in red and channel 2 in green unless this is changed
_COLOURS = {1: "red", 2: "green"}


class PrairieViewReader(ChannelReader):
    """Reads the folders of PrairieView, or the XML file in them."""

    name = "prairieview"
    formats = "PrairieView folders (Bruker), or the XML file in them"

    def certainty(self, path: Path, head: bytes) -> Certainty:
        """Go by the beginning of the XML file."""
        if not path.is_dir():
            return Certainty.CERTAIN if ROOT in head else Certainty.NO
        names = _names(path)
        if _xml_files(path, names):
            return Certainty.CERTAIN
        # without its XML file: the reader says what is missing
        images = any(_IMAGE.match(name) for name in names)
        return Certainty.POSSIBLE if images else Certainty.NO

    def open_stack(self, path: Path, options: ReadOptions) -> ImageStack:
        """All channels of a recording, in the order of their numbers."""
        xml_path = _find_xml(path)
        refuse_options(
            options, ("axes", "channels", "planes", "channel_order"), path,
            f"its XML file {xml_path.name}",
        )  # fmt: skip
        xml = read_xml(xml_path)
        grid = arrange(xml, options.image, set(_names(xml_path.parent)), xml_path)
        numbers = sorted(grid.rows[0][0].files)
        if not numbers:
            raise InputError(
                f"{xml_path.name} names frames without images; no channel was saved: "
                "choose another recording."
            )
        depths = grid.depths_um
        return ImageStack(
            path=path if path.is_dir() else path.parent,
            channels=tuple(
                _channel(grid, number, xml_path.parent) for number in numbers
            ),
            names=tuple(xml.channel_names.get(n) or f"Ch{n}" for n in numbers),
            colours=tuple(_COLOURS.get(number, "") for number in numbers),
            colour_source="as PrairieView shows them by default",
            voxel=_voxel(xml),
            depths_um=depths,
            frame_rate_hz=grid.frame_rate_hz,
            notes=(*_words(xml_path, grid), *grid.notes),
        )


def _words(xml_path: Path, grid: FrameGrid) -> tuple[str, ...]:
    """Say as what the images were read, because an XML file can be of other images."""
    n_times, n_planes = len(grid.rows), len(grid.rows[0])
    rate = grid.frame_rate_hz
    speed = "" if rate is None else f" at {rate:.3g} Hz"
    times = f"{n_times} time point{'s' * (n_times > 1)}{speed}"
    planes = f"{n_planes} plane{'s' * (n_planes > 1)}"
    return (f"{xml_path.name}: read as {times} and {planes}.",)


def _channel(grid: FrameGrid, number: int, folder: Path) -> da.Array:
    """One channel: (time, plane, y, x)."""
    places = [[frame.files[number] for frame in row] for row in grid.rows]
    names = list(dict.fromkeys(name for row in places for name, _ in row))
    index = {name: k for k, name in enumerate(names)}
    table = np.array(
        [[(index[name], page) for name, page in row] for row in places], np.int64
    )
    files = [folder / name for name in names]
    return ManyFiles(files, table, file_kind(files[0])).lazily()


def _voxel(xml: PrairieXml) -> VoxelSize:
    sizes = [xml.number(f"micronsPerPixel {axis}Axis") for axis in "YXZ"]
    y_um, x_um, z_um = (None if size is None else abs(size) for size in sizes)
    return VoxelSize(y_um, x_um, z_um or None, "PrairieView XML")


def _find_xml(path: Path) -> Path:
    """The XML file of a folder.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    if not path.is_dir():
        return path
    found = _xml_files(path, _names(path))
    if not found:
        raise InputError(
            f"{path} holds images of PrairieView, but no XML file that describes them "
            f"(usually {path.name}.xml); copy it from the microscope."
        )
    if len(found) > 1:
        names = ", ".join(sorted(xml.name for xml in found))
        raise InputError(
            f"{path} holds the XML files of several recordings ({names}); choose one "
            "of these files in place of the folder."
        )
    return found[0]


def _xml_files(folder: Path, names: list[str]) -> list[Path]:
    """XML files of recordings, not those of voltages and stimulation."""
    candidates = [name for name in names if name.lower().endswith(".xml")]
    found = [
        folder / name
        for name in sorted(candidates)[:_MOST_XML]
        if _begins_as_recording(folder / name)
    ]
    named = [xml for xml in found if xml.stem == folder.name]
    return named or found


def _begins_as_recording(path: Path) -> bool:
    try:
        # a pipe would wait for ever
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return ROOT in file.read(HEAD_BYTES)
    except OSError:
        return False


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError as error:
        raise InputError(
            f"{folder} cannot be listed ({file_reason(error)}); check its permissions."
        ) from error
