"""Fluorescence over time of each cell and of the neuropil around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_cellid.cells.matching import changed_labels
from napari_cellid.cells.neuropil import cell_weights, neuropil_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Traces:
    """Fluorescence over time.

    Parameters
    ----------
    outlines
        (plane, y, x): label image of which they were taken.
    labels
        (cell,) label of each row.
    fluorescence, neuropil
        (cell, frame) float32: mean over the outline and over the neuropil ring, in
        grey values; NaN where a frame shows nothing of it.
    times
        (frame,) in `unit`.
    unit
        "s" or "frame".
    channel
        "green" or "red".
    """

    outlines: NDArray[np.int32]
    labels: NDArray[np.int64]
    fluorescence: NDArray[np.float32]
    neuropil: NDArray[np.float32]
    times: NDArray[np.float64]
    unit: str
    channel: str

    def record(self) -> dict[str, Any]:
        """What they are, for JSON."""
        return {
            "channel": self.channel,
            "frames": len(self.times),
            "unit_of_times": self.unit,
        }

    def of_cells(
        self, labels: NDArray[Any], outlines: NDArray[np.int32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Rows of some cells as they are outlined now: fluorescence and neuropil.

        Parameters
        ----------
        labels
            (cell,) in the order of the rows.
        outlines
            (plane, y, x): the label image now.

        Returns
        -------
        (cell, frame) each; NaN for cells that were outlined anew since.
        """
        changed = changed_labels(self.outlines, outlines)
        row_of = {int(label): row for row, label in enumerate(self.labels)}
        rows = np.array(
            [-1 if n in changed else row_of.get(n, -1) for n in map(int, labels)], int
        )
        known = rows >= 0
        tables = []
        for values in (self.fluorescence, self.neuropil):
            table = np.full((len(rows), values.shape[1]), np.nan, np.float32)
            table[known] = values[rows[known]]
            tables.append(table)
        return tables[0], tables[1]


class TraceReader:
    """Takes the traces out of a movie that is read block by block.

    Parameters
    ----------
    outlines
        Label image (plane, y, x).
    n_frames
        Frames of the movie.
    """

    def __init__(self, outlines: NDArray[np.int32], n_frames: int) -> None:
        self._outlines = outlines
        self._planes = [
            sparse.vstack([cell_weights(plane), neuropil_weights(plane)], format="csr")
            for plane in outlines
        ]
        self._labels = [np.unique(plane[plane > 0]) for plane in outlines]
        self._values = [
            np.empty((2 * len(labels), n_frames), np.float32) for labels in self._labels
        ]

    def add(self, frames: slice, block: NDArray[np.float32]) -> None:
        """Add some frames (time, plane, y, x), which are numbers or NaN."""
        for plane, (weights, values) in enumerate(
            zip(self._planes, self._values, strict=True)
        ):
            pixels = block[:, plane].reshape(len(block), -1).T
            values[:, frames] = _mean_of(weights, pixels)

    def traces(self, times: NDArray[np.float64], unit: str, channel: str) -> Traces:
        """The traces, by label."""
        labels = np.concatenate(self._labels).astype(np.int64)
        order = np.argsort(labels, kind="stable")
        parts = []
        for half in (0, 1):
            tables = [
                values[half * len(own) : (half + 1) * len(own)]
                for own, values in zip(self._labels, self._values, strict=True)
            ]
            parts.append(np.concatenate(tables)[order])
        return Traces(
            self._outlines, labels[order], parts[0], parts[1], times, unit, channel
        )


def _mean_of(
    weights: sparse.csr_array, pixels: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Weighted means (row, frame) of the pixels (pixel, frame) that have a value."""
    finite = np.isfinite(pixels)
    if finite.all():
        return np.asarray(weights @ pixels)
    seen = weights @ finite.astype(np.float32)
    total = weights @ np.where(finite, pixels, np.float32(0))
    mean = np.full(total.shape, np.nan, np.float32)
    np.divide(total, seen, out=mean, where=seen > 0)
    return mean
