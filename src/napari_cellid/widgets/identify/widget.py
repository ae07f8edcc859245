"""The Identify dock: outlines and classifies the cells of two channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.widgets._shared.connections import Connections, LayerConnections
from napari_cellid.widgets._shared.dock_closing import DockClosing
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.layouts import DockScrollArea
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.identify.cell_adding import LayerAdding
from napari_cellid.widgets.identify.current_result import CurrentResult
from napari_cellid.widgets.identify.file_saver import FileSaver
from napari_cellid.widgets.identify.live_update import LiveUpdate
from napari_cellid.widgets.identify.panel import IdentifyPanel
from napari_cellid.widgets.identify.runs import IdentifyRuns
from napari_cellid.widgets.identify.scheme_control import SchemeControl
from napari_cellid.widgets.identify.study_offer import StudyOffer
from napari_cellid.widgets.session.result_layer import (
    result_of,
)
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer
    from napari.utils.events import Event

    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets._shared.worker import Worker

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
        self.panel = IdentifyPanel(viewer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(DockScrollArea(self.panel))
        layout.addWidget(HelpLine(viewer, "identify"))
        self.live = LiveUpdate(viewer, self)
        self.current = CurrentResult(viewer, self)
        self.file_saver = FileSaver(self.live, self)
        self._session = session_of(viewer)
        self.study_offer = StudyOffer(self._session, self.panel.study_button, self)
        self.scheme = SchemeControl(self.panel.scheme, self._session, viewer, self)
        self.runs = IdentifyRuns(viewer, self.panel, self.live, self.scheme, self)
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
    def worker(self) -> Worker:
        """What runs: one step at a time."""
        return self.runs.worker

    @property
    def viewer(self) -> napari.viewer.Viewer:
        """The viewer beside the dock."""
        return self._viewer

    def run(self) -> None:
        """Identify the cells of the chosen layers; while that runs, cancel it."""
        self.runs.run()

    def save(self) -> None:
        """Write the files of the current result into a folder that the user picks."""
        if self.current.result is not None:
            self.file_saver.save(self.current.result)

    def _connect(self) -> None:
        panel = self.panel
        panel.run_button.clicked.connect(self.run)
        panel.save_button.clicked.connect(self.save)
        panel.channels.diameter.estimate_requested.connect(self.runs.estimate_diameter)
        panel.channels.valueChanged.connect(self._on_channels)
        panel.exchanged.mending_requested.connect(self.runs.swap_and_run)
        for form in (panel.threshold, panel.segment):
            form.valueChanged.connect(self._resegment)
        panel.none.valueChanged.connect(self._apply_none_below)
        panel.segmenter.valueChanged.connect(self._use_model_threshold)
        panel.classifier.valueChanged.connect(self._use_model_scheme)
        self.scheme.renamed.connect(self._on_changed)
        self.runs.shown.connect(self.current.set_layer)
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

    def _on_changed(self, layer: Labels) -> None:
        if layer is self.current.layer:
            self.panel.show_result(result_of(layer))
            self.study_offer.refresh()

    def _on_inserted(self, event: Event) -> None:
        self._connect_layer(event.value)
        self.panel.channels.refresh()

    def _on_removed(self) -> None:
        self.panel.channels.refresh()
