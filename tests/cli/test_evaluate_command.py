"""evaluate, reproduce and import: what is refused, in one sentence."""

import pytest

from napari_cellid.cli import main
from napari_cellid.study.study import Study


def _error(capsys, *words):
    assert main([str(word) for word in words]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.fixture
def study(tmp_path):
    return Study.create(tmp_path / "study").path


def test_a_study_without_labelled_cells(capsys, study, tmp_path):
    error = _error(capsys, "evaluate", study, "--out", tmp_path / "out")
    assert "answer more cells" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["vgg=random", "resnet18", "resnet18="])
def test_starting_weights_of_no_network(capsys, study, tmp_path, text):
    words = ("evaluate", study, "--out", tmp_path / "out", "--weights", text)
    error = _error(capsys, *words)
    assert "NETWORK=START" in error or "answer more cells" in error


def test_a_plan_that_is_none(capsys, study, tmp_path):
    words = ("evaluate", study, "--out", tmp_path / "out", "--plans", "resnet9")
    assert "invalid choice: 'resnet9'" in _error(capsys, *words)


def test_folder_without_files_of_ssc2(capsys, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    words = ("import", "ssc2", folder, "--study", tmp_path / "new")
    assert "no file named as those of ssc-2" in _error(capsys, *words)
    assert not (tmp_path / "new").exists()


def test_out_is_a_file(capsys, study, tmp_path):
    (tmp_path / "out").write_text("")
    error = _error(capsys, "reproduce", study, "--out", tmp_path / "out")
    assert "is a file" in error


def test_sizes_of_simulated_animals_beside_a_study(capsys, study, tmp_path):
    words = ("reproduce", study, "--out", tmp_path / "out", "--n-planes", 1)
    assert "--n-planes is about simulated animals" in _error(capsys, *words)
