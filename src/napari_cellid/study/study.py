"""A study: a folder with recordings, their cells, and the answers of annotators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.config import StudyConfig
from napari_cellid.config.classes import check_new_class_names
from napari_cellid.errors import InputError
from napari_cellid.naming import clean_name
from napari_cellid.study.answer_matching import (
    MatchedAnswers,
    match_answers,
    rename_answers,
)
from napari_cellid.study.answered_markers import (
    answered_markers,
    check_answered_markers,
)
from napari_cellid.study.layout import (
    check_empty,
    check_is_study,
    recover_recordings,
)
from napari_cellid.study.settings import (
    STUDY_FILE,
    StudySettings,
    current_settings,
    edit_settings,
    override_infos,
    read_settings,
)
from napari_cellid.study.study_recordings import StudyRecordings
from napari_cellid.training.run_leftovers import tidy_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from napari_cellid.study.answer_matching import CellPositions


class Study(StudyRecordings):
    """An open study: its settings, its recordings and the paths of its other files.

    Opening a study reads settings and tables; images are read when they are needed.
    Several people may work in the same folder. The methods read the current files,
    while `config` and `recordings` are those of the last `open` or `reload`.

    Make one with `open`, `create`, `open_or_create` or `open_or_new`: the constructor
    itself reads and writes nothing, and knows no recordings until `reload`.

    Parameters
    ----------
    path
        Folder of the study.
    settings
        What `study.toml` says or, in a new study, will say.
    """

    @classmethod
    def create(cls, path: Path, config: StudyConfig | None = None) -> Self:
        """Make a new study in an empty or a new folder.

        Raises
        ------
        InputError
            If the folder holds something else, or cannot be written.
        """
        study = cls.open_or_new(path, config)
        if (path / STUDY_FILE).exists():
            raise InputError(f"{path} is a study already; open it, or choose another.")
        study.write_if_new()
        return study

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a study.

        Raises
        ------
        InputError
            If the folder is not a study, was made by a newer version, or `study.toml`
            has an error.
        """
        check_is_study(path)
        study = cls(path, read_settings(path / STUDY_FILE))
        study._on_disk = True
        # first, so that a recording that a killed program left is found below
        recovered = recover_recordings(path)
        study.reload()
        study.problems = (*recovered, *study.problems, *tidy_runs(study.runs))
        return study

    @classmethod
    def open_or_create(cls, path: Path, config: StudyConfig | None = None) -> Self:
        """Open a study, or create it where there is none.

        Parameters
        ----------
        path
            Folder of the study.
        config
            Settings of a new study; by default those of the paper.

        Raises
        ------
        InputError
            As `open` and `create`.
        """
        study = cls.open_or_new(path, config)
        study.write_if_new()
        return study

    @classmethod
    def open_or_new(cls, path: Path, config: StudyConfig | None = None) -> Self:
        """Open a study, or return a new one of which nothing is written yet.

        The first recording that is added, or `write_if_new`, writes it.

        Raises
        ------
        InputError
            If `path` is a file, or a folder that holds something else, or a class of
            the new study is called `none`.
        """
        if (path / STUDY_FILE).exists():
            return cls.open(path)
        check_empty(path)
        config = config or StudyConfig()
        check_new_class_names(config.class_names)
        study = cls(path, StudySettings(config))
        study.reload()
        return study

    def save_config(self, config: StudyConfig) -> Study:
        """Replace the settings; use `edit_config` where others may change them, too.

        Returns, Raises
        ---------------
        As `edit_config`.
        """
        return self.edit_config(lambda _: config)

    def edit_config(self, edit: Callable[[StudyConfig], StudyConfig]) -> Study:
        """Change the settings in `study.toml` as they are now.

        What another window changed since the study was opened is kept, and so are the
        tables of recordings.

        Parameters
        ----------
        edit
            Gets the current settings and returns changed ones, such as a function of
            `study.classes`.

        Returns
        -------
        The study with the changed settings; neither images nor journals are read, and
        tables of cells only if a table of a recording in `study.toml` has changed.

        Raises
        ------
        InputError
            If the change is not possible, or the file cannot be read or written; then
            nothing changes.
        """
        self.check_present()
        settings = edit_settings(
            self.path / STUDY_FILE,
            self._settings,
            lambda before: replace(before, config=edit(before.config)),
        )
        return self._with_settings(settings)

    def with_current_settings(self) -> Study:
        """The study with the `study.toml` of now, which another window may change.

        Returns
        -------
        This study itself if nothing has changed.

        Raises
        ------
        InputError
            If the file cannot be read.
        """
        settings = current_settings(self.path / STUDY_FILE, self._settings)
        return self if settings == self._settings else self._with_settings(settings)

    def with_config(self, config: StudyConfig) -> Study:
        """The same study with other settings; nothing is read or written."""
        study = Study(self.path, replace(self._settings, config=config))
        study.problems = self.problems
        study._on_disk = self._on_disk
        study.titles = self.titles
        study._recordings = {
            name: replace(recording, config=config)
            for name, recording in self._recordings.items()
        }
        return study

    def _with_settings(self, settings: StudySettings) -> Study:
        # animals and pixel sizes of recordings may differ now, which opening reads
        if settings.overrides != self._settings.overrides:
            return Study.open(self.path)
        return self.with_config(settings.config)

    def update_recording_info(
        self, info_by_recording: Mapping[str, Mapping[str, str]]
    ) -> Study:
        """Set the animal and sub-volume of recordings.

        The values are written to `study.toml`, which overrides the recording's own
        file, so that no file of a recording changes.

        Parameters
        ----------
        info_by_recording
            For names of recordings, values of `animal`, `subvolume` or both.

        Returns
        -------
        The study, opened again.

        Raises
        ------
        InputError
            If there is no such recording, a name has characters that cannot be seen,
            or it cannot be written.
        """
        current = {name: self.recording(name).info for name in info_by_recording}
        self.check_present()
        edit_settings(
            self.path / STUDY_FILE,
            self._settings,
            lambda before: override_infos(before, info_by_recording, current),
        )
        return Study.open(self.path)

    def read_answers(self) -> MatchedAnswers:
        """Read everybody's answers, matched to the cells that the study has now.

        Raises
        ------
        InputError
            If a journal or a cell table cannot be read.
        """
        return self.match_answers(read_annotations(self.annotations).all_answers)

    def match_answers(
        self,
        all_answers: pd.DataFrame,
        positions: Mapping[str, CellPositions] | None = None,
    ) -> MatchedAnswers:
        """Match answers from the journals to the cells that the study has now.

        Parameters
        ----------
        all_answers
            `Annotations.all_answers`.
        positions
            `cell_positions`, if they were read before.

        Raises
        ------
        InputError
            If a cell table became unreadable since the study was opened, or a class
            showed something else when it was answered.
        """
        check_answered_markers(self.config, answered_markers(all_answers))
        positions = self.cell_positions() if positions is None else positions
        names = {clean_name(name): name for name in positions}
        given = all_answers["recording"]
        if odd := set(given.unique()) - positions.keys():
            # macOS decomposes the letters of the names of folders
            same = {name: names.get(clean_name(name), name) for name in odd}
            all_answers = all_answers.assign(recording=given.replace(same))
        all_answers = rename_answers(all_answers, self.config.earlier_names)
        return match_answers(all_answers, positions)


def study_beside(files: Sequence[Path], name: str) -> Path:
    """Folder of the study of a single recording: beside its first file."""
    return Path(files[0]).absolute().parent / f"{name} study"
