"""What a viewer shows: it is kept and restored, or one layer fills it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.widgets.session.study_layers import camera_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer


def show_whole(viewer: ViewerModel, layer: Layer) -> None:
    """Show the whole of a layer, whatever else the viewer holds."""
    viewer.reset_view()
    camera = camera_of(viewer)
    low, high = layer.extent.world[:, -2:]
    bottom, top = viewer.layers.extent.world[:, -2:]
    camera.zoom *= max(
        1.0, float(np.min((top - bottom) / np.maximum(high - low, 1e-9)))
    )
    camera.center = (0.0, *((low + high) / 2))


class ViewerState:
    """Camera, position in the stack and active layer of a viewer."""

    def __init__(self, viewer: ViewerModel) -> None:
        camera = camera_of(viewer)
        self._was_empty = not viewer.layers
        self._camera = camera.center, camera.zoom
        self._point = viewer.dims.point
        active = viewer.layers.selection.active
        self._active = None if active is None else weakref.ref(active)

    def restore(self, viewer: ViewerModel) -> None:
        """Show this again; all there is where this was an empty viewer."""
        if not viewer.layers:
            return
        if self._was_empty:
            viewer.reset_view()
            return
        camera = camera_of(viewer)
        camera.center, camera.zoom = self._camera
        # layers of other dimensions may have come or gone meanwhile
        if len(self._point) == viewer.dims.ndim:
            viewer.dims.point = self._point
        active = None if self._active is None else self._active()
        if active in viewer.layers:
            viewer.layers.selection.active = active
