"""From results to layers, and back to what the user made of them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.channels.normalise import contrast_limits
from napari_cellid.colours import UNCLASSIFIED, class_colours
from napari_cellid.widgets._shared.layers import has_time, transform_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import IdentifyConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.segmentation.relabel import LabelledCells
    from napari_cellid.widgets._shared.layers import Channels

#: where a layer keeps its result
KEY = "napari_cellid"
#: napari refuses a colour of its own for a larger label where there is no numba
_LARGEST_COLOURED = 2**16


@dataclass(eq=False)
class Result:
    """What a labels layer shows, and what it takes to bring it up to date.

    Parameters
    ----------
    found
        What the run found.
    outlines
        What has become of its cells since.
    config
        Settings behind them.
    classifier
        Tells the classes of cells that change; None where cells are only outlined.
    folder
        Where the files of the recording lie; None where it has none.
    shown_in
        The layer.
    """

    found: IdentifyResult
    outlines: LabelledCells
    config: IdentifyConfig
    classifier: CellClassifier | None
    folder: Path | None = None
    shown_in: weakref.ref[Any] | None = None

    @property
    def name(self) -> str:
        """Name of the recording."""
        return self.found.planes.name

    def described(self) -> IdentifyResult:
        """The result as it is now, with what happened since in its record."""
        hand = self.outlines.hand
        marks = np.unique(hand) if hand is not None else np.zeros(0, np.int64)
        since = {
            "settings": self.config.model_dump(mode="json"),
            "cells": len(self.outlines.cells),
            "changed_by_hand": {
                "cells_drawn": int((marks > 0).sum()),
                "cells_erased": bool((marks < 0).any()),
            },
        }
        return replace(
            self.found,
            labels=self.outlines.labels,
            cells=self.outlines.cells,
            run=self.found.run | since,
        )


def result_of(layer: Layer | None) -> Result | None:
    """The result that a layer shows; None for any other layer, also for its copies."""
    result = None if layer is None else layer.metadata.get(KEY)
    if isinstance(result, Result) and result.shown_in is not None:
        return result if result.shown_in() is layer else None
    return None


def is_ours(layer: Layer) -> bool:
    """Whether a layer was made here and is no image to work on."""
    return KEY in layer.metadata


def add_result(viewer: ViewerModel, result: Result, channels: Channels) -> Labels:
    """Add the outlined cells, and their probability as a hidden image.

    Movies give way to their means, for outlines over one noisy frame say little.
    Cells of an earlier run of the same recording give way, unless they were changed
    by hand: those are kept, hidden.
    """
    from napari.layers import Image, Labels

    _clear_away(viewer, result.name)
    like = channels.layers[0]
    # like the images, without the axis of time
    n = like.ndim - has_time(like, channels.third_axis)
    transform = transform_of(like, n)
    _add_means(viewer, result, channels, transform)
    if result.found.segmentation is not None:
        probability = result.found.segmentation.probability
        image = Image(
            probability if n == 3 else probability[0],
            name=f"{result.name} cell probability",
            visible=False,
            colormap="magma",
            contrast_limits=(0, 1),
            blending="additive",
            metadata={KEY: result.name},
            **transform,
        )
        viewer.add_layer(image)
    labels = result.outlines.labels
    layer = Labels(
        (labels if n == 3 else labels[0]).copy(),
        name=f"{result.name} cells",
        opacity=1,
        metadata={KEY: result},
        **transform,
    )
    layer.contour = 1
    result.shown_in = weakref.ref(layer)
    show_table(layer, result)
    viewer.add_layer(layer)
    return layer


def show_labels(layer: Labels, result: Result) -> None:
    """Show other labels than before, and their table."""
    labels = result.outlines.labels
    data = labels if layer.ndim == 3 else labels[0]
    mode = layer.mode
    layer.data = data.copy()
    # napari would undo brush strokes into objects that have other numbers now;
    # a layer that cannot be edited forgets them
    layer.editable = False
    layer.editable = True
    layer.mode = mode
    show_table(layer, result)


def show_table(layer: Labels, result: Result) -> None:
    """Show the cell table as the layer's features and its classes as colours."""
    from napari.utils.colormaps import DirectLabelColormap

    cells, colours = result.outlines.cells, class_colours(result.found.classes)
    features = cells.copy()
    features.insert(0, "index", cells["label"])
    layer.features = features
    shades: dict[int | None, str] = {None: UNCLASSIFIED, 0: "transparent"}
    for label, name in zip(cells["label"], cells["predicted"], strict=True):
        if label <= _LARGEST_COLOURED:
            shades[int(label)] = colours.get(name, UNCLASSIFIED)
    layer.colormap = DirectLabelColormap(color_dict=shades)


def volume_of(layer: Labels) -> NDArray[np.int32]:
    """(plane, y, x) of what a layer shows now, a copy."""
    data = np.array(layer.data, dtype=np.int32)
    return data if data.ndim == 3 else data[None]


def _clear_away(viewer: ViewerModel, name: str) -> None:
    for layer in list(viewer.layers):
        result = result_of(layer)
        if result is not None and result.name == name:
            if result.outlines.hand is None:
                viewer.layers.remove(layer)
            else:
                layer.visible = False
        elif layer.metadata.get(KEY) == name:
            viewer.layers.remove(layer)


def _add_means(
    viewer: ViewerModel, result: Result, channels: Channels, transform: dict[str, Any]
) -> None:
    """Show the mean of a movie, on which the cells were found, in the movie's place."""
    from napari.layers import Image

    planes = result.found.planes
    for layer, mean in ((channels.red, planes.red), (channels.green, planes.green)):
        if layer is None or mean is None or not has_time(layer, channels.third_axis):
            continue
        image = Image(
            mean if len(transform["scale"]) == 3 else mean[0],
            name=f"{layer.name} (mean)",
            colormap=layer.colormap,
            blending=layer.blending,
            contrast_limits=contrast_limits(mean),
            metadata={KEY: result.name},
            **transform,
        )
        viewer.add_layer(image)
        layer.visible = False
