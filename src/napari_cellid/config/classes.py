"""Classes of a study: lasting ids, names, keys and colours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from pydantic import Field

from napari_cellid.config.base import Config
from napari_cellid.errors import InputError

#: what a cell shows of the two markers; also its name where no class has this state
MarkerState = Literal["red and green", "green alone", "red alone"]
STATES: tuple[MarkerState, ...] = get_args(MarkerState)

#: answers that every study has in addition to its classes, and their keys
NOT_A_CELL, UNSURE = "not_a_cell", "unsure"
SPECIAL_KEYS = {NOT_A_CELL: "N", UNSURE: "U"}

#: what a table says of a cell whose class cannot be told, in `predicted`: neither a
#: class nor an answer of people, and not their `not_a_cell`; and its text for people
NO_CLASS, NO_CLASS_TEXT = "none", "none of these"

#: most classes that annotators are offered at once
_MAX_VISIBLE = 12
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAME = r"^[^\s,;\"](?:[^,;\"\n\r]*[^\s,;\"])?$"


class StudyClass(Config):
    """A cell class of a study.

    The id stays the same for ever. The name can change: `aliases` keeps the earlier
    names, under which answers and models know the class, so that no journal and no
    model is rewritten.
    """

    id: str = Field(
        "",
        title="Id",
        description="Lasting id of the class, which never changes; made from the "
        "first name if it is left out.",
        pattern=r"^\w*$",
        max_length=80,
    )
    name: str = Field(
        title="Name",
        description="Name of the class, as in the tables.",
        min_length=1,
        max_length=60,
        pattern=_NAME,
    )
    key: str = Field(
        title="Key",
        description="Key (a letter) that gives this class as the answer; empty for a "
        "hidden class.",
        pattern=r"^[A-Z]?$",
    )
    colour: str = Field(
        title="Colour",
        description="Colour of its outlines, as #rrggbb.",
        pattern=r"^#[0-9a-fA-F]{6}$",
    )
    aliases: tuple[str, ...] = Field(
        (),
        title="Earlier names",
        description="Names that the class had before; answers and models with these "
        "names count for it.",
    )
    hidden: bool = Field(
        False,
        title="Hidden",
        description="Whether the class is no longer offered; its answers still count.",
    )
    markers: MarkerState | Literal[""] = Field(
        "",
        title="Markers",
        description="What its cells show: red and green, green alone, or red alone; "
        "empty if that does not determine the class. The models that come with "
        "napari-cellid predict the class with these markers.",
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The current name, then the earlier ones."""
        return (self.name, *self.aliases)


def make_class_id(name: str, taken: Sequence[str] = ()) -> str:
    """Make the lasting id of a class from its first name.

    Two copies of a study that add a class of the same name thus give it the same id.

    Parameters
    ----------
    name
        First name of the class.
    taken
        Ids that other classes have; a number is appended to differ from them.
    """
    # computers compose accented letters in different ways
    plain = unicodedata.normalize("NFKC", name).casefold()
    first = re.sub(r"\W+", "_", plain).strip("_") or "class"
    number, made = 1, first
    while made in taken:
        number += 1
        made = f"{first}_{number}"
    return made


def fill_class_ids(classes: Any) -> Any:
    """Give an id to each class that has none, as in studies of format 1."""
    if not isinstance(classes, Sequence) or isinstance(classes, str):
        return classes
    values = [
        given.model_dump() if isinstance(given, StudyClass) else given
        for given in classes
    ]
    if not all(isinstance(given, Mapping) for given in values):
        return classes
    taken = [str(given["id"]) for given in values if given.get("id")]
    filled = []
    for given in values:
        if not given.get("id") and isinstance(given.get("name"), str):
            given = {**given, "id": make_class_id(given["name"], taken)}
            taken.append(given["id"])
        filled.append(given)
    return filled


def free_key(name: str, classes: Sequence[StudyClass]) -> str:
    """A letter that no class uses: the first free one of the name, else any.

    Raises
    ------
    InputError
        If all letters are in use.
    """
    used = {one.key for one in classes if not one.hidden} | set(SPECIAL_KEYS.values())
    free = [letter for letter in _LETTERS if letter not in used]
    if not free:
        raise InputError("All letters are keys of classes; hide a class first.")
    return next((letter for letter in name.upper() if letter in free), free[0])


def check_class_names(names: Sequence[str]) -> None:
    """Check that names of classes can be columns of a table and told apart.

    Raises
    ------
    ValueError
        If a name is empty, has more than one line or other control characters, or
        stands twice.
    """
    for name in names:
        if not name.strip():
            raise ValueError("the name of a class is empty")
        if not all(char.isprintable() for char in name):
            raise ValueError(f"the class {name!r} has characters that cannot be shown")
    if len(set(names)) < len(names):
        raise ValueError("two classes have the same name")


def has_class_none(names: Iterable[str]) -> bool:
    """Whether a class is called `none`, as in studies and models of earlier versions.

    Where one is, no cell is without a class: a table could not tell the two apart.
    """
    return any(name.casefold() == NO_CLASS for name in names)


def check_new_class_names(names: Iterable[str]) -> None:
    """Refuse `none` as the name of a new class.

    Raises
    ------
    InputError
        If a name is `none`, whatever its case.
    """
    if has_class_none(names):
        raise InputError(
            f"A class cannot be called {NO_CLASS!r}, because tables have this word for "
            "cells whose class cannot be told; choose another name, such as 'other'."
        )


def check_classes(classes: Sequence[StudyClass]) -> None:
    """Check that ids, names and keys are unambiguous.

    Raises
    ------
    ValueError
        If they are not.
    """
    if len({cell_class.id for cell_class in classes}) < len(classes):
        raise ValueError("two classes have the same id")
    _check_names(classes)
    _check_markers(classes)
    _check_keys([cell_class for cell_class in classes if not cell_class.hidden])


def _check_names(classes: Sequence[StudyClass]) -> None:
    # the spelling of a name may change, such as "glia" to "Glia"
    of_class = [{name.casefold() for name in one.names} for one in classes]
    names = [name for own in of_class for name in own]
    if taken := set(names) & set(SPECIAL_KEYS):
        raise ValueError(f"{taken.pop()} is an answer of every study, not a class")
    if len({cell_class.name.casefold() for cell_class in classes}) < len(classes):
        raise ValueError("two classes have the same name")
    if len(set(names)) < len(names):
        raise ValueError("a name of one class is an earlier name of another")


def _check_markers(classes: Sequence[StudyClass]) -> None:
    for one in classes:
        # cells that no class has are predicted by what they show
        given = set(STATES).intersection(map(str.casefold, one.names))
        if given - {one.markers}:
            raise ValueError(
                f"{min(given)!r} is what cells show, so it can only be the name of "
                "the class of such cells"
            )
    states = [one.markers for one in classes if one.markers]
    if twice := [state for state in STATES if states.count(state) > 1]:
        raise ValueError(f"two classes are {twice[0]}")


def _check_keys(visible: Sequence[StudyClass]) -> None:
    if not 2 <= len(visible) <= _MAX_VISIBLE:
        raise ValueError(
            f"{len(visible)} classes are offered as answers, but 2 to {_MAX_VISIBLE} "
            "are possible"
        )
    keys = [cell_class.key for cell_class in visible]
    reserved = tuple(SPECIAL_KEYS.values())
    if "" in keys or len({*keys, *reserved}) < len(keys) + len(reserved):
        raise ValueError(
            "every class needs a key of its own, and none may be "
            + " or ".join(reserved)
        )
