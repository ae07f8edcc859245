"""Keeps results up to date: with the slider, and with what the user paints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_cellid.progress import Progress
from napari_cellid.segmentation.relabel import apply_edits, resegment, update_classes
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.session.result_layer import (
    result_of,
    show_labels,
    show_table,
    volume_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd
    from napari.components import ViewerModel

    from napari_cellid.config import SegmentConfig
    from napari_cellid.progress import Step
    from napari_cellid.segmentation.relabel import LabelledCells
    from napari_cellid.widgets.session.result_layer import Result

#: quiet time (ms) after which a brush stroke, or the slider, counts as finished
_QUIET_MS = 300


class Live(QObject):
    """Follows the result layers of a viewer.

    Outlines follow the slider at once; classes follow in the background, for those
    cells alone that changed.
    """

    #: a labels layer, whose cells changed
    changed = Signal(object)
    #: what is being done, empty when nothing is
    status = Signal(str)

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._connections = Connections(self)
        self._outlining = Worker(self)
        self._outlining.finished.connect(self._after_outlining)
        self._classifying = Worker(self)
        self._classifying.finished.connect(self._after_classifying)
        self._quiet = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._quiet.timeout.connect(self._catch_up)
        self._wanted: tuple[Labels, SegmentConfig] | None = None
        self._tried: LabelledCells | None = None
        self._paused = False
        self._when_settled: Callable[[], None] | None = None

    def watch(self, layer: Labels) -> None:
        """Follow what the user paints in a result layer."""
        # undo and redo tell of themselves by set_data alone
        for name in ("paint", "labels_update", "set_data"):
            self._connections.connect(getattr(layer.events, name), self._on_touched)

    def outline_anew(self, layer: Labels, config: SegmentConfig) -> None:
        """Outline the cells of a result with other settings; the last call wins."""
        self._wanted = (layer, config)
        self._classifying.cancel()
        self._outline_next()

    def pause(self) -> None:
        """Leave the processor to something else; changes are taken in later."""
        self._paused = True
        self._classifying.cancel()

    def resume(self) -> None:
        """Go on with what was left."""
        self._paused = False
        self._tried = None
        self._quiet.start()

    def settle(self, then: Callable[[], None]) -> None:
        """Call `then` once nothing is out of date."""
        self._when_settled = then
        self._catch_up()

    def _on_touched(self) -> None:
        self._quiet.start()

    def _catch_up(self) -> None:
        """Take in what was painted, then classify what is out of date."""
        for layer, result in self._results():
            self._take_edits(layer, result)
        if not (self._paused or self._outlining.busy or self._classifying.busy):
            self._classify_next()

    def _take_edits(self, layer: Labels, result: Result) -> None:
        outlines = apply_edits(
            result.outlines,
            volume_of(layer),
            result.found.planes,
            classified=result.classifier is not None,
        )
        if outlines is result.outlines:
            return
        result.outlines = outlines
        self._classifying.cancel()
        show_table(layer, result)
        self.changed.emit(layer)

    def _outline_next(self) -> None:
        if self._wanted is None or self._outlining.busy:
            return
        (layer, config), self._wanted = self._wanted, None
        result = result_of(layer)
        if result is None or layer not in self._viewer.layers:
            return
        self._take_edits(layer, result)
        before = result.outlines

        def done(after: LabelledCells) -> None:
            self._take_edits(layer, result)
            if result.outlines is not before:
                # painted on meanwhile: once more, with that
                self._wanted = self._wanted or (layer, config)
                return
            result.outlines = after
            # the kept maps are of as many views as when they were made
            views = result.config.segment.views
            segment = config.model_copy(update={"views": views})
            result.config = result.config.model_copy(update={"segment": segment})
            show_labels(layer, result)
            self.changed.emit(layer)

        self._outlining.start(_outlining(result, before, config), done)

    def _after_outlining(self) -> None:
        self._outline_next()
        self._quiet.start()

    def _classify_next(self) -> None:
        for layer, result in self._results():
            before = result.outlines
            if before.stale and before is not self._tried:
                self._tried = before
                self._classify(layer, result)
                return
        self.status.emit("")
        if self._when_settled is not None:
            then, self._when_settled = self._when_settled, None
            then()

    def _classify(self, layer: Labels, result: Result) -> None:
        before = result.outlines

        def done(rows: pd.DataFrame) -> None:
            # those that changed meanwhile are stale still, and come next
            if result.outlines is before:
                result.outlines = update_classes(before, rows)
                show_table(layer, result)
                self.changed.emit(layer)

        n = len(before.stale)
        self.status.emit(f"Classifying {n} changed cell{'s' if n > 1 else ''}…")
        self._classifying.start(_classifying(result, before), done)

    def _after_classifying(self) -> None:
        self._catch_up()

    def _results(self) -> Iterator[tuple[Labels, Result]]:
        for layer in list(self._viewer.layers):
            result = result_of(layer)
            if isinstance(layer, Labels) and result is not None:
                yield layer, result


def _outlining(
    result: Result, before: LabelledCells, config: SegmentConfig
) -> Step[LabelledCells]:
    yield Progress("Outlining cells")
    segmentation = result.found.segmentation
    if segmentation is None:
        return before
    classifier = result.classifier
    patch_um = None if classifier is None else classifier.card.pixel_size_um
    by_outline = classifier is not None and classifier.uses_outlines
    planes = result.found.planes
    return resegment(
        before, segmentation, planes, config, patch_um, by_outline=by_outline
    )


def _classifying(result: Result, before: LabelledCells) -> Step[pd.DataFrame]:
    from napari_cellid.classification.base import classify_cells
    from napari_cellid.device import choose_device

    rows = before.cells[before.cells["label"].isin(list(before.stale))]
    if result.classifier is None:
        return rows
    return (
        yield from classify_cells(
            result.found.planes,
            before.labels,
            rows,
            result.classifier,
            result.config.classify,
            choose_device(result.config.device),
        )
    )
