"""What a study knows of a recording before new results are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.results import CELLS, LABELS
from napari_cellid.io.tables import no_retired, read_cells, read_retired
from napari_cellid.naming import check_folder_name, clean_name, name_key
from napari_cellid.recording.data import format_shape
from napari_cellid.study.answer_matching import answers_of_recording
from napari_cellid.study.identity import KnownCells
from napari_cellid.study.recordings import (
    RECORDINGS,
    RETIRED,
    RETIRED_OTHER,
    StudyRecording,
    read_labels,
)
from napari_cellid.study.replacement import ask_for_other_images, free_name
from napari_cellid.study.settings import RECORDING_FILE, read_recording_info

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.study.study import Study


def check_can_add(
    study: Study,
    name: str,
    shape: tuple[int, ...] | None = None,
    *,
    animal: str = "",
    replace: bool = False,
) -> KnownCells | None:
    """Check that a study can add a recording, before slow work begins.

    Parameters
    ----------
    study
        The study.
    name
        Name of the recording.
    shape
        Its shape (plane, y, x), if already known.
    animal
        Name of its animal, for a name that is suggested.
    replace
        Whether a recording of other images may be replaced.

    Returns
    -------
    The cells that the study knows of it; None for a new recording.

    Raises
    ------
    InputError
        If the name cannot be that of a folder or another recording has it, the images
        have another size than before, or the earlier cell table cannot be read.
    """
    folder = recording_folder(study.path / RECORDINGS, name)
    known = _known_cells(study, folder)
    stored = stored_recording(study, name)
    if known is None or stored is None or shape is None or replace:
        return known
    before = _size_before(folder, known)
    if before is not None and before != shape:
        difference = (
            f"it has {format_shape(before)} (plane, y, x), but these images have "
            f"{format_shape(shape)}"
        )
        raise ask_for_other_images(stored, difference, animal, study.recordings)
    return known


def stored_recording(study: Study, name: str) -> StudyRecording | None:
    """The recording that a study has under a name; None if there is none.

    Raises
    ------
    InputError
        If its description cannot be read.
    """
    name = known_name(study.path / RECORDINGS, name)
    folder = study.path / RECORDINGS / name
    if not (folder / CELLS).exists():
        return None
    if name in study.recordings:
        return study.recording(name)
    return StudyRecording(
        name, folder, read_recording_info(folder / RECORDING_FILE, {})
    )


def known_name(parent: Path, name: str) -> str:
    """The name of a recording as its folder has it; as given if there is no folder.

    macOS decomposes letters in the names of folders, and copies to other systems keep
    them so.

    Parameters
    ----------
    parent
        Folder of the recordings.
    name
        Name of a recording, in any Unicode form.
    """
    present = _present(parent)
    if name in present:
        return name
    clean = clean_name(name)
    return next((other for other in present if clean_name(other) == clean), name)


def recording_folder(parent: Path, name: str) -> Path:
    """Folder of a recording; its name must be valid on every operating system.

    Raises
    ------
    InputError
        If the name cannot be that of a folder, or another recording has it.
    """
    name, present = known_name(parent, name), _present(parent)
    for other in present:
        if other != name and name_key(other) == name_key(name):
            raise InputError(
                f"The study has a recording {other!r}, and some computers cannot "
                f"distinguish {name!r} from it; give this one a name of its own, such "
                f"as {free_name(name, '', present)!r}."
            )
    if name not in present:  # what exists may have any name
        cleaned = check_folder_name(name, "recording", "give it another name (--name)")
        if cleaned != name:
            raise InputError(
                f"{name!r} cannot be the name of a recording, because of its spaces or "
                f"its Unicode form; give it the name {cleaned!r}."
            )
    return parent / name


def _present(parent: Path) -> list[str]:
    return [path.name for path in parent.iterdir()] if parent.is_dir() else []


def _known_cells(study: Study, folder: Path) -> KnownCells | None:
    """Cells that the study knows of a recording; None for a new recording."""
    highest = _highest_answered(study, folder.name)
    # a recording can be gone while answers about its cells are still in journals
    if not (folder / CELLS).exists():
        empty = no_retired()
        return KnownCells(None, empty, empty, highest) if highest else None
    retired, other = folder / RETIRED, folder / RETIRED_OTHER
    labels, problem = _read_labels(folder)
    return KnownCells(
        labels,
        read_cells(folder / CELLS),
        read_retired(retired) if retired.exists() else no_retired(),
        highest,
        read_retired(other) if other.exists() else no_retired(),
        problem,
    )


def _read_labels(folder: Path) -> tuple[NDArray[np.int32] | None, str]:
    """The label image and ""; None and why if it cannot be read."""
    try:
        return read_labels(folder / LABELS), ""
    except InputError as error:
        return None, str(error)


def _size_before(folder: Path, known: KnownCells) -> tuple[int, ...] | None:
    """Size (plane, y, x) of the recording in the study; None if it is unknown.

    Without the label image the mean images tell it. In images of another size the
    positions mean other places, and answers would move to other cells.
    """
    if known.labels is not None:
        return known.labels.shape
    try:
        info = read_recording_info(folder / RECORDING_FILE, {})
        return StudyRecording(folder.name, folder, info).planes().shape
    except InputError:
        return None


def _highest_answered(study: Study, name: str) -> int:
    """Highest cell number of a recording in the journals, 0 for none."""
    from napari_cellid.annotation.all_answers import read_annotations

    answers = read_annotations(study.annotations).all_answers
    # journals have the name as it was when the answer was given
    numbers = answers_of_recording(answers, name)["cell"]
    return int(numbers.max()) if len(numbers) else 0
