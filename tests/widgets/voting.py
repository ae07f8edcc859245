"""A study of the simulated field, and answers of annotators in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.annotation.answer import Answer, CellKey
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.config import RecordingInfo
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.simulation.field import SimulatedField

CLASSES = ("excitatory", "inhibitory", "glia")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_study(folder: Path, field: SimulatedField, names=("a1", "b2")) -> Study:
    """A study of the field under several names; the model is sure of every second."""
    study = Study.create(folder)
    for name in names:
        planes = MeanPlanes(
            name=name,
            red=field.red.astype(np.float32),
            green=field.green.astype(np.float32),
            pixel_size_um=field.config.pixel_size_um,
        )
        cells = measure(field.labels, planes)
        probabilities = np.full((len(cells), 3), 0.05, np.float32)
        truth = field.cells.set_index("label").loc[cells["label"], "class"]
        sure = np.where(np.arange(len(cells)) % 2, 0.9, 0.4)
        best = [CLASSES.index(one) for one in truth]
        probabilities[np.arange(len(cells)), best] = sure
        cells = with_classes(cells, probabilities, CLASSES)
        run = {"recording": name, "sources": [], "models": {}, "device": "CPU"}
        found = IdentifyResult(planes, field.labels, cells, CLASSES, None, run)
        info = RecordingInfo(animal=f"m{name}", pixel_size_um=planes.pixel_size_um)
        add_recording(study, found, info)
    return study


def true_classes(study: Study) -> dict[CellKey, str]:
    """The class that the model predicts for every cell, which is the true one here."""
    cells = study.cells()
    columns = (cells[name].tolist() for name in ("recording", "cell", "predicted"))
    return {CellKey(r, c): p for r, c, p in zip(*columns, strict=True)}


def write_answers(
    study: Study,
    annotator: str,
    answers: Mapping[CellKey, str | None],
    after: float = 0,
    **how: object,
) -> None:
    """Write answers of an annotator, some hours after the start of the study."""
    cells = study.cells().set_index(["recording", "cell"])
    journal = Journal.open(study.annotations, annotator)
    clock = START + timedelta(hours=after)
    lines = []
    for key, answer in answers.items():
        clock += timedelta(seconds=5)
        where = cells.loc[tuple(key)]
        lines.append(
            Answer(
                time=clock, annotator=annotator, recording=key.recording,
                cell=key.cell, plane=int(where["plane"]), y=float(where["y"]),
                x=float(where["x"]), answer=answer, **how,
            )
        )  # fmt: skip
    journal.add_all(lines)
    journal.close()
