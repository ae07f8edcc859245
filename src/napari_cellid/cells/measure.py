"""The cell table: one row a cell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from skimage.segmentation import expand_labels

from napari_cellid.cells.none_of_these import NoneLimits, with_predictions
from napari_cellid.cells.numbering import relabel_sequential
from napari_cellid.row_blocks import row_blocks

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: columns that every cell table has, in the order in which they are written
COLUMNS = ("cell", "label", "plane", "y", "x", "area_um2", "predicted", "confidence")
#: width of the surroundings that a cell is compared with (µm)
_SURROUNDINGS_UM = 6.0
#: how far round a cell something can change its measures (µm): twice the width of
#: the surroundings that it is compared with, and some more
_REACH_UM = 16.0


def measure(
    labels: NDArray[np.int32],
    planes: MeanPlanes,
    covered: NDArray[np.bool_] | None = None,
) -> pd.DataFrame:
    """Make the table of the cells in a label image.

    Parameters
    ----------
    labels
        (plane, y, x), a number unique in the recording.
    planes
        Mean images of the same shape.
    covered
        (plane, y, x): pixels of other cells that are not in the label image, which are
        no surroundings; None where all cells are in it.

    Returns
    -------
    One row a cell, by label: `cell` (permanent number), `label`, `plane`, `y`, `x`
    (centroid, px), `area_um2`, `predicted` and `confidence` (empty so far), and for
    each channel its mean in the cell and `<channel>_contrast`, that mean over the
    mean of the surroundings, less 1.
    """
    tables = [
        _measure_plane(
            labels[plane], planes, plane, None if covered is None else covered[plane]
        )
        for plane in range(labels.shape[0])
    ]
    table = pd.concat(tables, ignore_index=True)
    return table.sort_values("label", ignore_index=True)


def with_classes(
    cells: pd.DataFrame,
    probabilities: NDArray[np.float32],
    classes: Sequence[str],
    limits: NoneLimits | None = None,
) -> pd.DataFrame:
    """Fill in what a classifier says.

    Parameters
    ----------
    cells
        A cell table.
    probabilities
        (cell, class), in the order of the rows.
    classes
        Names of the classes.
    limits
        Below them a cell has no class; None for no limits.

    Returns
    -------
    The table with `p_<class>`, `predicted` (a class, or `none`) and `confidence` (the
    largest of the probabilities).
    """
    filled = cells.copy()
    for k, name in enumerate(classes):
        filled[f"p_{name}"] = probabilities[:, k]
    filled["confidence"] = probabilities.max(1, initial=0)
    filled = with_predictions(filled, classes, limits or NoneLimits())
    chances = [f"p_{name}" for name in classes]
    rest = [c for c in filled.columns if c not in (*COLUMNS, *chances)]
    return filled[[*COLUMNS, *chances, *rest]]


def count_classes(cells: pd.DataFrame, classes: Sequence[str]) -> dict[str, int]:
    """How many cells of each class a table has.

    Cells whose class cannot be told are counted by `none_of_these.count_none`.
    """
    found = cells["predicted"].value_counts()
    return {name: int(found.get(name, 0)) for name in classes}


def _measure_plane(
    labels: NDArray[np.int32],
    planes: MeanPlanes,
    plane: int,
    covered: NDArray[np.bool_] | None,
) -> pd.DataFrame:
    numbers, dense = relabel_sequential(labels)
    numbers = numbers[1:]
    channels = {
        name: image[plane]
        for name, image in (("red", planes.red), ("green", planes.green))
        if image is not None
    }
    width = max(round(_SURROUNDINGS_UM / planes.pixel_size_um), 2)
    sums = _Sums(len(numbers), channels, covered)
    for rows in row_blocks(labels.shape):
        sums.add(dense, rows, width)
    count = sums.inside["pixels"]
    table = pd.DataFrame(
        {
            "cell": numbers.astype(np.int64),
            "label": numbers.astype(np.int64),
            "plane": plane,
            "y": sums.inside["y"] / count,
            "x": sums.inside["x"] / count,
            "area_um2": count * planes.pixel_size_um**2,
            "predicted": "",
            "confidence": np.nan,
        }
    )
    for name in channels:
        inside, outside = _mean(sums.inside, name), _mean(sums.around, name)
        table[f"{name}_mean"] = inside
        ratio = np.divide(
            inside, outside, out=np.full_like(inside, np.nan), where=outside > 0
        )
        table[f"{name}_contrast"] = ratio - 1
    return table


class _Sums:
    """Sums over the cells of a plane and their surroundings, a block at a time.

    Parameters
    ----------
    n
        Number of cells.
    channels
        Image (y, x) of each channel.
    covered
        (y, x): pixels that are no surroundings; None for those of the cells alone.
    """

    def __init__(
        self,
        n: int,
        channels: dict[str, NDArray[np.float32]],
        covered: NDArray[np.bool_] | None,
    ) -> None:
        self._n, self._channels, self._covered = n, channels, covered
        self.inside = {name: np.zeros(n) for name in ("pixels", "y", "x", *channels)}
        self.around = {name: np.zeros(n) for name in ("pixels", *channels)}

    def add(self, dense: NDArray[np.int32], rows: slice, width: int) -> None:
        """Add some rows of a plane, whose cells are numbered from 1 to n."""
        cells = dense[rows]
        images = {name: image[rows] for name, image in self._channels.items()}
        y, x = np.ogrid[rows, : dense.shape[1]]
        self._add(self.inside, cells, images | {"y": y, "x": x})
        around = _surroundings(dense, rows, width)
        if self._covered is not None:
            around[self._covered[rows]] = 0
        self._add(self.around, around, images)

    def _add(
        self,
        sums: dict[str, NDArray[np.float64]],
        cells: NDArray[np.int32],
        images: dict[str, NDArray[Any]],
    ) -> None:
        # most pixels belong to no cell
        where = np.flatnonzero(cells)
        cell = cells.ravel()[where]
        sums["pixels"] += np.bincount(cell, minlength=self._n + 1)[1:]
        for name, image in images.items():
            values = np.broadcast_to(image, cells.shape)
            values = values[np.unravel_index(where, cells.shape)]
            sums[name] += np.bincount(cell, values, minlength=self._n + 1)[1:]


def _surroundings(
    dense: NDArray[np.int32], rows: slice, width: int
) -> NDArray[np.int32]:
    """Cell whose surroundings each pixel of some rows is in, 0 where in none."""
    # cells of the rows above and below have surroundings in these, too
    first = max(rows.start - width, 0)
    cells = dense[first : rows.stop + width]
    around = expand_labels(cells, width)
    around[cells > 0] = 0
    return np.asarray(around[rows.start - first :][: rows.stop - rows.start], np.int32)


def _mean(sums: dict[str, NDArray[np.float64]], name: str) -> NDArray[np.float64]:
    """Mean of an image over each cell, NaN for one without pixels."""
    count = sums["pixels"]
    mean = np.full(len(count), np.nan)
    np.divide(sums[name], count, out=mean, where=count > 0)
    return mean


def measure_labels(
    labels: NDArray[np.int32], planes: MeanPlanes, wanted: Collection[int]
) -> pd.DataFrame:
    """Rows of `measure` for some labels, at the cost of their neighbourhood alone.

    A label that the user painted on several planes counts where it is largest.
    """
    mask = np.isin(labels, list(wanted))
    if not mask.any():
        return measure(np.zeros_like(labels), planes)
    window = _window(mask, round(_REACH_UM / planes.pixel_size_um) + 1)
    numbers, small = relabel_sequential(labels[window])
    part = replace(
        planes,
        red=None if planes.red is None else planes.red[window],
        green=None if planes.green is None else planes.green[window],
    )
    table = measure(small, part)
    table["label"] = numbers[table["label"].to_numpy()]
    for name, axis in zip(("plane", "y", "x"), window, strict=True):
        table[name] += axis.start
    table = table[table["label"].isin(list(wanted))]
    table = table.sort_values("area_um2").drop_duplicates("label", keep="last")
    return table.sort_values("label", ignore_index=True)


def _window(mask: NDArray[np.bool_], margin: int) -> tuple[slice, slice, slice]:
    """Box (plane, y, x) round a mask, wider by a margin along y and x."""
    box = []
    for axis, room in enumerate((0, margin, margin)):
        there = np.flatnonzero(mask.any(tuple({0, 1, 2} - {axis})))
        box.append(slice(max(int(there[0]) - room, 0), int(there[-1]) + room + 1))
    return box[0], box[1], box[2]
