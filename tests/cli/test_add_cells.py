"""napari-cellid add-cells, and files of middles."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_cellid import add_cells
from napari_cellid.cells.middles import Middle
from napari_cellid.cli import main
from napari_cellid.config import parse_scheme
from napari_cellid.errors import InputError
from napari_cellid.io.middles import read_middles
from napari_cellid.study.scheme import save_scheme
from napari_cellid.study.study import Study


@pytest.fixture(scope="module")
def made(tmp_path_factory, sample, segmenter_folder, classifier_folder) -> Path:
    """A study of one recording, r1, whose models are the quick ones."""
    path = tmp_path_factory.mktemp("lab") / "study"
    files = [f"--{name}={sample / name}.tif" for name in ("red", "green")]
    words = ["--name", "r1", "--study", str(path), "--quiet"]
    models = [f"--segmenter={segmenter_folder}", f"--classifier={classifier_folder}"]
    assert main(["identify", *files, *models, *words]) == 0
    return path


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Study:
    return Study.open(shutil.copytree(made, tmp_path / "study"))


def free_place(study: Study, plane: int = 1) -> tuple[int, int]:
    """A place far from every cell of a plane."""
    from scipy import ndimage

    room = ndimage.distance_transform_edt(study.recording("r1").labels()[plane] == 0)
    y, x = np.unravel_index(int(room[9:-9, 9:-9].argmax()), room[9:-9, 9:-9].shape)
    return int(y) + 9, int(x) + 9


def test_cells_are_added_from_a_file(
    study: Study, segmenter_folder: Path, tmp_path: Path, capsys
) -> None:
    y, x = free_place(study)
    before = study.recording("r1").cells()
    path = tmp_path / "missed.csv"
    path.write_text(f"plane,y,x\n1,{y},{x}\n")
    words = ["add-cells", str(study.path), str(path), "--annotator", "Ann", "--json"]
    assert main([*words, "--segmenter", str(segmenter_folder)]) == 0
    *notes, last = map(json.loads, capsys.readouterr().out.splitlines())
    cells = study.recording("r1").cells()
    assert last["cells"] == [before["cell"].max() + 1]
    row = cells.iloc[-1]
    assert len(cells) == len(before) + 1 and row["plane"] == 1
    # the classifier of the run is not among the models of the study
    assert row["predicted"] == "" and "no class" in str(notes)


def test_discs_need_no_unet(study: Study, tmp_path: Path, capsys) -> None:
    path = tmp_path / "missed.csv"
    path.write_text("axis-0,axis-1,axis-2\n1,{},{}\n".format(*free_place(study)))
    words = ["add-cells", str(study.path), str(path), "--annotator", "Ann", "--discs"]
    assert main(words) == 0
    assert "Added a cell to r1: a disc." in capsys.readouterr().out


def test_classified_by_the_classifier_of_the_run(
    study: Study, classifier_folder: Path, segmenter_folder: Path
) -> None:
    shutil.copytree(classifier_folder, study.models / "quick")
    places = [(1, *free_place(study))]
    (number,) = add_cells(
        study, "r1", places, annotator="Ann", segmenter=segmenter_folder
    )
    row = study.recording("r1").cells().set_index("cell").loc[number]
    assert row["predicted"] in ("excitatory", "inhibitory", "glia")
    assert 0 < row["confidence"] <= 1


def test_a_script_is_told_that_the_classifier_is_missing(study: Study) -> None:
    places = [(1, *free_place(study))]
    with pytest.warns(UserWarning, match="New cells have no class"):
        add_cells(study, "r1", places, annotator="Ann")


def test_named_as_the_others_where_the_scheme_was_said_later(
    study: Study, classifier_folder: Path
) -> None:
    """The table was written with the paper's names, which now mean something else."""
    shutil.copytree(classifier_folder, study.models / "quick")
    study = save_scheme(study, parse_scheme("red-interneurons"))
    names = set(study.config.class_names)
    before = study.recording("r1").cells()
    places = [(1, *free_place(study))]
    (number,) = add_cells(study, "r1", places, annotator="Ann")
    cells = Study.open(study.path).recording("r1").cells()
    assert list(cells.columns) == list(before.columns)
    assert set(cells["predicted"]) <= names
    chances = cells.set_index("cell").loc[number, [f"p_{name}" for name in names]]
    assert chances.sum() == pytest.approx(1, abs=1e-4)
    assert cells["predicted"].iloc[-1] == chances.astype(float).idxmax()[2:]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("y,x\n", "no rows"),
        ("y,plane\n1,0\n", "lacks the column x"),
        ("y,x\n1,2\n,3\n", "row 3"),
        ("y,x\nnan,3\n", "row 2"),
        ("plane,y,x\n0.5,2,3\n", "row 2"),
        ("plane,y,x\n7,40,40\n", "planes 0 to 1"),
        ("y,x\n400,3\n", "outside"),
        ("y,x\n-1,3\n", "outside"),
    ],
)
def test_what_is_refused(study: Study, tmp_path: Path, capsys, text, message) -> None:
    path = tmp_path / "missed.csv"
    path.write_text(text)
    words = ["add-cells", str(study.path), str(path), "--annotator", "Ann", "--discs"]
    assert main([*words, "--quiet"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.splitlines()) == 1
    assert message in printed.err
    assert not (study.path / "recordings" / "r1" / "added.csv").exists()


def test_names_that_are_refused(study: Study, tmp_path: Path, capsys) -> None:
    path = tmp_path / "missed.csv"
    path.write_text("y,x\n5,5\n")
    words = ["add-cells", str(study.path), str(path), "--discs", "--annotator"]
    assert main([*words, "Ann", "--recording", "r7"]) == 2
    assert main([*words, ""]) == 2
    assert main(["add-cells", str(study.path), "none.csv", "--annotator", "Ann"]) == 2
    assert all(line for line in capsys.readouterr().err.splitlines())


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_study_that_is_read_only(made: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        warm, study = (shutil.copytree(made, folder / name) for name in ("warm", "own"))
        (folder / "missed.csv").write_text(
            "plane,y,x\n1,{},{}\n".format(*free_place(Study.open(study)))
        )
        folder.chmod(0o755)
        for path in (study, *study.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        before = len(Study.open(study).recording("r1").cells())
        script = Path(__file__).with_name("run_as_nobody.py")
        command = (
            f"add-cells STUDY {folder / 'missed.csv'} --annotator Ann --discs --quiet"
        )
        done = subprocess.run(
            [sys.executable, str(script), str(warm), str(study), command],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert "codes [2]" in done.stdout
        error = done.stderr.partition("---\n")[2]
        assert "cannot be written" in error and len(error.splitlines()) == 1
        assert len(Study.open(study).recording("r1").cells()) == before
    finally:
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(folder)


def test_tables_of_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("\ufeffX;Y;Plane\n3,5;4;1\n", encoding="utf-8")
    assert read_middles(path) == [Middle(1, 4, 3.5)]
    path.write_text("y\tx\n4\t3.5\n")
    assert read_middles(path) == [Middle(0, 4, 3.5)]
    pd.DataFrame({"index": [0.0], "axis-0": [4.0], "axis-1": [3.5]}).to_csv(
        path, index=False
    )
    assert read_middles(path) == [Middle(0, 4, 3.5)]
    path.write_bytes(b"\xff\xfe\x00y,x\n1,2\n")
    with pytest.raises(InputError, match="not a table"):
        read_middles(path)


def test_an_empty_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "m.csv").touch()
    with pytest.raises(InputError) as told:
        read_middles(tmp_path / "m.csv")
    wanted = f"{tmp_path / 'm.csv'} is empty; give a CSV file with the columns y and x."
    assert str(told.value) == wanted
