"""A ring around the current cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.widgets._shared.layers import set_transform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel

#: diameter of the ring (µm), larger than the largest somata
RING_UM = 30.0
#: a colour that neither images nor answers have
RING_COLOUR = "#00e5ff"


class CellMarker:
    """A points layer with one ring.

    Parameters
    ----------
    viewer
        Gets the layer.
    shape
        (plane, y, x) of the images.
    transform
        Scale, units and axis labels of the layer; of two axes if there is one plane.
    pixel_size_um
        Edge of a pixel in µm.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        shape: tuple[int, int, int],
        transform: Mapping[str, Any],
        pixel_size_um: float,
    ) -> None:
        from napari.layers import Points

        self._ndim = len(transform["scale"])
        self.layer = Points(
            np.array([shape[-self._ndim :]]) / 2,
            name="current cell",
            size=RING_UM / pixel_size_um,
            symbol="disc",
            face_color="transparent",
            border_color=RING_COLOUR,
            border_width=0.05,
            visible=False,
            **transform,
        )
        viewer.add_layer(self.layer)
        # the user must not drag the ring to another cell
        self.layer.editable = False

    def set_recording(self, transform: Mapping[str, Any], pixel_size_um: float) -> None:
        """Hide the ring, and be as large as a cell in another recording."""
        self.layer.visible = False
        set_transform(self.layer, transform)
        self.layer.size = RING_UM / pixel_size_um

    def show(self, plane: int, y: float, x: float) -> None:
        """Mark a position (px)."""
        # changing the data in place takes 1.7 ms, giving the layer new data 5.7 ms
        if self.layer.data.shape != (1, self._ndim):
            # somebody gave the layer other points
            self.layer.data = np.zeros((1, self._ndim))
        self.layer.data[0] = (plane, y, x)[-self._ndim :]
        if not self.layer.visible:
            self.layer.visible = True
        self.layer.refresh(extent=False, thumbnail=False, highlight=False)

    def hide(self) -> None:
        """Hide the ring."""
        self.layer.visible = False
