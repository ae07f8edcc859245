"""The images of one file or folder: its channels, with what it says about them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import dask.array as da

    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.roi_file import RoiFile

#: relative difference up to which width and height of a pixel are the same
_SQUARE = 0.02


@dataclass(frozen=True)
class VoxelSize:
    """Size of a pixel and distance of planes; None where they are not known.

    Parameters
    ----------
    y_um, x_um
        Height and width of a pixel in µm.
    z_um
        Distance of planes in µm.
    source
        Where the sizes come from, such as "OME metadata".
    """

    y_um: float | None = None
    x_um: float | None = None
    z_um: float | None = None
    source: str = ""

    def square(self, file_name: str) -> float | None:
        """Edge of a pixel in µm; None if it is not known.

        Raises
        ------
        InputError
            If width and height differ.
        """
        if self.x_um is None:
            return None
        height = self.x_um if self.y_um is None else self.y_um
        # a number that is none is refused with those that are too large
        finite = math.isfinite(self.x_um)
        if finite and not math.isclose(self.x_um, height, rel_tol=_SQUARE):
            raise InputError(
                f"{file_name} has pixels of {self.x_um:.4g} x {height:.4g} µm "
                f"({self.source}), but they must be square; resample it, or give "
                "one size with --pixel-size."
            )
        return self.x_um


@dataclass(frozen=True, eq=False)
class ImageStack:
    """All channels of a file or folder, read only when needed.

    Parameters
    ----------
    path
        The file or folder.
    channels
        Each (time, plane, y, x).
    names
        Name of each channel, "" where none is given.
    colours
        Colour of each channel, "red", "green" or "", where names do not say it but the
        format does.
    colour_source
        What the colours follow from, for a note.
    voxel
        Size of a pixel and distance of planes.
    depths_um
        Depth of each plane in µm, the first being 0; None to follow from the distance
        of planes.
    frame_rate_hz
        Time points per second; None if it is not known.
    notes
        One sentence each: what was assumed or left out.
    rois
        ROIs of another program; None if there are none.
    """

    path: Path
    channels: tuple[da.Array, ...]
    names: tuple[str, ...]
    colours: tuple[str, ...] = ()
    colour_source: str = ""
    voxel: VoxelSize = VoxelSize()
    depths_um: tuple[float, ...] | None = None
    frame_rate_hz: float | None = None
    notes: tuple[str, ...] = ()
    rois: RoiFile | None = None

    @property
    def n_planes(self) -> int:
        """Number of planes."""
        return int(self.channels[0].shape[1])

    def plane_depths_um(self) -> tuple[float, ...] | None:
        """Depth of each plane in µm; None for one plane, or if it is not known."""
        if self.n_planes == 1:
            return None
        if self.depths_um is not None:
            return self.depths_um
        step = self.voxel.z_um
        if step is None:
            return None
        return tuple(step * plane for plane in range(self.n_planes))


@runtime_checkable
class StackReader(Protocol):
    """Reads all channels of a file or folder, whichever is red or green.

    A reader of recordings that is a `StackReader`, too, can be used by napari's File >
    Open without a question about colours.
    """

    @property
    def name(self) -> str:
        """As `RecordingReader.name`."""

    def open_stack(self, path: Path, options: ReadOptions) -> ImageStack:
        """Read the metadata of a file or folder.

        Raises
        ------
        InputError
            If it cannot be read.
        """


def frame_rate(period_s: float | None) -> float | None:
    """Time points per second of a period in seconds; None if it is no period."""
    if period_s is None or not math.isfinite(period_s) or period_s <= 0:
        return None
    rate = 1 / period_s
    return rate if math.isfinite(rate) else None
