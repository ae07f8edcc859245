"""The dock widget of the main job: two channels in, every cell outlined and named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Labels
from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QFileDialog, QMessageBox, QVBoxLayout, QWidget

from napari_cellid.config import (
    ClassifyConfig,
    DeviceConfig,
    IdentifyConfig,
    SegmentConfig,
)
from napari_cellid.errors import InputError
from napari_cellid.retrain.active_model import current_model
from napari_cellid.segmentation.relabel import initial_cells
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.layers import recording_from_layers, source_paths
from napari_cellid.widgets._shared.layouts import DockScrollArea
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.identify.channel_colours import colour_channels
from napari_cellid.widgets.identify.live_update import Live
from napari_cellid.widgets.identify.panel import Panel
from napari_cellid.widgets.identify.save_to_study import Keeping
from napari_cellid.widgets.identify.tasks import Models, run_identify, save_results
from napari_cellid.widgets.session.result_layer import Result, add_result, result_of
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer
    from napari.utils.events import Event

    from napari_cellid.identify import IdentifyResult
    from napari_cellid.models.store import Task
    from napari_cellid.progress import Progress
    from napari_cellid.widgets._shared.layers import Channels
    from napari_cellid.widgets.identify.model_combo import ModelChoice


class IdentifyWidget(QWidget):
    """Outlines the cells of a recording and tells excitatory, inhibitory, glia.

    Parameters
    ----------
    viewer
        Its image layers are the input; the result becomes a labels layer.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._models = Models()
        self._layer: Labels | None = None
        self.panel = Panel(viewer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(DockScrollArea(self.panel))
        self.worker = Worker(self)
        self.live = Live(viewer, self)
        self.keeping = Keeping(viewer, self)
        self._session = session_of(viewer)
        self._connect()
        self._follow_viewer()
        self._offer_models()

    def config(self) -> IdentifyConfig:
        """The settings that the form shows."""
        panel = self.panel
        return IdentifyConfig(
            segment=self._segment_config(),
            classify=ClassifyConfig(**panel.classify.values()),
            device=DeviceConfig(**panel.device.values()),
        )

    def run(self) -> None:
        """Identify the cells of the chosen layers; while that runs, cancel it."""
        panel = self.panel
        if self.worker.busy:
            self.worker.cancel()
            panel.show_stage("Cancelling…")
            return
        channels = panel.channels.value()
        try:
            recording = recording_from_layers(channels)
            panel.check(channels)
        except InputError as error:
            show_error(str(error))
            return
        folders = (panel.segmenter.value(), panel.classifier.value())
        if None in (channels.red, channels.green):
            # one channel cannot tell the classes: do not load what cannot be used
            folders = (folders[0], None)
        config = self.config()

        def done(outcome: tuple[IdentifyResult, Models]) -> None:
            found, self._models = outcome
            self._show(found, config, channels)

        self.live.pause()
        panel.set_running(True)
        step = run_identify(recording, folders, self._models, config)
        self.worker.start(step, done)

    def save(self) -> None:
        """Write the files of the current result into a folder that the user picks."""
        result = result_of(self._layer)
        if result is None:
            return
        start = str(result.folder or Path.home())
        chosen = QFileDialog.getExistingDirectory(
            self, f"Folder in which a folder {result.name!r} is made", start
        )
        if not chosen or not self._may_replace(Path(chosen) / result.name):
            return

        def write() -> None:
            step = save_results(result.described(), Path(chosen))
            if self.worker.start(step, lambda folder: show_info(f"Saved in {folder}")):
                self.panel.set_running(True)
            else:
                show_info("Not saved, for a run began; save again when it is done.")

        # not before what was painted a moment ago is measured, too
        self.live.settle(write)

    def _connect(self) -> None:
        panel = self.panel
        panel.run_button.clicked.connect(self.run)
        panel.save_button.clicked.connect(self.save)
        for form in (panel.threshold, panel.segment):
            form.valueChanged.connect(self._outline_anew)
        panel.segmenter.valueChanged.connect(self._take_threshold)
        self.worker.progressed.connect(self._on_progress)
        self.worker.finished.connect(self._on_finished)
        self._session.study_changed.connect(self._offer_models)
        self.live.changed.connect(self._on_changed)
        self.live.status.connect(panel.show_stage)
        self._take_threshold()

    def _follow_viewer(self) -> None:
        layers = self._viewer.layers
        self._connections = Connections(self)
        self._connections.connect(layers.events.inserted, self._on_inserted)
        self._connections.connect(layers.events.removed, self._on_removed)
        self._connections.connect(layers.selection.events.active, self._on_selected)
        for layer in layers:
            self._watch(layer)

    def _offer_models(self) -> None:
        """Offer the open study's models, and choose those that it uses."""
        study = self._session.study
        choices: tuple[tuple[Task, ModelChoice], ...] = (
            ("segment", self.panel.segmenter),
            ("classify", self.panel.classifier),
        )
        for task, choice in choices:
            try:
                own = study is not None and getattr(study.config.models, task)
                used = current_model(study, task) if study and own else None
                choice.offer(None if study is None else study.models, used)
            except InputError as error:
                show_error(str(error))

    def _segment_config(self) -> SegmentConfig:
        panel = self.panel
        return SegmentConfig(
            **panel.threshold.values(),
            **panel.segment.values(),
            **panel.views.values(),
        )

    def _show(
        self, found: IdentifyResult, config: IdentifyConfig, channels: Channels
    ) -> None:
        paths = source_paths(channels)
        classifier = self._models.classifier if found.classes else None
        result = Result(
            found=found,
            outlines=initial_cells(found.labels, found.cells),
            config=config,
            classifier=classifier,
            folder=paths[0].parent if paths else None,
        )
        colour_channels(channels, found.planes)
        self._set_current(add_result(self._viewer, result, channels))
        self.keeping.keep(result)

    def _watch(self, layer: Layer) -> None:
        channels = self.panel.channels
        self._connections.connect(layer.events.name, channels.refresh)
        self._connections.connect(layer.events.scale, channels.reread)
        self._connections.connect(layer.events.units, channels.reread)
        if isinstance(layer, Labels) and result_of(layer) is not None:
            self.live.watch(layer)
            self._set_current(layer)

    def _set_current(self, layer: Labels | None) -> None:
        """Let the slider, the counts and Save act on this result."""
        self._layer = layer
        result = result_of(layer)
        self.panel.show_result(result)
        if result is not None:
            self._show_settings(result.config.segment)

    def _show_settings(self, config: SegmentConfig) -> None:
        for form in (self.panel.threshold, self.panel.segment, self.panel.views):
            blocker = QSignalBlocker(form)
            form.setValue(config)
            blocker.unblock()

    def _outline_anew(self) -> None:
        if self._layer is not None and not self.worker.busy:
            self.live.outline_anew(self._layer, self._segment_config())

    def _take_threshold(self) -> None:
        """Begin with the threshold that the model was tuned for."""
        card = self.panel.segmenter.card()
        if card is not None and self._layer is None:
            config = self._segment_config().model_copy(
                update={"threshold": card.threshold}
            )
            self._show_settings(config)

    def _on_progress(self, news: Progress) -> None:
        self.panel.show_progress(news)

    def _on_finished(self) -> None:
        self.panel.set_running(False)
        self.live.resume()

    def _on_changed(self, layer: Labels) -> None:
        if layer is self._layer:
            self.panel.show_result(result_of(layer))

    def _on_inserted(self, event: Event) -> None:
        self._watch(event.value)
        self.panel.channels.refresh()

    def _on_removed(self) -> None:
        self.panel.channels.refresh()
        if self._layer is not None and self._layer not in self._viewer.layers:
            left = [layer for layer in self._viewer.layers if result_of(layer)]
            self._set_current(left[-1] if left else None)

    def _on_selected(self) -> None:
        active = self._viewer.layers.selection.active
        if active is not self._layer and result_of(active) is not None:
            self._set_current(active)

    def _may_replace(self, folder: Path) -> bool:
        if not (folder / "cells.csv").exists():
            return True
        answer = QMessageBox.question(
            self,
            "Replace earlier results?",
            f"{folder} holds results already. Replace them?",
        )
        return bool(answer == QMessageBox.StandardButton.Yes)
