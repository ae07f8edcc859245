"""Reading of label images: the outlines of cells that the user made."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.files import check_regular_file
from napari_cellid.io.imagej_outlines import are_imagej_rois
from napari_cellid.io.imagej_rois import read_imagej_rois
from napari_cellid.io.label_meaning import check_background, separate_pieces
from napari_cellid.naming import utf8_text
from napari_cellid.recording.data import format_shape

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.recording import Recording

#: arrays are as long as the largest label; larger labels would need too much memory
_LARGEST_LABEL = 10_000_000


def read_labels(
    path: Path, recording: Recording
) -> tuple[NDArray[np.int32], Recording]:
    """Read the label image of the cells of a recording.

    Parameters
    ----------
    path
        TIFF file of whole numbers, (y, x) or (plane, y, x): 0 is background, and each
        cell has a number; or ROIs of ImageJ (.roi, .zip).
    recording
        Recording that the labels belong to.

    Returns
    -------
    Labels (plane, y, x), and the recording with notes about assumptions.

    Raises
    ------
    InputError
        If the file is not a label image, or its shape is not that of the recording.
    """
    check_regular_file(path, "a TIFF file of labels, or ROIs of ImageJ")
    if are_imagej_rois(path):
        labels, drawn = read_imagej_rois(path, recording.shape)
        return labels, _with_notes(recording, path, drawn)
    labels = _shaped(_read(path, recording), path, recording)
    _check_numbers(labels, path)
    labels, assumed = check_background(labels, path.name)
    notes: tuple[str, ...] = (assumed,) if assumed else ()
    if len(np.unique(labels)) > 2:
        # an image of one number is a mask, whose regions are the cells
        labels, separated = separate_pieces(labels, path.name, recording.pixel_size_um)
        notes += (separated,) if separated else ()
    labels, renumbered = _unique(labels, path)
    notes += renumbered
    return labels.astype(np.int32), _with_notes(recording, path, notes)


def _with_notes(recording: Recording, path: Path, notes: tuple[str, ...]) -> Recording:
    return replace(
        recording,
        notes=(*recording.notes, *notes),
        sources=(*recording.sources, utf8_text(str(path))),
    )


def _read(path: Path, recording: Recording) -> NDArray[Any]:
    import tifffile

    from napari_cellid.io.tiff.pages import DECODE_ERRORS

    try:
        with warnings.catch_warnings(), tifffile.TiffFile(path) as tif:
            # numpy's, about odd numbers in headers
            warnings.simplefilter("ignore")
            # a movie given by mistake is refused before its pages are read
            _shape(tif.series[0].shape if tif.series else (), path, recording)
            return np.asarray(tif.asarray())
    # first, because it is a ValueError, too, as some of DECODE_ERRORS
    except InputError:
        raise
    except tifffile.TiffFileError as error:
        raise InputError(
            f"{path.name} is not a TIFF file ({error}); save the labels as a TIFF file."
        ) from error
    except DECODE_ERRORS as error:
        raise InputError(
            f"{path.name} cannot be read ({error}); the file is damaged; save it again."
        ) from error


def _shaped(labels: NDArray[Any], path: Path, recording: Recording) -> NDArray[Any]:
    return labels.reshape(_shape(labels.shape, path, recording))


def _shape(shape: tuple[int, ...], path: Path, recording: Recording) -> tuple[int, ...]:
    """The shape without axes of length 1: (plane, y, x), that of the recording."""
    whole = (*(n for n in shape[:-2] if n > 1), *shape[-2:])
    if len(whole) == 2:
        whole = (1, *whole)
    if whole != recording.shape:
        planes, rows, columns = recording.shape
        raise InputError(
            f"The labels in {path.name} have the shape {format_shape(shape)}, but "
            f"the recording {recording.name} has {planes} x {rows} x {columns} "
            "(plane, y, x); give labels of the same field."
        )
    return whole


def _check_numbers(labels: NDArray[Any], path: Path) -> None:
    if labels.dtype.kind not in "biuf":
        raise InputError(
            f"{path.name} holds values of type {labels.dtype}; labels must be whole "
            "numbers: save them as 16-bit."
        )
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.round(labels)):
        raise InputError(
            f"{path.name} holds numbers that are not whole; a label image has 0 for "
            "the background and a whole number for each cell: choose another file."
        )
    if labels.min() < 0:
        raise InputError(
            f"{path.name} holds the negative number {labels.min():g}; a label image "
            "has 0 for the background and numbers from 1 for the cells: save it again."
        )


def _unique(labels: NDArray[Any], path: Path) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Give each cell a number that is unique in the recording, and note changes."""
    present = [np.setdiff1d(plane, [0]) for plane in labels]
    numbers = np.unique(np.concatenate(present))
    if len(numbers) == 1:
        return _label_regions(labels, path)
    repeated = sum(map(len, present)) - len(numbers)
    if repeated == 0 and numbers.max(initial=0) <= _LARGEST_LABEL:
        return labels, ()
    numbered, last = np.zeros(labels.shape, np.int32), 0
    for plane, numbers_of_plane in enumerate(present):
        # the numbers of a plane follow those of the planes above, without gaps
        index = np.searchsorted(numbers_of_plane, labels[plane]) + 1 + last
        numbered[plane] = np.where(labels[plane] > 0, index, 0)
        last += len(numbers_of_plane)
    why = (
        "some numbers are used in more than one plane"
        if repeated
        else f"its largest number is above {_LARGEST_LABEL}"
    )
    return numbered, (f"{path.name}: {why}, so the cells were numbered anew.",)


def _label_regions(
    labels: NDArray[Any], path: Path
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Treat labels with a single number as a mask: each connected region is a cell."""
    from scipy import ndimage

    # 8-connected within a plane, not across planes
    structure = np.zeros((3, 3, 3), bool)
    structure[1] = True
    regions, n_regions = ndimage.label(labels, structure)
    if n_regions == 1:
        return labels, ()
    return regions, (
        f"{path.name} holds a single number, so it was taken as a mask; its "
        f"{n_regions} connected regions became the cells.",
    )
