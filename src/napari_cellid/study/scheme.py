"""The labelling scheme of a study: set once, asked where it is unknown, never changed.

People's answers are names of classes, and what a class shows is a property of the
class. Once there are answers, a class therefore keeps its markers.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pydantic import ValidationError

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.config import StudyConfig
from napari_cellid.config.classes import STATES, check_new_class_names, free_key
from napari_cellid.config.markers import SCHEME_TITLES
from napari_cellid.errors import InputError
from napari_cellid.study.answered_markers import (
    answered_markers,
    check_answered_markers,
)
from napari_cellid.study.toml import validation_message

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from napari_cellid.config import Scheme, StudyClass
    from napari_cellid.study.study import Study


def set_scheme(
    config: StudyConfig, scheme: Scheme, answered: Collection[str]
) -> StudyConfig:
    """Settings of a study with a labelling scheme.

    Where the scheme was unknown, classes of its names get their markers, and classes
    that are missing are added; the others stay. Where it was known, it can be
    changed only as long as nobody has answered.

    Parameters
    ----------
    config
        Settings of the study.
    scheme
        The labelling scheme.
    answered
        All answers that occur in the journals, also those that were taken back.

    Raises
    ------
    InputError
        If the study has another scheme and answers, or its classes cannot be those of
        the scheme.
    """
    classes = scheme.classes()
    known = config.scheme is not None
    if known and _same_scheme(config, scheme.name, classes):
        return config
    has = {name for one in config.classes for name in one.names}
    check_new_class_names(one.name for one in classes if one.name not in has)
    own = {name for one in config.classes for name in one.names}
    if known and not own.isdisjoint(answered):
        raise InputError(
            f"The study has answers in classes where red marks {scheme_text(config)}, "
            f"and with the scheme {scheme} they would mean something else; leave the "
            "scheme as it is, or begin a new study."
        )
    entries = list(classes) if known else _marked(config.classes, classes)
    values = [one.model_dump() for one in entries]
    try:
        return StudyConfig.model_validate(
            {**config.model_dump(), "scheme": scheme.name, "classes": values}
        )
    except ValidationError as error:
        raise InputError(
            f"The classes of the study cannot be those of the scheme {scheme}: "
            f"{validation_message(error)}."
        ) from error


def preview_scheme(study: Study, scheme: Scheme) -> StudyConfig:
    """Settings that a study would have with a scheme; nothing is written.

    Raises
    ------
    InputError
        As `set_scheme`, or if a journal cannot be read.
    """
    return _checked_scheme(study, scheme, study.config)


def save_scheme(study: Study, scheme: Scheme) -> Study:
    """Say in a study what red marks; see `set_scheme`.

    Returns
    -------
    The study with the changed settings.

    Raises
    ------
    InputError
        As `set_scheme`, or if a journal cannot be read or the settings written.
    """
    return study.edit_config(partial(_checked_scheme, study, scheme))


def _checked_scheme(study: Study, scheme: Scheme, config: StudyConfig) -> StudyConfig:
    """Settings with a scheme that contradicts no answer in the journals of now."""
    # read while the settings are locked: somebody may just have answered
    all_answers = read_annotations(study.annotations).all_answers
    # also those that were taken back
    changed = set_scheme(config, scheme, set(all_answers["answer"].dropna()))
    check_answered_markers(changed, answered_markers(all_answers))
    return changed


def require_scheme(config: StudyConfig) -> None:
    """Refuse what depends on the markers of cells while nobody has said what they are.

    Raises
    ------
    InputError
        If the scheme of the study is unknown.
    """
    if config.scheme is None:
        raise InputError(
            "The study does not say what red marks, so the names of its classes could "
            "be exchanged; say it once with --scheme (emx1-h2b for H2B-mCherry in the "
            "Emx1 lineage, red-interneurons for Gad2 or vGAT × tdTomato, others in "
            "--help), or open the study in napari, which asks."
        )


def check_same_markers(config: StudyConfig, other: StudyConfig, what: str) -> None:
    """Refuse another copy of a study in which a class shows something else.

    Parameters
    ----------
    config, other
        Settings of the study and of the other one.
    what
        The other one, in words.

    Raises
    ------
    InputError
        If a class of one id or name shows something else in the other.
    """
    shown = {
        key: one
        for one in config.classes
        for key in (one.id.casefold(), *map(str.casefold, one.names))
    }
    for theirs in other.classes:
        ours = shown.get(theirs.id.casefold()) or shown.get(theirs.name.casefold())
        if ours is None or not (ours.markers and theirs.markers):
            continue
        if ours.markers != theirs.markers:
            raise InputError(
                f"The {ours.name!r} cells are {ours.markers} in this study, but "
                f"{theirs.markers} in {what}, where red marks {scheme_text(other)}; "
                "answers of one would mean something else in the other, so merge only "
                "copies with the same labelling."
            )


def scheme_notes(config: StudyConfig, other: StudyConfig) -> list[str]:
    """What a person must check before two copies of a study are taken as one."""
    if (config.scheme is None) == (other.scheme is None):
        return []
    silent, says = ("copy", config) if other.scheme is None else ("study", other)
    return [
        f"The {silent} does not say what red marks; its answers are taken as where red "
        f"marks {scheme_text(says)}."
    ]


def scheme_text(config: StudyConfig) -> str:
    """What red marks, in words."""
    return "?" if config.scheme is None else SCHEME_TITLES[config.scheme]


def _same_scheme(config: StudyConfig, name: str, classes: Sequence[StudyClass]) -> bool:
    """Whether the study has a scheme already, though classes may be renamed since."""
    if config.scheme != name:
        return False
    if name not in ("own", "red-subtype"):
        return True
    ours = {one.markers: one for one in config.classes if one.markers}
    return all(
        one.markers in ours and one.name in ours[one.markers].names
        for one in classes
        if one.markers
    )


def _marked(
    own: Sequence[StudyClass], classes: Sequence[StudyClass]
) -> list[StudyClass]:
    """Classes of a study with the markers of a scheme, and those that it lacks."""
    by_name = {one.name.casefold(): one for one in classes}
    entries, found = [], set()
    for one in own:
        same = next(
            (by_name[n.casefold()] for n in one.names if n.casefold() in by_name), None
        )
        if same is not None:
            found.add(same.markers)
            one = one.model_copy(update={"markers": same.markers})
        entries.append(one)
    for state in STATES:
        new = next(one for one in classes if one.markers == state)
        if state not in found:
            keys = {one.key for one in entries if not one.hidden}
            key = free_key(new.name, entries) if new.key in keys else new.key
            entries.append(new.model_copy(update={"key": key}))
    return entries
