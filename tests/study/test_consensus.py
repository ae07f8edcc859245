"""What people and models say of every cell, in one table."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from little import THREE, found, info, squares

from napari_cellid.config import StudyConfig, VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.study.consensus import (
    CONSENSUS_COLUMNS,
    consensus_table,
    write_consensus,
)
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study
from napari_cellid.study.training_set import TRAINING_COLUMNS, make_training_set

TWO = VoteConfig(min_annotators=2)


def by_cell(table: pd.DataFrame, column: str) -> dict[int, object]:
    return dict(zip(table["cell"], table[column], strict=True))


def answered(study: Study, say) -> None:
    """1: glia by both; 2: disputed; 3: Ann alone."""
    say(study, "Ann", {1: "glia", 2: "glia", 3: "inhibitory"})
    say(study, "Bo", {1: "glia", 2: "not_a_cell"})


def test_without_answers_the_model_is_shown(study: Study) -> None:
    table = consensus_table(study)
    assert tuple(table.columns[: len(CONSENSUS_COLUMNS)]) == CONSENSUS_COLUMNS
    assert table["status"].tolist() == ["unanswered"] * 3
    assert table["class"].tolist() == ["excitatory"] * 3
    assert table["consensus"].tolist() == table["votes"].tolist() == [""] * 3
    assert table["n_annotators"].tolist() == [0] * 3
    assert set(table["animal"]) == {"m1"}


def test_people_go_before_the_model(study: Study, say) -> None:
    answered(study, say)
    table = consensus_table(study, TWO)
    assert by_cell(table, "status") == {1: "consensus", 2: "disputed", 3: "too_few"}
    assert by_cell(table, "consensus") == {1: "glia", 2: "", 3: ""}
    assert by_cell(table, "class") == {1: "glia", 2: "excitatory", 3: "excitatory"}
    assert by_cell(table, "predicted") == dict.fromkeys((1, 2, 3), "excitatory")
    assert by_cell(table, "votes")[2] == "Ann=glia; Bo=not_a_cell"
    assert by_cell(table, "n_annotators") == {1: 2, 2: 2, 3: 1}
    # the study's rule wants three
    assert set(consensus_table(study)["status"]) == {"too_few"}


def test_adjudication_goes_before_the_votes(study: Study, say) -> None:
    answered(study, say)
    say(study, "Cy", {2: "not_a_cell", 3: "unsure"}, role="adjudicator")
    table = consensus_table(study, TWO)
    assert by_cell(table, "status")[2] == "adjudicated"
    assert by_cell(table, "class")[2] == "not_a_cell"
    assert by_cell(table, "adjudicator")[2] == "Cy"
    # who settles and is unsure leaves the model's class
    assert by_cell(table, "class")[3] == "excitatory"


def test_a_new_run_never_touches_what_people_said(study: Study, say) -> None:
    answered(study, say)
    before = consensus_table(study, TWO)
    journals = {p.name: p.read_bytes() for p in study.annotations.iterdir()}
    # another model, another order of labels, outlines a little off
    moved = np.roll(np.choose(THREE, [0, 3, 1, 2]).astype(np.int32), 1, 2)
    add_recording(study, found(moved, predicted="inhibitory"), info())
    after = consensus_table(study, TWO)
    for column in ("cell", "consensus", "status", "votes", "n_annotators"):
        assert after[column].tolist() == before[column].tolist()
    assert by_cell(after, "class") == {1: "glia", 2: "inhibitory", 3: "inhibitory"}
    assert {p.name: p.read_bytes() for p in study.annotations.iterdir()} == journals


def test_answers_follow_the_larger_part(study: Study, say) -> None:
    answered(study, say)
    apart = THREE.copy()
    apart[0, 4:12, 4:7] = 9
    add_recording(study, found(apart), info())
    table = consensus_table(study, TWO).set_index("label")
    assert (table.loc[1, "cell"], table.loc[1, "class"]) == (1, "glia")
    assert (table.loc[9, "cell"], table.loc[9, "status"]) == (4, "unanswered")


def test_answers_whose_cell_is_gone_are_listed(study: Study, say) -> None:
    answered(study, say)
    add_recording(study, found(np.where(THREE == 1, 0, THREE)), info())
    table = consensus_table(study, TWO)
    assert table["cell"].tolist() == [2, 3, 1]
    lost = table.iloc[-1]
    assert (lost["status"], lost["consensus"], lost["class"]) == ("unmatched", "", "")
    assert lost["votes"] == "Ann=glia; Bo=glia"
    assert (lost["plane"], lost["y"], lost["x"]) == (0, 7.5, 7.5)
    assert pd.isna(lost["label"]) and lost["animal"] == "m1"
    # and they are back with their cell
    add_recording(study, found(THREE), info())
    assert by_cell(consensus_table(study, TWO), "class")[1] == "glia"


def test_answers_of_a_recording_that_is_gone(study: Study, say) -> None:
    answered(study, say)
    shutil.rmtree(study.recording("r1").folder)
    table = consensus_table(Study.open(study.path), TWO)
    assert table["status"].tolist() == ["unmatched"] * 3
    assert table["recording"].tolist() == ["r1"] * 3


def test_a_recording_that_was_begun_anew_gets_its_answers_back(
    study: Study, say
) -> None:
    answered(study, say)
    before = consensus_table(study, TWO)
    shutil.rmtree(study.recording("r1").folder)
    add_recording(study, found(THREE), info())
    after = consensus_table(study, TWO)
    assert after["cell"].tolist() == [4, 5, 6]
    assert after["consensus"].tolist() == before["consensus"].tolist()


def test_taken_back_after_the_cell_was_outlined_again(study: Study, say) -> None:
    answered(study, say)
    add_recording(study, found(np.roll(THREE, 4, 1)), info())
    say(study, "Ann", {1: None})
    table = consensus_table(study, TWO)
    assert by_cell(table, "votes")[1] == "Bo=glia"
    add_recording(study, found(np.where(THREE == 1, 0, THREE)), info())
    assert consensus_table(study, TWO).iloc[-1]["votes"] == "Bo=glia"


def test_the_file(study: Study, say) -> None:
    answered(study, say)
    add_recording(study, found(np.where(THREE == 3, 0, THREE)), info())
    table = consensus_table(study, TWO)
    path = write_consensus(study, table)
    assert path == study.path / "consensus.csv"
    read = pd.read_csv(path, keep_default_na=False, dtype=str)
    assert list(read) == list(table)
    assert read["class"].tolist() == ["glia", "excitatory", ""]
    assert read["label"].tolist() == ["1", "2", ""]
    assert read["y"].tolist() == ["7.5", "7.5", "43.5"]
    before = path.read_bytes()
    write_consensus(study, table)
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_old_file(
    study: Study, say, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_consensus(study, consensus_table(study))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("napari_cellid.study.consensus.write_cells", full)
    monkeypatch.setattr("napari_cellid.study.training_set.write_cells", full)
    with pytest.raises(InputError, match=r"consensus\.csv.*No space left"):
        write_consensus(study, consensus_table(study))
    answered(study, say)
    with pytest.raises(InputError, match=r"training set.*No space left"):
        make_training_set(study, TWO)
    assert path.read_bytes() == before
    assert sorted(p.name for p in study.path.iterdir()) == [
        "annotations", "consensus.csv", "recordings", "study.toml",
    ]  # fmt: skip


def test_a_study_without_recordings(tmp_path: Path) -> None:
    table = consensus_table(Study.create(tmp_path / "study"))
    assert len(table) == 0
    assert tuple(table.columns[: len(CONSENSUS_COLUMNS)]) == CONSENSUS_COLUMNS


# ---------------------------------------------------------------- to train on


def test_training_set(study: Study, say) -> None:
    add_recording(study, found(squares((0, 9, 9)), "r2"), info(animal="m2"))
    answered(study, say)
    say(study, "Cy", {2: "inhibitory"}, role="adjudicator")
    say(study, "Ann", {1: "not_a_cell"}, recording="r2")
    say(study, "Bo", {1: "not_a_cell"}, recording="r2")
    made = make_training_set(study, TWO)
    read = pd.read_csv(made.path)
    assert tuple(read) == TRAINING_COLUMNS
    assert read[["recording", "cell", "class", "animal", "status"]].values.tolist() == [
        ["r1", 1, "glia", "m1", "consensus"],
        ["r1", 2, "inhibitory", "m1", "adjudicated"],
        ["r2", 1, "not_a_cell", "m2", "consensus"],
    ]
    about = json.loads((study.path / "training_set.json").read_text("utf-8"))
    assert about == made.description
    assert about["table_sha256"] == hashlib.sha256(made.path.read_bytes()).hexdigest()
    assert about["rule"] == TWO.model_dump(mode="json")
    assert about["annotators"] == ["Ann", "Bo"]
    assert about["adjudicators"] == ["Cy"]
    assert about["cells_by_class"] == {"glia": 1, "inhibitory": 1, "not_a_cell": 1}
    assert about["cells_by_animal"] == {"m1": 2, "m2": 1}
    assert [one["name"] for one in about["classes"]] == [
        "excitatory", "inhibitory", "glia",
    ]  # fmt: skip


def test_a_class_that_the_study_no_longer_has_is_left_out(study: Study, say) -> None:
    answered(study, say)
    say(study, "Bo", {3: "inhibitory"})
    classes = study.config.classes[:2]
    study = study.save_config(StudyConfig(classes=classes, vote=TWO))
    made = make_training_set(study)
    assert made.cells["class"].tolist() == ["inhibitory"]
    assert made.description["cells_of_other_classes"] == {"glia": 1}


def test_nothing_to_train_on(study: Study, say) -> None:
    answered(study, say)
    with pytest.raises(InputError, match=r"No cell.*unanimous with at least 3 people"):
        make_training_set(study)
    with pytest.raises(InputError, match=r"1 have too few answers, 2 are disp"):
        say(study, "Bo", {1: "unsure"})
        make_training_set(study, TWO)
    assert not list(study.path.glob("training_set*"))
