"""Cells with known classes, ready to be cut out for training."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.channels.normalise import plane_image

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.models.store import ModelCard
    from napari_cellid.recording import MeanPlanes

#: what a turned and shrunk patch needs beside its own side, as a share of it
_ROOM = 0.35


@dataclass(frozen=True, eq=False)
class LabelledCells:
    """Cells of known class in prepared images.

    Parameters
    ----------
    images
        (3, y, x) float32 each, 0 to 1, at the model's scale, mirrored beyond the
        borders by `margin`.
    image, y, x
        Of each cell: index of its image, and its middle pixel there, without margin.
    target
        Index of its class.
    weight
        How much it counts.
    patch_size
        Side (px) of a patch.
    """

    images: tuple[NDArray[np.float32], ...]
    image: NDArray[np.int64]
    y: NDArray[np.int64]
    x: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]
    patch_size: int

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.target)

    @property
    def margin(self) -> int:
        """Pixels that the images are larger on each side."""
        return image_margin(self.patch_size)

    def cut(self, rows: NDArray[np.int64], room: int = 0) -> NDArray[np.float32]:
        """Patches (cell, 3, y, x) of some cells, larger by `room` px on each side."""
        size, first = self.patch_size + 2 * room, self.margin - self.patch_size // 2
        first -= room
        if not len(rows):
            return np.zeros((0, 3, size, size), np.float32)
        return np.stack(
            [
                self.images[k][:, y + first : y + first + size, x + first :][
                    :, :, :size
                ]
                for k, y, x in zip(
                    self.image[rows], self.y[rows], self.x[rows], strict=True
                )
            ]
        )

    def weighted(self, factor: float) -> LabelledCells:
        """The same cells, counting `factor` times as much."""
        weight = np.asarray(self.weight * factor, np.float32)
        return replace(self, weight=weight)


@dataclass(frozen=True, eq=False)
class ClassificationDataset:
    """Cells to train on, and cells to choose the best epoch with."""

    training: LabelledCells
    validation: LabelledCells


def image_margin(patch_size: int) -> int:
    """Pixels that prepared images need around them."""
    return patch_size // 2 + augmentation_margin(patch_size) + 1


def augmentation_margin(patch_size: int) -> int:
    """Pixels around a patch that turning, shrinking and shifting may bring in."""
    return int(np.ceil(_ROOM * patch_size))


def prepare_cells(
    parts: Sequence[tuple[MeanPlanes, pd.DataFrame, NDArray[np.int64]]],
    card: ModelCard,
) -> LabelledCells:
    """Prepare the cells of some recordings as a model sees them.

    Parameters
    ----------
    parts
        Of each recording its mean images, its cells (`plane`, `y`, `x` are read) and
        the index of the class of each.
    card
        Pixel size, patch size, normalisation and combination of the model.
    """
    margin = image_margin(card.patch_size)
    images: list[NDArray[np.float32]] = []
    columns: list[tuple[NDArray[np.int64], ...]] = []
    for planes, cells, target in parts:
        factor = planes.pixel_size_um / card.pixel_size_um
        plane = cells["plane"].to_numpy(int)
        # the same rounding as where cells are classified (`patches`)
        middle = cells[["y", "x"]].to_numpy(float)
        centre = np.round((middle + 0.5) * factor - 0.5).astype(np.int64)
        used = np.unique(plane)
        where = np.searchsorted(used, plane) + len(images)
        images += [_prepared(planes, int(k), card, margin) for k in used]
        columns.append((where, centre[:, 0], centre[:, 1], np.asarray(target)))
    image, y, x, classes = (
        np.concatenate([c[k] for c in columns]).astype(np.int64)
        if columns
        else np.zeros(0, np.int64)
        for k in range(4)
    )
    weight = np.ones(len(classes), np.float32)
    return LabelledCells(tuple(images), image, y, x, classes, weight, card.patch_size)


def concatenate(first: LabelledCells, second: LabelledCells) -> LabelledCells:
    """The cells of both, those of the first before those of the second."""
    if first.patch_size != second.patch_size:
        raise ValueError("cells of other patch sizes cannot be joined")
    shifted = second.image + len(first.images)
    return LabelledCells(
        images=(*first.images, *second.images),
        image=np.concatenate([first.image, shifted]),
        y=np.concatenate([first.y, second.y]),
        x=np.concatenate([first.x, second.x]),
        target=np.concatenate([first.target, second.target]),
        weight=np.concatenate([first.weight, second.weight]),
        patch_size=first.patch_size,
    )


def _prepared(
    planes: MeanPlanes, plane: int, card: ModelCard, margin: int
) -> NDArray[np.float32]:
    image = plane_image(planes, plane, card)
    return np.pad(image, [(0, 0), (margin, margin), (margin, margin)], "reflect")
