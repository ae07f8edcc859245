"""Patches around cells: the same area of tissue, whatever the pixel size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.channels.model_input import plane_image
from napari_cellid.channels.resampling import scaled_shape

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.models.card import ModelCard
    from napari_cellid.recording import MeanPlanes


class Patches:
    """Patches of the cells of a recording, cut on demand.

    Parameters
    ----------
    planes
        Mean images; they are normalised and resampled to the model's pixel size once.
    cells
        Cell table: `plane`, `y`, `x` are read.
    card
        Pixel size, patch size, normalisation and combination of the model.
    """

    def __init__(
        self, planes: MeanPlanes, cells: pd.DataFrame, card: ModelCard
    ) -> None:
        self._factor = planes.network_pixel_um / card.pixel_size_um
        self._size = card.patch_size
        self._plane = cells["plane"].to_numpy(int)
        centre = cells[["y", "x"]].to_numpy(float)
        # a coordinate names the middle of a pixel, as in `channels.resampling.rescale`
        self._centre = np.round((centre + 0.5) * self._factor - 0.5).astype(int)
        shape = scaled_shape((planes.shape[1], planes.shape[2]), self._factor)
        # which row and column of an image, mirrored beyond its border
        before, after = self._size // 2, self._size - self._size // 2
        self._rows, self._columns = (
            np.pad(np.arange(length), (before, after), "reflect") for length in shape
        )
        self._images = {
            int(plane): plane_image(planes, int(plane), card)
            for plane in np.unique(self._plane)
        }

    def __len__(self) -> int:
        """Number of cells."""
        return len(self._plane)

    def cut(self, start: int, stop: int) -> NDArray[np.float32]:
        """Patches (cell, channel, y, x) of rows `start` to `stop`, 0 to 1.

        The pixel nearest to the centroid is in the middle, at [50, 50] of 101 x 101;
        the image is mirrored beyond its border.
        """
        return np.stack(
            [
                self._patch(self._images[plane], y, x)
                for plane, (y, x) in zip(
                    self._plane[start:stop], self._centre[start:stop], strict=True
                )
            ]
        )

    def _patch(self, image: NDArray[np.float32], y: int, x: int) -> NDArray[np.float32]:
        # through indices, because a mirrored copy of a large plane is large, too
        rows = self._rows[y : y + self._size]
        columns = self._columns[x : x + self._size]
        return image[:, rows[:, None], columns]
