"""A study: the folder in which a lab's work on many recordings lives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pandas as pd

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.config import StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.study.answer_matching import (
    CellPositions,
    MatchedAnswers,
    match_answers,
)
from napari_cellid.study.layout import scan_recordings
from napari_cellid.study.recordings import RECORDINGS
from napari_cellid.study.settings import (
    STUDY_FILE,
    StudySettings,
    read_settings,
    write_settings,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.study.recordings import StudyRecording


class Study:
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

    def __init__(self, path: Path, settings: StudySettings) -> None:
        self.path = path
        self._settings = settings
        self._recordings: dict[str, StudyRecording] = {}
        #: problems with single recordings, one sentence each; the others work
        self.problems: tuple[str, ...] = ()

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
        _check_is_study(path)
        study = cls(path, read_settings(path / STUDY_FILE))
        study.reload()
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
            If `path` is a file, or a folder that holds something else.
        """
        if (path / STUDY_FILE).exists():
            return cls.open(path)
        _check_free(path)
        study = cls(path, StudySettings(config or StudyConfig()))
        study.reload()
        return study

    @property
    def config(self) -> StudyConfig:
        """Classes, and how votes are counted."""
        return self._settings.config

    @property
    def recordings(self) -> tuple[str, ...]:
        """Names of the recordings, sorted; those that cannot be used are left out."""
        return tuple(self._recordings)

    @property
    def annotations(self) -> Path:
        """Folder of the journals."""
        return self.path / "annotations"

    @property
    def models(self) -> Path:
        """Folder of the models that were trained in this study."""
        return self.path / "models"

    @property
    def runs(self) -> Path:
        """Folder of the trainings."""
        return self.path / "runs"

    def recording(self, name: str) -> StudyRecording:
        """One recording.

        Raises
        ------
        InputError
            If there is none of that name, or it cannot be used.
        """
        if name in self._recordings:
            return self._recordings[name]
        few = ", ".join(self.recordings[:8]) or "none"
        raise InputError(
            f"{self.path} has no recording {name!r} that can be used; it has {few}."
        )

    def write_if_new(self) -> None:
        """Write `study.toml` if there is none yet.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        path = self.path / STUDY_FILE
        if not path.exists():
            write_settings(path, self._settings)

    def reload(self) -> None:
        """Read again which recordings there are, and which of them have problems.

        Raises
        ------
        InputError
            If the folder cannot be read.
        """
        self._recordings, self.problems = scan_recordings(
            self.path, self._settings.overrides
        )

    def save_config(self, config: StudyConfig) -> Study:
        """Write other settings; tables of recordings in `study.toml` are kept.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        return self._rewritten(replace(self._settings_now(), config=config))

    def update_recording_info(self, said: Mapping[str, Mapping[str, str]]) -> Study:
        """Say of recordings which animal and sub-volume they are of.

        Kept in `study.toml`, which goes before what a recording's own file says, so
        that no file of a recording is touched.

        Parameters
        ----------
        said
            By recording, `animal` and `subvolume` or one of them.

        Raises
        ------
        InputError
            If there is no such recording, or it cannot be written.
        """
        now = self._settings_now()
        overrides = {name: dict(table) for name, table in now.overrides.items()}
        for name, values in said.items():
            known = self.recording(name).info.model_dump()
            for key, value in values.items():
                if value.strip() != known[key]:
                    overrides.setdefault(name, {})[key] = value.strip()
        return self._rewritten(replace(now, overrides=overrides))

    def cells(self) -> pd.DataFrame:
        """The cells of all recordings: `recording`, `animal`, `subvolume`, cell table.

        Raises
        ------
        InputError
            If a table became unreadable since the study was opened.
        """
        tables = []
        for one in self._recordings.values():
            cells = one.cells()
            cells.insert(0, "subvolume", one.info.subvolume)
            cells.insert(0, "animal", one.info.animal)
            cells.insert(0, "recording", one.name)
            tables.append(cells)
        return _stacked(tables)

    def read_answers(self) -> MatchedAnswers:
        """Read everybody's answers, matched to the cells that the study has now.

        Raises
        ------
        InputError
            If a journal or a cell table cannot be read.
        """
        return self.match_answers(read_annotations(self.annotations).all_answers)

    def match_answers(self, all_answers: pd.DataFrame) -> MatchedAnswers:
        """Match answers from the journals to the cells that the study has now.

        Parameters
        ----------
        all_answers
            `Annotations.all_answers`.

        Raises
        ------
        InputError
            If a cell table became unreadable since the study was opened.
        """
        places = {
            one.name: CellPositions(one.cells(), one.retired(), one.info.pixel_size_um)
            for one in self._recordings.values()
        }
        return match_answers(all_answers, places)

    def _settings_now(self) -> StudySettings:
        """What `study.toml` says by now: a colleague may have written it."""
        path = self.path / STUDY_FILE
        return read_settings(path) if path.exists() else self._settings

    def _rewritten(self, settings: StudySettings) -> Study:
        write_settings(self.path / STUDY_FILE, settings)
        return Study.open(self.path)


def study_beside(files: Sequence[Path], name: str) -> Path:
    """Where the study of a single recording lies: beside its first file."""
    return Path(files[0]).absolute().parent / f"{name} study"


def _check_is_study(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path} does not exist; check its name and folder.")
    if not path.is_dir():
        raise InputError(f"{path} is a file, but a study is a folder; choose that.")
    if not (path / STUDY_FILE).exists():
        raise InputError(
            f"{path} is not a study, for it has no {STUDY_FILE}; choose the folder of "
            "a study, or make one with napari-cellid identify --study."
        )


def _check_free(path: Path) -> None:
    """Refuse a place where something else is than the beginning of a study."""
    if path.is_file():
        raise InputError(
            f"{path} is a file, not a study; choose an empty or new folder for it."
        )
    try:
        names = {entry.name for entry in path.iterdir() if entry.name[0] != "."}
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); choose another folder for the "
            "study."
        ) from error
    if {RECORDINGS, "annotations"} <= names:
        # not begun anew: its classes would be lost
        raise InputError(
            f"{path} is a study that lost its {STUDY_FILE}; put that back from a copy, "
            "or write it anew with the study's classes."
        )
    if names - {RECORDINGS}:
        raise InputError(
            f"{path} is a folder with other files, not a study; choose an empty or new "
            "folder for it."
        )


def _stacked(tables: list[pd.DataFrame]) -> pd.DataFrame:
    from napari_cellid.cells.measure import COLUMNS

    filled = [table for table in tables if len(table)]
    if filled:
        return pd.concat(filled, ignore_index=True)
    if tables:
        return tables[0]
    return pd.DataFrame(columns=["recording", "animal", "subvolume", *COLUMNS])
