"""The layers of a study in a viewer: one recording at a time, other images hidden."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

from napari_cellid.widgets.session.hover_text import say_cells
from napari_cellid.widgets.session.other_layers import OtherLayers, result_layer
from napari_cellid.widgets.session.result_layer import (
    input_images,
    is_outlines_preview,
    is_study_image,
    planes_of,
    result_of,
)
from napari_cellid.widgets.session.shown_recording import ShownRecording
from napari_cellid.widgets.session.study_layers import RecordingLayers
from napari_cellid.widgets.session.viewer_state import ViewerState, show_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.utils.events import Event
    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig
    from napari_cellid.recording import MeanPlanes

#: after this time a window that was just opened has its final size
_LAYOUT_MS = 500


class StudyView(ShownRecording):
    """Shows a recording of a study in a viewer.

    Parameters
    ----------
    viewer
        It is referenced weakly: a session ends with its viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        # layers that the next recording can be shown in
        self._kept: RecordingLayers | None = None
        self._others = OtherLayers()
        self._zoomed = False
        # what the status bar says of the cell under the mouse
        self._words: Callable[[Any], str] | None = None
        # what the viewer showed before the study: camera, position and active layer
        self._before: ViewerState | None = None
        # the same of the recording, while it is set aside
        self._aside: ViewerState | None = None
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)

    @property
    def aside(self) -> bool:
        """Whether the recording is hidden, because something else was opened."""
        layers = self._shown_layers
        if layers is None or self._aside is None:
            return False
        return not layers.outlines.layer.visible

    @property
    def predictions_visible(self) -> bool:
        """Whether a visible layer shows predictions of a model."""
        viewer = self._viewer()
        layers = [] if viewer is None else viewer.layers
        return any(layer.visible and result_of(layer) for layer in layers)

    def show(
        self,
        planes: MeanPlanes,
        labels: NDArray[Any],
        config: StudyConfig,
        title: str,
    ) -> None:
        """Show a recording and hide other images, because colours would add up.

        Parameters
        ----------
        planes, labels
            Mean images and labels (plane, y, x) of the recording.
        config
            Classes of the study.
        title
            What people see of the recording, for the names of its layers.
        """
        viewer = self._viewer()
        if viewer is None:
            return
        self.clear(keep_layers=True)
        if self._before is None:
            self._before = ViewerState(viewer)
        like = result_layer(viewer, planes)
        layers, self._kept = self._kept, None
        if layers is None or not layers.show(planes, labels, config, title, like):
            if layers is not None:
                layers.remove()
            self._hide_others(viewer)
            layers = RecordingLayers(viewer, planes, labels, config, title, like=like)
        if self._layers is not None:
            # napari drew in between, and another recording was shown meanwhile
            layers.remove()
            # these layers may have set it aside
            self.bring_back()
            return
        self._layers = layers
        self._hide_others(viewer)
        self._layers.follow_units()
        if not self._zoomed:
            self._layers.zoom_in()
            self._zoomed = True
            # a window that is just opening does not have its size yet
            # weak, because a timer must not keep the view alive
            adjust = weakref.WeakMethod(self._adjust_zoom)
            QTimer.singleShot(_LAYOUT_MS, lambda: _call(adjust))

    def say_cells(self, words: Callable[[Any], str]) -> None:
        """Let the status bar name the cell under the mouse; see `hover_text`."""
        self._words = words
        if self._shown_layers is not None:
            say_cells(self._shown_layers.layers, words)

    def clear(self, *, keep_layers: bool = False) -> None:
        """Remove the recording, and show the images again that were hidden for it.

        Parameters
        ----------
        keep_layers
            Whether another recording follows, which can be shown in the same layers;
            if none does, `drop_kept_layers` removes them.
        """
        layers, self._layers = self._shown_layers, None
        self._aside = None
        if layers is None:
            return
        self._kept = layers
        self.restore_predictions()
        if not keep_layers:
            self.drop_kept_layers()

    def drop_kept_layers(self) -> None:
        """Remove layers that were kept for a recording that did not come."""
        viewer, kept, self._kept = self._viewer(), self._kept, None
        if kept is None or viewer is None:
            return
        kept.remove()
        self._others.show_again(viewer)

    def bring_back(self) -> None:
        """Show the recording again that was set aside, and hide what was shown."""
        viewer, layers, state = self._viewer(), self._layers, self._aside
        if viewer is None or layers is None or state is None:
            return
        self._aside = None
        layers.use_same_images()
        if self._words is not None:
            say_cells(layers.layers, self._words)
        layers.set_visible(True)
        self._hide_others(viewer)
        state.restore(viewer)

    def restore_viewer(self) -> None:
        """Show what the viewer showed before the study was opened."""
        viewer, before = self._viewer(), self._before
        self._before, self._zoomed = None, False
        if viewer is not None and before is not None:
            before.restore(viewer)

    def hide_predictions(self) -> None:
        """Hide predictions of models, also in napari's table of features."""
        viewer = self._viewer()
        if viewer is None or self._layers is None:
            return
        self._hide_others(viewer)
        self._others.hide_features(viewer)

    def restore_predictions(self) -> None:
        """Restore the tables of features; the layers stay hidden."""
        self._others.restore_features()

    def probability(self, planes: MeanPlanes) -> NDArray[Any] | None:
        """The probability map that a result of Identify has of the same images."""
        viewer = self._viewer()
        layer = None if viewer is None else result_layer(viewer, planes)
        result = result_of(layer)
        maps = None if result is None else result.run_result.segmentation
        return None if maps is None else maps.probability

    def _on_inserted(self, event: Event) -> None:
        """Set the recording aside when another one is opened or identified.

        Two recordings over one another are a picture of neither.
        """
        viewer, layers = self._viewer(), self._layers
        if viewer is None or layers is None:
            # the layers that are being added are those of the study
            return
        layers.follow_units()
        layer = event.value
        if not layer.visible or self.aside:
            return
        if result_of(layer) is not None or is_outlines_preview(layer):
            self._set_aside(viewer, layers)
            self._show_inputs(viewer, layers, planes_of(layer))
        elif input_images([layer]):
            self._set_aside(viewer, layers)
            show_whole(viewer, layer)

    def _on_removed(self) -> None:
        if self._shown_layers is not None:
            self._shown_layers.follow_units()

    def _set_aside(self, viewer: ViewerModel, layers: RecordingLayers) -> None:
        self._aside = ViewerState(viewer)
        layers.set_visible(False)

    def _show_inputs(
        self, viewer: ViewerModel, layers: RecordingLayers, planes: MeanPlanes | None
    ) -> None:
        """Show the images below a result that were hidden for the study.

        Parameters
        ----------
        viewer
            Has the images.
        layers
            The layers of the study, which are hidden.
        planes
            Mean images of the result.
        """
        if all(is_study_image(image) for image in input_images(viewer.layers)):
            # the result is of the study's own images
            layers.set_visible(True)
            layers.set_visible(False, images=False)
        elif layers.borrowed and planes is not None and layers.is_of(planes):
            for layer in layers.borrowed:
                layer.visible = True
            return
        self._others.show_images(layers.borrowed)

    def _adjust_zoom(self) -> None:
        if self._shown_layers is not None:
            self._shown_layers.adjust_zoom()

    def _hide_others(self, viewer: ViewerModel) -> None:
        self._others.hide(viewer, () if self._layers is None else self._layers.layers)


def _call(method: weakref.WeakMethod[Callable[[], None]]) -> None:
    """Call a method of an object unless the object is gone."""
    bound = method()
    if bound is not None:
        bound()
