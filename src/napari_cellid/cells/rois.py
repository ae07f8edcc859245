"""ROIs of other programs: lists of pixels that may overlap, and their label images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.cells.measure import measure
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: columns that describe each ROI in the terms of the program that made it
ROI_COLUMNS = (
    "plane", "roi", "iscell", "iscell_probability", "redcell", "redcell_probability",
)  # fmt: skip
#: a pixel in more ROIs than this is no pixel of cells
_MOST_IN_A_PIXEL = 63


@dataclass(frozen=True, eq=False)
class RoiSet:
    """The ROIs of a recording, in the order of the program that made them.

    The pixels of each ROI are kept as they are, where several ROIs share some, too; a
    label image, which can give a pixel to one ROI alone, is made of them when it is
    needed. The label of an ROI is its place in the order, from 1.

    Parameters
    ----------
    shape
        (plane, y, x) of the recording.
    plane
        (roi,): index of the plane in the recording.
    starts
        (roi + 1,): where the pixels of each ROI begin in `y`, `x` and `weight`.
    y, x
        (pixel,): row and column.
    weight
        (pixel,): how much a pixel belongs to its ROI, at most 1 in each ROI.
    table
        One row an ROI: `plane` and `roi` as the program numbers them, `iscell` and
        `redcell` (1, 0, or NaN where it is unknown) with their probabilities.

    Raises
    ------
    InputError
        If there are no ROIs.
    """

    shape: tuple[int, int, int]
    plane: NDArray[np.intp]
    starts: NDArray[np.int64]
    y: NDArray[np.int32]
    x: NDArray[np.int32]
    weight: NDArray[np.float32]
    table: pd.DataFrame

    def __len__(self) -> int:
        """Number of ROIs."""
        return len(self.plane)

    @property
    def n_pixels(self) -> NDArray[np.int64]:
        """Number of pixels of each ROI: (roi,)."""
        return np.diff(self.starts)

    def pixels(self, roi: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows and columns of the pixels of an ROI (index from 0)."""
        own = slice(self.starts[roi], self.starts[roi + 1])
        return self.y[own], self.x[own]

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """ROIs that are not known to be rejected: (roi,)."""
        return np.asarray(self.table["iscell"].to_numpy(float) != 0)

    def label_image(self) -> NDArray[np.int32]:
        """Label image (plane, y, x).

        A pixel that several ROIs share belongs to an accepted ROI rather than to a
        rejected one, then to the ROI in which its weight is largest, then to the first.
        An ROI all of whose pixels go to others is not in the image.
        """
        owner = self._owner
        rejected = ~self.accepted[owner]
        # the last key counts first; the sort is stable
        order = np.lexsort((owner, -self.weight, rejected, self._place))
        place = self._place[order]
        first = np.ones(len(place), bool)
        first[1:] = place[1:] != place[:-1]
        return self._image(order[first])

    @cached_property
    def layer(self) -> NDArray[np.intp]:
        """Layer of each ROI, such that ROIs of a layer share no pixel: (roi,).

        Raises
        ------
        InputError
            If a pixel is in more ROIs than cells can lie over one another.
        """
        # one bit a layer: which of them have an ROI in a pixel
        taken = np.zeros(int(np.prod(self.shape)), np.uint64)
        layers = np.zeros(len(self), np.intp)
        for roi in range(len(self)):
            place = self._place[self.starts[roi] : self.starts[roi + 1]]
            bits = int(np.bitwise_or.reduce(taken[place])) if len(place) else 0
            # the lowest bit that is 0
            layers[roi] = (~bits & (bits + 1)).bit_length() - 1
            if layers[roi] >= _MOST_IN_A_PIXEL:
                raise InputError(
                    f"More than {_MOST_IN_A_PIXEL} ROIs share a pixel, which cells do "
                    "not; give the ROIs of one plane and one run."
                )
            taken[place] |= np.uint64(1 << int(layers[roi]))
        return layers

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return int(self.layer.max(initial=0)) + 1

    def layer_image(self, layer: int) -> NDArray[np.int32]:
        """Label image (plane, y, x) of the ROIs of a layer, with all their pixels."""
        return self._image(np.flatnonzero(self.layer[self._owner] == layer))

    def covered(self) -> NDArray[np.bool_]:
        """Pixels (plane, y, x) that are in any ROI."""
        covered = np.zeros(self.shape, bool)
        covered.ravel()[self._place] = True
        return covered

    @cached_property
    def _owner(self) -> NDArray[np.intp]:
        """ROI of each pixel (index from 0)."""
        return np.repeat(np.arange(len(self)), self.n_pixels)

    @cached_property
    def _place(self) -> NDArray[np.int64]:
        """Index of each pixel in the flattened recording."""
        planes = np.repeat(self.plane, self.n_pixels)
        where = (planes, self.y, self.x)
        return np.asarray(np.ravel_multi_index(where, self.shape), np.int64)

    def _image(self, pixels: NDArray[np.intp]) -> NDArray[np.int32]:
        labels = np.zeros(self.shape, np.int32)
        labels.ravel()[self._place[pixels]] = self._owner[pixels] + 1
        return labels


