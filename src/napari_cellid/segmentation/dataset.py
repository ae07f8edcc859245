"""Fields with known outlines, ready for the training of a U-Net."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.model_input import plane_image
from napari_cellid.errors import InputError
from napari_cellid.segmentation.targets import (
    IGNORE_INDEX,
    border_weights,
    pixel_targets,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_cellid.config import SegmenterTrainingConfig
    from napari_cellid.models.card import ModelCard
    from napari_cellid.recording import MeanPlanes


@dataclass(frozen=True, eq=False)
class LabelledField:
    """One plane with known outlines, at the pixel size of the model.

    Parameters
    ----------
    images
        (channel, y, x) float32, normalised as the model needs it.
    target
        (y, x): 0 background, 1 rim, 2 core of a cell, 255 ignored.
    weight
        (y, x): weight of each pixel in the loss.
    """

    images: NDArray[np.float32]
    target: NDArray[np.uint8]
    weight: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SegmentationDataset:
    """Fields to train on, and those that choose the best epoch.

    Parameters
    ----------
    own
        Fields of the user.
    simulated
        Simulated fields, of which a share is mixed in.
    validation
        Fields that choose the best epoch; without any, the user's fields do.
    summary
        What the log of the run says of the data set.
    """

    own: Sequence[LabelledField]
    simulated: Sequence[LabelledField]
    validation: Sequence[LabelledField]
    summary: Mapping[str, Any] = field(default_factory=dict)


def check_dataset(dataset: SegmentationDataset) -> None:
    """Refuse a data set with nothing to learn from.

    Raises
    ------
    InputError
        If every pixel of the user's fields is ignored.
    """
    if not any((field.target != IGNORE_INDEX).any() for field in dataset.own):
        raise InputError(
            "There is nothing to train on, because every pixel of the chosen "
            "recordings is held out or left out; choose more recordings."
        )


def labelled_field(
    planes: MeanPlanes,
    plane: int,
    labels: NDArray[np.int32],
    card: ModelCard,
    config: SegmenterTrainingConfig,
    *,
    left_out: NDArray[np.bool_] | None = None,
) -> LabelledField:
    """Bring one plane and its outlines to the pixel size of a model.

    Parameters
    ----------
    planes
        Mean images.
    plane
        Index of the plane.
    labels
        (y, x) outlines in pixels of the recording.
    card
        Pixel size, normalisation and combination of the model.
    config
        Border weights, and the distance from outlines beyond which pixels are ignored.
    left_out
        (y, x) bool: pixels of the recording that are ignored.
    """
    factor = planes.network_pixel_um / card.pixel_size_um
    images = plane_image(planes, plane, card)
    rescaled = rescale_labels(labels, factor, images.shape[1:])
    target = pixel_targets(rescaled)
    ignored = np.zeros(rescaled.shape, bool)
    if left_out is not None:
        mask = left_out.astype(np.int32)
        ignored = rescale_labels(mask, factor, images.shape[1:]) > 0
    if config.leave_out_unlabelled_um:
        from scipy import ndimage

        distance = ndimage.distance_transform_edt(rescaled == 0) * card.pixel_size_um
        far = distance > config.leave_out_unlabelled_um
        # without an outline no pixel has a distance to one
        ignored |= far if rescaled.any() else True
    target[ignored] = IGNORE_INDEX
    return LabelledField(images, target, border_weights(rescaled, config.weighting))
