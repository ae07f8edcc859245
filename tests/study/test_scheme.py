"""The labelling scheme of a study: told, set once, kept where there are answers."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from little import THREE, found, info, snapshot

from napari_cellid.config import StudyConfig, parse_scheme
from napari_cellid.config.classes import STATES
from napari_cellid.errors import InputError
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.study.cells_index import CellsIndex
from napari_cellid.study.classes import add_class, rename_class, set_class_markers
from napari_cellid.study.merge import merge_studies
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.scheme import (
    check_same_markers,
    require_scheme,
    save_scheme,
    set_scheme,
)
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.study.study import Study

PAPER = StudyConfig().class_names
INTERNEURONS = parse_scheme("red-interneurons")


def unknown() -> StudyConfig:
    """The paper's classes, as a study of an earlier version has them."""
    values = [one.model_dump() | {"markers": ""} for one in StudyConfig().classes]
    return StudyConfig(classes=values)


def as_before(study: Study) -> Study:
    """The same study as an earlier version wrote it."""
    path = study.path / STUDY_FILE
    text = re.sub(r', markers = "[^"]*"|scheme = .*\n', "", path.read_text())
    path.write_text(text.replace("format = 3", "format = 2"))
    return Study.open(study.path)


def meanings(config: StudyConfig) -> dict[str, str]:
    return {one.name: one.markers for one in config.classes}


def test_a_new_study_keeps_its_scheme(tmp_path) -> None:
    study = Study.create(tmp_path / "s", StudyConfig.of_scheme(INTERNEURONS))
    again = Study.open(study.path).config
    assert again == study.config
    assert 'scheme = "red-interneurons"' in (study.path / STUDY_FILE).read_text()


def test_a_study_of_before_does_not_say_what_red_marks(study) -> None:
    before = as_before(study)
    assert before.config == unknown()
    assert before.config.class_names == PAPER
    with pytest.raises(InputError, match="does not say what red marks"):
        require_scheme(before.config)
    require_scheme(study.config)


def test_a_study_without_classes_does_not_say_it_either(tmp_path) -> None:
    (tmp_path / STUDY_FILE).write_text("format = 2\n")
    assert Study.open(tmp_path).config.scheme is None


def test_saying_it_gives_the_classes_their_markers(study, say) -> None:
    say(study, "Ann", {1: "excitatory", 2: "inhibitory", 3: "glia"})
    before = as_before(study)
    told = save_scheme(before, INTERNEURONS)
    assert told.config == Study.open(study.path).config
    assert meanings(told.config) == {
        "excitatory": "green alone",
        "inhibitory": "red and green",
        "glia": "",
        "inhibitory without GCaMP": "red alone",
    }
    # what people said is as it was
    counted = told.read_answers().current()
    assert sorted(counted["answer"]) == sorted(PAPER)


def test_the_scheme_of_answers_is_never_changed(study, say) -> None:
    say(study, "Ann", {1: "excitatory"})
    say(study, "Ann", {1: None})
    with pytest.raises(InputError, match="would mean something else"):
        save_scheme(study, INTERNEURONS)
    assert Study.open(study.path).config == StudyConfig()
    assert save_scheme(study, parse_scheme("emx1-h2b")).config == StudyConfig()


def test_without_answers_the_scheme_can_be_changed(study) -> None:
    changed = save_scheme(study, INTERNEURONS)
    assert changed.config == StudyConfig.of_scheme(INTERNEURONS)


def test_a_renamed_class_is_still_of_the_scheme(study, say) -> None:
    say(study, "Ann", {1: "glia"})
    study = study.edit_config(lambda c: rename_class(c, "glia", "astrocyte"))
    same = save_scheme(study, parse_scheme("emx1-h2b"))
    assert same.config == study.config


def test_another_subtype_is_another_scheme() -> None:
    config = StudyConfig.of_scheme(parse_scheme("red-subtype=PV"))
    same = set_scheme(config, parse_scheme("red-subtype=PV"), {"PV"})
    assert same == config
    with pytest.raises(InputError, match="would mean something else"):
        set_scheme(config, parse_scheme("red-subtype=SST"), {"PV"})


