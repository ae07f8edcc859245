"""The names that a laboratory gives to the classes of a model."""

from __future__ import annotations

import pytest

from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import StudyConfig, parse_scheme
from napari_cellid.config.classes import STATES
from napari_cellid.errors import InputError
from napari_cellid.models.card import ModelCard
from napari_cellid.models.class_names import class_markers, name_classes
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.study.classes import rename_class

PAPER = ("excitatory", "inhibitory", "glia")
SCHEMES = [
    "emx1-h2b", "red-interneurons", "red-subtype=PV", "red-astrocytes",
    "red-projection-neurons", "own=a,b,c",
]  # fmt: skip


def config(text: str) -> StudyConfig:
    return StudyConfig.of_scheme(parse_scheme(text))


def shipped(name: str = "inception_v3") -> ModelCard:
    return load_card(SHIPPED_MODELS / name)


def retrained(text: str, **other: object) -> ModelCard:
    """A card as a training in a study with this scheme writes it."""
    study = config(text)
    return shipped().model_copy(
        update={
            "name": "ours",
            "classes": study.class_names,
            "markers": tuple(one.markers for one in study.classes),
            "class_ids": tuple(one.id for one in study.classes),
            "scheme": study.scheme,
            "training": {"run": "first"},
            **other,
        }
    )


@pytest.mark.parametrize("name", ["inception_v3", "resnet18", "one_pass"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_shipped_model_gets_the_names_of_the_scheme(name: str, scheme: str) -> None:
    card = shipped(name)
    assert card.classes == card.states == STATES
    named = name_classes(card, config(scheme))
    assert named.classes == config(scheme).class_names
    assert named.scheme == config(scheme).scheme
    assert not named.naming
    assert name_classes(card).classes == PAPER


def test_models_of_before_are_read_by_their_order_of_names() -> None:
    before = shipped().model_copy(update={"classes": PAPER, "markers": ()})
    assert before.states == STATES
    turned = before.model_copy(update={"classes": PAPER[::-1]})
    assert turned.states == STATES[::-1]
    ours = before.model_copy(update={"training": {"run": "first"}})
    assert ours.states == ("", "", "")


def test_the_ensemble_is_named_too() -> None:
    both = load_classifier("both", config("red-interneurons"))
    assert both.card.classes[:2] == ("inhibitory", "excitatory")


def test_a_model_of_the_same_scheme_keeps_its_names() -> None:
    for scheme in SCHEMES:
        named = name_classes(retrained(scheme), config(scheme))
        assert (named.classes, named.naming) == (config(scheme).class_names, "")


def test_a_model_of_another_scheme_is_mapped_with_one_sentence() -> None:
    named = name_classes(retrained("emx1-h2b"), config("red-interneurons"))
    assert named.classes == ("inhibitory", "excitatory", "inhibitory without GCaMP")
    assert "excitatory is inhibitory" in named.naming
    assert named.naming.count(".") == 1


def test_a_renamed_class_is_known_by_what_it_shows_and_by_its_id() -> None:
    study = rename_class(StudyConfig(), "glia", "astrocyte")
    assert name_classes(retrained("emx1-h2b"), study).classes[2] == "astrocyte"
    own = retrained("own=a,b,c", markers=("", "", ""))
    values = [one.model_dump() | {"markers": ""} for one in config("own=a,b,c").classes]
    plain = StudyConfig(classes=values, scheme="own")
    named = name_classes(own, rename_class(plain, "b", "z"))
    assert named.classes == ("a", "z", "c")


def test_a_model_that_does_not_say_what_its_cells_show_is_refused() -> None:
    old = retrained("emx1-h2b", markers=(), class_ids=(), scheme=None)
    for scheme in ("emx1-h2b", "red-interneurons"):
        with pytest.raises(InputError, match="does not say what its 'excitatory'"):
            name_classes(old, config(scheme))
        # in the study that it was trained in, the names are the people's
        assert name_classes(old, config(scheme), of_study=True).classes == PAPER
    assert name_classes(old).classes == PAPER


def test_a_study_that_does_not_say_what_its_cells_show_refuses_a_model() -> None:
    values = [one.model_dump() | {"markers": ""} for one in StudyConfig().classes]
    unknown = StudyConfig(classes=values)
    with pytest.raises(InputError, match="study does not say what its cells"):
        name_classes(retrained("emx1-h2b"), unknown)
    # nobody has said it: only the marker states are certain
    assert name_classes(shipped(), unknown).classes == STATES


def test_own_classes_without_markers_leave_the_states_as_names() -> None:
    values = [
        {"name": "PV", "key": "P", "colour": "#112233"},
        {"name": "red and green cell", "key": "R", "colour": "#445566"},
    ]
    named = name_classes(shipped(), StudyConfig(classes=values))
    assert named.classes == STATES
    assert class_markers(named) == {state: state for state in STATES}


def test_no_name_keeps_its_spelling_and_changes_its_meaning() -> None:
    """For each pair of schemes: what is called the same shows the same, or is asked."""
    for one in SCHEMES:
        for other in SCHEMES:
            named = name_classes(retrained(one), config(other))
            means = class_markers(named)
            here = {c.name: c.markers for c in config(other).classes}
            assert {n: means[n] for n in means if n in here} == {
                n: here[n] for n in means if n in here
            }


def test_names_of_the_paper_are_no_names_of_an_own_scheme() -> None:
    """A model that knows states alone has the names from the paper, not from here."""
    classes = [
        one.model_copy(update={"markers": ""}) for one in StudyConfig().classes[:2]
    ]
    study = StudyConfig(scheme="own", classes=classes)
    of_before = shipped().model_copy(update={"classes": PAPER, "markers": ()})
    assert name_classes(of_before, study).classes == STATES


def test_a_model_copied_into_a_study_of_another_scheme_is_checked() -> None:
    """Its folder alone does not make its names those of the study."""
    classes = [one.model_copy(update={"markers": ""}) for one in StudyConfig().classes]
    study = StudyConfig(scheme="own", classes=classes)
    with pytest.raises(InputError, match="does not say what its cells of this name"):
        name_classes(retrained("red-interneurons"), study, of_study=True)
