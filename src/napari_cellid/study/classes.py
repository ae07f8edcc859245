"""Changes of a study's classes: add, rename, recolour, set keys, hide, remove.

Each function takes the settings of a study and returns changed ones, and
`Study.edit_config` writes them. A class keeps its id, and an earlier name stays with
its class for ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from napari_cellid.colours import SPECIAL_COLOURS
from napari_cellid.config import StudyClass, StudyConfig
from napari_cellid.config.classes import (
    check_class_names,
    check_new_class_names,
    free_key,
    make_class_id,
)
from napari_cellid.config.markers import PALETTE
from napari_cellid.errors import InputError
from napari_cellid.naming import check_name
from napari_cellid.study.toml import validation_message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


def find_class(config: StudyConfig, class_id: str) -> StudyClass:
    """The class with an id.

    Raises
    ------
    InputError
        If there is none, because another window has removed it.
    """
    for cell_class in config.classes:
        if cell_class.id == class_id:
            return cell_class
    raise InputError(
        f"The study has no class with the id {class_id!r} (any more); open the study "
        "again to see its classes."
    )


def add_class(
    config: StudyConfig, name: str, key: str = "", colour: str = ""
) -> StudyConfig:
    """Add a class; without a key or colour, a free one is chosen.

    Raises
    ------
    InputError
        If the name or the key is taken, or the name cannot be the name of a class.
    """
    name = check_name(name, "class")
    check_new_class_names([name])
    _check_free(config, name)
    new = {
        "id": make_class_id(name, [one.id for one in config.classes]),
        "name": name,
        "key": key.upper() or free_key(name, config.classes),
        "colour": colour or free_colour(config.classes),
    }
    return _with_classes(config, [*_values(config), new])


def rename_class(config: StudyConfig, class_id: str, name: str) -> StudyConfig:
    """Rename a class; the old name becomes an alias, so that its answers still count.

    Raises
    ------
    InputError
        If the name is, or was, the name of another class.
    """
    name, before = check_name(name, "class"), find_class(config, class_id)
    if name == before.name:
        return config
    check_new_class_names([name])
    _check_free(config, name, besides=before)
    # each once, the oldest first
    aliases = dict.fromkeys((*before.aliases, before.name))
    # a name that it has again is no earlier one
    aliases.pop(name, None)
    return _edit(config, class_id, name=name, aliases=tuple(aliases))


def recolour_class(config: StudyConfig, class_id: str, colour: str) -> StudyConfig:
    """Give a class another colour (#rrggbb).

    Raises
    ------
    InputError
        If it is not a colour.
    """
    return _edit(config, class_id, colour=colour)


def set_class_key(config: StudyConfig, class_id: str, key: str) -> StudyConfig:
    """Give a class another key; a class that has this key gets the old one.

    Raises
    ------
    InputError
        If the key is no letter, or belongs to an answer of every study.
    """
    key, own = key.upper(), find_class(config, class_id)
    values = _values(config)
    for value in values:
        if value["id"] == class_id:
            value["key"] = key
        elif value["key"] == key and not value["hidden"]:
            value["key"] = own.key
    return _with_classes(config, values)


def set_class_markers(
    config: StudyConfig, class_id: str, markers: str, answered: Collection[str]
) -> StudyConfig:
    """Say what the cells of a class show, in a study with a labelling of its own.

    Parameters
    ----------
    config
        Settings of the study.
    class_id
        Id of the class.
    markers
        A marker state, or "" if the markers do not determine this class.
    answered
        All answers that occur in the journals, also those that were taken back.

    Raises
    ------
    InputError
        If the labelling scheme says what they show, the class has answers that would
        mean something else, or another class shows the same.
    """
    before = find_class(config, class_id)
    if markers == before.markers:
        return config
    if config.scheme != "own":
        raise InputError(
            f"What {before.name!r} cells show follows from what red marks in the "
            "study; only in a study whose scheme is own it can be chosen."
        )
    if before.markers and not set(before.names).isdisjoint(answered):
        raise InputError(
            f"The class {before.name!r} has answers, given for cells that are "
            f"{before.markers}; add a class with another name for cells that are "
            f"{markers or 'something else'}."
        )
    return _edit(config, class_id, markers=markers)


def hide_class(config: StudyConfig, class_id: str) -> StudyConfig:
    """Offer a class no longer; its answers still count, and its key becomes free.

    Raises
    ------
    InputError
        If fewer than two classes would be left.
    """
    return _edit(config, class_id, hidden=True, key="")


def show_class(config: StudyConfig, class_id: str) -> StudyConfig:
    """Offer a hidden class again, with a free key.

    Raises
    ------
    InputError
        If no letter is free, or too many classes would be offered.
    """
    shown = find_class(config, class_id)
    if not shown.hidden:
        return config
    key = free_key(shown.name, config.classes)
    return _edit(config, class_id, hidden=False, key=key)


def remove_class(
    config: StudyConfig, class_id: str, answered: Collection[str]
) -> StudyConfig:
    """Remove a class that nobody has used as an answer.

    Parameters
    ----------
    config
        Settings of the study.
    class_id
        Id of the class.
    answered
        All answers that occur in the journals, also those that were taken back.

    Raises
    ------
    InputError
        If a journal has an answer with one of its names: then it can be hidden.
    """
    removed = find_class(config, class_id)
    if not set(removed.names).isdisjoint(answered):
        raise InputError(
            f"The class {removed.name!r} has answers, so it cannot be removed; hide "
            "it instead: then nobody is offered it, and its answers are kept."
        )
    kept = [value for value in _values(config) if value["id"] != class_id]
    return _with_classes(config, kept)


def adopt_earlier_names(
    config: StudyConfig, others: Iterable[StudyClass]
) -> StudyConfig:
    """Take over the names that the same classes have in another copy of a study.

    Raises
    ------
    InputError
        If a name stands for one class here and for another one there.
    """
    known = {cell_class.id: cell_class for cell_class in config.classes}
    values = {value["id"]: value for value in _values(config)}
    owner = _owners(config.classes)
    for other in others:
        for name in other.names:
            owner_id = owner.setdefault(name.casefold(), other.id)
            if owner_id != other.id and other.id in known:
                raise InputError(
                    f"The name {name!r} stands for the class "
                    f"{known[owner_id].name!r} in this study, but for "
                    f"{known[other.id].name!r} in the copy; rename one of them first."
                )
            value = values.get(other.id)
            if value is not None and name not in (value["name"], *value["aliases"]):
                value["aliases"] = (*value["aliases"], name)
    return _with_classes(config, list(values.values()))


def free_colour(classes: Sequence[StudyClass]) -> str:
    """The first colour of the palette that no class and no other answer has."""
    used = {cell_class.colour.lower() for cell_class in classes}
    used |= set(SPECIAL_COLOURS.values())
    free = [colour for colour in PALETTE if colour not in used]
    return free[0] if free else PALETTE[len(classes) % len(PALETTE)]


def _owners(classes: Iterable[StudyClass]) -> dict[str, str]:
    """Id of the class of each name, current and earlier ones, in lower case."""
    return {name.casefold(): one.id for one in classes for name in one.names}


def _check_free(
    config: StudyConfig, name: str, besides: StudyClass | None = None
) -> None:
    try:
        check_class_names([name])
    except ValueError as error:
        raise InputError(f"{str(error).capitalize()}; choose another name.") from error
    owner_id = _owners(config.classes).get(name.casefold())
    if owner_id is None or (besides is not None and owner_id == besides.id):
        return
    owner = find_class(config, owner_id)
    what = "already has" if name.casefold() == owner.name.casefold() else "once had"
    raise InputError(
        f"The class {owner.name!r} {what} the name {name!r}, and its answers may have "
        "that name; choose a name that no other class has had."
    )


def _values(config: StudyConfig) -> list[dict[str, Any]]:
    return [cell_class.model_dump() for cell_class in config.classes]


def _edit(config: StudyConfig, class_id: str, **changes: object) -> StudyConfig:
    find_class(config, class_id)
    values = _values(config)
    for value in values:
        if value["id"] == class_id:
            value.update(changes)
    return _with_classes(config, values)


def _with_classes(config: StudyConfig, classes: list[dict[str, Any]]) -> StudyConfig:
    try:
        return StudyConfig.model_validate({**config.model_dump(), "classes": classes})
    except ValidationError as error:
        raise InputError(
            f"The classes cannot be changed so: {validation_message(error)}."
        ) from error
