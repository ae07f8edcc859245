"""Labelling schemes: the classes that follow from what red marks."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from napari_cellid.config import Scheme, SchemeName, StudyConfig, parse_scheme
from napari_cellid.config.classes import SPECIAL_KEYS, STATES
from napari_cellid.config.markers import asked_names
from napari_cellid.errors import InputError

GIVEN = {"red-subtype": ("PV",), "own": ("neuron", "interneuron", "astrocyte")}
ALL = [Scheme(name=n, class_names=GIVEN.get(n, ())) for n in get_args(SchemeName)]


def names(text: str) -> list[str]:
    return [one.name for one in parse_scheme(text).classes()]


@pytest.mark.parametrize("scheme", ALL, ids=str)
def test_a_scheme_names_every_marker_state(scheme: Scheme) -> None:
    config = StudyConfig.of_scheme(scheme)
    assert [one.markers for one in config.classes] == list(STATES)
    keys = [one.key for one in config.classes]
    assert len({*keys, *SPECIAL_KEYS.values()}) == 3 + len(SPECIAL_KEYS)
    assert len({one.colour for one in config.classes}) == 3
    assert config.scheme == scheme.name
    assert parse_scheme(str(scheme)) == scheme


def test_the_classes_of_the_shipped_schemes() -> None:
    assert names("emx1-h2b") == ["excitatory", "inhibitory", "glia"]
    assert names("red-interneurons") == [
        "inhibitory", "excitatory", "inhibitory without GCaMP",
    ]  # fmt: skip
    assert names("red-subtype=SST") == ["SST", "other", "SST without GCaMP"]
    assert names("own=a, b ,c") == ["a", "b", "c"]
    assert StudyConfig() == StudyConfig.of_scheme(Scheme())


def test_a_name_has_the_same_colour_in_every_scheme() -> None:
    colours: dict[str, set[str]] = {}
    for scheme in ALL:
        for one in scheme.classes():
            colours.setdefault(one.name, set()).add(one.colour)
    assert all(len(found) == 1 for found in colours.values())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("vgat", "There is no labelling scheme 'vgat'"),
        ("", "There is no labelling scheme ''"),
        ("red-subtype", "needs the names of: the subtype; 0 were given"),
        ("red-subtype=PV,SST", "2 were given"),
        ("own=a,b", "2 were given"),
        ("own=a,b,A", "two classes have the same name"),
        ("red-subtype=other", "two classes have the same name"),
        ("red-subtype=unsure", "is an answer of every study"),
        ("emx1-h2b=a,b,c", "has its own names of classes"),
        ("own=a,,c", "a name is empty"),
        ("own=a;b,c,d", "a name has a comma, a semicolon"),
        ("own=green alone,red and green,c", "'green alone' is what cells show"),
    ],
)
def test_what_is_no_scheme_is_refused_in_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(InputError) as told:
        parse_scheme(text)
    assert reason in str(told.value)
    assert "\n" not in str(told.value)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_names_are_refused_or_become_classes(given_names: list[str]) -> None:
    try:
        scheme = Scheme(name="own", class_names=tuple(given_names))
    except ValidationError:
        return
    made = scheme.classes()
    assert tuple(one.name for one in made) == tuple(given_names)
    assert len({one.key for one in made}) == len({one.id for one in made}) == 3


def test_names_are_asked_for_where_they_are_needed() -> None:
    asked = {name: len(asked_names(name)) for name in get_args(SchemeName)}
    assert asked == dict.fromkeys(asked, 0) | {"red-subtype": 1, "own": 3}


def test_the_scheme_of_classes_of_before() -> None:
    """The paper's names alone do not say what red marks; other classes are own."""
    plain = [
        {"name": one.name, "key": one.key, "colour": one.colour}
        for one in StudyConfig().classes
    ]
    assert StudyConfig(classes=plain).scheme is None
    more = [*plain, {"name": "PV", "key": "P", "colour": "#112233"}]
    assert StudyConfig(classes=more).scheme is None
    assert StudyConfig(classes=more[1:]).scheme == "own"
    assert StudyConfig(classes=StudyConfig().classes).scheme == "emx1-h2b"


def test_markers_without_a_scheme_and_states_given_twice_are_refused() -> None:
    with pytest.raises(ValidationError, match="scheme is missing"):
        StudyConfig(scheme=None, classes=StudyConfig().classes)
    twice = [one.model_dump() | {"markers": "red alone"} for one in ALL[0].classes()]
    with pytest.raises(ValidationError, match="two classes are red alone"):
        StudyConfig(classes=twice)
