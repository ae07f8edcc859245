"""Classes of a study: ids, names and earlier names, keys, hidden classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.config import SPECIAL_KEYS, StudyClass, StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.study import classes as edits
from napari_cellid.study.settings import (
    StudySettings,
    read_settings,
    write_settings,
)

if TYPE_CHECKING:
    from pathlib import Path


def names(config: StudyConfig) -> list[str]:
    return list(config.class_names)


def test_a_class_is_added_with_a_free_key_and_colour() -> None:
    config = edits.add_class(StudyConfig(), "  microglia ")
    added = config.classes[-1]
    assert (added.id, added.name) == ("microglia", "microglia")
    # M is free; I and E are not
    assert added.key == "M"
    # yellow is the colour of "unsure"
    assert added.colour == "#0072b2"
    assert config.answers[:4] == ("excitatory", "inhibitory", "glia", "microglia")


def test_a_renamed_class_keeps_its_id_key_colour_and_its_earlier_name() -> None:
    config = edits.rename_class(StudyConfig(), "glia", "astrocyte")
    renamed = edits.find_class(config, "glia")
    before = edits.find_class(StudyConfig(), "glia")
    assert (renamed.key, renamed.colour) == (before.key, before.colour)
    assert renamed.names == ("astrocyte", "glia")
    assert config.current_name("glia") == "astrocyte"
    assert config.current_name("astrocyte") == "astrocyte"
    assert config.current_name("unknown") == "unknown"


def test_a_name_given_back_is_no_earlier_name() -> None:
    config = edits.rename_class(StudyConfig(), "glia", "astrocyte")
    config = edits.rename_class(config, "glia", "glia")
    assert edits.find_class(config, "glia").names == ("glia", "astrocyte")


def test_the_spelling_of_a_name_may_change() -> None:
    config = edits.rename_class(StudyConfig(), "glia", "Glia")
    assert edits.find_class(config, "glia").names == ("Glia", "glia")


@pytest.mark.parametrize("name", ["glia", "GLIA", " glia ", "astrocyte"])
def test_a_name_once_used_is_never_given_to_another_class(name: str) -> None:
    config = edits.rename_class(StudyConfig(), "glia", "astrocyte")
    with pytest.raises(InputError, match="choose a name"):
        edits.add_class(config, name)
    with pytest.raises(InputError, match="choose a name"):
        edits.rename_class(config, "excitatory", name)


@pytest.mark.parametrize("name", ["", "  ", "a,b", "a;b", "not_a_cell", "Unsure"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(InputError) as error:
        edits.add_class(StudyConfig(), name)
    assert "\n" not in str(error.value)


def test_a_key_that_is_taken_is_exchanged() -> None:
    config = edits.set_class_key(StudyConfig(), "glia", "e")
    assert [one.key for one in config.classes] == ["G", "I", "E"]


@pytest.mark.parametrize("key", ["N", "U", "", "1", "AB"])
def test_keys_that_cannot_be(key: str) -> None:
    with pytest.raises(InputError):
        edits.set_class_key(StudyConfig(), "glia", key)


def test_a_hidden_class_is_not_offered_but_its_answers_count() -> None:
    config = edits.hide_class(StudyConfig(), "glia")
    assert "glia" in config.answers
    assert "glia" not in config.offered_answers
    # its key is free for another class
    config = edits.set_class_key(config, "excitatory", "G")
    shown = edits.find_class(edits.show_class(config, "glia"), "glia")
    assert not shown.hidden
    assert shown.key == "L"


def test_two_classes_stay_offered() -> None:
    config = edits.hide_class(StudyConfig(), "glia")
    with pytest.raises(InputError, match="1 classes are offered"):
        edits.hide_class(config, "excitatory")


@pytest.mark.parametrize("answer", ["glia", "astrocyte"])
def test_a_class_with_answers_is_not_removed(answer: str) -> None:
    config = edits.rename_class(StudyConfig(), "glia", "astrocyte")
    with pytest.raises(InputError, match="hide it instead"):
        edits.remove_class(config, "glia", {answer})
    assert names(edits.remove_class(config, "glia", {"excitatory"})) == [
        "excitatory",
        "inhibitory",
    ]


def test_ids_of_an_old_study_are_made_of_the_names() -> None:
    values = [
        {"name": "PV +", "key": "P", "colour": "#112233"},
        {"name": "pv", "key": "V", "colour": "#112234"},
        {"name": "Ψ", "key": "S", "colour": "#112235"},
        {"name": "++", "key": "X", "colour": "#112236"},
    ]
    config = StudyConfig.model_validate({"classes": values})
    assert [one.id for one in config.classes] == ["pv", "pv_2", "ψ", "class"]


def test_aliases_that_are_ambiguous_are_refused() -> None:
    first, second, third = StudyConfig().classes
    clash = first.model_copy(update={"aliases": ("glia",)})
    with pytest.raises(ValueError, match="earlier name of another"):
        StudyConfig.model_validate({"classes": [clash, second, third]})


def test_another_copy_renamed_a_class() -> None:
    copy = edits.rename_class(StudyConfig(), "glia", "astrocyte")
    merged = edits.adopt_earlier_names(StudyConfig(), copy.classes)
    assert merged.class_names == StudyConfig().class_names
    assert merged.current_name("astrocyte") == "glia"
    assert edits.adopt_earlier_names(merged, copy.classes) == merged


def test_another_copy_gave_a_name_to_another_class() -> None:
    own = edits.rename_class(StudyConfig(), "glia", "other")
    copy = edits.rename_class(StudyConfig(), "inhibitory", "other")
    with pytest.raises(InputError, match="rename one of them"):
        edits.adopt_earlier_names(own, copy.classes)


def test_names_of_models_are_translated() -> None:
    config = edits.rename_class(StudyConfig(), "glia", "astrocyte")
    now = config.class_names
    assert config.translate(("glia", "inhibitory", "excitatory"), now) == (
        "astrocyte", "inhibitory", "excitatory",
    )  # fmt: skip
    # a run that began before the class was renamed keeps the names of its start
    assert config.translate(now, ("excitatory", "inhibitory", "glia"))[2] == "glia"
    assert config.translate(("PV",), now) == ("PV",)
    # two outputs of a model are never merged into one class
    assert config.translate(("glia", "astrocyte"), now) == ("glia", "astrocyte")


LETTERS = st.text("abcAB é_+", min_size=1, max_size=4)


def apply_edit(config: StudyConfig, edit: str, class_id: str, name: str) -> StudyConfig:
    if edit == "add":
        return edits.add_class(config, name)
    if edit == "rename":
        return edits.rename_class(config, class_id, name)
    if edit == "key":
        return edits.set_class_key(config, class_id, name[0])
    return {"hide": edits.hide_class, "show": edits.show_class}[edit](config, class_id)


EDITS = st.tuples(
    st.sampled_from(["add", "rename", "hide", "show", "key"]),
    st.integers(0, 20),
    LETTERS,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=12))
def test_any_edits_keep_every_name_with_its_class(
    steps: list[tuple[str, int, str]],
) -> None:
    config = StudyConfig()
    owner = {name: name for name in config.class_names}
    for edit, number, name in steps:
        class_id = config.classes[number % len(config.classes)].id
        try:
            config = apply_edit(config, edit, class_id, name)
        except InputError as error:
            assert "\n" not in str(error)
        for study_class in config.classes:
            for known in study_class.names:
                assert owner.setdefault(known, study_class.id) == study_class.id
        for known, of_class in owner.items():
            current = edits.find_class(config, of_class).name
            assert config.current_name(known) == current
        keys = [one.key for one in config.visible_classes]
        assert len(set(keys)) == len(keys)
        assert not set(keys) & set(SPECIAL_KEYS.values())


@settings(max_examples=30, deadline=None)
@given(
    aliases=st.lists(LETTERS, max_size=3, unique_by=str.casefold), hidden=st.booleans()
)
def test_settings_round_trip(
    tmp_path_factory: pytest.TempPathFactory, aliases: list[str], hidden: bool
) -> None:
    path = tmp_path_factory.mktemp("study") / "study.toml"
    extra = StudyClass(
        id="x", name="zz", key="" if hidden else "Z", colour="#010203",
        aliases=tuple(aliases), hidden=hidden,
    )  # fmt: skip
    config = StudyConfig.model_validate({"classes": [*StudyConfig().classes, extra]})
    write_settings(path, StudySettings(config))
    assert read_settings(path).config == config


def test_ids_are_written_and_the_format_says_so(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    write_settings(path, StudySettings())
    text = path.read_text("utf-8")
    assert "format = 3" in text
    assert 'id = "glia"' in text
    assert "aliases" not in text and "hidden" not in text
