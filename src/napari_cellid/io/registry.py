"""The readers of recordings, and which of them reads a file."""

from __future__ import annotations

import warnings
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import check_regular_file
from napari_cellid.io.base import HEAD_BYTES, Certainty, ReadOptions
from napari_cellid.recording.diameter import with_diameter

if TYPE_CHECKING:
    from napari_cellid.io.base import RecordingReader
    from napari_cellid.recording import Recording

#: entry points by which other packages offer readers
ENTRY_POINTS = "napari_cellid.readers"
_registered: dict[str, RecordingReader] = {}


def register(reader: RecordingReader) -> None:
    """Add a reader until the program ends.

    Raises
    ------
    ValueError
        If there is a reader of that name already.
    """
    if reader.name in available_readers():
        raise ValueError(f"there is a reader {reader.name!r} already")
    _registered[reader.name] = reader


def unregister(name: str) -> None:
    """Remove a reader that was registered."""
    del _registered[name]


def available_readers() -> dict[str, RecordingReader]:
    """All readers by name: built-in, from other packages, and registered ones."""
    built_in = {reader.name: reader for reader in _built_in()}
    return {**_from_entry_points(), **built_in, **_registered}


def reader_for(path: Path, name: str | None = None) -> RecordingReader:
    """Choose the reader that is most certain that it can read a file.

    Parameters
    ----------
    path
        A file or folder.
    name
        Name of a reader, to use that one; None to choose by the content of the file.

    Raises
    ------
    InputError
        If the file does not exist or cannot be opened, no reader can read it, two
        readers are equally certain, or there is no reader of that name.
    """
    readers = available_readers()
    if name is not None:
        if name not in readers:
            raise InputError(
                f"There is no reader {name!r}; choose one of {', '.join(readers)}."
            )
        check_regular_file(path, "a recording", folder=True)
        return readers[name]
    head = read_head(path)
    certainty = {key: reader.certainty(path, head) for key, reader in readers.items()}
    highest = max(certainty.values())
    if highest == Certainty.NO:
        formats = "; ".join(reader.formats for reader in readers.values())
        kind = "a folder" if path.is_dir() else "a file"
        raise InputError(
            f"{path} is {kind} that no reader can read; choose or convert to one of "
            f"these formats: {formats}."
        )
    best = [key for key, value in certainty.items() if value == highest]
    if len(best) > 1:
        raise InputError(
            f"{path} can be read by {' and '.join(sorted(best))} equally well; "
            f'choose one of them, such as ReadOptions(reader="{min(best)}").'
        )
    return readers[best[0]]


def read_recording(
    red: Path | None = None,
    green: Path | None = None,
    both: Path | None = None,
    options: ReadOptions | None = None,
) -> Recording:
    """Read a recording from a file for each channel, or from one file with both.

    Parameters
    ----------
    red, green
        File of each channel; None if the channel is missing.
    both
        File with both channels, in place of `red` and `green`.
    options
        Properties that the files do not state; None if they state all.

    Returns
    -------
    The recording. Only headers are read; pixels are read when they are needed.

    Raises
    ------
    InputError
        If the files cannot be read, do not belong together, or lack a property that
        is needed.
    """
    options = options or ReadOptions()
    if (both is None) == (red is None and green is None):
        raise InputError(
            "Either no file was given, or a file with both channels together with a "
            "file of one channel; give one file with both channels, or one file for "
            "each channel."
        )
    red, green, both = (
        None if path is None else Path(path) for path in (red, green, both)
    )
    readers = {
        path: reader_for(path, options.reader)
        for path in (red, green, both)
        if path is not None
    }
    names = {path: reader.name for path, reader in readers.items()}
    if len(set(names.values())) > 1:
        formats = " and ".join(f"{path.name} is {key}" for path, key in names.items())
        raise InputError(
            f"The channels are in different formats, {formats}; give both in the same "
            "format."
        )
    reader = next(iter(readers.values()))
    # here, because a size in px means the same in every format
    recording = reader.read(red, green, both, options)
    return with_diameter(recording, options.diameter_px)


def _built_in() -> list[RecordingReader]:
    from napari_cellid.io.caiman.reader import CaimanReader
    from napari_cellid.io.nwb.reader import NwbReader
    from napari_cellid.io.ome_zarr.reader import OmeZarrReader
    from napari_cellid.io.prairieview.reader import PrairieViewReader
    from napari_cellid.io.suite2p.reader import Suite2pReader
    from napari_cellid.io.tiff.reader import TiffReader

    return [
        TiffReader(), PrairieViewReader(), NwbReader(), OmeZarrReader(),
        Suite2pReader(), CaimanReader(),
    ]  # fmt: skip


def read_head(path: Path) -> bytes:
    """The first bytes of a file, for `RecordingReader.certainty`; none of a folder.

    Raises
    ------
    InputError
        If it does not exist, is no regular file or cannot be opened.
    """
    check_regular_file(path, "a recording", folder=True)
    if path.is_dir():
        return b""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        raise InputError(
            f"{path} cannot be opened ({file_reason(error)}); ask its owner for "
            "permission, or copy it to another place."
        ) from error


# once, because it reads the metadata of every package that is installed
@cache
def _from_entry_points() -> dict[str, RecordingReader]:
    """Readers of other packages; one that cannot be loaded is left out."""
    readers: dict[str, RecordingReader] = {}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            reader = point.load()
            readers[reader.name] = reader
        except (ImportError, AttributeError) as error:
            warnings.warn(
                f"The reader {point.name} ({point.value}) cannot be used: {error!r}.",
                stacklevel=2,
            )
    return readers
