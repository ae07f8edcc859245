"""What tells the classes of cells: Inception-v3, a U-Net in one pass, or both.

Inception-v3 (or a ResNet) looks at a patch round each cell, as in the paper. A U-Net
with class outputs tells the class of every pixel in one pass over the plane; the class
of a cell is the mean over its pixels. `both` takes the mean of their probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.measure import with_classes
from napari_cellid.channels.normalise import plane_image, rescale
from napari_cellid.classification.patch import Classifier, classify, load_classifier
from napari_cellid.errors import InputError
from napari_cellid.models.store import (
    BOTH,
    card_of_both,
    check_fits,
    find_model,
    fitting,
    load_card,
    load_weights,
)
from napari_cellid.progress import part
from napari_cellid.segmentation.tta import predict_views

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import ClassifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.store import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.unet import UNet

#: architecture of models that tell classes in one pass
ONE_PASS = "unet"


@dataclass(frozen=True, eq=False)
class OnePass:
    """A U-Net that tells the class of every pixel."""

    card: ModelCard
    net: UNet


@dataclass(frozen=True, eq=False)
class Together:
    """Two classifiers whose probabilities are averaged."""

    card: ModelCard
    patches: Classifier
    pixels: OnePass


#: whatever tells the classes of cells
AnyClassifier = Classifier | OnePass | Together


def sees_outlines(classifier: AnyClassifier) -> bool:
    """Whether classes hang on every pixel of a cell, not on its middle alone."""
    return not isinstance(classifier, Classifier)


def load_any_classifier(wanted: str | Path | None = None) -> AnyClassifier:
    """Load what tells cell classes: the default, by name, by path, or both together.

    Raises
    ------
    InputError
        If there is none, it does another job, or its weights do not fit.
    """
    if str(wanted) == BOTH:
        return _together(load_classifier(None), _load_one_pass("one_pass"))
    folder = find_model(wanted, "classify")
    if load_card(folder, "classify").architecture == ONE_PASS:
        return _load_one_pass(folder)
    return load_classifier(folder)


def tell_classes(
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    classifier: AnyClassifier,
    work: tuple[ClassifyConfig, Device],
) -> Step[pd.DataFrame]:
    """Fill in class probabilities, the likeliest class and its probability.

    Parameters
    ----------
    planes
        Mean images of both channels.
    labels
        (plane, y, x) int32: the pixels of the cells.
    cells
        Cell table, all cells or some; `label`, `plane`, `y` and `x` are read.
    classifier
        What tells the classes.
    work
        Settings, and where to compute.
    """
    config, device = work
    if isinstance(classifier, Classifier):
        return (yield from classify(planes, cells, classifier, config, device))
    if isinstance(classifier, OnePass):
        chances = yield from _by_pixels(planes, labels, cells, classifier, work)
        return with_classes(cells, chances, classifier.card.classes)
    first = yield from classify(planes, cells, classifier.patches, config, device)
    second = yield from _by_pixels(planes, labels, cells, classifier.pixels, work)
    classes = classifier.card.classes
    names = [f"p_{name}" for name in classes]
    mean = np.asarray((first[names].to_numpy() + second) / 2, np.float32)
    return with_classes(cells, mean, classes)


def _by_pixels(
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    classifier: OnePass,
    work: tuple[ClassifyConfig, Device],
) -> Step[NDArray[np.float32]]:
    """Class probabilities (cell, class): means over the pixels of each cell."""
    n_classes = len(classifier.card.classes)
    chances = np.full((len(cells), n_classes), 1 / n_classes, np.float32)
    wanted = np.unique(cells["plane"].to_numpy(int))
    for k, plane in enumerate(wanted):
        step = _class_maps(planes, int(plane), classifier, work)
        maps = yield from part(step, k, len(wanted))
        here = cells["plane"].to_numpy(int) == plane
        numbers = cells.loc[here, "label"].to_numpy(int)
        chances[here] = means(maps, labels[plane], numbers)
    return _tempered(chances, classifier.card.temperature)


def means(
    maps: NDArray[np.float32], labels: NDArray[np.int32], numbers: NDArray[np.int_]
) -> NDArray[np.float32]:
    """Mean of each map (class, y, x) over each numbered cell of one plane."""
    # a number that a user painted may be huge: no arrays as long as that
    there, dense = np.unique(labels, return_inverse=True)
    place = np.searchsorted(there, numbers).clip(max=len(there) - 1)
    found = there[place] == numbers
    count = np.where(found, np.bincount(dense.ravel())[place], 0)
    sums = np.stack(
        [np.bincount(dense.ravel(), one.ravel())[place] for one in maps], axis=1
    )
    even = np.full_like(sums, 1 / len(maps))
    # a cell without pixels could be anything
    means = np.divide(sums, count[:, None], out=even, where=count[:, None] > 0)
    total = means.sum(1, keepdims=True)
    return np.asarray(means / np.where(total > 0, total, 1), np.float32)


def _class_maps(
    planes: MeanPlanes,
    plane: int,
    classifier: OnePass,
    work: tuple[ClassifyConfig, Device],
) -> Step[NDArray[np.float32]]:
    """Probability of each class (class, y, x) of one plane, in its own pixels."""
    config, device = work
    card, kinds = classifier.card, classifier.net.config.out_channels
    factor = planes.pixel_size_um / card.pixel_size_um
    image = plane_image(planes, plane, card)
    maps = yield from predict_views(
        classifier.net, image, device, config.class_views, stage="Classifying cells"
    )
    shape = planes.shape[1], planes.shape[2]
    return rescale(maps[kinds:], 1 / factor, shape)


def _tempered(chances: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Probabilities (cell, class) made as sure as they are right."""
    powers = np.maximum(chances, 1e-12) ** (1 / temperature)
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _load_one_pass(wanted: str | Path) -> OnePass:
    from napari_cellid.segmentation.unet import UNet, UNetConfig

    folder = find_model(wanted, "classify")
    card = load_card(folder, "classify")
    with fitting(card, folder, "U-Net"):
        config = UNetConfig.model_validate(card.settings)
        if not config.class_outputs:
            raise InputError(
                f"The model {card.name!r} in {folder} tells no classes; choose another "
                "model, or copy the folder again."
            )
        check_fits(card, config.in_channels, config.class_outputs)
        net = UNet(config)
        net.load_state_dict(load_weights(folder, card))
    return OnePass(card, net.eval())


def _together(patches: Classifier, pixels: OnePass) -> Together:
    if patches.card.classes != pixels.card.classes:
        raise InputError(
            f"The models {patches.card.name!r} and {pixels.card.name!r} tell other "
            "classes and cannot be averaged; choose one of them."
        )
    return Together(card_of_both(patches.card, pixels.card), patches, pixels)
