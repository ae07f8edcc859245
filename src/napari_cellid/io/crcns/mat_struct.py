"""Planes in the MATLAB structure of a session of CRCNS ssc-2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError, first_line
from napari_cellid.io.crcns.plane import RawPlane

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

#: names of the top variable
TOP = ("s", "dat", "obj")


def load_mat5(path: Path) -> Any:
    """Read the structure of the session in a MAT file of v5.

    Raises
    ------
    InputError
        If it is no MAT file, or has no such structure.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, struct_as_record=False, squeeze_me=True)
    except (MatReadError, ValueError, TypeError, NotImplementedError, OSError) as error:
        raise InputError(
            f"{path.name} is no MAT file that can be read ({first_line(error)}); copy "
            "it again from where it came."
        ) from error
    for name in TOP:
        if name in content:
            return content[name]
    names = ", ".join(n for n in content if not n.startswith("__")) or "none"
    raise InputError(
        f"{path.name} has the variables {names}, but the session of ssc-2 is in s; it "
        "is a file of another layout."
    )


def planes_of_struct(top: Any, path: Path) -> Iterator[RawPlane]:
    """Planes of the MATLAB structure of a session.

    Raises
    ------
    InputError
        If the structure has another layout.
    """
    try:
        entries = _cells(top.timeSeriesArrayHash.descrHash)
    except AttributeError as error:
        raise InputError(
            f"{path.name} has no timeSeriesArrayHash.descrHash, where ssc-2 has its "
            "images; it is a file of another layout."
        ) from error
    for fov, entry in enumerate(entries[1:], 1):
        value = getattr(entry, "value", None)
        found = [one for one in _flat(value) if hasattr(one, "masterImage")]
        for k, one in enumerate(found, 1):
            image = np.asarray(one.masterImage)
            if image.ndim not in (2, 3):
                continue
            two = image.ndim == 3 and image.shape[2] >= 2
            green = image if image.ndim == 2 else image[:, :, 0]
            yield RawPlane(
                green, image[:, :, 1] if two else None, tuple(_rois(one, path)), fov, k
            )


def _rois(plane: Any, path: Path) -> Iterator[tuple[int, NDArray[np.int64]]]:
    for k, roi in enumerate(_flat(getattr(plane, "rois", None)), 1):
        pixels = getattr(roi, "indicesWithinImage", None)
        if pixels is None:
            continue
        pixels, number = np.ravel(pixels), np.ravel(getattr(roi, "id", k))
        if pixels.dtype.kind not in "iuf" or not np.isfinite(pixels).all():
            raise InputError(
                f"{path.name} has an ROI whose indicesWithinImage are no numbers; it "
                "is a file of another layout."
            )
        numeric = number.size and number.dtype.kind in "iuf"
        yield int(number[0]) if numeric else k, pixels.astype(np.int64)


def _cells(value: Any) -> list[Any]:
    return list(_flat(value))


def _flat(value: Any) -> Iterator[Any]:
    """Structures in nested cells and arrays, of which MATLAB drops those of one."""
    if isinstance(value, (list, tuple)) or (
        isinstance(value, np.ndarray) and value.dtype == object
    ):
        for one in np.ravel(np.asarray(value, object)):
            yield from _flat(one)
    elif value is not None:
        yield value
