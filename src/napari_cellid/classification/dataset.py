"""Cells of known class, ready for the training of a patch classifier."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.channels.model_input import plane_image
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.models.card import ModelCard
    from napari_cellid.recording import MeanPlanes

#: margin that a rotated, shrunk and shifted patch needs, as a share of its side
#: (turned by 45° and shrunk to 0.88 it reaches 0.30 beyond its side; the rest is
#: for the shift)
_MARGIN_SHARE = 0.35
#: fewest training cells of a class
MIN_CELLS_PER_CLASS = 2


@dataclass(frozen=True, eq=False)
class PatchDataset:
    """Patches of cells of known class, cut on demand.

    Parameters
    ----------
    images
        (3, y, x) float32 each, 0 to 1, at the model's pixel size, mirrored beyond the
        borders by `margin`.
    image, y, x
        Index of the image of each cell, and its centre there, without margin (px).
    target
        Index of the class of each cell.
    weight
        Weight of each cell in the loss.
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
        """Pixels that were added to the images on each side."""
        return image_margin(self.patch_size)

    def cut(self, rows: NDArray[np.int64], extra: int = 0) -> NDArray[np.float32]:
        """Patches (cell, 3, y, x) of some cells, larger by `extra` px on each side."""
        size = self.patch_size + 2 * extra
        first = self.margin - self.patch_size // 2 - extra
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

    def subset(self, n: int) -> PatchDataset:
        """At most `n` of the cells, evenly spread."""
        # the cells stand by recording: the first ones would be all of one field
        return self.rows(np.linspace(0, len(self) - 1, min(n, len(self))).astype(int))

    def rows(self, rows: NDArray[np.int64]) -> PatchDataset:
        """Some of the cells, by their row."""
        columns = ("image", "y", "x", "target", "weight")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def weighted(self, factor: float) -> PatchDataset:
        """The same cells with `factor` times the weight."""
        weight = np.asarray(self.weight * factor, np.float32)
        return replace(self, weight=weight)


@dataclass(frozen=True, eq=False)
class ClassificationDataset:
    """Cells to train on, and cells that choose the best epoch.

    Parameters
    ----------
    training
        Cells to train on.
    validation
        Cells that choose the best epoch.
    summary
        What the log of the run says of the data set.
    """

    training: PatchDataset
    validation: PatchDataset
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RecordingCells:
    """Cells of known class of one recording.

    Parameters
    ----------
    planes
        Mean images.
    cells
        Cell table; `plane`, `y` and `x` are read.
    target
        Index of the class of each cell.
    """

    planes: MeanPlanes
    cells: pd.DataFrame
    target: NDArray[np.int64]


def check_dataset(
    dataset: ClassificationDataset, classes: Sequence[str]
) -> ClassificationDataset:
    """Refuse a data set from which nothing can be learned.

    Returns
    -------
    The data set; the training cells choose the best epoch where there are no others.

    Raises
    ------
    InputError
        If a class has too few training cells.
    """
    count = np.bincount(dataset.training.target, minlength=len(classes))
    for name, n in zip(classes, count, strict=True):
        if n < MIN_CELLS_PER_CLASS:
            cells = "1 cell" if n == 1 else f"{n} cells"
            raise InputError(
                f"The class {name} has {cells} to train on, but at least "
                f"{MIN_CELLS_PER_CLASS} are needed; answer more cells of it, or take "
                "the class out of the study."
            )
    if not len(dataset.validation):
        return replace(dataset, validation=dataset.training)
    return dataset


def image_margin(patch_size: int) -> int:
    """Margin (px) that prepared images need on each side."""
    # one more: the rounded centre of a cell at the border may lie beyond the image
    return patch_size // 2 + augmentation_margin(patch_size) + 1


def augmentation_margin(patch_size: int) -> int:
    """Margin (px) of a patch that rotating, shrinking and shifting may bring in."""
    return int(np.ceil(_MARGIN_SHARE * patch_size))


def prepare_cells(
    recordings: Sequence[RecordingCells], card: ModelCard
) -> PatchDataset:
    """Prepare the cells of some recordings as a model needs them.

    Parameters
    ----------
    recordings
        Images, cells and classes of each recording.
    card
        Pixel size, patch size, normalisation and combination of the model.
    """
    margin = image_margin(card.patch_size)
    images: list[NDArray[np.float32]] = []
    columns: list[tuple[NDArray[np.int64], ...]] = []
    for recording in recordings:
        planes, cells = recording.planes, recording.cells
        factor = planes.network_pixel_um / card.pixel_size_um
        plane = cells["plane"].to_numpy(int)
        # rounded as where cells are classified (`preprocess.Patches`)
        centroid = cells[["y", "x"]].to_numpy(float)
        centre = np.round((centroid + 0.5) * factor - 0.5).astype(np.int64)
        # only planes with cells are normalised, resampled and kept
        used = np.unique(plane)
        image_index = np.searchsorted(used, plane) + len(images)
        images += [_prepare_image(planes, int(k), card, margin) for k in used]
        target = np.asarray(recording.target)
        columns.append((image_index, centre[:, 0], centre[:, 1], target))
    image, y, x, classes = (
        np.concatenate([c[k] for c in columns]).astype(np.int64)
        if columns
        else np.zeros(0, np.int64)
        for k in range(4)
    )
    weight = np.ones(len(classes), np.float32)
    return PatchDataset(tuple(images), image, y, x, classes, weight, card.patch_size)


def concatenate(first: PatchDataset, second: PatchDataset) -> PatchDataset:
    """Join two data sets, the cells of the first before those of the second."""
    if first.patch_size != second.patch_size:
        raise ValueError("cells of different patch sizes cannot be joined")
    # the images of the second come after those of the first
    shifted = second.image + len(first.images)
    return PatchDataset(
        images=(*first.images, *second.images),
        image=np.concatenate([first.image, shifted]),
        y=np.concatenate([first.y, second.y]),
        x=np.concatenate([first.x, second.x]),
        target=np.concatenate([first.target, second.target]),
        weight=np.concatenate([first.weight, second.weight]),
        patch_size=first.patch_size,
    )


def _prepare_image(
    planes: MeanPlanes, plane: int, card: ModelCard, margin: int
) -> NDArray[np.float32]:
    image = plane_image(planes, plane, card)
    return np.pad(image, [(0, 0), (margin, margin), (margin, margin)], "reflect")
