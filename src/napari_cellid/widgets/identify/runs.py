"""Runs of the Identify dock on the chosen layers, and how their results are shown."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_cellid.errors import InputError
from napari_cellid.identify.run_progress import CellsOutlined
from napari_cellid.run_record import with_model_folders
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.widgets._shared.channels import (
    recording_from_layers,
    result_transform,
    results_folder,
)
from napari_cellid.widgets._shared.layer_transform import check_displayed_axes
from napari_cellid.widgets._shared.notifications import show_error
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.identify.channel_display import display_in_colours
from napari_cellid.widgets.identify.loaded_models import LoadedModels
from napari_cellid.widgets.identify.outline_preview import OutlinePreview
from napari_cellid.widgets.identify.pixel_size import confirm_pixel_size
from napari_cellid.widgets.identify.run_times import remember_time
from napari_cellid.widgets.identify.tasks import run_estimate, run_identify
from napari_cellid.widgets.session.result_layer import ShownResult
from napari_cellid.widgets.session.show_result import add_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import napari.viewer
    from qtpy.QtWidgets import QWidget

    from napari_cellid.config import IdentifyConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.progress import Progress
    from napari_cellid.segmentation.diameter_estimate import DiameterEstimate
    from napari_cellid.widgets._shared.channels import Channels
    from napari_cellid.widgets.identify.live_update import LiveUpdate
    from napari_cellid.widgets.identify.panel import IdentifyPanel
    from napari_cellid.widgets.identify.scheme_control import SchemeControl
    from napari_cellid.widgets.identify.tasks import RunOutcome


class IdentifyRuns(QObject):
    """Identifies cells in the chosen layers, or estimates their diameter.

    Parameters
    ----------
    viewer
        Gets the result as a labels layer.
    panel
        Has the choices, and shows the progress.
    live
        Rests while something runs.
    scheme
        Names the classes of the model.
    dock
        Asks before a run with an unusual pixel size.
    """

    #: the labels layer of a result that was just added
    shown = Signal(object)

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        panel: IdentifyPanel,
        live: LiveUpdate,
        scheme: SchemeControl,
        dock: QWidget,
    ) -> None:
        super().__init__(dock)
        self._viewer, self._dock = viewer, dock
        self._panel, self._live, self._scheme = panel, live, scheme
        self.worker = Worker(self)
        self._models = LoadedModels()
        self._preview = OutlinePreview(viewer)
        self._outlined: Callable[[CellsOutlined], None] | None = None
        self.worker.progressed.connect(self._on_progress)
        self.worker.finished.connect(self._on_finished)

    def run(self) -> None:
        """Identify the cells of the chosen layers; while that runs, cancel it."""
        panel = self._panel
        if self.worker.busy:
            self.worker.cancel()
            panel.set_status("Cancelling…")
            return
        channels = panel.channels.value()
        try:
            check_displayed_axes(self._viewer)
            recording = recording_from_layers(channels)
            transform = result_transform(channels)
            panel.check(channels)
            # one channel is not enough for classes, so no classifier is loaded
            both = None not in (channels.red, channels.green)
            classifier_folder = panel.classifier.value() if both else None
            naming = (
                (None, None) if classifier_folder is None else self._scheme.naming()
            )
        except InputError as error:
            show_error(str(error))
            return
        if not confirm_pixel_size(self._dock, channels.pixel_size_um):
            panel.channels.pixel_size.spin.setFocus()
            return
        config, rois = panel.config(), panel.rois.value()

        def on_identified(outcome: RunOutcome) -> None:
            self._show_result(outcome, config, channels, transform)
            if rois is not None:
                # the outlines of the result lie over the same pixels
                rois.layer.visible = False

        self._live.pause()
        panel.set_running(True)
        self._outlined = partial(self._preview.show, transform=transform)
        step = run_identify(
            recording,
            (panel.segmenter.value(), classifier_folder),
            self._models,
            config,
            naming,
            rois,
        )
        self.worker.start(step, on_identified)

    def estimate_diameter(self) -> None:
        """Estimate the diameter of cells in the chosen layers, and use it."""
        if self.worker.busy:
            return
        panel = self._panel
        channels = replace(panel.channels.value(), diameter_px=None)
        try:
            check_displayed_axes(self._viewer)
            recording = recording_from_layers(channels)
            panel.check_model()
        except InputError as error:
            show_error(str(error))
            return

        def on_estimated(outcome: tuple[DiameterEstimate, LoadedModels]) -> None:
            estimate, self._models = outcome
            # not for layers that took the place of those that were looked at
            if panel.channels.value().layers == channels.layers:
                panel.channels.diameter.set_estimate(estimate)

        self._live.pause()
        panel.set_running(True)
        step = run_estimate(
            recording, panel.segmenter.value(), self._models, panel.config().device
        )
        self.worker.start(step, on_estimated)

    def swap_and_run(self) -> None:
        """Exchange the two channels, and identify the cells of both again."""
        if not self.worker.busy:
            self._panel.channels.swap()
            self.run()

    def _show_result(
        self,
        outcome: RunOutcome,
        config: IdentifyConfig,
        channels: Channels,
        transform: Mapping[str, Any],
    ) -> None:
        self._models, folders = outcome.models, outcome.models.folders
        run = with_model_folders(outcome.result.run, folders)
        run_result = replace(outcome.result, run=run)
        classifier = self._models.classifier if run_result.classes else None
        result = ShownResult(
            run_result=run_result,
            labelled=initial_cells(run_result.labels, run_result.cells),
            config=config,
            classifier=classifier,
            folder=results_folder(channels),
            naming=self._models.naming[0],
            rois=outcome.rois,
        )
        display_in_colours(channels, run_result.planes)
        self._panel.exchanged.set_run(channels, run_result)
        self._remember_times(run_result)
        # what becomes of the earlier result is decided now
        self._preview.show_hidden()
        layer = add_result(self._viewer, result, channels, transform)
        self._preview.remove()
        self.shown.emit(layer)

    def _remember_times(self, run_result: IdentifyResult) -> None:
        """Keep how long the models of a run took, and show it beside their names."""
        panel, models = self._panel, self._models
        remember_time("segment", models.segmenter_folder, run_result)
        remember_time("classify", models.classifier_folder, run_result)
        panel.segmenter.show_times()
        panel.classifier.show_times()

    def _on_progress(self, progress: Progress) -> None:
        self._panel.show_progress(progress)
        # one that was cancelled may still arrive
        cancelled = self.worker.cancelled
        if isinstance(progress, CellsOutlined) and self._outlined and not cancelled:
            self._outlined(progress)

    def _on_finished(self) -> None:
        # of a run that was cancelled or failed
        self._preview.remove()
        self._panel.set_running(False)
        self._live.resume()
