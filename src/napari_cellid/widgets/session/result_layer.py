"""Results of Identify as layers, and the results that layers show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.none_of_these import (
    NONE_RECORD,
    NoneLimits,
    with_predictions,
)
from napari_cellid.classification.base import none_limits
from napari_cellid.colours import class_colours, prediction_colours
from napari_cellid.widgets._shared.layers import METADATA_KEY, STUDY_IMAGE
from napari_cellid.widgets.session.label_colours import colour_labels

if TYPE_CHECKING:
    import weakref
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from napari.layers import Image, Labels, Layer
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import IdentifyConfig, NoneBelowSetting, StudyConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.io.roi_file import RoiFile
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.outline_edits import LabelledCells

#: under METADATA_KEY, with its mean images, for outlines that are shown while classes
#: are predicted
OUTLINES_PREVIEW = "outlines"
#: columns of a layer's features that whoever is blind may see
BLIND_FEATURES = ("index", "label")


@dataclass(frozen=True, eq=False)
class ShownRois:
    """The ROIs of another program behind a result.

    Parameters
    ----------
    file
        The ROIs.
    table
        What each of them is, see `cells.rois.roi_table`. What is painted in the result
        changes nothing in it.
    """

    file: RoiFile
    table: pd.DataFrame


@dataclass(eq=False)
class ShownResult:
    """The result that a labels layer shows, and what is needed to update it.

    Parameters
    ----------
    run_result
        The result of the run.
    labelled
        Its labels and cells with all changes since.
    config
        Settings of the labels as they are now.
    classifier
        Classifies cells that change; None if cells are only outlined.
    folder
        Folder of the files of the recording; None if it has no files.
    layer_ref
        The layer that shows the result.
    naming
        Settings of the study or of the scheme that name and colour the classes; None
        for the colours of the classes' names.
    rois
        What each ROI of another program is; None if the cells were outlined.
    """

    run_result: IdentifyResult
    labelled: LabelledCells
    config: IdentifyConfig
    classifier: CellClassifier | None
    folder: Path | None = None
    layer_ref: weakref.ref[Any] | None = None
    naming: StudyConfig | None = None
    rois: ShownRois | None = None

    @property
    def name(self) -> str:
        """Name of the recording."""
        return self.run_result.planes.name

    @property
    def colours(self) -> dict[str, str]:
        """Colour (#rrggbb) of each class."""
        return class_colours(self.run_result.classes, self.naming)

    def is_of(self, planes: MeanPlanes) -> bool:
        """Whether it is of the recording with these mean images.

        Recordings of other animals can have the same name.
        """
        own = self.run_result.planes
        return self.name == planes.name and own.has_images_of(planes)

    @property
    def limits(self) -> NoneLimits:
        """Limits below which a cell has no class."""
        model = self.classifier
        card = self.run_result.classifier_card if model is None else model.card
        if card is None:
            return NoneLimits()
        return none_limits(self.config.classify, card)

    def set_none_below(self, none_below: NoneBelowSetting) -> bool:
        """Apply another confidence below which a cell has no class.

        Returns
        -------
        Whether the class of a cell has changed.
        """
        classify = self.config.classify.model_copy(update={"none_below": none_below})
        self.config = self.config.model_copy(update={"classify": classify})
        return self.apply_limits()

    def apply_limits(self) -> bool:
        """Say anew which cells have no class; whether a cell has changed."""
        before = self.labelled.cells
        classes = self.run_result.classes
        if self.rois is not None:
            table = with_predictions(self.rois.table, classes, self.limits)
            self.rois = replace(self.rois, table=table)
        cells = with_predictions(before, classes, self.limits)
        if cells["predicted"].equals(before["predicted"]):
            return False
        self.labelled = replace(self.labelled, cells=cells)
        return True

    def current_result(self) -> IdentifyResult:
        """The result as it is now; its `run` records what was changed since the run."""
        hand = self.labelled.hand
        marks = np.unique(hand) if hand is not None else np.zeros(0, np.int64)
        changes: dict[str, Any] = {
            "settings": self.config.model_dump(mode="json"),
            "cells": len(self.labelled.cells),
            "changed_by_hand": {
                "cells_drawn": int((marks > 0).sum()),
                "cells_erased": bool((marks < 0).any()),
            },
        }
        run = {k: v for k, v in self.run_result.run.items() if k != NONE_RECORD}
        if isinstance(run.get("classes"), dict):
            changes["classes"] = {**run["classes"], "colours": self.colours}
        return replace(
            self.run_result,
            labels=self.labelled.labels,
            cells=self.labelled.cells,
            run=run | changes | self.limits.record(self.labelled.cells),
        )


def result_of(layer: Layer | None) -> ShownResult | None:
    """The result that a layer shows; None for other layers and for copies of one."""
    result = None if layer is None else layer.metadata.get(METADATA_KEY)
    if isinstance(result, ShownResult) and result.layer_ref is not None:
        return result if result.layer_ref() is layer else None
    return None


def edited_by_hand(layer: Labels, result: ShownResult) -> bool:
    """Whether a person changed outlines or classes in a layer, even if just now.

    A stroke is taken over a moment after it was painted; classes that were changed in
    the features table never are.
    """
    labelled = result.labelled
    shown = labelled.labels if layer.ndim == 3 else labelled.labels[0]
    if labelled.hand is not None or not np.array_equal(layer.data, shown):
        return True
    if tuple(layer.features) == BLIND_FEATURES:
        # the classes are hidden from a blind annotator
        return False
    classes = layer.features.get("predicted")
    return classes is None or list(classes) != list(labelled.cells["predicted"])


def is_superseded(layer: Layer, layers: Sequence[Layer]) -> bool:
    """Whether a layer over this one shows a later result of a recording."""
    result = result_of(layer)
    if result is None:
        return False
    *_, last = (
        one
        for one in layers
        if (other := result_of(one)) is not None and other.name == result.name
    )
    return last is not layer


def is_output_layer(layer: Layer) -> bool:
    """Whether a layer is output of this plugin, and not an image to work on."""
    return METADATA_KEY in layer.metadata


def input_images(layers: Sequence[Layer]) -> list[Image]:
    """Image layers in which cells can be identified.

    The images of an open study are among them only if there are no others: they come
    and go while somebody annotates, and what is chosen must not change with them.
    """
    from napari.layers import Image

    images = [layer for layer in layers if isinstance(layer, Image)]
    return [layer for layer in images if not is_output_layer(layer)] or [
        layer for layer in images if is_study_image(layer)
    ]


def is_study_image(layer: Layer) -> bool:
    """Whether a layer is an image of the recording that an open study shows."""
    entry = layer.metadata.get(METADATA_KEY)
    return isinstance(entry, tuple) and entry[0] == STUDY_IMAGE


def is_outlines_preview(layer: Layer) -> bool:
    """Whether a layer shows the outlines of a run whose classes are not known yet."""
    entry = layer.metadata.get(METADATA_KEY)
    return isinstance(entry, tuple) and entry[0] == OUTLINES_PREVIEW


def planes_of(layer: Layer) -> MeanPlanes | None:
    """Mean images of the recording whose outlines a layer shows, preview or result."""
    result, entry = result_of(layer), layer.metadata.get(METADATA_KEY)
    if result is not None:
        return result.run_result.planes
    return entry[1] if is_outlines_preview(layer) else None


def update_labels(layer: Labels, result: ShownResult) -> None:
    """Show changed labels, and their table."""
    labels = result.labelled.labels
    data = labels if layer.ndim == 3 else labels[0]
    mode = layer.mode
    layer.data = data.copy()
    # the labels have changed, so napari must not undo earlier brush strokes; a layer
    # that cannot be edited forgets them
    layer.editable = False
    layer.editable = True
    layer.mode = mode
    update_features(layer, result)


def update_features(layer: Labels, result: ShownResult) -> None:
    """Show the cell table as the layer's features and its classes as colours."""
    cells, colours = result.labelled.cells, prediction_colours(result.colours)
    features = cells.copy()
    # by this column napari finds the row of a label
    features.insert(0, "index", cells["label"])
    layer.features = features
    names = cells["predicted"]
    colour_labels(layer, cells["label"], [colours.get(name, "") for name in names])


def label_volume(layer: Labels) -> NDArray[np.int32]:
    """Copy of the labels (plane, y, x) that a layer shows now."""
    data = np.array(layer.data, dtype=np.int32)
    return data if data.ndim == 3 else data[None]
