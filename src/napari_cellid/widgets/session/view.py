"""What a viewer shows of a study: one recording at a time, and nothing beside it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

from napari_cellid.widgets.session.result_layer import is_ours, result_of, show_table
from napari_cellid.widgets.session.study_layers import RecordingLayers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer
    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig
    from napari_cellid.recording import MeanPlanes

#: by then a window that was just opened has got its size
_LAID_OUT_MS = 500


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
        self._without_table: weakref.WeakSet[Labels] = weakref.WeakSet()
        self._zoomed = False

    @property
    def _shown(self) -> RecordingLayers | None:
        """The layers; None where there are none, or no viewer any more."""
        return None if self._viewer() is None else self._layers

    @property
    def complete(self) -> bool:
        """Whether a recording is shown and the user has taken none of it away."""
        return self._shown is not None and self._shown.complete

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
            # a window that is just opening has not got its size yet
            again = weakref.WeakMethod(self._zoom_again)
            QTimer.singleShot(_LAID_OUT_MS, lambda: _call(again))

    def clear(self) -> None:
        """Take the recording away, and show again what stepped back for it."""
        layers, self._layers = self._shown, None
        if layers is None:
            return
        layers.remove()
        self.give_opinions_back()
        for layer in list(self._hidden):
            layer.visible = True
        self._hidden.clear()

    def hide_opinions(self) -> None:
        """Hide what models say of the cells, also in napari's table of features."""
        viewer = self._viewer()
        if viewer is None or self._layers is None:
            return
        self._hide(viewer)
        for layer in viewer.layers:
            if result_of(layer) is not None:
                layer.features = layer.features[["index", "label"]]
                self._without_table.add(layer)

    def give_opinions_back(self) -> None:
        """Bring the tables back; the layers stay hidden."""
        for layer in list(self._without_table):
            result = result_of(layer)
            if result is not None:
                show_table(layer, result)
        self._without_table.clear()

    def draw(self, answers: Mapping[int, str]) -> None:
        """Colour all outlines by the answers to their labels."""
        if self._shown is not None:
            self._shown.draw(answers)

    def colour(self, labels: Sequence[int], answer: str | None) -> None:
        """Colour the outlines of some labels."""
        if self._shown is not None and labels:
            self._shown.colour(labels, answer)

    def select(self, labels: Sequence[int]) -> None:
        """Show which cells the next answer is for."""
        if self._shown is not None:
            self._shown.select(labels)

    def look_at(self, row: Mapping[str, Any], *, centre: bool) -> None:
        """Show and mark the cell of a row of the cell table."""
        if self._shown is not None:
            place = int(row["plane"]), float(row["y"]), float(row["x"])
            self._shown.look_at(*place, centre=centre)

    def look_away(self) -> None:
        """Mark no cell."""
        if self._shown is not None:
            self._shown.look_away()

    def label_at(self, position: Sequence[float]) -> int:
        """Label at a place in the viewer's world, 0 where there is none."""
        return 0 if self._shown is None else self._shown.label_at(position)

    def labels_within(
        self, one: Sequence[float], other: Sequence[float]
    ) -> tuple[int, ...]:
        """Labels whose cells lie in a rectangle of the plane that is shown."""
        return () if self._shown is None else self._shown.labels_within(one, other)

    def _zoom_again(self) -> None:
        if self._shown is not None:
            self._shown.zoom_again()

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


def _call(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    """Call a method of an object that may be gone."""
    there = method()
    if there is not None:
        there()
