"""The outlines of a run while classes are still being predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.widgets._shared.layers import METADATA_KEY
from napari_cellid.widgets.session.label_colours import colour_labels
from napari_cellid.widgets.session.result_layer import (
    OUTLINES_PREVIEW,
    result_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer

    from napari_cellid.identify.run_progress import CellsOutlined


class OutlinePreview:
    """A layer of outlines without classes, which gives way to the result.

    Parameters
    ----------
    viewer
        Gets the layer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._layer: Labels | None = None
        self._hidden: list[Layer] = []

    def show(self, outlined: CellsOutlined, transform: Mapping[str, Any]) -> None:
        """Show outlines; an earlier result of the same recording is hidden.

        Parameters
        ----------
        outlined
            The outlines.
        transform
            Where their pixels lie, see `result_transform`.
        """
        from napari.layers import Labels

        self.remove()
        if outlined.labels is None or outlined.planes is None:
            return
        name = outlined.planes.name
        for layer in self._viewer.layers:
            result = result_of(layer)
            if result is not None and result.name == name and layer.visible:
                layer.visible = False
                self._hidden.append(layer)
        flat = len(transform["scale"]) == 2
        layer = self._layer = Labels(
            (outlined.labels[0] if flat else outlined.labels).copy(),
            name=f"{name} outlines",
            opacity=1,
            metadata={METADATA_KEY: (OUTLINES_PREVIEW, outlined.planes)},
            **transform,
        )
        layer.contour = 1
        colour_labels(layer, (), ())
        self._viewer.add_layer(layer)
        # nobody shall paint in what is about to go
        layer.editable = False

    def show_hidden(self) -> None:
        """Show the earlier result again."""
        hidden, self._hidden = self._hidden, []
        for layer in hidden:
            layer.visible = True

    def remove(self) -> None:
        """Remove the outlines, and show the earlier result again."""
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
        self.show_hidden()
