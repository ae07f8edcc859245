"""A study that was moved away while it is open: nothing is saved in its old place."""

from __future__ import annotations

from pathlib import Path

import pytest
from little import THREE, found, info

from napari_cellid.config import VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.study.classes import rename_class
from napari_cellid.study.consensus import consensus_table, write_consensus
from napari_cellid.study.journal import AnnotatorJournal
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study
from napari_cellid.study.training_set import make_training_set


@pytest.fixture
def answer(study: Study):
    from datetime import UTC, datetime

    from napari_cellid.annotation.answer import Answer

    return Answer(datetime(2026, 1, 5, tzinfo=UTC), "Ann", "r1", 1, 0, 4.0, 4.0, "glia")


def test_a_first_answer_is_refused(study: Study, answer) -> None:
    journal = AnnotatorJournal(study, "Ann")
    moved = study.path.rename(study.path.with_name("moved"))
    with pytest.raises(InputError, match="is not there any more"):
        journal.add([answer])
    assert not study.path.exists()
    # where it is put back, answers are saved again
    moved.rename(study.path)
    journal.add([answer])
    assert len(study.read_answers().all_answers) == 1


def test_a_later_answer_and_its_undo_are_refused(study: Study, answer) -> None:
    journal = AnnotatorJournal(study, "Ann")
    journal.add([answer])
    # the drive is gone, but an empty folder marks its place
    study.path.rename(study.path.with_name("moved"))
    study.annotations.mkdir(parents=True)
    for write in (lambda: journal.add([answer]), journal.undo):
        with pytest.raises(InputError, match="is not there any more"):
            write()
    assert list(study.annotations.iterdir()) == []


def test_settings_results_and_tables_are_refused(study: Study, say) -> None:
    say(study, "Ann", {1: "glia", 2: "glia"})
    rule = VoteConfig(rule="majority", min_annotators=1)
    table = consensus_table(study, rule)
    other = Study.open(study.path)
    study.path.rename(study.path.with_name("moved"))
    class_id = study.config.classes[0].id
    writers = [
        lambda: add_recording(study, found(THREE, name="r2"), info()),
        lambda: other.edit_config(lambda c: rename_class(c, class_id, "pyramidal")),
        lambda: other.update_recording_info({"r1": {"animal": "m2"}}),
        lambda: write_consensus(study, table),
        lambda: make_training_set(study, rule),
        other.write_if_new,
        other.reload,
    ]
    for write in writers:
        with pytest.raises(InputError):
            write()
        assert not study.path.exists()


def test_a_new_study_is_made_and_then_must_stay(tmp_path: Path) -> None:
    study = Study.open_or_new(tmp_path / "new")
    assert study.is_new
    add_recording(study, found(THREE), info())
    assert not study.is_new
    study.path.rename(tmp_path / "moved")
    with pytest.raises(InputError, match="is not there any more"):
        add_recording(study, found(THREE), info())
    assert not study.path.exists()
