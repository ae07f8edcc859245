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
    IMAGES,
    RECORDINGS,
    RETIRED,
    channels_of,
    read_labels,
    write_images,
)
from napari_cellid.study.settings import RECORDING_FILE, recording_info_text

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.identify import IdentifyResult
    from napari_cellid.study.recordings import StudyRecording
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


def _write(study: Study, result: IdentifyResult, info: RecordingInfo) -> None:
    known = check_can_add(study, result.planes.name, result.labels.shape)
    retired = no_retired()
    if known is not None:
        numbered = assign_cell_numbers(
            known, result.labels, result.cells, result.planes.pixel_size_um
        )
        retired = numbered.retired
        run = result.run | {"identity": str(numbered.report)}
        result = replace(result, cells=numbered.cells, run=run)
    info = _completed(study, result, info)

    def write_more(temporary: Path) -> None:
        write_images(temporary / IMAGES, result.planes)
        write_cells(temporary / RETIRED, retired)
        (temporary / RECORDING_FILE).write_text(
            recording_info_text(info), "utf-8", newline="\n"
        )

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
    if known is not None and known.labels is not None and shape is not None:
        _check_size(name, known.labels.shape, shape)
    return known


def _recording_folder(parent: Path, name: str) -> Path:
    """Folder of a recording; its name must be valid on every operating system."""
    invalid = any(char in _FORBIDDEN or ord(char) < 32 for char in name)
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
    if not (folder / CELLS).exists():
        empty = no_retired()
        return KnownCells(None, empty, empty, highest) if highest else None
    retired = folder / RETIRED
    return KnownCells(
        _read_labels(folder),
        read_cells(folder / CELLS),
        read_retired(retired) if retired.exists() else no_retired(),
        highest,
    )


def _read_labels(folder: Path) -> NDArray[np.int32] | None:
    """The label image; None if it is lost, and cells are matched by position only."""
    try:
        return read_labels(folder / LABELS)
    except InputError:
        return None


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
            values[key] = values[key] or getattr(before, key)
    return RecordingInfo(**values)


def _normalised(name: str) -> str:
    """Name without differences of case and of the form of accents."""
    return unicodedata.normalize("NFC", name).casefold()
