"""Another copy of a study taken over: journals, and recordings that only it has."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import journal_files
from napari_cellid.annotation.merge import merge_journals
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write_folder
from napari_cellid.study.recordings import RECORDINGS
from napari_cellid.study.save_results import check_can_add

if TYPE_CHECKING:
    from napari_cellid.study.study import Study


@dataclass(frozen=True)
class MergeResult:
    """What was taken over.

    Parameters
    ----------
    new_answers
        For each person of the copy the number of new lines in their journal.
    recordings
        Recordings that only the copy had.
    notes
        What is worth a look, one sentence each.
    """

    new_answers: dict[str, int]
    recordings: tuple[str, ...]
    notes: tuple[str, ...]


def merge_studies(study: Study, other: Study) -> MergeResult:
    """Take over what another copy of a study has and this one has not.

    The copy is not changed. Cells of a recording that both have stay as they are here;
    answers from the copy find them by number and place.

    Parameters
    ----------
    study
        The study that is added to.
    other
        Another copy of it.

    Raises
    ------
    InputError
        If both are the same folder, or something cannot be read or written.
    """
    if study.path.resolve() == other.path.resolve():
        raise InputError(
            f"{other.path} is the study itself; give the folder of another copy."
        )
    notes = [*other.problems, *_about_classes(study, other)]
    lines = {}
    if journal_files(other.annotations):
        lines = merge_journals(other.annotations, study.annotations)
    new = [name for name in other.recordings if name not in study.recordings]
    for name in new:
        check_can_add(study, name)
        _copy(other, study, name)
    study.reload()
    return MergeResult(lines, tuple(new), tuple(notes))


def _copy(source: Study, target: Study, name: str) -> None:
    with atomic_write_folder(target.path / RECORDINGS / name) as temporary:
        for path in source.recording(name).folder.iterdir():
            if path.is_file() and not path.name.startswith("."):
                shutil.copy2(path, temporary / path.name)


def _about_classes(study: Study, other: Study) -> list[str]:
    here, there = ([c.name for c in one.config.classes] for one in (study, other))
    if set(here) == set(there):
        return []
    return [
        f"The copy has the classes {', '.join(there)}, this study {', '.join(here)}; "
        "answers with classes that this study lacks are kept, and counted as given."
    ]
