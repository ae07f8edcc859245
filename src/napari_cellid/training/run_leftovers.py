"""What killed trainings left behind in the folders of their runs."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from napari_cellid.leftovers import recover_folder, remove_leftovers, remove_path
from napari_cellid.training.layout import (
    MODEL_FOLDER,
    PROGRESS_FILE,
    STATE_FILE,
)
from napari_cellid.training.state import heartbeat, read_state

if TYPE_CHECKING:
    from pathlib import Path

#: files of safetensors, and files and folders without an owner, of earlier versions
_UNOWNED = re.compile(r"\.tmp\w{6}|\.[^.]+\.([a-z0-9_]{8}|[0-9a-f]{32})|\..*\..*\..*")


def tidy_runs(runs: Path) -> list[str]:
    """Remove what killed trainings left behind in the runs of a study.

    Parameters
    ----------
    runs
        The study's folder of runs.

    Returns
    -------
    What was done, one sentence for each run. What cannot be read or changed stays as
    it is.
    """
    try:
        folders = [path for path in sorted(runs.iterdir()) if path.is_dir()]
    except OSError:
        return []
    notes = []
    for folder in folders:
        if removed := tidy_run(folder):
            files = (
                "1 unfinished file" if removed == 1 else f"{removed} unfinished files"
            )
            notes.append(
                f"{files} of a training that was ended were removed: {folder.name}."
            )
    return notes


def tidy_run(folder: Path) -> int:
    """Remove what was left behind in a run that is not running; return how many.

    A model that was complete is put in its place.
    """
    state = read_state(folder / STATE_FILE, heartbeat(folder / PROGRESS_FILE))
    if state.state == "running":
        return 0
    removed = 0
    with suppress(OSError):
        removed += len(recover_folder(folder / MODEL_FOLDER))
        removed += remove_leftovers(folder)
        for path in folder.iterdir():
            # the run has no process, and so nothing here has one
            if _UNOWNED.fullmatch(path.name):
                remove_path(path)
                removed += not path.exists()
    return removed
