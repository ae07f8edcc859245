"""Protocol of the readers of recordings, and the options for reading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.recording import Recording

ChannelOrder = Literal["interleaved", "blocks", "last", "side-by-side", "stacked"]

#: how many of a file's first bytes a reader is shown
HEAD_BYTES = 4096


@dataclass(frozen=True)
class ReadOptions:
    """Options that replace or complete the metadata of files.

    Parameters
    ----------
    axes
        Meaning of a file's dimensions, such as "TYX", "ZYX", "CYX", "TCYX" or "TYXC".
    red_channel, green_channel
        Index (from 0) or name, for a file with several channels.
    channels, planes
        Number of channels and planes in a file that does not name them, or names them
        wrongly.
    channel_order
        How the channels lie in the file: "interleaved" pages (r g r g, the default),
        "blocks" of pages (all of one channel, then all of the next), as the "last"
        axis, "side-by-side" in each page, or "stacked" one above the other.
    image
        Which image of a file with several (positions) to read: its name, or its index
        from 0.
    pixel_size_um
        Edge of a pixel in µm; it takes precedence over what files say.
    diameter_px
        Diameter of a usual soma in px; it sets the scale for the models.
    name
        Name of the recording; without it the name comes from the files.
    reader
        Name of the reader to use; without it the reader is chosen by the files' names
        and contents.
    """

    axes: str | None = None
    red_channel: str | int | None = None
    green_channel: str | int | None = None
    channels: int | None = None
    channel_order: ChannelOrder | None = None
    planes: int | None = None
    image: str | int | None = None
    pixel_size_um: float | None = None
    diameter_px: float | None = None
    name: str | None = None
    reader: str | None = None


class Certainty(IntEnum):
    """How sure a reader is that a file is in its format."""

    #: the file is in another format
    NO = 0
    #: the file's name alone says so
    POSSIBLE = 1
    #: the first bytes are those of a format that others build upon
    LIKELY = 2
    #: the first bytes are those of this format and of no other
    CERTAIN = 3


class RecordingReader(Protocol):
    """Reads recordings of one format."""

    @property
    def name(self) -> str:
        """Short name, unique among readers, such as "tiff"."""

    @property
    def formats(self) -> str:
        """What is read, for messages, such as "TIFF (.tif, .tiff)"."""

    def certainty(self, path: Path, head: bytes) -> Certainty:
        """Tell how sure the reader is that a file is in its format.

        Parameters
        ----------
        path
            An existing file or folder.
        head
            The first 4096 bytes of the file, empty for a folder.
        """

    def read(
        self,
        red: Path | None,
        green: Path | None,
        both: Path | None,
        options: ReadOptions,
    ) -> Recording:
        """Read a recording; the pixels may be read when they are needed.

        Parameters
        ----------
        red, green
            The file of each channel; None where there is no such channel.
        both
            A file with both channels, in place of the two.
        options
            What the files do not say.

        Raises
        ------
        InputError
            If the files cannot be read, do not fit one another, or lack something.
        """
