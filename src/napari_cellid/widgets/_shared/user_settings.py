"""What the program remembers of its user between sessions, in a file of theirs."""

from __future__ import annotations

from qtpy.QtCore import QSettings


def user_settings(name: str) -> QSettings:
    """Settings that are kept under a name, such as "studies"."""
    # a file, on Windows too: simpler to find, to copy and to test
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "napari-cellid", name
    )
