"""Saving of results in a study, where cells keep their numbers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.annotation.lock import locked
from napari_cellid.cells.none_of_these import NONE_RECORD, most_probable
from napari_cellid.colours import class_colours
from napari_cellid.config import RecordingInfo
from napari_cellid.config.classes import has_class_none
from napari_cellid.files import new_folder
from napari_cellid.io.results import write_results
from napari_cellid.io.tables import no_retired, write_cells
from napari_cellid.leftovers import recover_folder
from napari_cellid.study.answered_places import unknown_places
from napari_cellid.study.identity import assign_cell_numbers, number_as_new
from napari_cellid.study.known_cells import (
    check_can_add,
    recording_folder,
    stored_recording,
)
from napari_cellid.study.predicted_names import (
    check_predicted_meaning,
)
from napari_cellid.study.probability_map import PROBABILITY, write_probability
from napari_cellid.study.recordings import (
    IDENTITY_WARNINGS,
    IMAGES,
    RECORDINGS,
    RETIRED,
    RETIRED_OTHER,
    StudyRecording,
    channels_of,
    write_images,
)
from napari_cellid.study.replaced import keep_replaced
from napari_cellid.study.replacement import (
    ask_for_lost_cells,
    ask_for_other_images,
    is_same_recording,
)
from napari_cellid.study.settings import RECORDING_FILE, recording_info_text

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.identify import IdentifyResult
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.identity import KnownCells, NumberedCells
    from napari_cellid.study.study import Study


def add_recording(
    study: Study,
    result: IdentifyResult,
    info: RecordingInfo,
    *,
    replace: bool = False,
) -> StudyRecording:
    """Write a result into a study; cells that the study knows keep their numbers.

    The folder of the recording is replaced in one step, and the earlier one is kept
    (`study.replaced`). A new study is written with its first recording.

    Parameters
    ----------
    study
        The study.
    result
        Cells of one recording, whose name is that of the recording.
    info
        Animal, sub-volume, pixel size and source files.
    replace
        Whether a recording of other images is replaced, and outlines of which most
        are not found again. Answers never count for cells of other images.

    Raises
    ------
    ReplaceQuestionError
        If a recording of other images has the name, or most of its cells are not found
        again, and `replace` is not set.
    InputError
        If the name cannot be that of a folder, a predicted class may mean something
        else in the study, or the files cannot be written.
    """
    study.check_present()
    if result.classifier_card is not None:
        check_predicted_meaning(result.classifier_card, study.config, study.models)
    parent = study.path / RECORDINGS
    # a name that cannot be one is refused before anything is made
    name = recording_folder(parent, result.planes.name).name
    result = dataclasses.replace(
        _with_names_of(study, result),
        planes=dataclasses.replace(result.planes, name=name),
    )
    with new_folder(parent), locked(parent / name, "storing results"):
        # a recording that a killed program had not put in its place
        recover_folder(parent / name, keep_replaced(parent, name))
        _write(study, result, info, replace=replace)
    # after the recording, so that a result that is refused leaves no empty study
    study.write_if_new()
    study.reload()
    return study.recording(name)


def _with_names_of(study: Study, result: IdentifyResult) -> IdentifyResult:
    """A result in which `none` is a class, if it is one in the study."""
    names = (name for one in study.config.classes for name in one.names)
    if not has_class_none(names):
        return result
    run = {key: value for key, value in result.run.items() if key != NONE_RECORD}
    return dataclasses.replace(result, cells=most_probable(result.cells), run=run)


def _write(
    study: Study, result: IdentifyResult, info: RecordingInfo, *, replace: bool
) -> None:
    name, parent = result.planes.name, study.path / RECORDINGS
    # again, because the study can have changed while the cells were identified
    known = check_can_add(study, name)
    retired, other = no_retired(), no_retired()
    if known is not None:
        same = check_images(study, result.planes, info, replace=replace)
        numbered, retired, other = _numbered(known, result, same)
        if not same:
            other = _with_answered(study, name, known, other, result)
        lost = ask_for_lost_cells(name, numbered.report, study.recordings)
        if lost is not None and same and not replace:
            raise lost
        run = result.run | {"identity": str(numbered.report)}
        if known.labels_problem and same:
            run[IDENTITY_WARNINGS] = [_positions_only(name, known.labels_problem)]
        result = dataclasses.replace(result, cells=numbered.cells, run=run)
    info = _completed(study, result, info)

    def write_more(temporary: Path) -> None:
        write_images(temporary / IMAGES, result.planes)
        if result.segmentation is not None:
            probability = result.segmentation.probability
            write_probability(temporary / PROBABILITY, probability, result.planes)
        write_cells(temporary / RETIRED, retired)
        if len(other):
            write_cells(temporary / RETIRED_OTHER, other)
        (temporary / RECORDING_FILE).write_text(
            recording_info_text(info), "utf-8", newline="\n"
        )

    # the whole folder is written anew and takes the place of the old one at once
    colours = class_colours(result.classes, study.config)
    write_results(
        result,
        parent,
        more=write_more,
        colours=colours,
        dispose=keep_replaced(parent, name),
    )


def check_images(
    study: Study, planes: MeanPlanes, info: RecordingInfo, *, replace: bool = False
) -> bool:
    """Whether images are those that the study has under their name, if it has any.

    Parameters
    ----------
    study, info, replace
        As for `add_recording`.
    planes
        Mean images.

    Raises
    ------
    ReplaceQuestionError
        If they are not, and `replace` is not set.
    """
    before = stored_recording(study, planes.name)
    if before is None:
        return True
    same = is_same_recording(before, planes, info.sources)
    if same is True:
        return True
    if not replace:
        raise ask_for_other_images(before, str(same), info.animal, study.recordings)
    return False


def _numbered(
    known: KnownCells, result: IdentifyResult, same: bool
) -> tuple[NumberedCells, pd.DataFrame, pd.DataFrame]:
    """Permanent numbers, retired cells of these images, and those of other images."""
    if not same:
        numbered = number_as_new(known, result.cells)
        return numbered, no_retired(), numbered.retired
    numbered = assign_cell_numbers(
        known, result.labels, result.cells, result.planes.pixel_size_um
    )
    return numbered, numbered.retired, known.other


def _with_answered(
    study: Study,
    name: str,
    known: KnownCells,
    other: pd.DataFrame,
    result: IdentifyResult,
) -> pd.DataFrame:
    """Cells of other images, and places where answers of copies are about them."""
    tables = [
        table for table in (known.cells, known.retired, known.other) if len(table)
    ]
    if not tables:
        return other
    places = unknown_places(
        study.annotations, name, pd.concat(tables), result.planes.pixel_size_um
    )
    return pd.concat([other, places], ignore_index=True) if len(places) else other


def _positions_only(name: str, problem: str) -> str:
    return (
        f"The earlier outlines of {name} could not be used, so its cells were matched "
        "by position only, and close neighbours may have exchanged their numbers and "
        f"answers: check them. {problem}"
    )


def _completed(
    study: Study, result: IdentifyResult, info: RecordingInfo
) -> RecordingInfo:
    """Information on a recording; values that are not given stay as before."""
    name = result.planes.name
    planes = result.planes
    values = info.model_dump() | {
        "channels": channels_of(planes),
        "diameter_px": planes.diameter_px,
        "size_assumed": planes.size_assumed,
        "bleed_through": planes.bleed_through,
    }
    if name in study.recordings:
        before = study.recording(name).info
        for key in ("animal", "subvolume", "sources"):
            # what somebody wrote about the animal is not lost by a run without it
            values[key] = values[key] or getattr(before, key)
    return RecordingInfo(**values)
