"""study.toml: what it says, and what is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.config import StudyClass, StudyConfig, VoteConfig
from napari_cellid.config.markers import PALETTE
from napari_cellid.errors import InputError
from napari_cellid.models.class_names import name_classes
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.study.model_classes import config_for_model
from napari_cellid.study.settings import (
    StudySettings,
    read_settings,
    write_settings,
)

CLASSES = """
[[classes]]
name = "PV"
key = "P"
colour = "#112233"

[[classes]]
name = "SST"
key = "S"
colour = "#445566"
"""


def read(folder: Path, text: str) -> StudySettings:
    (folder / "study.toml").write_text(text, "utf-8")
    return read_settings(folder / "study.toml")


@pytest.mark.parametrize("text", ["", " \n\n", "# our classes\n"])
def test_an_empty_file_is_no_study_with_default_classes(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(InputError, match=r"study\.toml is empty, as after a full disk"):
        read(tmp_path, text)


def test_what_a_person_may_write(tmp_path: Path) -> None:
    text = f"""# our classes
    {CLASSES}
    [vote]
    rule = "quorum"
    quorum = 4

    [recordings."m1 V1"]
    animal = "m1"
    """
    found = read(tmp_path, text)
    assert [one.name for one in found.config.classes] == ["PV", "SST"]
    assert found.config.vote == VoteConfig(rule="quorum", quorum=4)
    assert found.overrides == {"m1 V1": {"animal": "m1"}}
    assert read(tmp_path, "\ufeff" + text) == found
    # nobody has said what red marks
    empty = read(tmp_path, "format = 3").config
    assert empty.scheme is None
    assert empty.class_names == StudyConfig().class_names


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("classes = [", ("not valid TOML", "end of document")),
        ("[vote\nrule = 1", ("not valid TOML", "line 1")),
        ('[vote]\nrule = "most"', ("vote.rule is 'most'", "'majority'", "expected")),
        ("[vote]\nmin_annotators = 0", ("vote.min_annotators is 0", "at least 1")),
        ("[vote]\nmin_annotators = 2.5", ("min_annotators is 2.5", "whole number")),
        ('[vote]\nmin_annotators = "x"', ("min_annotators is 'x'", "whole number")),
        ("[vote]\nquorums = 2", ("vote.quorums is unknown", "spelling")),
        ("vote = 3", ("vote is 3", "table")),
        ("[votes]", ("the key votes is unknown",)),
        (CLASSES.replace('"P"', '"p"'), ("classes[1].key is 'p'", "capital letter")),
        (CLASSES.replace('"S"', '"P"'), ("every class needs a key of its own",)),
        (CLASSES.replace('"S"', '"N"'), ("every class needs a key of its own",)),
        (CLASSES.replace("#445566", "blue"), ("classes[2].colour is 'blue'", "#e69f")),
        (CLASSES.replace('"SST"', '"PV"'), ("two classes have the same name",)),
        (CLASSES.replace('"SST"', '"unsure"'), ("an answer of every study",)),
        (CLASSES.replace('"SST"', '"a,b"'), ("classes[2].name is 'a,b'", "commas")),
        (CLASSES.replace('"SST"', '""'), ("classes[2].name is ''",)),
        (CLASSES.replace('key = "P"\n', ""), ("classes[1].key is missing",)),
        ("classes = []", ("classes is []", "at least 2")),
        ('classes = "PV"', ("classes is 'PV'", "list")),
        ("[recordings.r1]\npixel_size_um = -1", ("recordings.r1.pixel_size_um is -1",)),
        ("[recordings.r1]\nmouse = 1", ("recordings.r1.mouse is unknown",)),
        ("recordings = 1", ("recordings is 1", "table")),
        ("[recordings]\nr1 = 1", ("recordings.r1 is 1", "table")),
        ('[recordings.r1]\nchannels = ["blue"]', ("channels[1] is 'blue'", "'red'")),
        ("format = 7", ("newer napari-cellid", "format 7")),
        ('format = "x"', ("format is 'x'",)),
        ("format = 0", ("format is 0",)),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, words) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    message = str(error.value)
    for word in ("study.toml", *words):
        assert word in message
    assert "\n" not in message
    assert message.endswith(".") and not message.endswith("..")
    assert "pydantic" not in message and "Input should" not in message


def test_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_settings(path)
    path.unlink()
    with pytest.raises(InputError, match="is missing"):
        read_settings(path)
    path.mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(path)


NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp"),
                  blacklist_characters=',;"'),
    min_size=1, max_size=20,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(
    names=st.lists(NAMES, min_size=2, max_size=8, unique_by=str.casefold),
    rule=st.sampled_from(["unanimous", "majority", "quorum"]),
    recording=NAMES,
    animal=st.text(st.characters(blacklist_categories=("Cs",)), max_size=20),
)
def test_round_trip(tmp_path_factory, names, rule, recording, animal) -> None:
    path = tmp_path_factory.mktemp("toml") / "study.toml"
    classes = tuple(
        StudyClass(name=name, key=letter, colour="#0a0B0c")
        for name, letter in zip(names, "ABCDEFGH", strict=False)
    )
    try:
        config = StudyConfig(classes=classes, vote=VoteConfig(rule=rule))
    except ValueError:  # names of special answers
        return
    written = StudySettings(config, {recording: {"animal": animal}})
    write_settings(path, written)
    assert read_settings(path) == written


def test_classes_of_a_model() -> None:
    shipped = load_card(SHIPPED_MODELS / "inception_v3")
    assert config_for_model(shipped) == StudyConfig()
    assert config_for_model(name_classes(shipped)) == StudyConfig()

    def of(*classes: str) -> StudyConfig:
        own = {"classes": classes, "markers": (), "training": {"run": "first"}}
        return config_for_model(shipped.model_copy(update=own))

    config = of("PV", "SST", "VIP", "NDNF", "unknown", "other PV")
    assert config.scheme == "own"
    assert [one.name for one in config.classes][:2] == ["PV", "SST"]
    assert [one.key for one in config.classes] == ["P", "S", "V", "D", "K", "O"]
    assert [one.colour for one in config.classes] == list(PALETTE[:6])
    with pytest.raises(InputError, match="cannot be classes of a study"):
        of("one")
    with pytest.raises(InputError, match="cannot be classes of a study"):
        of("a, b", "c")
