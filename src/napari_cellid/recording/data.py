"""Recordings and their mean planes: two channels with named axes and a scale."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import dask.array as da
    from numpy.typing import NDArray

SMALLEST_SIDE_PX = 32
PIXEL_SIZE_RANGE_UM = (0.05, 20.0)
#: diameter (µm) for which a soma is taken whose diameter is given in px. On simulated
#: fields, with the median diameter of their outlines given, the shipped U-Net finds as
#: many cells at any value from 12 to 15 µm (F1 0.85); pyramidal cells have about 15 µm
SOMA_UM = 15.0
#: where a pixel size comes from that nobody gave and no file states
ASSUMED_SOURCE = "assumed from the diameter"
#: where a diameter comes from that nobody gave
ESTIMATED_SOURCE = "estimated from the image"


@dataclass(frozen=True, eq=False)
class Recording:
    """Two channels of one recording, read only when needed.

    Parameters
    ----------
    red, green
        (time, plane, y, x); None where there is no such channel. The two may differ
        in the number of time points only.
    pixel_size_um
        Edge of a pixel in µm, None when it is not known.
    pixel_size_source
        Where the pixel size comes from, such as "given" or "OME metadata"; empty
        when there is none.
    plane_depths_um
        Depth of each plane in µm, the first plane being 0 when only the distance
        of planes is known.
    notes
        One sentence each: how axes were read, what was assumed.
    read_as
        The options with which the files were read, such as axes and channels; a run
        records them.
    diameter_px
        Diameter of a usual soma in px, which then sets the scale for the models; None
        where nobody gave it. See `recording.diameter`.
    diameter_source
        Where the diameter comes from: "given" or "estimated from the image"; empty
        where there is none.
    frame_rate_hz
        Time points per second according to the files; None where they do not say it.

    Raises
    ------
    InputError
        If there is no channel, the channels do not fit one another, the image is too
        small, or the pixel size is not that of a two-photon image.
    """

    name: str
    red: da.Array | None
    green: da.Array | None
    pixel_size_um: float | None
    pixel_size_source: str
    plane_depths_um: tuple[float, ...] | None = None
    animal: str = ""
    subvolume: str = ""
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    read_as: Mapping[str, str | int] = field(default_factory=dict)
    diameter_px: float | None = None
    diameter_source: str = ""
    frame_rate_hz: float | None = None

    def __post_init__(self) -> None:
        if self.red is None and self.green is None:
            raise InputError(
                f"{self.name}: neither a red nor a green channel was given; "
                "give at least one."
            )
        for channel, array in self._channels():
            _check_array(f"{self.name}, {channel} channel", array)
        self._check_same_shape()
        self._check_pixel_size()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of planes, rows and columns: (plane, y, x)."""
        _, array = self._channels()[0]
        _, planes, rows, columns = array.shape
        return planes, rows, columns

    @property
    def n_planes(self) -> int:
        """Number of planes."""
        return self.shape[0]

    def _channels(self) -> list[tuple[str, da.Array]]:
        both = (("red", self.red), ("green", self.green))
        return [(name, array) for name, array in both if array is not None]

    def _check_same_shape(self) -> None:
        if self.red is None or self.green is None:
            return
        red, green = self.red.shape[1:], self.green.shape[1:]
        if red == green:
            return
        mismatch = (
            f"{self.name}: red has {_describe(red)} and green {_describe(green)}, "
            "but both must show the same field"
        )
        if red[0] == green[0] and red[1:] == green[:0:-1]:
            raise InputError(
                f"{mismatch}; one of them looks transposed, save it again with its "
                "rows and columns swapped."
            )
        if red[1:] == green[1:]:
            raise InputError(
                f"{mismatch}; if the images of a file are time points and not planes, "
                "say so with --axes TYX."
            )
        raise InputError(f"{mismatch}; choose two files of the same recording.")

    def _check_pixel_size(self) -> None:
        size = self.pixel_size_um
        if size is None:
            return
        low, high = PIXEL_SIZE_RANGE_UM
        if not (np.isfinite(size) and low <= size <= high):
            raise InputError(
                f"{self.name}: the pixel size {size:g} µm ({self.pixel_size_source}) "
                f"is not between {low:g} and {high:g} µm; give the right one with "
                "--pixel-size (µm per pixel)."
            )


@dataclass(frozen=True, eq=False)
class MeanPlanes:
    """The mean over time of each channel: float32 (plane, y, x).

    Parameters
    ----------
    red, green
        None where the recording has no such channel.
    pixel_size_um
        Edge of a pixel in µm.
    notes
        The notes of the recording, and how pixels without a value were filled.
    diameter_px
        Diameter of a usual soma in px, if it sets the scale for the models.
    size_assumed
        Whether nobody knows the pixel size, and all micrometres are assumed from the
        diameter.
    bleed_through
        Grey values of red per grey value of green that are subtracted from red in the
        images of models that classify; 0: none. `red` itself is as recorded.
    """

    name: str
    red: NDArray[np.float32] | None
    green: NDArray[np.float32] | None
    pixel_size_um: float
    notes: tuple[str, ...] = ()
    diameter_px: float | None = None
    size_assumed: bool = False
    bleed_through: float = 0.0

    @property
    def network_pixel_um(self) -> float:
        """Edge of a pixel (µm) by which images are brought to the scale of a model.

        With a diameter, that at which a usual soma is as large as those that the models
        know.
        """
        if self.diameter_px is None:
            return self.pixel_size_um
        return SOMA_UM / self.diameter_px

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of planes, rows and columns: (plane, y, x)."""
        array = self.green if self.red is None else self.red
        if array is None:
            raise InputError(f"{self.name}: neither a red nor a green channel.")
        planes, rows, columns = array.shape
        return planes, rows, columns

    def has_images_of(self, other: MeanPlanes) -> bool:
        """Whether the images of each channel are exactly those of another recording."""
        pairs = (self.red, other.red), (self.green, other.green)
        return all(
            first is second
            if first is None or second is None
            else np.array_equal(first, second, equal_nan=True)
            for first, second in pairs
        )


def _check_array(where: str, array: da.Array) -> None:
    if array.ndim != 4:
        raise InputError(
            f"{where} has {array.ndim} axes; it must have time, plane, y and x."
        )
    if array.dtype.kind not in "buif":
        raise InputError(
            f"{where} holds values of type {array.dtype}; save it as real numbers, "
            "such as uint16."
        )
    if not all(array.shape[:2]):
        raise InputError(f"{where} holds no image; choose a file with at least one.")
    rows, columns = array.shape[2:]
    if min(rows, columns) < SMALLEST_SIDE_PX:
        raise InputError(
            f"{where}: images of {rows} x {columns} pixels are too small; at least "
            f"{SMALLEST_SIDE_PX} x {SMALLEST_SIDE_PX} are needed."
        )


def format_shape(shape: Sequence[int]) -> str:
    """Write a shape as people read it, such as "512 x 512"."""
    return " x ".join(map(str, shape))


def _describe(shape: Sequence[int]) -> str:
    planes, rows, columns = shape
    images = "1 plane" if planes == 1 else f"{planes} planes"
    return f"{images} of {rows} x {columns} pixels"
