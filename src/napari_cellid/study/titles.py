"""Titles of recordings: the names that people see, while names on disk stay.

The name of a recording is its folder, and what journals, `split.json` and kept
recordings call it; it never changes. A title is kept in `study.toml`, as the animal is,
see `study.renaming`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from napari_cellid.naming import name_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.config import RecordingInfo


def shown_titles(infos: Mapping[str, RecordingInfo]) -> dict[str, str]:
    """What people see of each recording, by its name.

    Titles that somebody wrote twice into `study.toml` are told apart by the names.

    Parameters
    ----------
    infos
        What the study knows of each recording.
    """
    titles = {name: info.title or name for name, info in infos.items()}
    same = Counter(map(name_key, titles.values()))
    return {
        name: title
        if title == name or same[name_key(title)] == 1
        else f"{title} ({name})"
        for name, title in titles.items()
    }
