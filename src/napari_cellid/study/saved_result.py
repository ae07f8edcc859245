"""A result that was saved in a study: its numbers, and what is to be known of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from napari_cellid.cells.plane_links import with_numbers
from napari_cellid.config.classes import STATES
from napari_cellid.study.predicted_names import present_names
from napari_cellid.study.settings import RECORDING_FILE, read_recording_info

if TYPE_CHECKING:
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study

#: where the model says what cells show, and the study does not
_MARKERS_REMEDY = (
    ", until it is said which class such cells are (⋯ beside a class in the Annotate "
    "dock, or markers in study.toml)."
)


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
    cells = with_numbers(result.cells, recording.cells()["cell"].to_numpy())
    return dataclasses.replace(result, cells=cells, run=recording.run())


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
    warnings = [*recording.identity_warnings(), *_other_animal(recording)]
    names, present = study.config.class_names, present_names(result.run, study.config)
    now = [present.get(name, name) for name in result.classes]
    if other := [name for name in now if name not in names]:
        warnings.append(
            f"The study has the classes {', '.join(names)}, but the model also "
            f"predicts {', '.join(other)}; these are no answers of the study"
            + (_MARKERS_REMEDY if set(other) & set(STATES) else ".")
        )
    return warnings


def _other_animal(recording: StudyRecording) -> list[str]:
    """Where `study.toml` names another animal than was given with the result."""
    given = read_recording_info(recording.folder / RECORDING_FILE, {})
    return [
        f"study.toml gives the recording {recording.name} the {what} "
        f"'{getattr(recording.info, key)}', which counts in place of "
        f"'{getattr(given, key)}'; correct it in the Annotate dock or in study.toml if "
        "it is of an earlier recording of this name."
        for key, what in (("animal", "animal"), ("subvolume", "sub-volume"))
        if getattr(given, key) not in ("", getattr(recording.info, key))
    ]
