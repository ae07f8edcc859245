"""Recordings in the folder of a study, and problems with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.lock import locked, remove_stale_locks
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import file_state
from napari_cellid.io.results import CELLS, LABELS
from napari_cellid.leftovers import find_leftovers, recover_folder, remove_leftovers
from napari_cellid.naming import check_new_path, clean_name
from napari_cellid.study.recordings import (
    ANNOTATIONS,
    IMAGES,
    RECORDINGS,
    StudyRecording,
    missing_files,
)
from napari_cellid.study.replaced import REPLACED, keep_replaced
from napari_cellid.study.settings import (
    RECORDING_FILE,
    STUDY_FILE,
    read_recording_info,
    table_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.config import StudyConfig

    Overrides = Mapping[str, dict[str, Any]]


def scan_recordings(
    study: Path, overrides: Overrides, config: StudyConfig
) -> tuple[dict[str, StudyRecording], tuple[str, ...]]:
    """Find the recordings of a study.

    Parameters
    ----------
    study
        Folder of the study.
    overrides
        For names of recordings, values that override those of their own file.
    config
        Settings of the study, for the present names of predicted classes.

    Returns
    -------
    The readable recordings, by name, and problems, one sentence each.

    Raises
    ------
    InputError
        If the folder cannot be read.
    """
    recordings: dict[str, StudyRecording] = {}
    problems: list[str] = []
    for folder in _folders(study / RECORDINGS):
        try:
            override = overrides.get(table_name(overrides, folder.name), {})
            recording, run_problem = _open(folder, override, config)
        except InputError as error:
            problems.append(f"The recording {folder.name} is left out: {error}")
            continue
        recordings[recording.name] = recording
        problems += [*_missing_files(recording), *run_problem]
    return recordings, (*problems, *_without_recording(study, overrides))


def recording_folders(study: Path) -> tuple[str, ...]:
    """Names of the folders of recordings, readable or not, sorted.

    Raises
    ------
    InputError
        If the folder cannot be read.
    """
    return tuple(folder.name for folder in _folders(study / RECORDINGS))


def recording_state(folder: Path) -> tuple[tuple[int, int, int] | None, ...]:
    """What changes whenever the cells, outlines or images of a recording change."""
    names = (RECORDING_FILE, CELLS, LABELS, IMAGES)
    return tuple(file_state(folder / name) for name in names)


def recover_recordings(study: Path) -> list[str]:
    """Put recordings in their places that a killed program was writing.

    Parameters
    ----------
    study
        Folder of the study.

    Returns
    -------
    What was done, one sentence each. In a folder that cannot be written nothing is.
    """
    notes: list[str] = []
    parent = study / RECORDINGS
    try:
        names = {leftover.name for leftover in find_leftovers(parent)}
        for name in sorted(names - {""}):
            # another program may store this recording, or tidy it, at the same time
            with locked(parent / name, "opening the study"):
                notes += recover_folder(parent / name, keep_replaced(parent, name))
        for folder in (parent, study, study / ANNOTATIONS):
            if folder.is_dir():
                remove_stale_locks(folder)
        if removed := remove_leftovers(parent):
            files = (
                "1 unfinished folder"
                if removed == 1
                else f"{removed} unfinished folders"
            )
            notes.append(f"{files} of programs that were ended were removed.")
    except OSError:
        # a study on a medium that cannot be written is opened as it is
        return notes
    return notes


def _open(
    folder: Path, override: dict[str, Any], config: StudyConfig
) -> tuple[StudyRecording, list[str]]:
    """A recording, and why its predictions are left out, if they are."""
    info = read_recording_info(folder / RECORDING_FILE, override)
    recording = StudyRecording(folder.name, folder, info, config)
    run: dict[str, Any] | None = None
    problems = []
    try:
        run = recording.run()
    except InputError as error:
        problems = [f"The predicted classes of {recording.name} are left out: {error}"]
    # a table that cannot be read is reported now, not later during the work
    recording.cells_of_run(run)
    recording.retired()
    return recording, problems


def _missing_files(recording: StudyRecording) -> list[str]:
    return [
        f"The recording {recording.name} has no {name}, so that its cells are listed "
        "but cannot be shown; put the file back, or identify the recording again."
        for name in missing_files(recording.folder)
    ]


def _without_recording(study: Path, overrides: Overrides) -> list[str]:
    parent = study / RECORDINGS
    # the animal of one that was taken out is still known when it is brought back
    folders = [*_folders(parent), *_folders(parent / REPLACED)] if overrides else []
    known = {clean_name(folder.name) for folder in folders}
    return [
        f"{STUDY_FILE} has a table [recordings.{name}], but there is no such recording."
        for name in overrides
        if clean_name(name) not in known
    ]


def _folders(parent: Path) -> list[Path]:
    """Folders in a folder, by name, without hidden ones: these are being written."""
    try:
        names = [entry.name for entry in os.scandir(parent) if entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(
            f"{parent} cannot be read ({file_reason(error)}); check its permissions."
        ) from error
    return [parent / name for name in sorted(names) if not name.startswith(".")]


def check_is_study(path: Path) -> None:
    """Refuse a path that is not the folder of a study.

    Raises
    ------
    InputError
        If it does not exist, is a file, or has no `study.toml`.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist; check its name and folder.")
    if not path.is_dir():
        raise InputError(
            f"{path} is a file, but a study is a folder; choose the folder."
        )
    if not (path / STUDY_FILE).exists():
        raise InputError(
            f"{path} is not a study, because it has no {STUDY_FILE}; choose the folder "
            "of a study, or make one with napari-cellid identify --study."
        )


def check_still_there(path: Path) -> None:
    """Refuse to write into a study whose folder was moved, or whose drive is gone.

    A new folder in its place would take what belongs to the study.

    Raises
    ------
    InputError
        If its `study.toml` is not there any more.
    """
    file = path / STUDY_FILE
    try:
        file.stat()
    except OSError as error:
        raise InputError(
            f"The study {path} is not there any more ({STUDY_FILE}: "
            f"{file_reason(error)}), so nothing is saved; put the folder or its drive "
            "back, or open the study where it is now."
        ) from error


def check_empty(path: Path) -> None:
    """Refuse a path that cannot become the folder of a new study.

    A folder that holds only recordings is accepted: its settings are written anew.

    Raises
    ------
    InputError
        If it is a file, the folder holds something else or cannot be read, or some
        computer cannot have a folder of this name.
    """
    check_new_path(path, "study")
    if path.is_file():
        raise InputError(
            f"{path} is a file, but a study is a folder; choose an empty or new folder."
        )
    try:
        names = {entry.name for entry in path.iterdir() if entry.name[0] != "."}
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({file_reason(error)}); choose another folder "
            "for the "
            "study."
        ) from error
    if {RECORDINGS, ANNOTATIONS} <= names:
        # no new settings are written: the classes of the study would be lost
        raise InputError(
            f"{path} is a study without its {STUDY_FILE}; restore that from a copy, or "
            "write a new one with the study's classes."
        )
    if names - {RECORDINGS}:
        raise InputError(
            f"{path} holds other files and is not a study; choose an empty or new "
            "folder."
        )
