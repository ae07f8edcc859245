"""Merging of two copies of a study: journals, and recordings of only one of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from filecmp import cmp
from functools import partial
from typing import TYPE_CHECKING

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.annotators import journal_files
from napari_cellid.annotation.merge import merge_journals
from napari_cellid.annotation.merge_notes import merge_notes
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write_folder
from napari_cellid.study.answered_markers import (
    answered_markers,
    check_answered_markers,
)
from napari_cellid.study.answered_places import adopt_other_places
from napari_cellid.study.classes import adopt_earlier_names
from napari_cellid.study.known_cells import known_name, recording_folder
from napari_cellid.study.layout import recording_folders
from napari_cellid.study.merge_info import adopt_info, info_notes
from napari_cellid.study.recordings import IMAGES, RECORDINGS
from napari_cellid.study.replacement import is_same_recording
from napari_cellid.study.scheme import check_same_markers, scheme_notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.study.study import Study


@dataclass(frozen=True)
class MergeResult:
    """What was added from another copy of a study.

    Parameters
    ----------
    new_answers
        For each annotator of the copy the number of new lines in the journal.
    recordings
        Recordings that only the copy had.
    notes
        Notes, one sentence each.
    """

    new_answers: dict[str, int]
    recordings: tuple[str, ...]
    notes: tuple[str, ...]


def merge_studies(study: Study, other: Study) -> MergeResult:
    """Add to a study what only another copy of it has.

    The other copy is not changed. The cells of common recordings stay unchanged, and so
    do their titles and animals; answers from the other copy are matched to the cells by
    number and position.

    Parameters
    ----------
    study
        The study that is extended.
    other
        Another copy of it.

    Raises
    ------
    InputError
        If both are the same folder, a recording of one name shows other images in the
        copy or cannot be read here, a class shows something else there, or something
        cannot be read or written.
    """
    if study.path.resolve() == other.path.resolve():
        raise InputError(
            f"{other.path} is the study itself; give the folder of another copy."
        )
    # everything that can be refused comes before the first change
    common = _common_recordings(study, other)
    _check_recordings(study, other, common)
    check_same_markers(study.config, other.config, "the copy")
    theirs = read_annotations(other.annotations).all_answers
    check_answered_markers(study.config, answered_markers(theirs))
    new = [name for name in other.recordings if name not in common]
    _check_new(study, new)
    notes = [
        *other.problems,
        *_class_notes(study, other),
        *scheme_notes(study.config, other.config),
        *info_notes(study, other, common),
    ]
    # names before journals, whose answers may have names that only the copy knows
    if adopt_earlier_names(study.config, other.config.classes) != study.config:
        study.edit_config(partial(adopt_earlier_names, others=other.config.classes))
    # places before journals, whose answers would count for these images until then
    for name, own in common.items():
        adopt_other_places(study.recording(own).folder, other.recording(name).folder)
    new_answers = {}
    if journal_files(other.annotations):
        notes += merge_notes(other.annotations, study.annotations)
        new_answers = merge_journals(other.annotations, study.annotations)
    for name in new:
        _copy(other, study, name)
    study.reload()
    notes += adopt_info(study, other, new)
    return MergeResult(new_answers, tuple(new), tuple(notes))


def _common_recordings(study: Study, other: Study) -> dict[str, str]:
    """For recordings of the copy that the study has, too, their names in the study."""
    names = {
        name: known_name(study.path / RECORDINGS, name) for name in other.recordings
    }
    return {name: own for name, own in names.items() if own in study.recordings}


def _check_recordings(study: Study, other: Study, common: Mapping[str, str]) -> None:
    """Refuse copies in which a name stands for other images.

    Answers name their recording: those to the cells of the copy would count for cells
    of this study.
    """
    for name, own_name in common.items():
        ours, theirs = study.recording(own_name), other.recording(name)
        own, copied = ours.folder / IMAGES, theirs.folder / IMAGES
        # by content: otherwise files of the same size and time count as equal
        if not (own.exists() and copied.exists()) or cmp(own, copied, shallow=False):
            continue
        same = is_same_recording(ours, theirs.planes(), theirs.info.sources)
        if same is not True:
            raise InputError(
                f"The recording {name!r} shows other images in the copy ({same}), and "
                "answers of the copy would count for other cells; merge a copy of this "
                "study, or take over the answers with napari-cellid answers."
            )


def _check_new(study: Study, names: Sequence[str]) -> None:
    """Refuse recordings that would take the place of one that cannot be read here.

    That one can have cells, and answers to them, which the copy does not know.
    """
    parent = study.path / RECORDINGS
    folders = recording_folders(study.path)
    for name in names:
        recording_folder(parent, name)
        if known_name(parent, name) in folders:
            raise InputError(
                f"The recording {name!r} of this study cannot be read, so it cannot be "
                "compared with that of the copy; put its files in order, or move its "
                "folder out of the study, and merge again."
            )


def _copy(source: Study, target: Study, name: str) -> None:
    with atomic_write_folder(target.path / RECORDINGS / name) as temporary:
        for path in source.recording(name).folder.iterdir():
            # hidden files are locks and unfinished files of programs
            if path.is_file() and not path.name.startswith("."):
                shutil.copy2(path, temporary / path.name)


def _class_notes(study: Study, other: Study) -> list[str]:
    own, others = study.config.class_names, other.config.class_names
    known = {study_class.id for study_class in study.config.classes}
    if known == {study_class.id for study_class in other.config.classes}:
        return []
    return [
        f"The copy has the classes {', '.join(others)}, this study {', '.join(own)}; "
        "answers with classes that this study lacks are kept and counted as given."
    ]
