"""The folder of a study: where its files are, and whether it still exists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.study.layout import check_still_there
from napari_cellid.study.recordings import ANNOTATIONS
from napari_cellid.study.settings import STUDY_FILE, write_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.config import StudyConfig
    from napari_cellid.study.settings import StudySettings


class StudyFolder:
    """Places of the files of a study, and its `study.toml`.

    Parameters
    ----------
    path
        The folder.
    settings
        What `study.toml` says or, in a new study, will say.
    """

    def __init__(self, path: Path, settings: StudySettings) -> None:
        self.path = path
        self._settings = settings
        #: whether `study.toml` was read or written: it must stay where it is
        self._on_disk = False

    @property
    def config(self) -> StudyConfig:
        """Classes, vote rule and other settings."""
        return self._settings.config

    @property
    def overrides(self) -> Mapping[str, Mapping[str, Any]]:
        """What `study.toml` says of recordings in place of their own files, by name."""
        return self._settings.overrides

    @property
    def annotations(self) -> Path:
        """Folder of the journals."""
        return self.path / ANNOTATIONS

    @property
    def models(self) -> Path:
        """Folder of the models trained in this study."""
        return self.path / "models"

    @property
    def runs(self) -> Path:
        """Folder of the training runs."""
        return self.path / "runs"

    def write_if_new(self) -> None:
        """Write `study.toml` if there is none yet.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        self.check_present()
        path = self.path / STUDY_FILE
        if not path.exists():
            write_settings(path, self._settings)
        self._on_disk = True

    @property
    def is_new(self) -> bool:
        """Whether nothing of the study is written yet."""
        return not self._on_disk

    def check_present(self) -> None:
        """Refuse to write into a study that was moved away since it was opened.

        Raises
        ------
        InputError
            If its `study.toml` is gone.
        """
        if self._on_disk:
            check_still_there(self.path)
