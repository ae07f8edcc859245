"""The studies that were opened last on this computer."""

from __future__ import annotations

from pathlib import Path

from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.widgets._shared.user_settings import user_settings

_KEY = "recent"
#: the most that are remembered, and shown
_MOST = 5


def recent_studies() -> list[Path]:
    """Folders of the studies opened last, the newest first, if they are still there."""
    value = user_settings("studies").value(_KEY) or []
    # one entry comes back as a text
    paths = [value] if isinstance(value, str) else list(value)
    return [Path(path) for path in paths if (Path(path) / STUDY_FILE).is_file()]


def remember_study(path: Path) -> None:
    """Put a study first."""
    path = path.absolute()
    others = [other for other in recent_studies() if other != path]
    user_settings("studies").setValue(
        _KEY, [str(one) for one in [path, *others][:_MOST]]
    )
