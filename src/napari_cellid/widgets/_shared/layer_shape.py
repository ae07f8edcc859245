"""Layers whose data must keep their shape: other data are put back, and it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.recording.data import format_shape
from napari_cellid.widgets._shared.layers import transform_of
from napari_cellid.widgets._shared.notifications import show_warning

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import NDArray

_LARGEST_LABEL = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class LayerShape:
    """Shape and transforms of a layer as they were.

    Parameters
    ----------
    shape
        Of its data.
    transform
        Transforms, units and names of its axes; napari forgets those of an axis that
        the data lose.
    """

    shape: tuple[int, ...]
    transform: dict[str, Any]

    @classmethod
    def of(cls, layer: Layer) -> LayerShape:
        """Those of a layer now."""
        return cls(tuple(layer.data.shape), transform_of(layer))

    def problem(self, layer: Layer) -> str:
        """Why the data of a labels layer cannot be cells; empty if they can."""
        shape = tuple(layer.data.shape)
        if shape != self.shape:
            return f"an image of {format_shape(shape)} pixels"
        data = np.asarray(layer.data)
        if data.size and not 0 <= int(data.min()) <= int(data.max()) <= _LARGEST_LABEL:
            return "numbers that no cell can have"
        return ""

    def put_back(self, layer: Layer, data: NDArray[Any], problem: str) -> None:
        """Give a layer its data (plane, y, x) or (y, x) again, and say why."""
        other_axes = layer.ndim != len(self.shape)
        layer.data = data.reshape(self.shape).copy()
        if other_axes:
            for name, value in self.transform.items():
                setattr(layer, name, value)
        show_warning(
            f"The layer {layer.name!r} was given {problem}, but it shows the cells of "
            f"{format_shape(self.shape)} pixels; they were put back. Add other data as "
            "a layer of their own."
        )
