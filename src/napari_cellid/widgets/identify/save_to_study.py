"""New results go into the study that is open, without being asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_info
from qtpy.QtCore import QObject

from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.widgets.session.result_layer import Result


class Keeping(QObject):
    """Puts the result of a run into the study that is open in its viewer.

    Without one nothing happens: the Annotate dock makes a study when it is wanted.

    Parameters
    ----------
    viewer
        Whose study it is.
    parent
        Whose deletion ends the work.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.worker = Worker(self)

    def keep(self, result: Result) -> None:
        """Put a result into the open study, in the background."""
        from napari_cellid.widgets.session.save import storing
        from napari_cellid.widgets.session.session import session_of

        session = session_of(self._viewer)
        study, outlines = session.study, result.outlines
        if study is None or session.has(result):
            return

        def done(recording: StudyRecording) -> None:
            session.stored(study, recording.name, result, outlines)
            show_info(f"{recording.name} is in the study {study.path.name}.")

        self.worker.start(storing(study, result), done)
