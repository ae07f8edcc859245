"""Classification of cells by a U-Net that classifies every pixel.

One pass over the plane is enough; the class probabilities of a cell are the means over
its pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from napari_cellid.cells.numbering import relabel_sequential, sum_by_label
from napari_cellid.channels.model_input import plane_image
from napari_cellid.classification.temperature import apply_temperature
from napari_cellid.progress import subprogress
from napari_cellid.segmentation.model import UNetModel, load_unet
from napari_cellid.segmentation.tta import predict_tta

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import ClassifyConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes

#: `architecture` in the card of a pixel classifier
ARCHITECTURE = "unet"


class PixelClassifier(UNetModel):
    """A U-Net with an output for each class of cells, and its card."""

    uses_outlines: ClassVar[bool] = True

    def classify(
        self,
        planes: MeanPlanes,
        labels: NDArray[np.int32],
        cells: pd.DataFrame,
        config: ClassifyConfig,
        device: Device,
    ) -> Step[NDArray[np.float32]]:
        """Class probabilities (cell, class): means over the pixels of each cell."""
        n_classes = len(self.card.classes)
        probabilities = np.full((len(cells), n_classes), 1 / n_classes, np.float32)
        plane_of_cell = cells["plane"].to_numpy(int)
        used = np.unique(plane_of_cell)
        for k, plane in enumerate(used):
            step = self._class_maps(planes, int(plane), config, device)
            maps = yield from subprogress(step, k, len(used))
            here = plane_of_cell == plane
            numbers = cells.loc[here, "label"].to_numpy(int)
            probabilities[here] = mean_over_cells(maps, labels[plane], numbers)
        return apply_temperature(probabilities, self.card.temperature)

    def _class_maps(
        self, planes: MeanPlanes, plane: int, config: ClassifyConfig, device: Device
    ) -> Step[NDArray[np.float32]]:
        """Probability of each class (class, y, x) in the pixels of the recording."""
        image = plane_image(planes, plane, self.card)
        maps = yield from predict_tta(
            self.net,
            image,
            device,
            config.class_views,
            stage="Classifying cells",
            outputs="cell classes",
        )
        return self.to_recording_scale(maps, planes)


def load_pixel_classifier(requested: str | Path) -> PixelClassifier:
    """Load a pixel classifier by name or by path.

    Raises
    ------
    InputError
        If there is no such model, it has no class outputs, or its weights do not fit.
    """
    return PixelClassifier(*load_unet(requested, "classify"))


def mean_over_cells(
    maps: NDArray[np.float32], labels: NDArray[np.int32], numbers: NDArray[np.int_]
) -> NDArray[np.float32]:
    """Mean class probabilities of the cells of one plane.

    Parameters
    ----------
    maps
        (class, y, x): probability of each class.
    labels
        (y, x): the pixels of the cells.
    numbers
        Labels of the cells; all classes are equally likely for one without pixels.

    Returns
    -------
    (cell, class), in the order of `numbers`; each row sums to 1.
    """
    # labels that a user painted may be huge: no array may be as long as that
    present, dense = relabel_sequential(labels)
    index = np.searchsorted(present, numbers).clip(max=len(present) - 1)
    has_pixels = present[index] == numbers
    areas = sum_by_label(dense, len(present))
    count = np.where(has_pixels, areas[index], 0)
    sums = np.stack(
        [sum_by_label(dense, len(present), image)[index] for image in maps], axis=1
    )
    uniform = np.full_like(sums, 1 / len(maps))
    means = np.divide(sums, count[:, None], out=uniform, where=count[:, None] > 0)
    # resampling the maps leaves sums that differ a little from 1
    total = means.sum(1, keepdims=True)
    return np.asarray(means / np.where(total > 0, total, 1), np.float32)
