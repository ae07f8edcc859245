"""The outlines in ROI files of ImageJ as polygons, and the pixels inside them."""

from __future__ import annotations

import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_ZIP, _ROI = b"PK\x03\x04", b"Iout"
#: a ROI has some hundred bytes; a zip file can claim any size
_MOST_BYTES, _MOST_ROIS = 4 << 20, 100_000
_ERRORS = (
    ValueError, OSError, struct.error, LookupError, TypeError, AttributeError,
    ArithmeticError, zipfile.BadZipFile, NotImplementedError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Outline:
    """One ROI of a file.

    Parameters
    ----------
    polygons
        Corners (x, y) of each part of an area; empty for points, lines and texts.
    slice_number
        Slice of a hyperstack, else that of a stack, from 1; 0 if none is said.
    """

    polygons: list[NDArray[np.float64]]
    slice_number: int

    def is_outside(self, shape: tuple[int, ...]) -> bool:
        """Whether no pixel of a field (y, x) can be inside an area."""
        corners = np.concatenate(self.polygons)
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        return bool(right <= 0 or bottom <= 0 or left >= shape[1] or top >= shape[0])

    def pixels(
        self, shape: tuple[int, ...]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the pixels of a field (y, x) that are inside."""
        from skimage.draw import polygon2mask

        if not self.polygons or self.is_outside(shape):
            return np.zeros(0, np.intp), np.zeros(0, np.intp)
        corners = np.concatenate(self.polygons)[:, ::-1]
        first = np.clip(np.floor(corners.min(axis=0)), 0, None).astype(int)
        end = np.minimum(np.ceil(corners.max(axis=0)) + 1, shape).astype(int)
        inside = np.zeros(end - first, bool)
        for polygon in self.polygons:
            # ImageJ counts from the corner of a pixel, not from its middle
            inside ^= polygon2mask(inside.shape, polygon[:, ::-1] - 0.5 - first)
        rows, columns = np.nonzero(inside)
        return rows + first[0], columns + first[1]


def are_imagej_rois(path: Path) -> bool:
    """Whether a file begins as a ROI file or a zip file."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (_ZIP, _ROI)
    except OSError:
        return False


def hold_imagej_rois(path: Path) -> bool:
    """Whether a file is a ROI file, or a zip file that lists one."""
    if not are_imagej_rois(path):
        return False
    try:
        with path.open("rb") as file:
            if file.read(4) == _ROI:
                return True
        with zipfile.ZipFile(path) as archive:
            return bool(_members(archive))
    except _ERRORS:
        return False


def read_outlines(path: Path) -> list[Outline]:
    """Read all ROIs of a file, in its order.

    Parameters
    ----------
    path
        The .roi or .zip file.

    Raises
    ------
    InputError
        If the file cannot be read, or holds no areas.
    """
    try:
        outlines = [Outline(_polygons(roi), _slice(roi)) for roi in _rois(path)]
    except InputError:
        raise
    except _ERRORS as error:
        raise InputError(
            f"{path.name} cannot be read as ROIs of ImageJ ({first_line(error)}); save "
            "them again in the ROI Manager with More > Save."
        ) from error
    if not any(outline.polygons for outline in outlines):
        raise InputError(
            f"{path.name} holds no areas, only points, lines or texts; outline the "
            "cells as polygons, freehand selections, ovals or rectangles."
        )
    return outlines


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [
        member
        for member in archive.infolist()
        if member.filename.lower().endswith(".roi")
    ]


def _rois(path: Path) -> list[Any]:
    from roifile import ImagejRoi

    with path.open("rb") as file:
        head = file.read(4)
        if head == _ROI:
            return [ImagejRoi.frombytes(head + file.read(_MOST_BYTES))]
    with zipfile.ZipFile(path) as archive:
        members = _members(archive)
        too_large = any(member.file_size > _MOST_BYTES for member in members)
        if not members or too_large or len(members) > _MOST_ROIS:
            raise InputError(
                f"{path.name} is a zip file, but not of ROIs of ImageJ; save them in "
                "the ROI Manager with More > Save."
            )
        return [ImagejRoi.frombytes(archive.read(member)) for member in members]


def _polygons(roi: Any) -> list[NDArray[np.float64]]:
    """Outlines (x, y) of an area; empty for points, lines and texts."""
    from roifile import ROI_TYPE

    areas = (
        ROI_TYPE.POLYGON, ROI_TYPE.RECT, ROI_TYPE.OVAL, ROI_TYPE.FREEHAND,
        ROI_TYPE.TRACED,
    )  # fmt: skip
    if roi.roitype not in areas:
        return []
    # several parts of one area are drawn as one cell
    found = roi.coordinates(multi=True) if roi.multi_coordinates is not None else None
    parts = found if isinstance(found, list) else [roi.coordinates()]
    polygons = [np.asarray(part, float) for part in parts]
    return [p for p in polygons if len(p) > 2 and np.isfinite(p).all()]


def _slice(roi: Any) -> int:
    return int(roi.z_position or roi.position or 0)
