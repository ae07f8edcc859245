"""A ring round the cell that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel

#: diameter of the ring (µm): some way off the largest somata
_RING_UM = 30.0
#: neither in the images nor among the colours of answers
_COLOUR = "#00e5ff"


class Marker:
    """A points layer with one ring.

    Parameters
    ----------
    viewer
        Gets the layer.
    shape
        (plane, y, x) of the images that it lies on.
    place
        Scale, units and axis labels of the layer, 2D where there is one plane.
    pixel_size_um
        Edge of a pixel in µm.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        shape: tuple[int, int, int],
        place: Mapping[str, Any],
        pixel_size_um: float,
    ) -> None:
        from napari.layers import Points

        self._ndim = len(place["scale"])
        self.layer = Points(
            np.array([shape[-self._ndim :]]) / 2,
            name="current cell",
            size=_RING_UM / pixel_size_um,
            symbol="disc",
            face_color="transparent",
            border_color=_COLOUR,
            border_width=0.05,
            visible=False,
            **place,
        )
        viewer.add_layer(self.layer)
        # a ring that is dragged away would mark another cell
        self.layer.editable = False

    def show(self, plane: int, y: float, x: float) -> None:
        """Mark a place (px)."""
        # in place, and without what has not changed: 1.7 ms, against 5.7 ms for
        # giving the layer new data
        self.layer.data[0] = (plane, y, x)[-self._ndim :]
        if not self.layer.visible:
            self.layer.visible = True
        self.layer.refresh(extent=False, thumbnail=False, highlight=False)

    def hide(self) -> None:
        """Mark nothing."""
        self.layer.visible = False
