"""Import of ssc-2 into a study: sessions of a field together, labels to their ROIs."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.study.ssc2_import import import_ssc2
from napari_cellid.study.study import Study

sys.path.insert(0, str(Path(__file__).parents[1] / "io"))
from ssc2_files import write_mat5, write_nwb1


@pytest.fixture
def folder(tmp_path):
    for mouse in ("an194181", "an229716"):
        (tmp_path / "ssc-2" / mouse).mkdir(parents=True)
    one = tmp_path / "ssc-2" / "an194181"
    write_mat5(one / "an194181_2013_01_20_data_struct.mat", n_planes=2)
    write_nwb1(one / "an194181_2013_01_22_data_struct.nwb", n_planes=3)
    other = tmp_path / "ssc-2" / "an229716"
    write_mat5(other / "an229716_2013_12_05b_data_struct.mat", n_fov=1, seed=500)
    return tmp_path / "ssc-2"


def test_one_session_of_each_sub_volume(folder, tmp_path):
    study = Study.open_or_new(tmp_path / "study")
    done = run_to_end(import_ssc2(study, folder))
    # the session with more ROIs
    assert done.recordings == (
        "an194181 2013_01_22 fov01", "an194181 2013_01_22 fov02",
        "an229716 2013_12_05b fov01",
    )  # fmt: skip
    study = Study.open(tmp_path / "study")
    info = study.recording("an194181 2013_01_22 fov02").info
    assert (info.animal, info.subvolume) == ("an194181", "fov02")
    assert info.pixel_size_um == pytest.approx(1.171875)
    assert study.recording("an229716 2013_12_05b fov01").planes().shape[0] == 3
    assert (done.n_cells, done.n_answers) == (27, 0)


def test_all_sessions_of_a_sub_volume_are_one_group(folder, tmp_path):
    study = Study.open_or_new(tmp_path / "study")
    done = run_to_end(import_ssc2(study, folder, all_sessions=True))
    assert len(done.recordings) == 5
    cells = Study.open(tmp_path / "study").cells()
    groups = cells.groupby(["animal", "subvolume"])["recording"].nunique()
    assert groups.to_dict() == {
        ("an194181", "fov01"): 2, ("an194181", "fov02"): 2, ("an229716", "fov01"): 1,
    }  # fmt: skip


def _labels(tmp_path, **columns):
    rows = {
        "mouse": ["an229716"] * 3, "session": ["2013_12_05b"] * 3, "fov": [1] * 3,
        "roi_id": [100, 111, 122],
    }  # fmt: skip
    path = tmp_path / "labels.csv"
    pd.DataFrame(rows | columns).to_csv(path, index=False)
    return path


def test_labels_of_raters_are_answers_for_their_rois(folder, tmp_path):
    given = ["excitatory", "glia", ""]
    path = _labels(tmp_path, rater1=given, rater2=["excitatory", "unsure", "glia"])
    study = Study.open_or_new(tmp_path / "study")
    done = run_to_end(import_ssc2(study, folder, path))
    assert done.n_answers == 5
    answers = Study.open(tmp_path / "study").read_answers().current()
    found = answers[answers["annotator"] == "rater1"].set_index("cell")["answer"]
    # the first ROI of plane 1 and the second of plane 2
    assert found.to_dict() == {1: "excitatory", 5: "glia"}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, "neither a column label nor columns of raters"),
        ({"label": ["cat"] * 3}, "has the label 'cat'"),
        (
            {"roi_id": [100, 111, 100], "label": ["glia"] * 3},
            "has ROI 100 of an229716, 2013_12_05b, fov 1 in two rows",
        ),
        ({"fov": ["one"] * 3, "label": ["glia"] * 3}, "cannot be read as a table"),
    ],
)
def test_labels_that_cannot_be_used(folder, tmp_path, columns, sentence):
    study = Study.open_or_new(tmp_path / "study")
    with pytest.raises(InputError, match=sentence):
        run_to_end(import_ssc2(study, folder, _labels(tmp_path, **columns)))
    assert not (tmp_path / "study").exists()


def test_a_rule_answers_beside_the_table(tmp_path):
    folder = tmp_path / "ssc-2"
    folder.mkdir()
    # two planes, of four ROIs each, of which one is not red
    write_mat5(folder / "an194181_2013_01_20_data_struct.mat", n_fov=1, n_planes=1)
    study = Study.open_or_new(tmp_path / "study")
    done = run_to_end(import_ssc2(study, folder, rule=True))
    # too few ROIs for a threshold, which is no reason to stop
    assert (done.n_cells, done.n_answers) == (3, 0)
    assert "can only learn the rule" in done.notes[-1]


def test_labels_of_other_rois_are_said(folder, tmp_path):
    path = _labels(tmp_path, roi_id=[1, 2, 3], label=["glia"] * 3)
    done = run_to_end(import_ssc2(Study.open_or_new(tmp_path / "s"), folder, path))
    assert "No row of" in done.notes[-1]
