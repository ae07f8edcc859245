"""Outlines of cells in ROI files of ImageJ: one .roi file, or a .zip of several."""

from __future__ import annotations

import struct
import zipfile
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


def are_imagej_rois(path: Path) -> bool:
    """Whether a file begins as a ROI file or a zip file."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (_ZIP, _ROI)
    except OSError:
        return False


def read_imagej_rois(
    path: Path, shape: tuple[int, int, int]
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Draw the ROIs of a file as labels: the first is 1, and so on.

    Parameters
    ----------
    path
        The .roi or .zip file.
    shape
        Planes, rows and columns of the recording.

    Returns
    -------
    Labels (plane, y, x), and notes on what was left out.

    Raises
    ------
    InputError
        If the file cannot be read, has no areas, or they are of another field.
    """
    try:
        rois = _rois(path)
        parts = [_polygons(roi) for roi in rois]
    except InputError:
        raise
    except _ERRORS as error:
        raise InputError(
            f"{path.name} cannot be read as ROIs of ImageJ ({first_line(error)}); save "
            "them again in the ROI Manager with More > Save."
        ) from error
    areas = [k for k, polygons in enumerate(parts) if polygons]
    if not areas:
        raise InputError(
            f"{path.name} holds no areas, only points, lines or texts; outline the "
            "cells as polygons, freehand selections, ovals or rectangles."
        )
    planes = {k: _plane(rois[k], shape[0], path) for k in areas}
    drawn = {k: _pixels(parts[k], shape[1:]) for k in areas}
    outside = [k for k in areas if _is_outside(parts[k], shape[1:])]
    if outside:
        raise InputError(
            f"{path.name}: {len(outside)} of its {len(areas)} ROIs, such as number "
            f"{outside[0] + 1}, lie outside the recording of {shape[1]} x {shape[2]} "
            "pixels; choose the ROIs of this field."
        )
    labels = np.zeros(shape, np.int32)
    # where two overlap, the pixels belong to the smaller one
    for k in sorted(areas, key=lambda k: -drawn[k][0].size):
        labels[planes[k]][drawn[k]] = k + 1
    return labels, _notes(path, labels, areas, len(rois))


def _notes(
    path: Path, labels: NDArray[np.int32], areas: list[int], n_rois: int
) -> tuple[str, ...]:
    notes = []
    if len(areas) < n_rois:
        notes.append(
            f"{path.name}: {n_rois - len(areas)} of its {n_rois} ROIs are points, "
            "lines or texts and were left out."
        )
    # smaller than a pixel, or below others
    hidden = len(areas) - len(np.unique(labels[labels > 0]))
    if hidden:
        notes.append(
            f"{path.name}: {hidden} of its {n_rois} ROIs have no pixel of their own, "
            "because they are smaller or lie below others, and were left out."
        )
    return tuple(notes)


def _rois(path: Path) -> list[Any]:
    from roifile import ImagejRoi

    with path.open("rb") as file:
        head = file.read(4)
        if head == _ROI:
            return [ImagejRoi.frombytes(head + file.read(_MOST_BYTES))]
    with zipfile.ZipFile(path) as archive:
        members = [
            member
            for member in archive.infolist()
            if member.filename.lower().endswith(".roi")
        ]
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


def _pixels(
    polygons: list[NDArray[np.float64]], shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    from skimage.draw import polygon2mask

    inside = np.zeros(shape, bool)
    for polygon in polygons:
        # ImageJ counts from the corner of a pixel, not from its middle
        inside ^= polygon2mask(shape, polygon[:, ::-1] - 0.5)
    rows, columns = np.nonzero(inside)
    return rows, columns


def _is_outside(polygons: list[NDArray[np.float64]], shape: tuple[int, ...]) -> bool:
    corners = np.concatenate(polygons)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return bool(right <= 0 or bottom <= 0 or left >= shape[1] or top >= shape[0])


def _plane(roi: Any, n_planes: int, path: Path) -> int:
    """Index of the plane: by the slice of a hyperstack, else by that of a stack."""
    if n_planes == 1:
        return 0
    number = int(roi.z_position or roi.position or 0)
    if not 1 <= number <= n_planes:
        raise InputError(
            f"{path.name}: a ROI names the slice {number}, but the recording has the "
            f"planes 1 to {n_planes}; save ROIs that say in which plane they lie."
        )
    return number - 1
