"""Updating results when the user moves the slider or paints in the labels."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal
from superqt.utils import QSignalDebouncer

from napari_cellid.segmentation.outline_edits import apply_edits, update_classes
from napari_cellid.widgets._shared.connections import LayerConnections
from napari_cellid.widgets._shared.layer_shape import LayerShape
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.identify.tasks import classify_stale_cells, resegment_result
from napari_cellid.widgets.session.result_layer import (
    label_volume,
    result_of,
    update_features,
    update_labels,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from napari.components import ViewerModel
    from napari.utils.events import Event

    from napari_cellid.config import NoneBelowSetting, SegmentConfig
    from napari_cellid.segmentation.outline_edits import LabelledCells
    from napari_cellid.widgets.session.result_layer import ShownResult

#: time without events (ms) after which a brush stroke is taken as finished
_QUIET_MS = 300


class LiveUpdate(QObject):
    """Updates the result layers of a viewer.

    A change of settings outlines the cells again at once. The cells that changed are
    classified afterwards in the background.
    """

    #: the labels layer whose cells have changed
    changed = Signal(object)
    #: what is being done; empty if nothing is
    status = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._connections = LayerConnections(viewer.layers, self)
        self._shapes: weakref.WeakKeyDictionary[Labels, LayerShape]
        self._shapes = weakref.WeakKeyDictionary()
        self._outlining = Worker(self)
        self._outlining.finished.connect(self._on_outlining_finished)
        self._classifying = Worker(self)
        self._classifying.finished.connect(self._update_all)
        self._quiet = QSignalDebouncer(parent=self)
        self._quiet.setTimeout(_QUIET_MS)
        self._quiet.triggered.connect(self._update_all)
        self._pending: tuple[Labels, SegmentConfig] | None = None
        self._last_classified: LabelledCells | None = None
        self._paused = False
        self._when_idle = _Callbacks()
        # not a method of self, which is gone by then
        self.destroyed.connect(self._when_idle.call)

    def connect_layer(self, layer: Labels) -> None:
        """Notice what the user paints in a result layer."""
        # undo and redo emit set_data only
        names = "paint labels_update set_data"
        self._connections.connect(layer, names, self._on_edited)
        self._shapes[layer] = LayerShape.of(layer)
        self._connections.connect(layer, "data", self._on_new_data)

    def resegment(self, layer: Labels, config: SegmentConfig) -> None:
        """Outline the cells of a result with other settings; the last call wins."""
        self._pending = (layer, config)
        self._classifying.cancel()
        # or the cells would stay unclassified if their outlines do not change
        self._last_classified = None
        self._outline_next()

    def set_none_below(self, layer: Labels, none_below: NoneBelowSetting) -> None:
        """Say anew which cells of a result have no class; no network runs for it."""
        result = result_of(layer)
        if result is not None and result.set_none_below(none_below):
            update_features(layer, result)
            self.changed.emit(layer)

    def pause(self) -> None:
        """Classify nothing until `resume`, to leave the processor to a run."""
        self._paused = True
        self._classifying.cancel()

    def resume(self) -> None:
        """Classify the cells that changed meanwhile."""
        self._paused = False
        self._last_classified = None
        self._quiet.throttle()

    def call_when_idle(self, callback: Callable[[], None]) -> None:
        """Call a function once as soon as everything is up to date.

        If this object is deleted before, the function is called then.
        """
        self._when_idle.waiting.append(callback)
        self._update_all()

    def apply_edits(self, layer: Labels) -> None:
        """Measure at once what was painted in a layer; classes follow."""
        result = result_of(layer)
        if result is not None:
            self._apply_edits(layer, result)
            self._quiet.throttle()

    def _on_edited(self) -> None:
        self._quiet.throttle()

    def _on_new_data(self, event: Event) -> None:
        """Put the cells back if a layer gets data that cannot be its cells."""
        layer, result = event.source, result_of(event.source)
        problem = self._shapes[layer].problem(layer)
        if problem and result is not None:
            self._shapes[layer].put_back(layer, result.labelled.labels, problem)

    def _update_all(self) -> None:
        """Apply the user's edits, then classify cells that changed."""
        for layer, result in self._results():
            self._apply_edits(layer, result)
        if not (self._paused or self._outlining.busy or self._classifying.busy):
            self._classify_next()

    def _apply_edits(self, layer: Labels, result: ShownResult) -> None:
        edited = apply_edits(
            result.labelled,
            label_volume(layer),
            result.run_result.planes,
            classified=result.classifier is not None,
        )
        if edited is result.labelled:
            return
        result.labelled = edited
        self._classifying.cancel()
        update_features(layer, result)
        self.changed.emit(layer)

    def _outline_next(self) -> None:
        if self._pending is None or self._outlining.busy:
            return
        (layer, config), self._pending = self._pending, None
        result = result_of(layer)
        if result is None or layer not in self._viewer.layers:
            return
        self._apply_edits(layer, result)
        before = result.labelled

        def on_outlined(after: LabelledCells) -> None:
            self._apply_edits(layer, result)
            if result.labelled is not before:
                # the user painted meanwhile: outline once more
                self._pending = self._pending or (layer, config)
                return
            result.labelled = after
            # the probability maps are still those of the run, made with its `views`
            views = result.config.segment.views
            segment = config.model_copy(update={"views": views})
            result.config = result.config.model_copy(update={"segment": segment})
            update_labels(layer, result)
            self.changed.emit(layer)

        step = resegment_result(result, before, config)
        self._outlining.start(step, on_outlined)

    def _on_outlining_finished(self) -> None:
        self._outline_next()
        self._quiet.throttle()

    def _classify_next(self) -> None:
        for layer, result in self._results():
            before = result.labelled
            if before.stale and before is not self._last_classified:
                self._last_classified = before
                self._classify(layer, result)
                return
        self.status.emit("")
        self._when_idle.call()

    def _classify(self, layer: Labels, result: ShownResult) -> None:
        before = result.labelled

        def on_classified(rows: pd.DataFrame) -> None:
            # if cells changed meanwhile, all of them stay stale and are classified next
            if result.labelled is before:
                result.labelled = update_classes(before, rows)
                # the limits can have changed meanwhile
                result.apply_limits()
                update_features(layer, result)
                self.changed.emit(layer)

        n = len(before.stale)
        self.status.emit(f"Classifying {n} changed cell{'s' if n > 1 else ''}…")
        step = classify_stale_cells(result, before)
        self._classifying.start(step, on_classified)

    def _results(self) -> Iterator[tuple[Labels, ShownResult]]:
        for layer in list(self._viewer.layers):
            result = result_of(layer)
            if isinstance(layer, Labels) and result is not None:
                yield layer, result


class _Callbacks:
    """Functions that are to be called once."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call(self, _: object = None) -> None:
        callbacks, self.waiting = self.waiting, []
        for callback in callbacks:
            callback()
