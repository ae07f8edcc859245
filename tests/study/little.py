"""Little recordings of square cells, and studies of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.config import RecordingInfo
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.study import Study

CLASSES = ("excitatory", "inhibitory", "glia")
PIXEL_UM = 1.25
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def squares(*places: tuple[int, int, int], size: int = 8, planes: int = 1):
    """Labels 1, 2, … : squares whose upper left corners are at (plane, y, x)."""
    labels = np.zeros((planes, 64, 96), np.int32)
    for k, (plane, y, x) in enumerate(places, 1):
        labels[plane, y : y + size, x : x + size] = k
    return labels


def images(labels: np.ndarray, name: str = "r1", seed: int = 0) -> MeanPlanes:
    rng = np.random.default_rng(seed)
    red, green = rng.random((2, *labels.shape), np.float32)
    return MeanPlanes(name=name, red=red, green=green, pixel_size_um=PIXEL_UM)


def table(labels: np.ndarray) -> pd.DataFrame:
    return measure(labels, images(labels))


def found(
    labels: np.ndarray, name: str = "r1", predicted: str | None = "excitatory"
) -> IdentifyResult:
    """What the main job would give: every cell is taken for one class."""
    planes = images(labels, name)
    cells = measure(labels, planes)
    classes = ()
    if predicted is not None:
        chances = np.full((len(cells), 3), 0.1, np.float32)
        chances[:, CLASSES.index(predicted)] = 0.8
        cells, classes = with_classes(cells, chances, CLASSES), CLASSES
    run = {"recording": name, "sources": [], "models": {}, "device": "CPU, fp32"}
    return IdentifyResult(planes, labels, cells, classes, None, run)


def info(**values: object) -> RecordingInfo:
    return RecordingInfo.model_validate({"pixel_size_um": PIXEL_UM, **values})


#: three cells far from one another
THREE = squares((0, 4, 4), (0, 4, 40), (0, 40, 70))


def teller() -> Callable[..., None]:
    """A function by which somebody answers cells: `say(study, "Ann", {1: …})`."""
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


def kill_copies(study: Path, parent: Path, lasts: Sequence[int], *words: str) -> None:
    """Copy a study for each number, and let `dying.py` change the copies."""
    command = [sys.executable, str(Path(__file__).with_name("dying.py")), *words]
    cases = [
        (str(shutil.copytree(study, parent / str(last))), str(last)) for last in lasts
    ]
    # the first study, which nothing kills, lets all modules be imported before
    warm = str(shutil.copytree(study, parent / "warm")), "0"
    together = [[warm, *cases]] if hasattr(os, "fork") else [[case] for case in cases]
    for some in together:
        given = [word for case in some for word in case]
        ended = subprocess.run([*command, *given], check=False, capture_output=True)
        assert ended.returncode in (0, 9), ended.stderr.decode()


def snapshot(folder: Path) -> dict[str, bytes]:
    """Content of every file in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