def test_predictions_of_before_get_the_right_names(study) -> None:
    """What a shipped model called excitatory is red and green, so inhibitory here."""
    result = found(THREE, predicted="excitatory")
    weights = load_card(SHIPPED_MODELS / "inception_v3").weights_sha256
    model = {"name": "inception_v3", "weights_sha256": weights}
    run = result.run | {"models": {"classify": model}}
    add_recording(study, replace(result, run=run), info(animal="m1"))
    before = as_before(study)
    assert set(before.recording("r1").cells()["predicted"]) == {"excitatory"}
    told = save_scheme(before, INTERNEURONS).recording("r1").cells()
    assert set(told["predicted"]) == {"inhibitory"}
    assert told["p_inhibitory"].iloc[0] == pytest.approx(0.8)
    assert told["p_excitatory"].iloc[0] == pytest.approx(0.1)
    assert "p_inhibitory without GCaMP" in told
    assert "p_glia" not in told


def test_predictions_of_other_models_keep_their_names(study) -> None:
    result = found(THREE, predicted="excitatory")
    run = result.run | {"models": {"classify": {"name": "x", "weights_sha256": "1"}}}
    add_recording(study, replace(result, run=run), info())
    told = save_scheme(as_before(study), INTERNEURONS)
    assert set(told.recording("r1").cells()["predicted"]) == {"excitatory"}


def test_predictions_follow_by_what_cells_show(study) -> None:
    """A result that was named where red marks something else."""
    result = found(THREE, predicted="glia")
    classes = {"scheme": "emx1-h2b", "markers": dict(zip(PAPER, STATES, strict=True))}
    add_recording(study, replace(result, run=result.run | {"classes": classes}), info())
    assert set(study.recording("r1").cells()["predicted"]) == {"glia"}
    changed = save_scheme(study, parse_scheme("red-subtype=PV"))
    assert set(changed.recording("r1").cells()["predicted"]) == {"PV without GCaMP"}
    renamed = changed.edit_config(lambda c: rename_class(c, "pv_without_gcamp", "R"))
    assert set(CellsIndex(renamed).table["predicted"]) == {"R"}


def test_a_record_that_cannot_be_read_does_not_hide_the_cells(study) -> None:
    (study.recording("r1").folder / "run.json").write_text("{")
    opened = Study.open(study.path)
    cells = opened.recording("r1").cells()
    assert len(cells) == 3
    # what the model meant by a name is unknown then
    assert set(cells["predicted"]) == {""}
    assert not [name for name in cells if name.startswith("p_")]
    assert any("predicted classes of r1 are left out" in p for p in opened.problems)
    (study.recording("r1").folder / "run.json").write_text(
        json.dumps({"classes": [1], "models": "?"})
    )
    assert len(Study.open(study.path).recording("r1").cells()) == 3


def test_a_copy_of_another_scheme_is_not_merged(study, say, tmp_path) -> None:
    other = Study.create(tmp_path / "other", StudyConfig.of_scheme(INTERNEURONS))
    add_recording(other, found(THREE, predicted=None), info())
    say(other, "Bo", {1: "excitatory"})
    before = snapshot(study.path)
    with pytest.raises(InputError) as told:
        merge_studies(study, other)
    assert "'inhibitory' cells are green alone in this study" in str(told.value)
    assert snapshot(study.path) == before


def test_a_silent_copy_is_merged_and_told(study, say, tmp_path) -> None:
    other = Study.create(tmp_path / "other")
    add_recording(other, found(THREE), info())
    say(other, "Bo", {1: "excitatory"})
    merged = merge_studies(study, as_before(other))
    assert any("copy does not say what red marks" in note for note in merged.notes)
    assert merged.new_answers == {"Bo": 1}


def test_same_markers_under_other_names_are_no_contradiction() -> None:
    check_same_markers(StudyConfig(), rename_class(StudyConfig(), "glia", "a"), "x")
    check_same_markers(StudyConfig(), unknown(), "x")


def test_markers_of_own_classes(study) -> None:
    own = StudyConfig.of_scheme(parse_scheme("own=a,b,c"))
    with pytest.raises(InputError, match="has answers"):
        set_class_markers(own, "a", "", {"a"})
    without = set_class_markers(own, "a", "", {"b"})
    assert meanings(without)["a"] == ""
    again = set_class_markers(without, "a", "red and green", {"a"})
    assert again == own
    with pytest.raises(InputError, match="two classes are red alone"):
        set_class_markers(without, "a", "red alone", ())
    with pytest.raises(InputError, match="follows from what red marks"):
        set_class_markers(StudyConfig(), "glia", "", ())


def test_classes_that_are_added_have_no_markers() -> None:
    config = add_class(StudyConfig(), "PV")
    assert meanings(config)["PV"] == ""
    assert config.scheme == "emx1-h2b"
