"""Putting what Identify found into a study."""

from __future__ import annotations

from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING

from napari_cellid.config import (
    SPECIAL_KEYS,
    RecordingInfo,
    StudyClass,
    StudyConfig,
)
from napari_cellid.overlay import class_colours
from napari_cellid.steps import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.steps import Step
    from napari_cellid.study.folder import Study
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.widgets.results import Result


def beside(result: Result) -> Path | None:
    """Where the study of a single recording lies; None where it has no files."""
    from napari_cellid.study.folder import study_beside

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
    from napari_cellid.study.folder import Study

    return Study.prepare(path, config_for(result.found.classes))


def store(study: Study, result: Result) -> StudyRecording:
    """Write a result, as it is now, into a study.

    Raises
    ------
    InputError
        If it cannot be written there.
    """
    found = result.described()
    info = RecordingInfo(
        pixel_size_um=found.planes.pixel_size_um,
        sources=tuple(found.run.get("sources", ())),
    )
    return study.add(found, info)


def storing(study: Study, result: Result) -> Step[StudyRecording]:
    """The same in the background."""
    yield Progress("Putting the cells into the study")
    return store(study, result)


def config_for(classes: Sequence[str]) -> StudyConfig:
    """Settings of a new study whose model knows these classes."""
    usual = StudyConfig()
    if {*classes} <= {one.name for one in usual.classes}:
        return usual
    colours, keys = class_colours(classes), _keys(classes)
    return StudyConfig(
        classes=tuple(
            StudyClass(name=name, key=keys[name], colour=colours[name])
            for name in classes
        )
    )


def _keys(classes: Sequence[str]) -> dict[str, str]:
    """A letter for each class: the first of its name that is free."""
    free = [letter for letter in ascii_uppercase if letter not in SPECIAL_KEYS.values()]
    keys = {}
    for name in classes:
        wanted = [letter for letter in name.upper() if letter in free]
        keys[name] = (wanted or free)[0]
        free.remove(keys[name])
    return keys
