"""Merging of what two copies of a study say of their recordings, in `study.toml`."""

from __future__ import annotations

from dataclasses import replace
from math import isclose
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.naming import clean_name
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.settings import (
    STUDY_FILE,
    StudySettings,
    edit_settings,
    table_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_cellid.config import RecordingInfo
    from napari_cellid.study.study import Study

#: what people say of a recording, by field
_NAMES = {"title": "title", "animal": "animal", "subvolume": "sub-volume"}


def info_notes(study: Study, other: Study, common: Mapping[str, str]) -> list[str]:
    """Notes on what the copy says otherwise of recordings that both have.

    Parameters
    ----------
    study, other
        The study that is extended, and the other copy.
    common
        For names of recordings of the copy their names in the study.

    Returns
    -------
    One sentence for each recording and thing; what the copy leaves open needs none.
    """
    return [
        note
        for name, own_name in common.items()
        for note in _differences(
            own_name, study.recording(own_name).info, other.recording(name).info
        )
    ]


def adopt_info(study: Study, other: Study, names: Sequence[str]) -> list[str]:
    """Give recordings that only the copy had what its `study.toml` says of them.

    Animals decide what is held out of trainings, and sizes which cell an answer means.

    Parameters
    ----------
    study
        The study that is extended, with the files of these recordings.
    other
        The other copy.
    names
        Names of these recordings.

    Returns
    -------
    Notes on titles that are taken in the study, one sentence each.
    """
    theirs = other.overrides

    def edit(before: StudySettings) -> StudySettings:
        tables = dict(before.overrides)
        for name in names:
            # what is there is of a recording of this name that was taken out
            key = table_name(tables, name)
            own = tables.pop(key, {})
            table = _without_title(theirs.get(table_name(theirs, name), {}))
            if "title" in own:
                table["title"] = own["title"]
            if table:
                tables[key] = table
        return replace(before, overrides=tables)

    edit_settings(study.path / STUDY_FILE, StudySettings(study.config), edit)
    study.reload()
    notes = _adopt_titles(study, other, names)
    study.reload()
    return notes


def _without_title(table: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in table.items() if key != "title"}


def _adopt_titles(study: Study, other: Study, names: Sequence[str]) -> list[str]:
    notes = []
    for name in names:
        if title := other.recording(name).info.title:
            try:
                rename_recording(study, name, title)
            except InputError as error:
                notes.append(str(error))
    return notes


def _differences(name: str, own: RecordingInfo, theirs: RecordingInfo) -> Iterator[str]:
    for key, what in _NAMES.items():
        kept, other = getattr(own, key), getattr(theirs, key)
        if not other or clean_name(kept) == clean_name(other):
            continue
        keeps = f"keeps the {what} '{kept}'" if kept else f"still has no {what}"
        yield f"The recording {name} {keeps}; the copy says '{other}'."
    # as precisely as it is said
    if not isclose(own.pixel_size_um, theirs.pixel_size_um, rel_tol=1e-5):
        yield (
            f"The recording {name} keeps the pixel size {own.pixel_size_um:g} µm; the "
            f"copy says {theirs.pixel_size_um:g} µm."
        )
