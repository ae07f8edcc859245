"""Cells whose class the model cannot tell, in a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from little import CLASSES, THREE, found, images, info

from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.cells.none_of_these import NoneLimits, is_none
from napari_cellid.config import (
    QueueConfig,
    Scheme,
    SplitConfig,
    StudyConfig,
    VoteConfig,
)
from napari_cellid.errors import InputError
from napari_cellid.identify import IdentifyResult
from napari_cellid.io.tables import read_cells
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.dataset import split_decided_cells
from napari_cellid.retrain.dataset_summary import count_decided_cells
from napari_cellid.study.cell_order import order_cells
from napari_cellid.study.cell_selection import (
    add_answer_column,
    count_cells_by_answer,
    select_cells,
)
from napari_cellid.study.classes import add_class, rename_class
from napari_cellid.study.consensus import consensus_table
from napari_cellid.study.other_annotations import other_annotations_text
from napari_cellid.study.predicted_names import rename_classes
from napari_cellid.study.run_models import run_settings
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.scheme import set_scheme
from napari_cellid.study.study import Study

#: of the three cells, the second one is below
LIMITS = NoneLimits(0.5)
CHANCES = np.array([[0.8, 0.1, 0.1], [0.2, 0.35, 0.45], [0.1, 0.1, 0.8]], np.float32)


def result(limits: NoneLimits = LIMITS, classes: tuple[str, ...] = CLASSES):
    planes = images(THREE)
    cells = with_classes(measure(THREE, planes), CHANCES, classes, limits)
    run = {"recording": "r1", "sources": [], "models": {}, "device": "CPU, fp32"}
    run |= limits.record(cells)
    return IdentifyResult(planes, THREE, cells, classes, None, run)


@pytest.fixture
def unclear(tmp_path: Path) -> Study:
    """A study of r1, whose second cell is `none`."""
    study = Study.create(tmp_path / "unclear")
    add_recording(study, result(), info(animal="m1"))
    return Study.open(study.path)


@pytest.fixture
def clear(tmp_path: Path) -> Study:
    """The same study where every cell has a class."""
    study = Study.create(tmp_path / "clear")
    add_recording(study, result(NoneLimits()), info(animal="m1"))
    return Study.open(study.path)


def with_class_none(tmp_path: Path) -> Study:
    """A study of an earlier version, with a class of this name."""
    study = Study.create(tmp_path / "before")
    path = study.path / "study.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"glia"', '"none"').replace("emx1-h2b", "own"))
    return Study.open(study.path)


def test_the_table_of_a_study_keeps_it(unclear: Study, clear: Study) -> None:
    cells, same = unclear.cells(), clear.cells()
    assert cells["predicted"].tolist() == ["excitatory", "none", "glia"]
    assert same["predicted"].tolist() == ["excitatory", "glia", "glia"]
    pd.testing.assert_frame_equal(
        cells.drop(columns="predicted"), same.drop(columns="predicted")
    )
    assert unclear.recording("r1").run()["none_of_these"]["cells"] == 1
    assert "none_of_these" not in clear.recording("r1").run()


def test_it_is_no_answer_and_no_vote(unclear: Study, say) -> None:
    table = consensus_table(unclear)
    assert table["status"].tolist() == ["unanswered"] * 3
    assert table["consensus"].tolist() == [""] * 3
    assert not [name for name in table if name.startswith("votes_")]
    assert table["class"].tolist() == ["excitatory", "none", "glia"]
    say(unclear, "Ann", {1: "excitatory", 2: "inhibitory"})
    rule = VoteConfig(min_annotators=1)
    table = consensus_table(unclear, rule)
    assert table["votes"].tolist() == ["Ann=excitatory", "Ann=inhibitory", ""]
    assert table["class"].tolist() == ["excitatory", "inhibitory", "glia"]
    assert "none" not in unclear.config.answers
    assert "votes_none" not in table


def test_trainings_do_not_see_it(unclear: Study, clear: Study, say) -> None:
    rule, sets = VoteConfig(min_annotators=1), []
    for study in (unclear, clear):
        say(study, "Ann", {1: "excitatory", 3: "glia"})
        cells = split_decided_cells(study, SplitConfig(), rule, keep=False)
        sets.append(cells.table)
        assert cells.table["cell"].tolist() == [1, 3]
        assert "none" not in cells.classes
        counted = run_to_end(count_decided_cells(study))
        assert "none" not in counted.by_class
        assert "none" not in counted.others
    pd.testing.assert_frame_equal(*sets)


def test_such_cells_are_asked_about_first(unclear: Study) -> None:
    cells = unclear.cells().assign(confidence=[0.51, 0.9, 0.55])

    def order(name: str) -> list[int]:
        config, nobody = QueueConfig(order=name), pd.DataFrame()
        nobody = pd.DataFrame(columns=["recording", "cell", "annotator", "answer"])
        keys = order_cells(cells, (), nobody, config, "Ann", CLASSES)
        return [key.cell for key in keys]

    # although its confidence is high: it stands out in no channel
    assert order("uncertain") == [2, 1, 3]
    assert order("disputed") == [2, 1, 3]
    assert order("place") == [1, 2, 3]
    assert order("rare")[-1] == 2
    sure = cells.assign(predicted="glia")
    assert unclear.config.class_names == CLASSES
    config = QueueConfig(order="uncertain")
    nobody = pd.DataFrame(columns=["recording", "cell", "annotator", "answer"])
    keys = order_cells(sure, (), nobody, config, "Ann", CLASSES)
    assert [key.cell for key in keys] == [1, 3, 2]


def test_what_is_shown_beside_a_cell(unclear: Study) -> None:
    rows = unclear.cells().to_dict("records")
    assert other_annotations_text(rows[1], "m", []).startswith(
        "Model (m): <b>none of these</b> (45 %)"
    )
    assert "<b>glia</b> (80 %)" in other_annotations_text(rows[2], "m", [])


def test_the_gallery_finds_them(unclear: Study) -> None:
    cells = add_answer_column(unclear.cells(), "model", {})
    assert count_cells_by_answer(cells) == {"excitatory": 1, "none": 1, "glia": 1}
    assert select_cells(cells, "none", "doubtful")["cell"].tolist() == [2]


def test_a_renamed_class_leaves_them_alone(unclear: Study) -> None:
    study = unclear.edit_config(lambda config: rename_class(config, "glia", "Glia"))
    cells = study.cells()
    assert cells["predicted"].tolist() == ["excitatory", "none", "Glia"]
    # not even an earlier name of a class is meant
    assert rename_classes(cells, {"none": "Glia"})["predicted"].tolist() == [
        "excitatory", "none", "Glia",
    ]  # fmt: skip
    own = with_classes(measure(THREE, images(THREE)), CHANCES, ("a", "b", "none"))
    renamed = rename_classes(own, {"none": "other"})
    assert renamed["predicted"].tolist() == ["a", "other", "other"]


@pytest.mark.parametrize("name", ["none", "None", "NONE"])
def test_no_new_class_has_the_name(tmp_path: Path, study: Study, name: str) -> None:
    config = study.config
    with pytest.raises(InputError, match="choose another name"):
        add_class(config, name)
    with pytest.raises(InputError, match="choose another name"):
        rename_class(config, config.classes[0].id, name)
    scheme = Scheme(name="own", class_names=("x", "y", name))
    with pytest.raises(InputError, match="choose another name"):
        Study.create(tmp_path / "new", StudyConfig.of_scheme(scheme))
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="choose another name"):
        set_scheme(config, scheme, ())


def test_a_study_of_before_with_such_a_class_works_without_the_outcome(
    tmp_path: Path, say
) -> None:
    study = with_class_none(tmp_path)
    assert study.config.class_names == ("excitatory", "inhibitory", "none")
    # made by a program that did not know the study
    add_recording(study, result(), info())
    cells = study.cells()
    # named by what the study has, and its most probable class
    assert cells["predicted"].tolist() == ["excitatory", "glia", "glia"]
    assert not is_none(cells).any()
    assert "none_of_these" not in study.recording("r1").run()
    written = read_cells(study.path / "recordings" / "r1" / "cells.csv")
    assert "none" not in set(written["predicted"])
    say(study, "Ann", {2: "none"})
    table = consensus_table(study, VoteConfig(min_annotators=1))
    assert table["consensus"].tolist() == ["", "none", ""]
    # the class can be renamed, and answers with its name still count
    study = study.edit_config(lambda config: rename_class(config, "none", "other"))
    table = consensus_table(study, VoteConfig(min_annotators=1))
    assert table["consensus"].tolist() == ["", "other", ""]


def test_a_class_of_the_name_that_somebody_wrote_into_the_settings(
    unclear: Study,
) -> None:
    path = unclear.path / "study.toml"
    path.write_text(
        path.read_text("utf-8").replace('"glia"', '"none"').replace("emx1-h2b", "own")
    )
    cells = Study.open(unclear.path).cells()
    assert not is_none(cells).any()
    assert cells["predicted"].tolist() == ["excitatory", "glia", "glia"]


def test_cells_that_are_added_follow_the_limits_of_their_run() -> None:
    settings = {"classify": {"none_below": "auto"}}
    run = {"settings": settings, "none_of_these": {"confidence_below": 0.6}}
    assert run_settings(run).classify.none_below == 0.6
    # a limit of contrast alone
    contrast = {"settings": settings, "none_of_these": {"confidence_below": 0.0}}
    assert run_settings(contrast).classify.none_below == "auto"
    # the model had no limit then, or the version knew none
    assert run_settings({"settings": settings}).classify.none_below == 0
    assert run_settings({"settings": {}}).classify.none_below == 0
    assert run_settings({}).classify.none_below == 0
    changed = {"settings": settings, "none_of_these": {"confidence_below": "x"}}
    assert run_settings(changed).classify.none_below == "auto"


def test_results_of_before_are_saved_as_before(tmp_path: Path) -> None:
    study = Study.create(tmp_path / "s")
    add_recording(study, found(THREE), info())
    cells = read_cells(study.path / "recordings" / "r1" / "cells.csv")
    assert cells["predicted"].tolist() == ["excitatory"] * 3
    assert replace(found(THREE)).run == {
        "recording": "r1", "sources": [], "models": {}, "device": "CPU, fp32",
    }  # fmt: skip
