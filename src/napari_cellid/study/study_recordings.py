"""The recordings of a study, as they were found when it was opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.study.answer_matching import CellPositions
from napari_cellid.study.folder import StudyFolder
from napari_cellid.study.layout import scan_recordings
from napari_cellid.study.recordings import concatenate_cells
from napari_cellid.study.settings import STUDY_FILE, current_settings
from napari_cellid.study.titles import shown_titles

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from napari_cellid.config import RecordingInfo
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.settings import StudySettings


class StudyRecordings(StudyFolder):
    """The folder of a study and the recordings in it.

    `config` and `recordings` are those of the last `reload`; until then there are none.

    Parameters
    ----------
    path, settings
        As for `StudyFolder`.
    """

    def __init__(self, path: Path, settings: StudySettings) -> None:
        super().__init__(path, settings)
        self._recordings: dict[str, StudyRecording] = {}
        #: what people see of each recording, by its name, see `titles.shown_titles`
        self.titles: dict[str, str] = {}
        #: problems with single recordings, one sentence each; the others work
        self.problems: tuple[str, ...] = ()

    @property
    def recordings(self) -> tuple[str, ...]:
        """Names of the recordings, sorted, without those that cannot be read."""
        return tuple(self._recordings)

    def recording(self, name: str) -> StudyRecording:
        """One recording.

        Raises
        ------
        InputError
            If there is none of that name, or it cannot be read.
        """
        if name in self._recordings:
            return self._recordings[name]
        names = ", ".join(self.recordings[:8]) or "none"
        raise InputError(
            f"{self.path} has no readable recording {name!r}; choose one of these: "
            f"{names}."
        )

    def recording_infos(self) -> dict[str, RecordingInfo]:
        """What the study knows of each recording, by name."""
        return {name: one.info for name, one in self._recordings.items()}

    def title_of(self, name: str) -> str:
        """What people see of a recording: its title, or else its name."""
        return self.titles.get(name, name)

    def reload(self) -> None:
        """Read the settings again, which recordings there are, and their problems.

        Raises
        ------
        InputError
            If the folder cannot be read.
        """
        self.check_present()
        self._settings = current_settings(self.path / STUDY_FILE, self._settings)
        self._recordings, self.problems = scan_recordings(
            self.path, self._settings.overrides, self.config
        )
        self.titles = shown_titles(self.recording_infos())

    def cells(self) -> pd.DataFrame:
        """Cell table of all recordings, with `recording`, `animal` and `subvolume`.

        Raises
        ------
        InputError
            If a table became unreadable since the study was opened.
        """
        return concatenate_cells(self._recordings.values())

    def cell_positions(self) -> dict[str, CellPositions]:
        """Read the positions of the cells of each recording.

        Raises
        ------
        InputError
            If a cell table became unreadable since the study was opened.
        """
        return {
            name: CellPositions(
                recording.cells(), recording.retired(), recording.info.pixel_size_um
            )
            for name, recording in self._recordings.items()
        }
