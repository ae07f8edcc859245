"""Labelling schemes: what red and green mark, and what cells are called by them.

The shipped models tell what a cell shows: red and green, green alone or red alone. A
scheme names the class that this is in a laboratory. A class therefore has two
properties that are kept apart: its name, and the markers that its cells show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from napari_cellid.config.base import Config
from napari_cellid.config.classes import (
    STATES,
    MarkerState,
    StudyClass,
    check_classes,
    fill_class_ids,
    free_key,
)
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

SchemeName = Literal[
    "emx1-h2b",
    "red-interneurons",
    "red-subtype",
    "red-astrocytes",
    "red-projection-neurons",
    "own",
]
#: separates the names of a scheme from one another, and from the scheme
_NAMES, _NAME = "=", ","

#: in a list to choose from
SCHEME_TITLES: dict[SchemeName, str] = {
    "emx1-h2b": "the Emx1 lineage (H2B-mCherry)",
    "red-interneurons": "interneurons (Gad2, vGAT …)",
    "red-subtype": "a subtype of neurons (PV, SST …)",
    "red-astrocytes": "astrocytes (SR101 …)",
    "red-projection-neurons": "projection neurons (retrograde)",
    "own": "something else (own names)",
}
#: what the classes of each scheme are, for people
SCHEME_DESCRIPTIONS: dict[SchemeName, str] = {
    "emx1-h2b": "Nuclei of excitatory neurons and of glia are red, neurons have GCaMP "
    "(the labelling of the paper).",
    "red-interneurons": "Interneurons are red, all neurons have GCaMP: a green cell "
    "that is not red is excitatory.",
    "red-subtype": "Neurons of one subtype are red, all neurons have GCaMP; you name "
    "the subtype.",
    "red-astrocytes": "Astrocytes are red, neurons have GCaMP.",
    "red-projection-neurons": "Neurons that project to the place of an injection are "
    "red, all neurons have GCaMP.",
    "own": "You name the cells that are red and green, green alone, and red alone.",
}
#: colours that colour-blind readers tell apart (Okabe & Ito 2008), first those that
#: differ from the red and green of the channels: orange, sky blue, pink
PALETTE = ("#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#009e73")
_ORANGE, _BLUE, _PINK, _, _DEEP_BLUE, _, _ = PALETTE
#: (name, key, colour) of the class with each marker state, in the order of `STATES`
_CLASSES: dict[SchemeName, tuple[tuple[str, str, str], ...]] = {
    "emx1-h2b": (
        ("excitatory", "E", _ORANGE),
        ("inhibitory", "I", _BLUE),
        ("glia", "G", _PINK),
    ),
    "red-interneurons": (
        ("inhibitory", "I", _BLUE),
        ("excitatory", "E", _ORANGE),
        ("inhibitory without GCaMP", "W", _DEEP_BLUE),
    ),
    "red-astrocytes": (
        ("astrocyte with GCaMP", "W", _DEEP_BLUE),
        ("neuron", "E", _ORANGE),
        ("astrocyte", "A", _PINK),
    ),
    "red-projection-neurons": (
        ("projection neuron", "P", _BLUE),
        ("other neuron", "O", _ORANGE),
        ("projection neuron without GCaMP", "W", _DEEP_BLUE),
    ),
}
#: why a name cannot be one, by the type of the error
_REASONS = {
    "string_too_short": "a name is empty",
    "string_too_long": "a name has more than 60 letters",
    "string_pattern_mismatch": "a name has a comma, a semicolon, a quote or a line end",
}
#: names that each scheme asks the user for
_ASKED: dict[SchemeName, tuple[str, ...]] = {
    "red-subtype": ("the subtype",),
    "own": STATES,
}


class Scheme(Config):
    """What red marks in a laboratory, and the names of the classes that follow.

    Raises
    ------
    ValueError
        If names are missing, not asked for, or two classes would have one name.
    """

    name: SchemeName = Field(
        "emx1-h2b",
        title="What does red mark?",
        description="Which cells the red marker is in. The names of the classes follow "
        "from it.",
    )
    class_names: tuple[str, ...] = Field(
        (),
        title="Names",
        description="The name of the subtype; or for own names those of cells that are "
        "red and green, green alone, and red alone.",
    )

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        asked = asked_names(self.name)
        if len(self.class_names) != len(asked):
            given = len(self.class_names)
            raise ValueError(
                f"the scheme {self.name} needs the names of: {', '.join(asked)}; "
                f"{given} were given"
                if asked
                else f"the scheme {self.name} has its own names of classes"
            )
        self.classes()
        return self

    def __str__(self) -> str:
        """As on the command line, such as "red-subtype=PV"."""
        names = _NAME.join(self.class_names)
        return f"{self.name}{_NAMES}{names}" if names else self.name

    def classes(self) -> tuple[StudyClass, ...]:
        """The class with each marker state, in the order of `STATES`.

        Raises
        ------
        ValueError
            If two have the same name, or a name cannot be one.
        """
        names = self._names()
        colours, keys = default_colours(names), self._keys()
        made: list[StudyClass] = []
        for state, name in zip(STATES, names, strict=True):
            key = keys.get(name) or free_key(name, made)
            made.append(
                StudyClass(name=name, key=key, colour=colours[name], markers=state)
            )
        classes = tuple(StudyClass(**values) for values in fill_class_ids(made))
        check_classes(classes)
        return classes

    def _names(self) -> tuple[str, ...]:
        """Name of the class with each marker state."""
        if self.name == "red-subtype":
            (subtype,) = self.class_names
            return subtype, "other", f"{subtype} without GCaMP"
        if self.name == "own":
            return self.class_names
        return tuple(name for name, *_ in _CLASSES[self.name])

    def _keys(self) -> dict[str, str]:
        """Keys of classes of a shipped scheme."""
        return {name: key for name, key, _ in _CLASSES.get(self.name, ())}


def asked_names(name: SchemeName) -> tuple[str, ...]:
    """What a scheme asks names for: nothing, the subtype, or each marker state."""
    return _ASKED.get(name, ())


def parse_scheme(text: str) -> Scheme:
    """Read a scheme as `Scheme.__str__` writes it.

    Raises
    ------
    InputError
        If there is no such scheme, or its names cannot be names of classes.
    """
    name, _, names = text.partition(_NAMES)
    known = ", ".join(get_args(SchemeName))
    if name not in get_args(SchemeName):
        raise InputError(
            f"There is no labelling scheme {name!r}; choose one of {known}."
        )
    given = tuple(part.strip() for part in names.split(_NAME)) if names else ()
    try:
        return Scheme(name=name, class_names=given)
    except ValidationError as error:
        example = {"red-subtype": "PV", "own": "neuron,interneuron,astrocyte"}
        values = example.get(name)
        remedy = (
            f"give {name}={values}, for example" if values else f"give {name} alone"
        )
        reason = first_reason(error)
        raise InputError(
            f"{text!r} is no labelling scheme: {reason}; {remedy}."
        ) from error


def first_reason(error: ValidationError) -> str:
    """The reason of a validation error, as a part of a sentence."""
    first = error.errors()[0]
    if first["type"] in _REASONS:
        return _REASONS[first["type"]]
    message = str(first["msg"])
    return message.removeprefix("Value error, ")


def state_classes(classes: tuple[StudyClass, ...]) -> dict[MarkerState, StudyClass]:
    """The class of each marker state that a class has."""
    return {one.markers: one for one in classes if one.markers}


def follow_scheme(
    scheme: SchemeName | None, classes: tuple[StudyClass, ...]
) -> tuple[StudyClass, ...]:
    """Give classes that a scheme names the markers that it says, if they have none.

    Parameters
    ----------
    scheme
        Name of the scheme; None if it is unknown.
    classes
        Classes of a study, which people can have written by hand.

    Raises
    ------
    ValueError
        If a class has other markers than the scheme says.
    """
    if scheme not in _CLASSES:
        return classes
    names = (name.casefold() for name, *_ in _CLASSES[scheme])
    said = dict(zip(names, STATES, strict=True))
    taken = {one.markers for one in classes}
    followed = []
    for one in classes:
        folded = [name.casefold() for name in one.names]
        states = [said[name] for name in folded if name in said]
        if states and one.markers and one.markers not in states:
            raise ValueError(
                f"the class {one.name!r} is {one.markers}, but it is {states[0]} where "
                f"red marks {SCHEME_TITLES[scheme]}; correct its markers or the scheme"
            )
        # more than one: two names were exchanged before anybody answered
        if len(states) == 1 and not one.markers and states[0] not in taken:
            one = one.model_copy(update={"markers": states[0]})
        followed.append(one)
    return tuple(followed)


def default_colours(names: Sequence[str]) -> dict[str, str]:
    """Colour (#rrggbb) of each class where no study says another one.

    A name of a shipped scheme has the same colour everywhere; all others get colours
    of the palette, which repeats after seven.
    """
    shipped = {name: colour for rows in _CLASSES.values() for name, _, colour in rows}
    taken = {shipped[name] for name in names if name in shipped}
    free = [colour for colour in PALETTE if colour not in taken] or list(PALETTE)
    others = [name for name in names if name not in shipped]
    given = {name: free[k % len(free)] for k, name in enumerate(others)}
    return {name: shipped.get(name) or given[name] for name in names}


#: the classes of the paper's labelling
DEFAULT_CLASSES = Scheme().classes()
