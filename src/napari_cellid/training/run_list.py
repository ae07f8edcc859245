"""The runs in the folder `runs` of a study, and the names of new ones."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError, file_reason
from napari_cellid.training.layout import ABOUT_FILE
from napari_cellid.training.run import Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

logger = logging.getLogger(__name__)


def is_epoch(event: Mapping[str, Any]) -> bool:
    """Whether an event of a log has the number and the figures of an epoch."""
    parts = [event.get(name, {}) for name in ("train", "validation")]
    return isinstance(event.get("epoch"), int) and all(
        isinstance(part, dict)
        and all(isinstance(value, int | float) for value in part.values())
        for part in parts
    )


def list_runs(parent: Path) -> list[Run]:
    """Runs in the folder `runs` of a study, newest first.

    Runs that cannot be read are skipped and logged.

    Raises
    ------
    InputError
        If the folder `runs` cannot be read.
    """
    runs = []
    for folder in _run_folders(parent):
        try:
            runs.append(Run.open(folder))
        except InputError as error:
            logger.warning("%s", error)
    return sorted(runs, key=lambda run: (run.about.get("made", ""), run.name))[::-1]


def _run_folders(parent: Path) -> list[Path]:
    try:
        # not `glob`, for which a folder that cannot be read is empty
        folders = sorted(parent.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(
            f"The trainings in {parent} cannot be read ({file_reason(error)}); make it "
            "a folder that you can read."
        ) from error
    return [folder for folder in folders if _has(folder, ABOUT_FILE)]


def _has(folder: Path, name: str) -> bool:
    """Whether a file is there, also one in a folder that cannot be read."""
    try:
        (folder / name).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        # opening it says why
        return True
    return True


def new_run_name(parent: Path, task: str) -> str:
    """Name of a new run: kind of model and time, with a number if that is taken."""
    word = {"classify": "classes", "segment": "outlines"}.get(task, task)
    # no colon, which Windows does not allow in names
    stem = f"{word} {datetime.now().astimezone():%Y-%m-%d %H.%M}"
    name, k = stem, 2
    while (parent / name).exists():
        name, k = f"{stem} ({k})", k + 1
    return name