def join_planes(planes: Sequence[RoiSet]) -> RoiSet:
    """Put the ROIs of single planes together, plane after plane.

    Parameters
    ----------
    planes
        ROIs of each plane: the same y and x, and one plane each.
    """
    pixels = np.concatenate([rois.n_pixels for rois in planes])
    return RoiSet(
        shape=(len(planes), *planes[0].shape[1:]),
        plane=np.concatenate([rois.plane + k for k, rois in enumerate(planes)]),
        starts=np.concatenate([[0], np.cumsum(pixels)]),
        y=np.concatenate([rois.y for rois in planes]),
        x=np.concatenate([rois.x for rois in planes]),
        weight=np.concatenate([rois.weight for rois in planes]),
        table=pd.concat([rois.table for rois in planes], ignore_index=True),
    )


def measure_rois(rois: RoiSet, planes: MeanPlanes) -> pd.DataFrame:
    """Make the cell table of ROIs, each measured in all its pixels.

    Surroundings are free of every ROI. ROIs without pixels have no row.

    Parameters
    ----------
    rois
        ROIs.
    planes
        Mean images of the same shape.

    Returns
    -------
    As of `cells.measure.measure`, by label.
    """
    covered = rois.covered() if rois.n_layers > 1 else None
    tables = [
        measure(rois.layer_image(layer), planes, covered)
        for layer in range(rois.n_layers)
    ]
    return pd.concat(tables, ignore_index=True).sort_values("label", ignore_index=True)


def roi_table(
    rois: RoiSet, cells: pd.DataFrame, labels: NDArray[np.int32]
) -> pd.DataFrame:
    """Make the table that says of every ROI what it is.

    Parameters
    ----------
    rois
        ROIs.
    cells
        Their cell table, classified.
    labels
        (plane, y, x): the label image of the ROIs.

    Returns
    -------
    One row an ROI, in the order of the program that made them: `plane` and `roi` as it
    numbers them, what it says of the ROI, `y`, `x`, what the classifier says, measures,
    `npix`, `label` and `label_npix`, the number of pixels that the ROI has in the label
    image. ROIs without pixels are not classified.
    """
    by_label = cells.drop(columns=["cell", "plane"]).set_index("label")
    table = by_label.reindex(np.arange(1, len(rois) + 1)).reset_index(drop=True)
    table["predicted"] = table["predicted"].fillna("")
    table["npix"] = rois.n_pixels
    table["label"] = np.arange(1, len(rois) + 1)
    table["label_npix"] = np.bincount(labels.ravel(), minlength=len(rois) + 1)[1:]
    chances = [name for name in table if str(name).startswith("p_")]
    first = ["y", "x", "predicted", "confidence", *chances]
    rest = [name for name in table if name not in first]
    return pd.concat([rois.table[list(ROI_COLUMNS)], table[[*first, *rest]]], axis=1)
