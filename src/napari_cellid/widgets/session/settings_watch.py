"""Notices that another window or person has changed `study.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cellid.files import file_state

if TYPE_CHECKING:
    from pathlib import Path


class SettingsWatch(QObject):
    """Tells when a file has changed; the session looks at it from time to time.

    Network drives send no events about changes that another computer makes, so that
    a `QFileSystemWatcher` would miss them.
    """

    #: the file is another one than at the last look
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._seen: tuple[int, int, int] | None = None

    def watch(self, path: Path | None) -> None:
        """Watch a file from now on; None to watch none."""
        if path == self._path:
            return
        self._path = path
        self._seen = self._state()

    def look(self) -> None:
        """Look at the file now."""
        state = self._state()
        # a file that is being replaced is missing for a moment
        if state is not None and state != self._seen:
            self._seen = state
            self.changed.emit()

    def _state(self) -> tuple[int, int, int] | None:
        return None if self._path is None else file_state(self._path)
