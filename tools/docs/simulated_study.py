"""A study of simulated animals for the pictures: three annotators, one training.

Everything in it is simulated by this package, and made with its own commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.cli import main
from napari_cellid.config import UNSURE
from napari_cellid.simulation.raters import rate_cells
from napari_cellid.simulation.tissue import CLASSES

if TYPE_CHECKING:
    from pathlib import Path

#: folder of the study
STUDY = "Simulated study"
#: who answers in place of the simulated raters
ANNOTATORS = ("Ann", "Bo", "Cy")
#: whoever has answered half of the first recording, in the pictures of annotating
NEWCOMER = "Dana"
NEWCOMERS_ANSWERS = "newcomer.csv"
_FIELDS = (
    "--animals", "5", "--recordings", "1", "--seed", "11", "--n-planes", "1",
    "--height", "320", "--width", "320",
)  # fmt: skip


def make_study(folder: Path) -> Path:
    """Make the study, or return the one that an earlier call made in the folder.

    Parameters
    ----------
    folder
        Existing folder for the study and the files it is made from.
    """
    study = folder / STUDY
    done = folder / "study made"
    if not done.exists():
        animals = folder / "animals"
        _call("simulate", "--out", animals, *_FIELDS)
        _classify(animals, study)
        answers = folder / "answers.csv"
        rated = _rate(animals)
        rated.to_csv(answers, index=False)
        _call("answers", "import", study, answers)
        newcomer = rated[
            (rated["annotator"] == "Bo") & (rated["recording"] == _name(1))
        ]
        newcomer.iloc[::2].assign(annotator=NEWCOMER).to_csv(
            folder / NEWCOMERS_ANSWERS, index=False
        )
        _call(
            "train", "classifier", study, "--start", "resnet18",
            "--plan", "resnet18_69", "--recipe", "few-cells",
            "--run", "last layer of ResNet18",
        )  # fmt: skip
        done.touch()
    return study


def answer_half(study: Path, folder: Path) -> None:
    """Add the answers of `NEWCOMER` to a copy of the study."""
    _call("answers", "import", study, folder / NEWCOMERS_ANSWERS)


def _classify(animals: Path, study: Path) -> None:
    for k, one in _recordings(animals):
        _call(
            "classify", "--labels", one / "labels.tif", "--red", one / "red.tif",
            "--green", one / "green.tif", "--study", study, "--name", _name(k),
            "--animal", f"m{k}", "--classifier", "resnet18",
        )  # fmt: skip


def _rate(animals: Path) -> pd.DataFrame:
    """Answers of three simulated annotators to each cell, by its place."""
    tables = []
    for k, one in _recordings(animals):
        cells = pd.read_csv(one / "cells.csv")
        rated = rate_cells(cells, CLASSES, UNSURE, seed=k)
        for who, given in zip(ANNOTATORS, rated.values(), strict=True):
            table = cells[["plane", "y", "x"]].assign(
                recording=_name(k), annotator=who, answer=given
            )
            tables.append(table)
    return pd.concat(tables)


def _recordings(animals: Path) -> list[tuple[int, Path]]:
    return list(enumerate(sorted(animals.glob("animal_*/recording_1")), start=1))


def _name(k: int) -> str:
    return f"m{k} (simulated)"


def _call(*words: object) -> None:
    code = main([str(word) for word in words])
    if code:
        raise RuntimeError(f"napari-cellid {words[0]} ended with exit code {code}")
