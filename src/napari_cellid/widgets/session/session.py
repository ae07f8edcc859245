"""The study that is open in one viewer, shared by all dock widgets."""

from __future__ import annotations

import weakref
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.study.cells_index import CellsIndex
from napari_cellid.study.saved_result import saved_warnings
from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.canvas_context import keep_context_current
from napari_cellid.widgets._shared.notifications import (
    show_warnings,
)
from napari_cellid.widgets._shared.waiting import wait_for
from napari_cellid.widgets.session.changing import ChangingSession
from napari_cellid.widgets.session.recent_studies import remember_study
from napari_cellid.widgets.session.save import open_or_create_study, save_result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel

    from napari_cellid.segmentation.outline_edits import LabelledCells
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.widgets.session.result_layer import ShownResult

#: by the id of the viewer; an entry is removed when its viewer is deleted
_SESSIONS: dict[int, StudySession] = {}


def session_of(viewer: ViewerModel) -> StudySession:
    """The session of a viewer; the first call creates it."""
    # napari gives each dock another proxy of the viewer
    viewer = getattr(viewer, "__wrapped__", viewer)
    key = id(viewer)
    if key not in _SESSIONS:
        _SESSIONS[key] = StudySession(viewer)
        keep_context_current(viewer)
        weakref.finalize(viewer, _SESSIONS.pop, key, None)
    return _SESSIONS[key]


def _read_study(path: Path | str) -> tuple[Study, CellsIndex]:
    """A study and the tables of its cells."""
    study = Study.open(Path(path))
    return study, CellsIndex(study)


class StudySession(ChangingSession):
    """The open study, its annotator, and the recording and cell that are shown.

    Every method that reads or writes files raises `InputError` for problems that the
    user can solve; the widgets show them as notifications.

    Attributes
    ----------
    study
        The open study; None if no study is open.
    recording, planes, labels
        The recording that the viewer shows: its `StudyRecording`, mean images and
        labels (plane, y, x); None if none is shown.
    cell
        The current cell.
    selected
        Cells that the next answer is for, if it is not for `cell` alone.
    blind
        Whether the annotator sees no answers but their own. Then no widget may show
        what a model or another annotator says about a single cell.
    """

    # `StudyNavigator` has the signals study_changed, cells_changed, config_changed,
    # recording_changed, cell_changed, selection_changed and blind_changed;
    # `AnswersSession` has votes_changed; `AnnotatingSession` has annotator_changed and
    # answered

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        # name of the recording, and the cells that were saved
        self._saved: weakref.WeakKeyDictionary[
            ShownResult, tuple[str, LabelledCells]
        ] = weakref.WeakKeyDictionary()

    def open_study(self, path: Path | str) -> None:
        """Open a study, in place of the one that was open."""
        # first all that can fail: otherwise the earlier study would be gone
        study, cells = wait_for(partial(_read_study, path), "Opening the study…")
        # in the layers of the study before
        with self._layers_kept():
            self._close(keep_layers=True)
            self._set_study(study, cells)
        remember_study(study.path)
        show_warnings(study.problems)

    def close_study(self) -> None:
        """Close the study and its journal, and remove its layers from the viewer."""
        self._close()
        # as before a study was open: the next one must not begin with open eyes
        self.set_blind(True)
        self._set_study(None, CellsIndex(None))

    def save_result(
        self, result: ShownResult, path: Path | None = None
    ) -> StudyRecording:
        """Save a result in the study, as a new recording or as new outlines of one.

        Parameters
        ----------
        result
            The result that a labels layer shows (`result_layer.result_of`).
        path
            Folder of a study to use instead of the open one. It is created if it does
            not exist.
        """
        study = (
            self._require_study()
            if path is None
            else open_or_create_study(path, result)
        )
        labelled = result.labelled
        recording = save_result(study, result.current_result())
        self.adopt_saved(study, recording.name, result, labelled)
        return recording

    def adopt_saved(
        self, study: Study, name: str, result: ShownResult, labelled: LabelledCells
    ) -> None:
        """Show a study after a result was saved in it.

        Parameters
        ----------
        study
            The study; it is opened if it is not the open one.
        name
            Name of the recording.
        result
            The result that was saved.
        labelled
            The cells as they were saved; they may have changed since.
        """
        cells, annotator = CellsIndex(study), self.annotator
        if self.study is None or self.study.path != study.path:
            self._close()
            # after `_close`, which forgets what was saved
            self._saved[result] = name, labelled
            self._set_study(study, cells)
        else:
            with self._layers_kept():
                if self._shown_name() == name:
                    # its outlines have changed
                    self._clear_view(keep_layers=True)
                self._saved[result] = name, labelled
                # the settings may have changed while the result was saved
                self._take_recordings(study.with_config(self.config), cells)
        if annotator:
            self.start_annotating(annotator)
        saved = study.recording(name)
        show_warnings(saved_warnings(study, result.run_result, saved))

    def contains(self, result: ShownResult) -> bool:
        """Whether the study contains a result as it is now."""
        return self.saved_name(result) is not None

    def saved_name(self, result: ShownResult) -> str | None:
        """Name of the recording that a result is in the study, as it is now, or None.

        It differs from that of the result if another recording had that name.
        """
        name, labelled = self._saved.get(result, (None, None))
        return name if labelled is result.labelled else None

    def keep_saved(self, result: ShownResult, before: LabelledCells) -> None:
        """A saved result has other names of classes, which the study has already."""
        name, labelled = self._saved.get(result, ("", None))
        if labelled is before:
            self._saved[result] = name, result.labelled

    @contextmanager
    def _layers_kept(self) -> Iterator[None]:
        """Layers that are kept for another recording go if none is shown in them."""
        try:
            yield
        finally:
            self._view.drop_kept_layers()

    def _close(self, *, keep_layers: bool = False) -> None:
        """Close the journal and clear the view."""
        self.stop_annotating()
        self._saw_votes.clear()
        self._saved.clear()
        self._clear_view(keep_layers=keep_layers)
        self._view.restore_viewer()
