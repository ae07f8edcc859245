"""A little study, and people who answer in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from little import THREE, found, info

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def made_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a study of one recording, r1, of three cells."""
    study = Study.create(tmp_path_factory.mktemp("little") / "study")
    add_recording(study, found(THREE), info(animal="m1", subvolume="V1"))
    return study.path


@pytest.fixture
def study(tmp_path: Path, made_study: Path) -> Study:
    """A copy of the study of one recording."""
    return Study.open(Path(shutil.copytree(made_study, tmp_path / "study")))


@pytest.fixture
def say() -> Callable[..., None]:
    """A function by which somebody answers cells of r1: `say(study, "Ann", {1: …})`."""
    clock = [START]

    def answer(
        study: Study,
        annotator: str,
        answers: dict[int, str | None],
        recording: str = "r1",
        **how: object,
    ) -> None:
        cells = study.recording(recording).cells().set_index("cell")
        with_journal = Journal.open(study.annotations, annotator)
        for number, said in answers.items():
            clock[0] += timedelta(seconds=7)
            where = cells.loc[number]
            with_journal.add(
                Answer(
                    time=clock[0], annotator=annotator, recording=recording,
                    cell=number, plane=int(where["plane"]), y=float(where["y"]),
                    x=float(where["x"]), answer=said, **how,
                )
            )  # fmt: skip
        with_journal.close()

    return answer
