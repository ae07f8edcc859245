"""The layers beside those of a study: images and results, hidden while it is shown."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari_cellid.widgets.session.result_layer import (
    BLIND_FEATURES,
    input_images,
    is_output_layer,
    is_superseded,
    result_of,
    update_features,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer

    from napari_cellid.recording import MeanPlanes


class OtherLayers:
    """Hides layers that are not of a study, and knows which to show again."""

    def __init__(self) -> None:
        self._hidden: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._without_features: weakref.WeakSet[Labels] = weakref.WeakSet()

    def hide(self, viewer: ViewerModel, own: Collection[Layer]) -> None:
        """Hide images and results that are not among those of the study."""
        from napari.layers import Image

        for layer in viewer.layers:
            image = isinstance(layer, Image) or is_output_layer(layer)
            if image and layer.visible and layer not in own:
                layer.visible = False
                self._hidden.add(layer)

    def show_again(self, viewer: ViewerModel) -> None:
        """Show what was hidden, but for results that another has replaced."""
        for layer in list(self._hidden):
            layer.visible = not is_superseded(layer, viewer.layers)
        self._hidden.clear()

    def show_images(self, own: Collection[Layer]) -> None:
        """Show the images that were hidden, but for those that the study shows."""
        for layer in list(self._hidden):
            if input_images([layer]) and layer not in own:
                layer.visible = True
                self._hidden.discard(layer)

    def hide_features(self, viewer: ViewerModel) -> None:
        """Hide predictions of models in napari's table of features."""
        for layer in viewer.layers:
            if result_of(layer) is not None:
                layer.features = layer.features[[*BLIND_FEATURES]]
                self._without_features.add(layer)

    def restore_features(self) -> None:
        """Restore the tables of features; the layers stay as they are."""
        for layer in list(self._without_features):
            result = result_of(layer)
            if result is not None:
                update_features(layer, result)
        self._without_features.clear()


def result_layer(viewer: ViewerModel, planes: MeanPlanes) -> Layer | None:
    """The layer of Identify's result of the same recording, if there is one."""
    for layer in viewer.layers:
        result = result_of(layer)
        same_shape = layer.data.shape == planes.shape[-layer.ndim :]
        if result is not None and same_shape and result.is_of(planes):
            return layer
    return None
