"""Results of Identify in the viewer that can be saved in a study for annotating."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_cellid.widgets._shared.connections import Connections, LayerConnections
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.save import default_study_path, open_or_create_study
from napari_cellid.widgets.session.study_saver import StudySaver

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer
    from napari.utils.events import Event

    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.result_layer import ShownResult
    from napari_cellid.widgets.session.session import StudySession


class OfferedResults(QObject):
    """Lists results that are not in the study yet, and saves one if asked to.

    Parameters
    ----------
    viewer
        Its layers are searched for results.
    session
        Opens the study in which a result was saved.
    parent
        Parent of dialogs.
    """

    #: the list of results has changed
    changed = Signal()
    #: name of a recording that was saved in the study
    saved = Signal(str)

    def __init__(
        self, viewer: ViewerModel, session: StudySession, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._viewer = viewer
        self._session = session
        self._saver = StudySaver(session, self)
        self._saver.saved.connect(self._on_saved)
        self._saver.queue.finished.connect(self._emit_changed)
        self._connections = Connections(self)
        self._layer_connections = LayerConnections(viewer.layers, self)
        self._connections.connect(viewer.layers.events.inserted, self._on_inserted)
        self._connections.connect(viewer.layers.events.removed, self._emit_changed)
        for layer in viewer.layers:
            self._connect_layer(layer)

    @property
    def busy(self) -> bool:
        """Whether a result is being saved in the background."""
        return self._saver.queue.busy

    def results(self) -> list[ShownResult]:
        """Results that are not in the study as they are now."""
        results = (result_of(layer) for layer in self._viewer.layers)
        return [
            result
            for result in results
            if result is not None and not self._session.contains(result)
        ]

    def accept(self, result: ShownResult) -> None:
        """Save a result in the open study, or in a new one beside its files."""
        study = None
        with input_errors_shown():
            study = self._session.study or self._new_study(result)
        if study is None:
            return
        self._saver.save(study, result)
        self._emit_changed()

    def _new_study(self, result: ShownResult) -> Study | None:
        path = default_study_path(result)
        # recordings often lie where one may only read
        if path is None or not os.access(path.parent, os.W_OK):
            chosen = QFileDialog.getExistingDirectory(
                self._parent, f"Folder in which the study of {result.name} is made"
            )
            if not chosen:
                return None
            folder = Path(chosen)
            is_study = (folder / "study.toml").exists()
            path = folder if is_study else folder / f"{result.name} study"
        return open_or_create_study(path, result)

    def _connect_layer(self, layer: Layer) -> None:
        if result_of(layer) is not None:
            # features are set again whenever the cells change
            self._layer_connections.connect(layer, "features", self._emit_changed)

    def _on_inserted(self, event: Event) -> None:
        self._connect_layer(event.value)
        self._emit_changed()

    def _on_saved(self, name: str, _: Study) -> None:
        self.saved.emit(name)

    def _emit_changed(self) -> None:
        self.changed.emit()
