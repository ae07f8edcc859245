"""Settings and recordings of the open study change, here or in other windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.study.answered_markers import (
    answered_markers,
    check_answered_markers,
)
from napari_cellid.study.recordings import RECORDINGS
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.replaced import put_away
from napari_cellid.study.scheme import save_scheme
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.following import FollowingSession
from napari_cellid.widgets.session.settings_watch import SettingsWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari.components import ViewerModel

    from napari_cellid.config import RecordingInfo, Scheme, StudyConfig


def _untitled(study: Study) -> dict[str, RecordingInfo]:
    """What a study knows of each recording beside its title."""
    infos = study.recording_infos().items()
    return {name: info.model_copy(update={"title": ""}) for name, info in infos}


class ChangingSession(FollowingSession):
    """Changes the settings and recordings of the study, and follows other windows.

    See `StudySession`.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.settings_watch = SettingsWatch(self)
        self._watch.timeout.connect(self.settings_watch.look)
        self.settings_watch.changed.connect(self._on_settings_file)
        self.study_changed.connect(self._watch_settings)

    def edit_config(self, edit: Callable[[StudyConfig], StudyConfig]) -> None:
        """Change and save classes, keys, colours, rules or models of the study.

        Images, journals and cells stay as they are; only what shows the settings is
        drawn again.

        Parameters
        ----------
        edit
            Gets the settings as they are on the disk and returns changed ones.
        """
        self._use_settings_of(self._require_study().edit_config(edit))

    def set_scheme(self, scheme: Scheme) -> None:
        """Say what red marks in the study; see `study.scheme.save_scheme`."""
        self._use_settings_of(save_scheme(self._require_study(), scheme))

    def refresh_config(self) -> None:
        """Use the `study.toml` of now, if another window or person has changed it."""
        if self.study is not None:
            self._take_over(self.study.with_current_settings())

    def set_config(self, config: StudyConfig) -> None:
        """Use settings that `study.toml` has already; nothing is read again."""
        self._use_settings_of(self._require_study().with_config(config))

    def set_animals(self, animals: Mapping[str, Mapping[str, str]]) -> None:
        """Save which animal and sub-volume recordings are of.

        Parameters
        ----------
        animals
            For each recording a mapping with "animal" and "subvolume".
        """
        self._take_over(self._require_study().update_recording_info(animals))

    def rename_recording(self, name: str, title: str) -> None:
        """Give a recording a title; see `study.renaming`."""
        self._take_over(rename_recording(self._require_study(), name, title))

    def remove_recording(self, name: str) -> None:
        """Take a recording out of the study; see `study.replaced.put_away`."""
        study, annotator = self._require_study(), self.annotator
        if self._shown_name() == name:
            self._clear_view()
        put_away(study.path / RECORDINGS, name)
        self._take_over(Study.open(study.path))
        if annotator:
            # from the first cell of the recordings that are left
            self.start_annotating(annotator)

    def read_again(self) -> None:
        """Open the study again, and take over what is another now."""
        self._take_over(Study.open(self._require_study().path), cells=True)

    def _take_over(self, study: Study, *, cells: bool = False) -> None:
        """Take the open study as it was read again, unless answers forbid it."""
        if study.config.markers_by_id != self.config.markers_by_id:
            # somebody may have edited the file by hand
            answers = read_annotations(study.annotations).all_answers
            check_answered_markers(study.config, answered_markers(answers))
        self._use_settings_of(study, cells=cells)

    def _use_settings_of(self, study: Study, *, cells: bool = False) -> None:
        """Take the open study with other settings, and emit the settings before.

        Parameters
        ----------
        study
            The study with the settings of now.
        cells
            Whether cells are others now, too.
        """
        if self.study is None or study is self.study:
            return
        before, open_now = self.config, self.study
        if cells or _untitled(study) != _untitled(open_now):
            # another computer has added or removed one, or somebody named animals
            self._take_recordings(study)
        elif study.titles != open_now.titles:
            self._set_titles(study)
        if self._own is not None:
            # or it would open a study with other titles or animals to compare classes
            self._own.set_study(study)
        if study.config != before:
            self._apply(study, before)

    def _apply(self, study: Study, before: StudyConfig) -> None:
        self.study = study
        now = study.config
        if (now.scheme, now.markers_by_id) == (before.scheme, before.markers_by_id):
            self._cells.rename_classes(study.config.earlier_names)
        else:
            # predictions are named by what cells show, which the tables tell
            self._take_recordings(study)
        if self._answers is not None:
            self._answers.set_study(study)
        self._show_config()
        self.config_changed.emit(before)

    def _watch_settings(self) -> None:
        path = None if self.study is None else self.study.path / STUDY_FILE
        self.settings_watch.watch(path)

    def _on_settings_file(self) -> None:
        with input_errors_shown():
            self.refresh_config()
