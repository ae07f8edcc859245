"""Saving of results in a study, where cells keep their numbers."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.colours import class_colours
from napari_cellid.config import RecordingInfo
from napari_cellid.errors import InputError
from napari_cellid.io.results import CELLS, LABELS, write_results
from napari_cellid.io.tables import no_retired, read_cells, read_retired, write_cells
from napari_cellid.recording.data import format_shape
from napari_cellid.study.identity import KnownCells, assign_cell_numbers
from napari_cellid.study.recordings import (
    IDENTITY_WARNINGS,
    IMAGES,
    RECORDINGS,
    RETIRED,
    StudyRecording,
    channels_of,
    read_labels,
    write_images,
)
from napari_cellid.study.settings import (
    RECORDING_FILE,
    read_recording_info,
    recording_info_text,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.identify import IdentifyResult
    from napari_cellid.study.study import Study

_FORBIDDEN = '/\\:*?"<>|'
#: names that Windows reserves for devices
_RESERVED = {"con", "prn", "aux", "nul"} | {
    f"{device}{n}" for device in ("com", "lpt") for n in range(1, 10)
}


def add_recording(
    study: Study, result: IdentifyResult, info: RecordingInfo
) -> StudyRecording:
    """Write a result into a study; cells that the study knows keep their numbers.

    The files of the recording are replaced all at once or not at all. A new study is
    written with its first recording.

    Parameters
    ----------
    study
        The study.
    result
        Cells of one recording, whose name is that of the recording.
    info
        Animal, sub-volume, pixel size and source files.

    Raises
    ------
    InputError
        If the name cannot be that of a folder or another recording has it, the images
        have another size than before, or the files cannot be written.
    """
    _write(study, result, info)
    study.write_if_new()
    study.reload()
    return study.recording(result.planes.name)


def with_permanent_numbers(
    result: IdentifyResult, recording: StudyRecording
) -> IdentifyResult:
    """A result with the cell numbers and the record that it has in its study.

    Parameters
    ----------
    result
        Result of the main job.
    recording
        The recording that `add_recording` made of it.
    """
    cells = result.cells.assign(cell=recording.cells()["cell"].to_numpy())
    return replace(result, cells=cells, run=recording.run())


def saved_notes(
    study: Study, result: IdentifyResult, recording: StudyRecording
) -> list[str]:
    """What is to be known after a result was saved, one sentence each.

    Parameters
    ----------
    study
        The study, with the recording.
    result
        The result that was saved.
    recording
        The recording that `add_recording` made of it.
    """
    identity = recording.run().get("identity")
    notes = [] if identity is None else [str(identity)]
    return [*notes, *saved_warnings(study, result, recording), *study.problems]


def saved_warnings(
    study: Study, result: IdentifyResult, recording: StudyRecording
) -> list[str]:
    """Those of `saved_notes` that need a person: for a window, which shows no others.

    Parameters
    ----------
    study, result, recording
        As for `saved_notes`.
    """
    warnings = list(recording.identity_warnings())
    names, predicted = study.config.class_names, result.classes
    now = map(study.config.current_name, predicted)
    if other := [name for name in now if name not in names]:
        warnings.append(
            f"The study has the classes {', '.join(names)}, but the model also "
            f"predicts {', '.join(other)}; these are no answers of the study."
        )
    return warnings


def _write(study: Study, result: IdentifyResult, info: RecordingInfo) -> None:
    name = result.planes.name
    # again, because the study can have changed while the cells were identified
    known = check_can_add(study, name, result.labels.shape)
    retired = no_retired()
    if known is not None:
        numbered = assign_cell_numbers(
            known, result.labels, result.cells, result.planes.pixel_size_um
        )
        retired = numbered.retired
        run = result.run | {"identity": str(numbered.report)}
        if known.labels_problem:
            run[IDENTITY_WARNINGS] = [_positions_only(name, known.labels_problem)]
        result = replace(result, cells=numbered.cells, run=run)
    info = _completed(study, result, info)

    def write_more(temporary: Path) -> None:
        write_images(temporary / IMAGES, result.planes)
        write_cells(temporary / RETIRED, retired)
        (temporary / RECORDING_FILE).write_text(
            recording_info_text(info), "utf-8", newline="\n"
        )

    # the whole folder is written anew and takes the place of the old one at once
    colours = class_colours(result.classes, study.config)
    write_results(result, study.path / RECORDINGS, more=write_more, colours=colours)


def check_can_add(
    study: Study, name: str, shape: tuple[int, ...] | None = None
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

    Returns
    -------
    The cells that the study knows of it; None for a new recording.

    Raises
    ------
    InputError
        If the name cannot be that of a folder or another recording has it, the images
        have another size than before, or the earlier cell table cannot be read.
    """
    folder = _recording_folder(study.path / RECORDINGS, name)
    known = _known_cells(study, folder)
    before = None if known is None else _size_before(folder, known)
    if before is not None and shape is not None:
        _check_size(name, before, shape)
    return known


