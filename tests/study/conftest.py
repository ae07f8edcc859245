"""A little study, and people who answer in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from little import THREE, found, info, teller

from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study


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
    return teller()
