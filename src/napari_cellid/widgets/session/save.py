"""Putting what Identify found into a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.config import (
    RecordingInfo,
)
from napari_cellid.progress import Progress

if TYPE_CHECKING:
    from napari_cellid.progress import Step
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.result_layer import Result


def beside(result: Result) -> Path | None:
    """Where the study of a single recording lies; None where it has no files."""
    from napari_cellid.study.study import study_beside

    if result.folder is None:
        return None
    sources = [Path(source) for source in result.found.run.get("sources", ())]
    files = [path for path in sources if path.parent == result.folder]
    return study_beside(files or [result.folder / result.name], result.name)


def study_at(path: Path, result: Result) -> Study:
    """Open a study, or begin one with the classes of a result.

    Raises
    ------
    InputError
        If the folder cannot be that of a study.
    """
    from napari_cellid.study.settings import config_for_classes
    from napari_cellid.study.study import Study

    return Study.open_or_new(path, config_for_classes(result.found.classes))


def store(study: Study, result: Result) -> StudyRecording:
    """Write a result, as it is now, into a study.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    from napari_cellid.study.save_results import add_recording

    found = result.described()
    info = RecordingInfo(
        pixel_size_um=found.planes.pixel_size_um,
        sources=tuple(found.run.get("sources", ())),
    )
    return add_recording(study, found, info)


def storing(study: Study, result: Result) -> Step[StudyRecording]:
    """The same in the background."""
    yield Progress("Putting the cells into the study")
    return store(study, result)