def _recording_folder(parent: Path, name: str) -> Path:
    """Folder of a recording; its name must be valid on every operating system."""
    invalid = any(char in _FORBIDDEN or ord(char) < 32 for char in name)
    # Windows drops dots and spaces at the end of a name without a word
    invalid |= not name or name != name.strip(" .")
    if invalid or name.casefold().split(".")[0] in _RESERVED:
        raise InputError(
            f"The name {name!r} cannot be the name of a recording in a study; use "
            "letters, digits, spaces, - and _."
        )
    present = [path.name for path in parent.iterdir()] if parent.is_dir() else []
    for other in present:
        if other != name and _normalised(other) == _normalised(name):
            raise InputError(
                f"The study has a recording {other!r}, and some computers cannot "
                f"distinguish {name!r} from it; give the same or a different name."
            )
    return parent / name


def _known_cells(study: Study, folder: Path) -> KnownCells | None:
    """Cells that the study knows of a recording; None for a new recording."""
    highest = _highest_answered(study, folder.name)
    # a recording can be gone while answers about its cells are still in journals
    if not (folder / CELLS).exists():
        empty = no_retired()
        return KnownCells(None, empty, empty, highest) if highest else None
    retired = folder / RETIRED
    labels, problem = _read_labels(folder)
    return KnownCells(
        labels,
        read_cells(folder / CELLS),
        read_retired(retired) if retired.exists() else no_retired(),
        highest,
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


def _positions_only(name: str, problem: str) -> str:
    return (
        f"The earlier outlines of {name} could not be used, so its cells were matched "
        "by position only, and close neighbours may have exchanged their numbers and "
        f"answers: check them. {problem}"
    )


def _highest_answered(study: Study, name: str) -> int:
    """Highest cell number of a recording in the journals, 0 for none."""
    if not study.annotations.is_dir():
        return 0
    from napari_cellid.annotation.all_answers import read_annotations

    answers = read_annotations(study.annotations).all_answers
    numbers = answers["cell"][answers["recording"] == name]
    return int(numbers.max()) if len(numbers) else 0


def _check_size(name: str, before: tuple[int, ...], now: tuple[int, ...]) -> None:
    if before != now:
        raise InputError(
            f"The study has a recording {name!r} of {format_shape(before)} (plane, "
            f"y, x), but this one has {format_shape(now)}; give it another name."
        )


def _completed(
    study: Study, result: IdentifyResult, info: RecordingInfo
) -> RecordingInfo:
    """Information on a recording; values that are not given stay as before."""
    name = result.planes.name
    values = info.model_dump() | {"channels": channels_of(result.planes)}
    if name in study.recordings:
        before = study.recording(name).info
        for key in ("animal", "subvolume", "sources"):
            # what somebody wrote about the animal is not lost by a run without it
            values[key] = values[key] or getattr(before, key)
    return RecordingInfo(**values)


def _normalised(name: str) -> str:
    """Name without differences of case and of the form of accents."""
    return unicodedata.normalize("NFC", name).casefold()
