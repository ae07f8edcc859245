"""study.toml is edited: comments and order of a person's file stay."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from little import THREE, found, info

from napari_cellid.config import StudyClass
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.settings import (
    StudySettings,
    read_settings,
    write_settings,
)
from napari_cellid.study.study import Study
from napari_cellid.study.toml_edit import edited_text, toml_text

INLINE = """\
# the file's head

# before the classes
classes = [ # in the list
    # before PV
    { key = "P", name = "PV", colour = "#112233" }, # after PV
    { name = "SST", key = "S", colour = "#445566" }, # after SST
    # end of the list
] # after the classes
"""
TABLES = """\
# the file's head

# before PV
[[classes]] # at PV
# in PV
key = "P" # the key of PV
name = "PV"
colour = "#112233"

# before SST
[[classes]]
name = "SST"
key = "S"
colour = "#445566"
"""
REST = """
# before the vote
[vote] # at the vote
# in the vote
min_annotators = 2 # two of us
rule = "majority" # the rule's reason
# below the rule

# before day1
[recordings.day1] # at day1
animal = "m1" # the animal's reason
# the last line
"""
"""Texts of a study.toml as a person writes it."""


def comments(text: str) -> list[str]:
    return [line.partition("# ")[2] for line in text.splitlines() if "# " in line]


@pytest.fixture(params=[INLINE, TABLES])
def study(request, tmp_path: Path) -> Study:
    study = Study.create(tmp_path / "study")
    for name in ("day1", "day2"):
        add_recording(study, found(THREE, name), info())
    (study.path / "study.toml").write_text(request.param + REST, "utf-8")
    return Study.open(study.path)


def text_of(study: Study) -> str:
    return (study.path / "study.toml").read_text("utf-8")


def test_saved_settings_keep_comments_and_order(study: Study) -> None:
    before = text_of(study)
    first, second = study.config.classes
    config = study.config.model_copy(
        update={
            "classes": (
                first.model_copy(update={"colour": "#abcdef"}),
                second,
                StudyClass(name="VIP", key="V", colour="#000000"),
            ),
            "vote": study.config.vote.model_copy(update={"rule": "quorum"}),
        }
    )
    saved = study.save_config(config)
    text = text_of(study)
    assert saved.config == config
    assert comments(text) == comments(before)
    assert 'rule = "quorum" # the rule\'s reason' in text
    assert text.index("key = ") < text.index("name = ") < text.index("colour = ")
    assert text.index("min_annotators") < text.index("rule = ")
    assert text.index("classes") < text.index("[vote]") < text.index("[recordings.")
    assert text.splitlines()[0] == "# the file's head"


def test_edited_recordings_keep_comments_and_order(study: Study) -> None:
    before = text_of(study)
    saved = study.update_recording_info(
        {"day1": {"animal": "m7"}, "day2": {"animal": "m8", "subvolume": "left"}}
    )
    text = text_of(study)
    assert saved.recording("day1").info.animal == "m7"
    assert saved.recording("day2").info.subvolume == "left"
    assert comments(text) == comments(before)
    assert 'animal = "m7" # the animal\'s reason' in text
    assert text.index("[vote]") < text.index("[recordings.day1]")


def test_saving_what_is_there_changes_no_byte(study: Study) -> None:
    saved = study.save_config(study.config)
    once = text_of(study)
    saved.save_config(saved.config)
    assert text_of(study) == once


def test_a_removed_or_renamed_class_leaves_the_comments_of_others(
    study: Study,
) -> None:
    third = StudyClass(name="VIP", key="V", colour="#000000")
    first, second = study.config.classes
    renamed = second.model_copy(update={"name": "Sst"})
    for classes in ((third, first), (second, first), (first, renamed)):
        config = study.config.model_copy(update={"classes": classes})
        assert study.save_config(config).config == config
        assert {"at the vote", "two of us", "the last line"} <= set(
            comments(text_of(study))
        )


def test_a_file_with_errors_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("classes = [ # no end", "utf-8")
    write_settings(tmp_path / "study.toml", StudySettings())
    assert read_settings(tmp_path / "study.toml") == StudySettings()


KEYS = st.sampled_from(["a", "b", "c d", "é"])
LEAVES = st.one_of(st.integers(0, 9), st.booleans(), st.text("ab\"'#\\\n", max_size=4))
TREES = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.dictionaries(KEYS, below, max_size=3),
        st.lists(LEAVES, max_size=3),
        st.lists(st.dictionaries(KEYS, LEAVES, min_size=1), min_size=1, max_size=3),
    ),
    max_leaves=8,
)
FILES = st.dictionaries(KEYS, TREES, max_size=4)


@given(old=FILES, new=FILES)
def test_the_text_says_the_new_values_or_is_given_up(old: dict, new: dict) -> None:
    text = toml_text(old, ["head"])
    assert tomllib.loads(text) == old
    edited = edited_text(text, new)
    assert edited is None or tomllib.loads(edited) == new
    assert edited_text(text, old) == text
