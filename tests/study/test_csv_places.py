"""Places in a CSV of answers that contradict the cells that they name."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from little import THREE, found, info

from napari_cellid.errors import InputError
from napari_cellid.study.csv_exchange import import_study_answers
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

NAME = "Jürgen 1"


@pytest.fixture
def study(tmp_path: Path) -> Study:
    study = Study.create(tmp_path / "study")
    add_recording(study, found(THREE, NAME), info())
    return Study.open(study.path)


def write(study: Study, change: object, *, numbers: bool, name: str = NAME) -> Path:
    lines = ["recording,cell,plane,y,x,annotator,answer"]
    for row in study.recording(NAME).cells().itertuples():
        y, x = change(row.y, row.x)
        number = row.cell if numbers else ""
        lines.append(f"{name},{number},{row.plane},{y},{x},Ann,glia")
    file = study.path / "answers.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


WRONG = {
    "exchanged": lambda y, x: (x, y),
    "µm": lambda y, x: (y * 1.25, x * 1.25),
    "exchanged and µm": lambda y, x: (x * 1.25, y * 1.25),
    "elsewhere": lambda y, x: (y + 15, x),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("numbers", [True, False])
def test_places_of_other_cells_are_refused(
    study: Study, wrong: str, numbers: bool
) -> None:
    if wrong == "elsewhere" and not numbers:
        return  # nothing says where they were meant
    file = write(study, WRONG[wrong], numbers=numbers)
    with pytest.raises(InputError, match=r"answers.csv, row [234]: "):
        import_study_answers(study, file)
    assert not study.annotations.exists() or not list(study.annotations.iterdir())


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize(
    "name", [NAME, f"  {NAME} ", unicodedata.normalize("NFD", NAME)]
)
def test_right_places_count_however_the_name_is_written(
    study: Study, numbers: bool, name: str
) -> None:
    file = write(study, lambda y, x: (y + 1, x - 1), numbers=numbers, name=name)
    assert import_study_answers(study, file).answers == {"Ann": 3}
    current = Study.open(study.path).read_answers().current()
    assert sorted(current["cell"]) == [1, 2, 3]
    assert import_study_answers(study, file).answers == {"Ann": 0}


def test_answers_follow_a_folder_whose_letters_macos_decomposed(study: Study) -> None:
    import_study_answers(study, write(study, lambda y, x: (y, x), numbers=True))
    folder = study.recording(NAME).folder
    folder.rename(folder.with_name(unicodedata.normalize("NFD", NAME)))
    matched = Study.open(study.path).read_answers()
    assert len(matched.current()) == 3
    assert len(matched.unmatched) == 0
