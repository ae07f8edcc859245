"""A class that keeps its name keeps its meaning, whatever is done to a study."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from little import THREE, found, info, snapshot
from pydantic import ValidationError

from napari_cellid.annotation.answer import Answer
from napari_cellid.config import StudyConfig, parse_scheme
from napari_cellid.errors import InputError
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.study.classes import rename_class
from napari_cellid.study.csv_exchange import import_study_answers
from napari_cellid.study.journal import AnnotatorJournal
from napari_cellid.study.merge import merge_studies
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.scheme import save_scheme
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.study.study import Study

INTERNEURONS = parse_scheme("red-interneurons")


def answer(study: Study, said: str, role: str = "annotator") -> AnnotatorJournal:
    """Ann answers the first cell, as in the window."""
    own = AnnotatorJournal(study, "Ann")
    row = study.recording("r1").cells().iloc[0]
    place = int(row["plane"]), float(row["y"]), float(row["x"])
    line = Answer(datetime.now(UTC), "Ann", "r1", int(row["cell"]), *place, said)
    own.add([replace(line, role=role)])
    return own


def edit_file(study: Study, *changes: tuple[str, str]) -> Study:
    """Change study.toml as somebody with a text editor would."""
    path = study.path / STUDY_FILE
    text = path.read_text()
    for before, after in changes:
        text = re.sub(before, after, text)
    path.write_text(text)
    return Study.open(study.path)


def exchange_by_hand(study: Study) -> Study:
    """Exchange the markers of excitatory and inhibitory, with a scheme of one's own."""
    return edit_file(
        study,
        ('scheme = ".*"', 'scheme = "own"'),
        ('"red and green"', '"x"'),
        ('"green alone"', '"red and green"'),
        ('"x"', '"green alone"'),
    )


def test_a_scheme_alone_in_the_file_gives_its_own_classes(tmp_path) -> None:
    """Not the names of the paper for cells that show something else."""
    (tmp_path / STUDY_FILE).write_text('format = 3\nscheme = "red-interneurons"\n')
    assert Study.open(tmp_path).config == StudyConfig.of_scheme(INTERNEURONS)
    for name in ("own", "red-subtype"):
        (tmp_path / STUDY_FILE).write_text(f'format = 3\nscheme = "{name}"\n')
        with pytest.raises(InputError, match="does not name the classes"):
            Study.open(tmp_path)


def test_a_scheme_and_markers_that_contradict_are_refused(study) -> None:
    with pytest.raises(InputError, match="'excitatory' is red and green, but it is"):
        edit_file(study, ("emx1-h2b", "red-interneurons"))
    values = [one.model_dump() for one in StudyConfig().classes]
    values[0]["markers"], values[1]["markers"] = "green alone", "red and green"
    with pytest.raises(ValidationError, match="'excitatory' is green alone"):
        StudyConfig.model_validate({"scheme": "emx1-h2b", "classes": values})


def test_a_scheme_written_by_hand_gives_markers_to_its_classes(study) -> None:
    without = edit_file(
        study, (r', markers = "[^"]*"', ""), ("emx1-h2b", "red-interneurons")
    )
    shown = {one.name: one.markers for one in without.config.classes}
    assert shown == {
        "excitatory": "green alone", "inhibitory": "red and green", "glia": "",
    }  # fmt: skip


@pytest.mark.parametrize("role", ["annotator", "adjudicator"])
def test_markers_changed_by_hand_do_not_change_answers(study, role) -> None:
    answer(study, "excitatory", role)
    changed = exchange_by_hand(study)
    with pytest.raises(InputError, match="would mean something else"):
        changed.read_answers()
    with pytest.raises(InputError, match="would mean something else"):
        AnnotatorJournal(changed, "Ann")


def test_answers_that_were_taken_back_count_as_well(study) -> None:
    answer(study, "excitatory").undo()
    with pytest.raises(InputError, match="would mean something else"):
        exchange_by_hand(study).read_answers()


def test_without_the_scheme_another_one_is_not_said(study) -> None:
    """Removing the scheme by hand is no way round."""
    answer(study, "excitatory")
    silent = edit_file(study, (r', markers = "[^"]*"|scheme = .*\n', ""))
    assert silent.config.scheme is None
    before = snapshot(study.path)
    with pytest.raises(InputError, match="would mean something else"):
        save_scheme(silent, INTERNEURONS)
    assert snapshot(study.path) == before
    assert save_scheme(silent, parse_scheme("emx1-h2b")).config == study.config


def test_a_renamed_class_still_means_the_same(study) -> None:
    answer(study, "excitatory")
    renamed = study.edit_config(lambda c: rename_class(c, "excitatory", "Ex"))
    assert list(renamed.read_answers().all_answers["answer"]) == ["Ex"]
    assert answer(renamed, "Ex").journal.lines[-1].markers == "red and green"


def test_imported_answers_keep_their_meaning(study, tmp_path) -> None:
    path = tmp_path / "answers.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["recording", "cell", "annotator", "answer"])
        rows.writerow(["r1", 1, "Bo", "inhibitory"])
    import_study_answers(study, path)
    with pytest.raises(InputError, match="would mean something else"):
        exchange_by_hand(study).read_answers()


def test_a_window_that_shows_other_markers_does_not_answer(study) -> None:
    """Another window says what red marks between the look and the answer."""
    own = AnnotatorJournal(study, "Ann")
    save_scheme(Study.open(study.path), INTERNEURONS)
    row = study.recording("r1").cells().iloc[0]
    place = int(row["plane"]), float(row["y"]), float(row["x"])
    line = Answer(datetime.now(UTC), "Ann", "r1", 1, *place, "excitatory")
    with pytest.raises(InputError, match="'excitatory' cells of the study are green"):
        own.add([line])
    assert not own.journal.path.exists()


def test_a_copy_whose_file_was_changed_is_not_merged(study, tmp_path) -> None:
    other = Study.create(tmp_path / "other")
    add_recording(other, found(THREE), info())
    answer(other, "excitatory")
    silent = edit_file(other, (r', markers = "[^"]*"|scheme = .*\n', ""))
    exchanged = exchange_by_hand(study)
    before = snapshot(study.path)
    with pytest.raises(InputError, match="would mean something else"):
        merge_studies(exchanged, silent)
    assert snapshot(study.path) == before


def test_a_model_of_unknown_meaning_is_not_saved(study) -> None:
    card = load_card(SHIPPED_MODELS / "resnet18").model_copy(
        update={
            "classes": StudyConfig().class_names, "markers": (),
            "training": {"run": "elsewhere"}, "weights_sha256": "0" * 64,
        }
    )  # fmt: skip
    before = snapshot(study.path)
    with pytest.raises(InputError, match="does not say what its 'excitatory' cells"):
        add_recording(study, replace(found(THREE), classifier_card=card), info())
    assert snapshot(study.path) == before
