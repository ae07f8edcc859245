"""A plane of CRCNS ssc-2: as it is in a file, and with its ROIs as labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class RawPlane:
    """A plane with its ROIs as lists of linear indices.

    Parameters
    ----------
    green
        (y, x) mean image.
    red
        (y, x) mean image; None in a file of one channel.
    rois
        Id and linear indices of the pixels of each ROI.
    fov, plane
        Sub-volume and plane, from 1.
    """

    green: NDArray[Any]
    red: NDArray[Any] | None
    rois: tuple[tuple[int, NDArray[np.int64]], ...]
    fov: int
    plane: int


@dataclass(frozen=True, eq=False)
class SscPlane:
    """One plane of one session.

    Parameters
    ----------
    green, red
        (y, x) mean images.
    labels
        (y, x) int32: the ROIs, 0 for background; where two overlap the later one.
    roi_ids
        Id of each label from 1 on, as in the file.
    fov, plane
        Sub-volume and plane, from 1.
    """

    green: NDArray[np.uint16]
    red: NDArray[np.uint16]
    labels: NDArray[np.int32]
    roi_ids: tuple[int, ...]
    fov: int
    plane: int
