"""A recording is taken out of a study, and brought back."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from napari_cellid.annotation.lock import locked
from napari_cellid.errors import InputError
from napari_cellid.study.overview import list_recordings
from napari_cellid.study.recordings import RECORDINGS
from napari_cellid.study.replaced import bring_back, list_replaced, put_away
from napari_cellid.study.study import Study

sys.path.insert(0, str(Path(__file__).parents[1] / "widgets"))
from voting import make_study, write_answers


@pytest.fixture(scope="module")
def made(tmp_path_factory, field):
    return make_study(tmp_path_factory.mktemp("away") / "study", field).path


@pytest.fixture
def study(tmp_path, made):
    return Study.open(Path(shutil.copytree(made, tmp_path / "study")))


def test_a_recording_is_kept_with_its_images_and_comes_back(study):
    study = study.update_recording_info({"a1": {"animal": "renamed"}})
    parent, before = study.path / RECORDINGS, study.recording("a1")
    cells, green = before.cells(), before.planes().green
    put_away(parent, "a1")
    without = Study.open(study.path)
    assert without.recordings == ("b2",)
    # the animal of what can come back is no mistake in study.toml
    assert without.problems == ()
    (kept,) = list_replaced(parent, "a1")
    assert kept.n_cells == len(cells)
    bring_back(parent, kept)
    again = Study.open(study.path).recording("a1")
    assert again.cells()["cell"].tolist() == cells["cell"].tolist()
    assert (again.planes().green == green).all()
    assert again.info.animal == "renamed"


def test_a_recording_that_is_written_now_stays(study):
    parent = study.path / RECORDINGS
    with (
        locked(parent / "a1", "storing results"),
        pytest.raises(InputError, match="not removed"),
    ):
        put_away(parent, "a1")
    assert Study.open(study.path).recordings == ("a1", "b2")


def test_what_a_study_knows_of_its_recordings(study):
    keys = list(study.cell_positions())
    assert keys == ["a1", "b2"]
    plain = list_recordings(study, study.cells())
    assert [(one.name, one.animal) for one in plain] == [("a1", "ma1"), ("b2", "mb2")]
    assert plain[0].n_cells == (study.cells()["recording"] == "a1").sum()
    assert plain[0].n_answered is None
    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.study.answers import StudyAnswers

    number = int(study.recording("a1").cells()["cell"].iloc[0])
    for name, answer in (("Ann", "glia"), ("Bo", "inhibitory"), ("Cy", "glia")):
        write_answers(study, name, {CellKey("a1", number): answer})
    counted = list_recordings(study, study.cells(), StudyAnswers(study).votes)
    assert [(one.n_answered, one.n_disputed) for one in counted] == [(1, 1), (0, 0)]
