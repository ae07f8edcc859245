"""What Identify found in this viewer, offered for annotating."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.session.save import beside, storing, study_at

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer
    from napari.utils.events import Event

    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.result_layer import Result
    from napari_cellid.widgets.session.session import StudySession


class Offers(QObject):
    """Finds results that are in no study yet, and puts them into one.

    Parameters
    ----------
    viewer
        Its layers are looked at.
    session
        Gets the study.
    """

    #: other results than before
    changed = Signal()
    #: name of a recording that was put into the study
    stored = Signal(str)

    def __init__(
        self, viewer: ViewerModel, session: StudySession, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._parent = parent
        self._viewer = viewer
        self._session = session
        self.worker = Worker(self)
        self.worker.finished.connect(self._tell)
        self._connections = Connections(self)
        self._connections.connect(viewer.layers.events.inserted, self._on_inserted)
        self._connections.connect(viewer.layers.events.removed, self._tell)
        for layer in viewer.layers:
            self._watch(layer)

    def results(self) -> list[Result]:
        """Results that are not in the study as they are now."""
        found = (result_of(layer) for layer in self._viewer.layers)
        return [r for r in found if r is not None and not self._session.has(r)]

    def accept(self, result: Result) -> None:
        """Put a result into the open study, or into one of its own beside its files."""
        try:
            study = self._session.study or self._own_study(result)
        except InputError as error:
            show_error(str(error))
            return
        if study is None:
            return
        outlines = result.outlines

        def done(recording: StudyRecording) -> None:
            self._session.stored(study, recording.name, result, outlines)
            self.stored.emit(recording.name)

        self.worker.start(storing(study, result), done)
        self._tell()

    def _own_study(self, result: Result) -> Study | None:
        path = beside(result)
        if path is None or not os.access(path.parent, os.W_OK):
            chosen = QFileDialog.getExistingDirectory(
                self._parent, f"Folder in which the study of {result.name} is made"
            )
            if not chosen:
                return None
            there = Path(chosen)
            is_study = (there / "study.toml").exists()
            path = there if is_study else there / f"{result.name} study"
        return study_at(path, result)

    def _watch(self, layer: Layer) -> None:
        if result_of(layer) is not None:
            # renewed with the cells
            self._connections.connect(layer.events.features, self._tell)

    def _on_inserted(self, event: Event) -> None:
        self._watch(event.value)
        self._tell()

    def _tell(self) -> None:
        self.changed.emit()
