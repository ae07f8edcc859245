"""What a viewer shows of a study: one recording at a time, and nothing beside it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari_cellid.widgets.results import is_ours, result_of
from napari_cellid.widgets.study_layers import RecordingLayers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig
    from napari_cellid.recording import MeanPlanes


class StudyView:
    """Shows a recording of a study in a viewer.

    Parameters
    ----------
    viewer
        It is not kept alive: a session ends with its viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._layers: RecordingLayers | None = None
        self._hidden: weakref.WeakSet[Layer] = weakref.WeakSet()
        self._zoomed = False

    @property
    def complete(self) -> bool:
        """Whether a recording is shown and the user has taken none of it away."""
        return self._layers is not None and self._layers.complete

    @property
    def opinions_visible(self) -> bool:
        """Whether a layer shows what a model says of the cells."""
        viewer = self._viewer()
        layers = [] if viewer is None else viewer.layers
        return any(layer.visible and result_of(layer) for layer in layers)

    def show(
        self, planes: MeanPlanes, labels: NDArray[Any], config: StudyConfig
    ) -> None:
        """Show a recording; other images step back, for two would add up."""
        viewer = self._viewer()
        if viewer is None:
            return
        self.clear()
        like = self._result_layer(viewer, planes)
        self._hide(viewer)
        self._layers = RecordingLayers(viewer, planes, labels, config, like=like)
        if not self._zoomed:
            self._layers.zoom_in()
            self._zoomed = True

    def clear(self) -> None:
        """Take the recording away, and show again what stepped back for it."""
        layers, self._layers = self._layers, None
        if layers is None:
            return
        layers.remove()
        for layer in list(self._hidden):
            layer.visible = True
        self._hidden.clear()

    def hide_opinions(self) -> None:
        """Hide what models say of the cells."""
        viewer = self._viewer()
        if viewer is not None and self._layers is not None:
            self._hide(viewer)

    def draw(self, answers: Mapping[int, str]) -> None:
        """Colour all outlines by the answers to their labels."""
        if self._layers is not None:
            self._layers.draw(answers)

    def colour(self, labels: Sequence[int], answer: str | None) -> None:
        """Colour the outlines of some labels."""
        if self._layers is not None and labels:
            self._layers.colour(labels, answer)

    def select(self, labels: Sequence[int]) -> None:
        """Show which cells the next answer is for."""
        if self._layers is not None:
            self._layers.select(labels)

    def look_at(self, row: Mapping[str, Any], *, centre: bool) -> None:
        """Show and mark the cell of a row of the cell table."""
        if self._layers is not None:
            place = int(row["plane"]), float(row["y"]), float(row["x"])
            self._layers.look_at(*place, centre=centre)

    def look_away(self) -> None:
        """Mark no cell."""
        if self._layers is not None:
            self._layers.look_away()

    def label_at(self, position: Sequence[float]) -> int:
        """Label at a place in the viewer's world, 0 where there is none."""
        return 0 if self._layers is None else self._layers.label_at(position)

    def labels_within(
        self, one: Sequence[float], other: Sequence[float]
    ) -> tuple[int, ...]:
        """Labels whose cells lie in a rectangle of the plane that is shown."""
        return () if self._layers is None else self._layers.labels_within(one, other)

    def _hide(self, viewer: ViewerModel) -> None:
        from napari.layers import Image

        own = () if self._layers is None else self._layers.layers
        for layer in viewer.layers:
            beside = isinstance(layer, Image) or is_ours(layer)
            if beside and layer.visible and layer not in own:
                layer.visible = False
                self._hidden.add(layer)

    def _result_layer(self, viewer: ViewerModel, planes: MeanPlanes) -> Layer | None:
        """What Identify shows of the same recording, if it is in the viewer."""
        for layer in viewer.layers:
            result = result_of(layer)
            same = result is not None and result.name == planes.name
            if same and layer.data.shape == planes.shape[-layer.ndim :]:
                return layer
        return None
