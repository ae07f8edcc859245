"""Results put into a study, where cells keep their numbers."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.colours import class_colours
from napari_cellid.config import RecordingInfo
from napari_cellid.errors import InputError
from napari_cellid.identify import write_results
from napari_cellid.io.tables import no_retired, read_cells, read_retired
from napari_cellid.study.identity import KnownCells, assign_cell_numbers
from napari_cellid.study.recordings import (
    CELLS,
    IMAGES,
    LABELS,
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
#: names that Windows keeps for itself
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


def _write(study: Study, found: IdentifyResult, info: RecordingInfo) -> None:
    known = check_can_add(study, found.planes.name, found.labels.shape)
    retired = no_retired()
    if known is not None:
        kept = assign_cell_numbers(
            known, found.labels, found.cells, found.planes.pixel_size_um
        )
        retired = kept.retired
        run = found.run | {"identity": str(kept.report)}
        found = replace(found, cells=kept.cells, run=run)
    info = _completed(study, found, info)

    def more(temporary: Path) -> None:
        write_images(temporary / IMAGES, found.planes)
        retired.round({"y": 3, "x": 3}).to_csv(
            temporary / RETIRED,
            index=False,
            float_format="%.6g",
            lineterminator="\n",
        )
        (temporary / RECORDING_FILE).write_text(
            recording_info_text(info), "utf-8", newline="\n"
        )

    shades = {one.name: one.colour for one in study.config.classes}
    colours = class_colours(found.classes)
    colours |= {name: shades[name] for name in colours if name in shades}
    write_results(found, study.path / RECORDINGS, more=more, colours=colours)


def check_can_add(
    study: Study, name: str, shape: tuple[int, ...] | None = None
) -> KnownCells | None:
    """Refuse a recording that a study cannot take in, before anything slow is done.

    Parameters
    ----------
    study
        The study.
    name
        Name of the recording.
    shape
        Its (plane, y, x), where that is known already.

    Returns
    -------
    What is known of its cells; None where it is new.

    Raises
    ------
    InputError
        If the name is that of no folder or of another recording, the images have
        another size than before, or the earlier cell table is broken.
    """
    folder = _recording_folder(study.path / RECORDINGS, name)
    known = _known(study, folder)
    if known is not None and known.labels is not None and shape is not None:
        _check_size(name, known.labels.shape, shape)
    return known


def _recording_folder(parent: Path, name: str) -> Path:
    """Folder of a recording; its name must hold on every computer."""
    plain = name.strip(" .")
    bad = any(sign in _FORBIDDEN or ord(sign) < 32 for sign in name)
    if bad or plain != name or not name or name.casefold().split(".")[0] in _RESERVED:
        raise InputError(
            f"The name {name!r} cannot be that of a recording in a study; use letters, "
            "digits, spaces, - and _."
        )
    there = [path.name for path in parent.iterdir()] if parent.is_dir() else []
    for other in there:
        if other != name and _plain(other) == _plain(name):
            raise InputError(
                f"The study has a recording {other!r}, which some computers do not "
                f"tell from {name!r}; give the same name, or quite another."
            )
    return parent / name


def _known(study: Study, folder: Path) -> KnownCells | None:
    """What is known of a recording's cells; None where it is new."""
    highest = _highest_answered(study, folder.name)
    if not (folder / CELLS).exists():
        empty = no_retired()
        return KnownCells(None, empty, empty, highest) if highest else None
    retired = folder / RETIRED
    return KnownCells(
        _labels_of(folder),
        read_cells(folder / CELLS),
        read_retired(retired) if retired.exists() else no_retired(),
        highest,
    )


def _labels_of(folder: Path) -> NDArray[np.int32] | None:
    """The label image; None where it is lost, for then places alone must do."""
    try:
        return read_labels(folder / LABELS)
    except InputError:
        return None


def _highest_answered(study: Study, name: str) -> int:
    """Highest number of a recording's cells that stands in a journal, 0 for none."""
    if not study.annotations.is_dir():
        return 0
    from napari_cellid.annotation.all_answers import read_annotations

    lines = read_annotations(study.annotations).all_answers
    numbers = lines["cell"][lines["recording"] == name]
    return int(numbers.max()) if len(numbers) else 0


def _check_size(name: str, before: tuple[int, ...], now: tuple[int, ...]) -> None:
    if before != now:
        raise InputError(
            f"The study has a recording {name!r} of {_by(before)} (plane, y, x), but "
            f"this one has {_by(now)}; give it a name of its own."
        )


def _completed(
    study: Study, found: IdentifyResult, info: RecordingInfo
) -> RecordingInfo:
    """What is known of a recording; what was not said again stays as it was."""
    name = found.planes.name
    said = info.model_dump() | {"channels": channels_of(found.planes)}
    if name in study.recordings:
        before = study.recording(name).info
        for key in ("animal", "subvolume", "sources"):
            said[key] = said[key] or getattr(before, key)
    return RecordingInfo(**said)


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _plain(name: str) -> str:
    """What is left of a name where neither case nor the form of accents counts."""
    return unicodedata.normalize("NFC", name).casefold()
