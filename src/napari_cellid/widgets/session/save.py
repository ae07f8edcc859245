"""Saving results of Identify in a study."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.config import RecordingInfo

if TYPE_CHECKING:
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.result_layer import ShownResult


def default_study_path(result: ShownResult) -> Path | None:
    """Folder of the study of a single recording; None if the recording has no files."""
    from napari_cellid.study.study import study_beside

    if result.folder is None:
        return None
    sources = [Path(source) for source in result.run_result.run.get("sources", ())]
    files = [path for path in sources if path.parent == result.folder]
    return study_beside(files or [result.folder / result.name], result.name)


def open_or_create_study(path: Path, result: ShownResult) -> Study:
    """Open a study, or create one with the classes of a result.

    Raises
    ------
    InputError
        If the folder cannot be that of a study.
    """
    from napari_cellid.study.model_classes import config_for_model
    from napari_cellid.study.study import Study

    card = result.run_result.classifier_card
    # results that were opened may be of a model that is not here
    config = result.naming if card is None else config_for_model(card)
    return Study.open_or_new(path, config)


def offer_text(study: Study, result: ShownResult) -> str:
    """What a button says that saves a result in a study."""
    if result.name in study.recordings:
        title = study.title_of(result.name)
        return f"Replace the outlines of {title} in {study.path.name}"
    return f"Add {result.name} to the study {study.path.name}"


def with_name(result: IdentifyResult, name: str) -> IdentifyResult:
    """A result under another name of its recording."""
    return changed(
        result,
        planes=changed(result.planes, name=name),
        run={**result.run, "recording": name},
    )


def save_result(
    study: Study, result: IdentifyResult, *, replace: bool = False
) -> StudyRecording:
    """Write a result into a study.

    `replace` is that of `add_recording`.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    from napari_cellid.study.save_results import add_recording

    info = RecordingInfo(
        pixel_size_um=result.planes.pixel_size_um,
        sources=tuple(result.run.get("sources", ())),
    )
    return add_recording(study, result, info, replace=replace)
