"""ROI files of ImageJ: as ROIs in the order of the file, and drawn as labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.cells.rois import RoiSet
from napari_cellid.errors import InputError
from napari_cellid.io.imagej_outlines import read_outlines
from napari_cellid.io.roi_file import RoiFile
from napari_cellid.naming import utf8_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.io.imagej_outlines import Outline

#: a field of more pixels is none of a microscope
_MOST_PIXELS = 1 << 27


def read_imagej(path: Path, shape: tuple[int, int, int] | None = None) -> RoiFile:
    """Read the ROIs of a file, each with all its pixels, in the order of the file.

    Parameters
    ----------
    path
        The .roi or .zip file.
    shape
        Planes, rows and columns of the recording. None for one plane of the smallest
        field that holds all ROIs: the file does not say on what they were drawn, and
        the slice of a ROI can be a plane or a frame.

    Returns
    -------
    The ROIs; points, lines and texts are ROIs without pixels.

    Raises
    ------
    InputError
        If the file cannot be read, has no areas, or they are of another field.
    """
    outlines = read_outlines(path)
    n_areas = sum(bool(outline.polygons) for outline in outlines)
    if shape is None:
        shape = _own_field(outlines, path)
    _check_inside(outlines, shape, path)
    notes: tuple[str, ...] = ()
    if n_areas < len(outlines):
        notes = (
            f"{path.name}: {len(outlines) - n_areas} of its {len(outlines)} ROIs are "
            "points, lines or texts and were left out.",
        )
    return RoiFile(
        path=path,
        program="ImageJ",
        rois=_roi_set(outlines, shape, path),
        sources=(utf8_text(str(path)),),
        notes=notes,
    )


def read_imagej_rois(
    path: Path, shape: tuple[int, int, int]
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Draw the ROIs of a file as labels: the first is 1, and so on.

    Where two overlap, the pixels belong to the smaller one.

    Parameters
    ----------
    path, shape
        As for `read_imagej`.

    Returns
    -------
    Labels (plane, y, x), and notes on what was left out.

    Raises
    ------
    InputError
        As for `read_imagej`.
    """
    file = read_imagej(path, shape)
    labels = file.rois.label_image()
    n_areas = sum(bool(outline.polygons) for outline in read_outlines(path))
    # smaller than a pixel, or below others
    n_hidden = n_areas - len(np.unique(labels[labels > 0]))
    if not n_hidden:
        return labels, file.notes
    return labels, (
        *file.notes,
        f"{path.name}: {n_hidden} of its {len(file.rois)} ROIs have no pixel of their "
        "own, because they are smaller or lie below others, and were left out.",
    )


def _roi_set(
    outlines: Sequence[Outline], shape: tuple[int, int, int], path: Path
) -> RoiSet:
    """All ROIs, drawn. A pixel weighs more in a smaller ROI, which keeps it."""
    planes = [
        _plane(outline, shape[0], path) if outline.polygons else 0
        for outline in outlines
    ]
    drawn = [outline.pixels(shape[1:]) for outline in outlines]
    counts = np.array([len(y) for y, _ in drawn], np.int64)
    unknown = np.full(len(outlines), np.nan)
    table = pd.DataFrame(
        {
            "plane": planes, "roi": np.arange(len(outlines)), "iscell": unknown,
            "iscell_probability": unknown, "redcell": unknown,
            "redcell_probability": unknown,
        }
    )  # fmt: skip
    return RoiSet(
        shape=shape,
        plane=np.array(planes, np.intp),
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        y=np.concatenate([y for y, _ in drawn]).astype(np.int32),
        x=np.concatenate([x for _, x in drawn]).astype(np.int32),
        weight=np.repeat(1 / np.maximum(counts, 1), counts).astype(np.float32),
        table=table,
    )


def _own_field(outlines: Sequence[Outline], path: Path) -> tuple[int, int, int]:
    """One plane of the smallest field that holds all areas."""
    corners = np.concatenate([p for outline in outlines for p in outline.polygons])
    width, height = np.maximum(np.ceil(corners.max(axis=0)), 1)
    if width * height > _MOST_PIXELS:
        raise InputError(
            f"{path.name} holds ROIs in a field of {height:.0f} x {width:.0f} pixels, "
            "larger than an image; choose the ROIs of one recording."
        )
    return 1, int(height), int(width)


def _check_inside(
    outlines: Sequence[Outline], shape: tuple[int, int, int], path: Path
) -> None:
    areas = [k for k, outline in enumerate(outlines) if outline.polygons]
    outside = [k for k in areas if outlines[k].is_outside(shape[1:])]
    if outside:
        raise InputError(
            f"{path.name}: {len(outside)} of its {len(areas)} ROIs, such as number "
            f"{outside[0] + 1}, lie outside the recording of {shape[1]} x {shape[2]} "
            "pixels; choose the ROIs of this field."
        )


def _plane(outline: Outline, n_planes: int, path: Path) -> int:
    """Index of the plane of a ROI."""
    if n_planes == 1:
        return 0
    number = outline.slice_number
    if not 1 <= number <= n_planes:
        raise InputError(
            f"{path.name}: a ROI names the slice {number}, but the recording has the "
            f"planes 1 to {n_planes}; save ROIs that say in which plane they lie."
        )
    return number - 1
