"""What every reader of recordings has in common."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadOptions:
    """What the user says of TIFF files that do not say it themselves.

    Parameters
    ----------
    axes
        Meaning of a file's dimensions, such as "TYX", "ZYX", "CYX" or "TCYX".
    red_channel, green_channel
        Index (from 0) or name, for a file with several channels.
    pixel_size_um
        Edge of a pixel in µm; it wins over what files say.
    name
        Name of the recording, instead of the files'.
    """

    axes: str | None = None
    red_channel: str | int | None = None
    green_channel: str | int | None = None
    pixel_size_um: float | None = None
    name: str | None = None
