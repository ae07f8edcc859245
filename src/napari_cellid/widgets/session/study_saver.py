"""Saving results in a study while the user goes on working."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from napari_cellid.progress import Progress
from napari_cellid.study.replacement import ReplaceQuestionError
from napari_cellid.widgets._shared.notifications import show_error
from napari_cellid.widgets._shared.save_queue import SaveQueue
from napari_cellid.widgets.session.replace_dialog import ask_to_replace
from napari_cellid.widgets.session.save import save_result, with_name

if TYPE_CHECKING:
    from napari_cellid.errors import InputError
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.progress import Step
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.result_layer import ShownResult
    from napari_cellid.widgets.session.session import StudySession


class StudySaver(QObject):
    """Saves results in a study, in the background.

    Parameters
    ----------
    session
        Shows the study afterwards.
    parent
        The saver is deleted together with this object, but what was asked for is saved.
    """

    #: name of the recording, and the study in which it was saved
    saved = Signal(str, object)

    def __init__(self, session: StudySession, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.queue = SaveQueue(self)

    def save(self, study: Study, result: ShownResult) -> None:
        """Save a result, as it is now, in a study, after all earlier results."""
        # the result may change while this one waits or is saved
        labelled, current = result.labelled, result.current_result()

        def on_saved(recording: StudyRecording) -> None:
            self._session.adopt_saved(study, recording.name, result, labelled)
            self.saved.emit(recording.name, study)

        def on_refused(error: InputError) -> None:
            if not isinstance(error, ReplaceQuestionError):
                show_error(str(error))
                return
            decision = ask_to_replace(error, self._window())
            if decision == "rename":
                step = _save_in_steps(study, with_name(current, error.free_name))
                self.queue.add(step, on_saved, on_refused)
            elif decision == "replace":
                step = _save_in_steps(study, current, replace=True)
                self.queue.add(step, on_saved, on_refused)

        self.queue.add(_save_in_steps(study, current), on_saved, on_refused)

    def _window(self) -> QWidget | None:
        parent = self.parent()
        return parent if isinstance(parent, QWidget) else None


def _save_in_steps(
    study: Study, result: IdentifyResult, *, replace: bool = False
) -> Step[StudyRecording]:
    yield Progress("Saving the cells in the study")
    return save_result(study, result, replace=replace)
