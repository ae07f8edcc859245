"""Recordings are renamed for people; what stands on disk stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from little import THREE, found, info

from napari_cellid.errors import InputError
from napari_cellid.study.consensus import consensus_table, write_consensus
from napari_cellid.study.csv_exchange import export_study_answers
from napari_cellid.study.merge import merge_studies
from napari_cellid.study.overview import list_recordings
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.replaced import bring_back, list_replaced, put_away
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.saved_result import saved_warnings
from napari_cellid.study.study import Study


def files(study: Study) -> dict[str, bytes]:
    """Every file of the study but `study.toml`, byte by byte."""
    paths = (path for path in study.path.rglob("*") if path.is_file())
    return {
        str(path.relative_to(study.path)): path.read_bytes()
        for path in paths
        if path.name != "study.toml"
    }


def add(study: Study, name: str) -> Study:
    add_recording(study, found(THREE, name), info())
    return Study.open(study.path)


def test_a_title_changes_no_file_but_study_toml(study: Study, say) -> None:
    say(study, "Ann", {1: "glia"})
    before = files(study)
    renamed = rename_recording(study, "r1", "  Mouse 7, day 3 / left ")
    assert files(renamed) == before
    assert renamed.recordings == ("r1",)
    assert renamed.titles == {"r1": "Mouse 7, day 3 / left"}
    assert renamed.title_of("r1") == "Mouse 7, day 3 / left"
    # the answers are those of the recording as before
    answers = renamed.read_answers().current()
    assert answers["recording"].tolist() == ["r1"]
    assert Study.open(study.path).titles == renamed.titles


def test_another_computer_sees_it_after_reading_again(study: Study) -> None:
    other = Study.open(study.path)
    rename_recording(study, "r1", "day 3")
    assert other.titles == {"r1": "r1"}
    assert other.with_current_settings().titles == {"r1": "day 3"}
    other.reload()
    assert other.titles == {"r1": "day 3"}


@pytest.mark.parametrize("title", ["", "  ", "r1"])
def test_it_is_taken_back_by_an_empty_one_and_leaves_no_trace(
    study: Study, title: str
) -> None:
    study = study.update_recording_info({"r1": {"animal": "m9"}})
    before = (study.path / "study.toml").read_text("utf-8")
    renamed = rename_recording(study, "r1", "day 3")
    assert "day 3" in (study.path / "study.toml").read_text("utf-8")
    back = rename_recording(renamed, "r1", title)
    assert back.titles == {"r1": "r1"}
    assert (study.path / "study.toml").read_text("utf-8") == before
    assert back.recording("r1").info.animal == "m9"


@pytest.mark.parametrize("title", ["r2", "R2", "day 3", "DAY 3", " day 3 "])
def test_a_name_or_title_of_another_recording_is_refused(
    study: Study, title: str
) -> None:
    study = rename_recording(add(study, "r2"), "r2", "day 3")
    before = (study.path / "study.toml").read_bytes()
    with pytest.raises(InputError, match="the recording r2 of this study"):
        rename_recording(study, "r1", title)
    assert (study.path / "study.toml").read_bytes() == before
    # its own title in other letters is no other recording's
    assert rename_recording(study, "r2", "Day 3").title_of("r2") == "Day 3"


def test_a_title_that_another_window_has_just_given_is_refused(study: Study) -> None:
    study = add(study, "r2")
    late = Study.open(study.path)
    rename_recording(study, "r2", "day 3")
    with pytest.raises(InputError, match="r2"):
        rename_recording(late, "r1", "day 3")
    # and one that was taken away is free
    rename_recording(study, "r2", "")
    assert rename_recording(late, "r1", "day 3").title_of("r1") == "day 3"


def test_a_title_that_another_window_has_just_taken_away_is_free(study: Study) -> None:
    study = rename_recording(add(study, "r2"), "r2", "day 3")
    rename_recording(Study.open(study.path), "r2", "")
    renamed = rename_recording(study, "r1", "day 3")
    assert renamed.titles == {"r1": "day 3", "r2": "r2"}


def test_a_title_in_the_recording_s_own_file_can_be_taken_away(study: Study) -> None:
    path = study.path / "recordings" / "r1" / "recording.toml"
    path.write_text(path.read_text("utf-8") + '\ntitle = "day 3"\n', "utf-8")
    study = Study.open(study.path)
    assert study.titles == {"r1": "day 3"}
    study = rename_recording(study, "r1", "")
    assert study.titles == {"r1": "r1"}
    assert rename_recording(study, "r1", "day 3").titles == {"r1": "day 3"}
    assert "day 3" not in (study.path / "study.toml").read_text("utf-8")


def test_a_long_name_is_no_title_that_is_too_long(study: Study) -> None:
    name = "a" * 150
    study = rename_recording(add(study, name), name, "day 3")
    assert rename_recording(study, name, name).title_of(name) == name


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("day\n3", "cannot be seen"),
        ("d\u202ey", "U\\+202E"),
        ("d" * 101, "at most 100"),
    ],
)
def test_titles_that_cannot_be_shown_are_refused(
    study: Study, title: str, why: str
) -> None:
    with pytest.raises(InputError, match=why):
        rename_recording(study, "r1", title)
    with pytest.raises(InputError, match="no readable recording 'r9'"):
        rename_recording(study, "r9", "day 3")


def test_equal_titles_written_by_hand_are_told_apart(study: Study) -> None:
    study = add(study, "r2")
    path = study.path / "study.toml"
    tables = '\n[recordings.r1]\ntitle = "day"\n[recordings.r2]\ntitle = "day"\n'
    path.write_text(path.read_text("utf-8") + tables, "utf-8")
    assert Study.open(study.path).titles == {"r1": "day (r1)", "r2": "day (r2)"}


def test_new_outlines_and_a_recording_brought_back_keep_it(study: Study) -> None:
    rename_recording(study, "r1", "day 3")
    add_recording(Study.open(study.path), found(THREE, "r1"), info())
    assert Study.open(study.path).title_of("r1") == "day 3"
    text = (study.path / "recordings" / "r1" / "recording.toml").read_text("utf-8")
    assert "title" not in text
    parent = study.path / "recordings"
    put_away(parent, "r1")
    assert Study.open(study.path).problems == ()
    bring_back(parent, list_replaced(parent, "r1")[-1])
    assert Study.open(study.path).title_of("r1") == "day 3"


def test_tables_have_the_title_beside_the_name(
    study: Study, say, tmp_path: Path
) -> None:
    say(study, "Ann", {1: "glia"})
    plain = pd.read_csv(write_consensus(study, consensus_table(study)))
    assert "title" not in plain
    study = rename_recording(study, "r1", "day 3")
    table = pd.read_csv(write_consensus(study, consensus_table(study)))
    assert list(table)[:3] == ["recording", "title", "cell"]
    assert set(table["recording"]) == {"r1"}
    assert set(table["title"]) == {"day 3"}
    pd.testing.assert_frame_equal(table.drop(columns="title"), plain)
    # answers go back into a study by the name alone
    export_study_answers(study, tmp_path / "answers.csv")
    assert set(pd.read_csv(tmp_path / "answers.csv")["recording"]) == {"r1"}


def test_the_overview_has_both(study: Study) -> None:
    study = rename_recording(study, "r1", "day 3")
    (row,) = list_recordings(study, study.cells())
    assert (row.name, row.title) == ("r1", "day 3")


def test_a_merged_recording_brings_its_title(study: Study, tmp_path: Path) -> None:
    copy = Study.open(shutil.copytree(study.path, tmp_path / "copy"))
    copy = rename_recording(add(copy, "r2"), "r2", "day 3")
    copy = rename_recording(add(copy, "r4"), "r4", "day 4")
    study = rename_recording(study, "r1", "day 4")
    merged = merge_studies(study, copy)
    assert merged.recordings == ("r2", "r4")
    assert study.titles == {"r1": "day 4", "r2": "day 3", "r4": "r4"}
    (note,) = (note for note in merged.notes if "day 4" in note)
    assert "r4 cannot be called 'day 4'" in note


def test_a_merged_recording_brings_the_animal_that_was_set_in_the_copy(
    study: Study, tmp_path: Path
) -> None:
    copy = Study.open(shutil.copytree(study.path, tmp_path / "copy"))
    copy = add(add(copy, "r2"), "r4")
    values = {"animal": "m9", "subvolume": "left"}
    copy = copy.update_recording_info({"r2": values})
    as_saved = copy.recording("r4").info
    merge_studies(study, copy)
    opened = Study.open(study.path)
    assert opened.recording("r2").info.animal == "m9"
    assert opened.recording("r2").info.subvolume == "left"
    assert opened.recording("r4").info == as_saved


def test_an_animal_that_study_toml_overrules_is_told(study: Study) -> None:
    study = study.update_recording_info({"r1": {"animal": "m7"}})
    result = found(THREE, "r1")
    # as given with the command, or of another recording of that name
    saved = add_recording(study, result, info(animal="m9", subvolume="V1"))
    assert saved.info.animal == "m7"
    (warning,) = saved_warnings(study, result, saved)
    assert warning.startswith(
        "study.toml gives the recording r1 the animal 'm7', which counts in place of "
        "'m9'; correct it"
    )
    # nothing was given: it keeps that of study.toml
    saved = add_recording(study, result, info())
    assert saved.info.animal == "m7"
    assert saved_warnings(study, result, saved) == []
