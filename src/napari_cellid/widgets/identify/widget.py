"""The Identify dock: outlines and classifies the cells of two channels."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.errors import InputError
from napari_cellid.identify.run_progress import CellsOutlined
from napari_cellid.run_record import with_model_folders
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.widgets._shared.channels import (
    recording_from_layers,
    result_transform,
    results_folder,
)
from napari_cellid.widgets._shared.connections import Connections, LayerConnections
from napari_cellid.widgets._shared.dock_closing import DockClosing
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.layer_transform import check_displayed_axes
from napari_cellid.widgets._shared.layouts import DockScrollArea
from napari_cellid.widgets._shared.notifications import input_errors_shown, show_error
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.identify.cell_adding import LayerAdding
from napari_cellid.widgets.identify.channel_display import display_in_colours
from napari_cellid.widgets.identify.current_result import CurrentResult
from napari_cellid.widgets.identify.file_saver import FileSaver
from napari_cellid.widgets.identify.live_update import LiveUpdate
from napari_cellid.widgets.identify.loaded_models import LoadedModels
from napari_cellid.widgets.identify.outline_preview import OutlinePreview
from napari_cellid.widgets.identify.panel import IdentifyPanel
from napari_cellid.widgets.identify.pixel_size import confirm_pixel_size
from napari_cellid.widgets.identify.run_times import remember_time
from napari_cellid.widgets.identify.scheme_control import SchemeControl
from napari_cellid.widgets.identify.study_offer import StudyOffer
from napari_cellid.widgets.identify.tasks import run_estimate, run_identify
from napari_cellid.widgets.session.result_layer import (
    ShownResult,
    result_of,
)
from napari_cellid.widgets.session.session import session_of
from napari_cellid.widgets.session.show_result import add_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import napari.viewer
    from napari.layers import Layer
    from napari.utils.events import Event

    from napari_cellid.config import IdentifyConfig, StudyConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.progress import Progress
    from napari_cellid.segmentation.diameter_estimate import DiameterEstimate
    from napari_cellid.widgets._shared.channels import Channels
    from napari_cellid.widgets.identify.tasks import RunOutcome

#: events of a layer after which its pixels may have another size
_SIZE_EVENTS = "scale units affine rotate shear"


class IdentifyWidget(QWidget):
    """Outlines the cells of a recording and classifies them.

    Parameters
    ----------
    viewer
        Its image layers are the input; the result is a labels layer.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._models = LoadedModels()
        self.panel = IdentifyPanel(viewer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(DockScrollArea(self.panel))
        layout.addWidget(HelpLine(viewer, "identify"))
        self.worker = Worker(self)
        self.live = LiveUpdate(viewer, self)
        self.current = CurrentResult(viewer, self)
        self.file_saver = FileSaver(self.live, self)
        self.preview = OutlinePreview(viewer)
        self._outlined: Callable[[CellsOutlined], None] | None = None
        self._session = session_of(viewer)
        self.study_offer = StudyOffer(self._session, self.panel.study_button, self)
        self.scheme = SchemeControl(self.panel.scheme, self._session, viewer, self)
        bar = self.panel.adding
        self.adding = LayerAdding(viewer, self._session, bar, self.live, self)
        self._connect()
        self._connect_viewer()
        self.current.follow()
        self._list_study_models()
        tabify_dock_later(self)
        DockClosing(
            self,
            self._running_text,
            self.worker.cancel,
            "Its cells appear in the viewer; the Window menu shows the dock again.",
        )

    @property
    def viewer(self) -> napari.viewer.Viewer:
        """The viewer beside the dock."""
        return self._viewer

    def run(self) -> None:
        """Identify the cells of the chosen layers; while that runs, cancel it."""
        panel = self.panel
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
            naming = (None, None) if classifier_folder is None else self.scheme.naming()
        except InputError as error:
            show_error(str(error))
            return
        if not confirm_pixel_size(self, channels.pixel_size_um):
            panel.channels.pixel_size.spin.setFocus()
            return
        config, rois = panel.config(), panel.rois.value()

        def on_identified(outcome: RunOutcome) -> None:
            self._show_result(outcome, config, channels, transform)
            if rois is not None:
                # the outlines of the result lie over the same pixels
                rois.layer.visible = False

        self.live.pause()
        panel.set_running(True)
        self._outlined = partial(self.preview.show, transform=transform)
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
        panel = self.panel
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

        self.live.pause()
        panel.set_running(True)
        step = run_estimate(
            recording, panel.segmenter.value(), self._models, panel.config().device
        )
        self.worker.start(step, on_estimated)

    def swap_and_run(self) -> None:
        """Exchange the two channels, and identify the cells of both again."""
        if not self.worker.busy:
            self.panel.channels.swap()
            self.run()

    def save(self) -> None:
        """Write the files of the current result into a folder that the user picks."""
        if self.current.result is not None:
            self.file_saver.save(self.current.result)

    def _connect(self) -> None:
        panel = self.panel
        panel.run_button.clicked.connect(self.run)
        panel.save_button.clicked.connect(self.save)
        panel.channels.diameter.estimate_requested.connect(self.estimate_diameter)
        panel.channels.valueChanged.connect(self._on_channels)
        panel.exchanged.swap_requested.connect(self.swap_and_run)
        for form in (panel.threshold, panel.segment):
            form.valueChanged.connect(self._resegment)
        panel.none.valueChanged.connect(self._apply_none_below)
        panel.segmenter.valueChanged.connect(self._use_model_threshold)
        panel.classifier.valueChanged.connect(self._use_model_scheme)
        self.scheme.renamed.connect(self._on_changed)
        self.worker.progressed.connect(self._on_progress)
        self.worker.finished.connect(self._on_finished)
        self.file_saver.status.connect(self._show_saving)
        self._session.study_changed.connect(self._list_study_models)
        self._session.config_changed.connect(self._on_config)
        self.current.changed.connect(self._show_current)
        self.live.changed.connect(self._on_changed)
        self.live.status.connect(panel.set_status)
        self._use_model_threshold()

    def _connect_viewer(self) -> None:
        layers = self._viewer.layers
        self._connections = Connections(self)
        self._layer_connections = LayerConnections(layers, self)
        self._connections.connect(layers.events.inserted, self._on_inserted)
        self._connections.connect(layers.events.removed, self._on_removed)
        for layer in layers:
            self._connect_layer(layer)

    def _on_config(self, before: StudyConfig) -> None:
        if self._session.config.models != before.models:
            self._list_study_models()

    def _running_text(self) -> str:
        return "Cells are being identified." if self.worker.busy else ""

    def _show_saving(self, text: str) -> None:
        # the status of a run has precedence
        if not self.worker.busy:
            self.panel.set_status(text)

    def _list_study_models(self) -> None:
        for combo in (self.panel.segmenter, self.panel.classifier):
            with input_errors_shown():
                combo.set_study(self._session.study)

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
        self.panel.exchanged.set_run(channels, run_result)
        self._remember_times(run_result)
        # what becomes of the earlier result is decided now
        self.preview.show_hidden()
        layer = add_result(self._viewer, result, channels, transform)
        self.preview.remove()
        self.current.set_layer(layer)

    def _remember_times(self, run_result: IdentifyResult) -> None:
        """Keep how long the models of a run took, and show it beside their names."""
        panel, models = self.panel, self._models
        remember_time("segment", models.segmenter_folder, run_result)
        remember_time("classify", models.classifier_folder, run_result)
        panel.segmenter.show_times()
        panel.classifier.show_times()

    def _connect_layer(self, layer: Layer) -> None:
        channels, connections = self.panel.channels, self._layer_connections
        connections.connect(layer, "name", channels.refresh)
        connections.connect(layer, "data", channels.refresh_axes)
        connections.connect(layer, _SIZE_EVENTS, channels.refresh_pixel_size)
        if isinstance(layer, Labels) and result_of(layer) is not None:
            self.live.connect_layer(layer)

    def _show_current(self, layer: Labels | None) -> None:
        """Show the result that the settings, the counts and Save are for."""
        result = self.current.result
        self.adding.set_layer(layer)
        self.panel.show_result(result)
        self.study_offer.set_result(result)
        if result is not None:
            self.panel.show_settings(result.config.segment)
            self.panel.show_none_below(result.config.classify)

    def _resegment(self) -> None:
        if self.current.layer is not None and not self.worker.busy:
            self.live.resegment(self.current.layer, self.panel.segment_config())

    def _apply_none_below(self) -> None:
        if self.current.layer is not None:
            none_below = self.panel.config().classify.none_below
            self.live.set_none_below(self.current.layer, none_below)

    def _use_model_threshold(self) -> None:
        """Start with the threshold that the model was tuned for."""
        card = self.panel.segmenter.card()
        # cells that are shown keep the threshold that they were outlined with
        if card is not None and self.current.layer is None:
            config = self.panel.segment_config().model_copy(
                update={"threshold": card.threshold}
            )
            self.panel.show_settings(config)

    def _use_model_scheme(self) -> None:
        self.scheme.set_model(self.panel.classifier.card())

    def _on_channels(self) -> None:
        panel = self.panel
        panel.exchanged.show_for(self.current.result, panel.channels.value())

    def _on_progress(self, progress: Progress) -> None:
        self.panel.show_progress(progress)
        # one that was cancelled may still arrive
        cancelled = self.worker.cancelled
        if isinstance(progress, CellsOutlined) and self._outlined and not cancelled:
            self._outlined(progress)

    def _on_finished(self) -> None:
        # of a run that was cancelled or failed
        self.preview.remove()
        self.panel.set_running(False)
        self.live.resume()

    def _on_changed(self, layer: Labels) -> None:
        if layer is self.current.layer:
            self.panel.show_result(result_of(layer))
            self.study_offer.refresh()

    def _on_inserted(self, event: Event) -> None:
        self._connect_layer(event.value)
        self.panel.channels.refresh()

    def _on_removed(self) -> None:
        self.panel.channels.refresh()
