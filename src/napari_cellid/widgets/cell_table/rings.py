"""Rings around the chosen cells of a labels layer."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari_cellid.widgets._shared.layers import transform_of
from napari_cellid.widgets.session.marker import RING_COLOUR, RING_UM
from napari_cellid.widgets.session.study_layers import camera_of

if TYPE_CHECKING:
    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray


class CellRings:
    """A points layer over a labels layer, which is there while cells are chosen.

    Parameters
    ----------
    viewer
        Gets the layer.
    layer
        The layer whose cells are chosen.
    """

    def __init__(self, viewer: ViewerModel, layer: Labels) -> None:
        self._viewer: ViewerModel = weakref.proxy(viewer)
        self._of = weakref.ref(layer)
        self._layer: Any = None

    def show(self, places: NDArray[np.float64]) -> None:
        """Draw a ring at each place (cell, (plane, y, x)) in px; none removes all."""
        layer = self._of()
        if layer is None or not len(places):
            self.remove()
            return
        points = places[:, -layer.ndim :]
        if self._layer is None or self._layer not in self._viewer.layers:
            self._layer = self._added(layer, points)
        else:
            self._layer.data = points

    def go_to(self, place: NDArray[np.float64]) -> None:
        """Show the plane of a place (plane, y, x), and move the view if needed."""
        layer, dims = self._of(), self._viewer.dims
        if layer is None:
            return
        world = layer.data_to_world(place[-layer.ndim :])
        if layer.ndim > 2:
            dims.set_point(dims.ndim - 3, world[0])
        if dims.ndisplay == 2 and not _in_view(layer, place):
            camera_of(self._viewer).center = (0.0, *world[-2:])

    def remove(self) -> None:
        """Remove the rings."""
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None

    def _added(self, layer: Labels, points: NDArray[np.float64]) -> Any:
        from napari.layers import Points

        active = self._viewer.layers.selection.active
        rings = Points(
            points,
            name="chosen cells",
            size=RING_UM / float(layer.scale[-1]),
            symbol="disc",
            face_color="transparent",
            border_color=RING_COLOUR,
            border_width=0.05,
            **transform_of(layer),
        )
        self._viewer.add_layer(rings)
        # the user must not drag a ring to another cell
        rings.editable = False
        # what was being looked at or painted on stays the active layer
        self._viewer.layers.selection.active = active
        return rings


def _in_view(layer: Labels, place: NDArray[np.float64]) -> bool:
    """Whether a place (plane, y, x) is in the part of a layer that the canvas shows."""
    first, last = layer.corner_pixels[:, -2:]
    return bool((first < place[-2:]).all() and (place[-2:] < last).all())
