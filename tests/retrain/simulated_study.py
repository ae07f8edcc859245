"""Small studies of simulated recordings, answered by simulated people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.config import (
    ClassifierTrainingConfig,
    RecordingInfo,
    SimulationConfig,
)
from napari_cellid.identify import IdentifyResult
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain.request import ClassifierRequest
from napari_cellid.simulation.field import SimulatedField, simulate
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

CLASSES = ("excitatory", "inhibitory", "glia")
PEOPLE = ("Ann", "Bo", "Cy")
_START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def planes_of(field: SimulatedField, name: str) -> MeanPlanes:
    return MeanPlanes(
        name=name,
        red=field.red.astype(np.float32),
        green=field.green.astype(np.float32),
        pixel_size_um=field.config.pixel_size_um,
    )


def put(study: Study, field: SimulatedField, name: str, animal: str) -> None:
    """Add a field with its true outlines as a recording of an animal."""
    planes = planes_of(field, name)
    cells = measure(field.labels, planes)
    cells = with_classes(cells, np.full((len(cells), 3), 1 / 3, np.float32), CLASSES)
    run = {"recording": name, "sources": [], "models": {}, "device": "CPU, fp32"}
    found = IdentifyResult(planes, field.labels, cells, CLASSES, None, run)
    add_recording(
        study,
        found,
        RecordingInfo(animal=animal, pixel_size_um=field.config.pixel_size_um),
    )


def answer(
    study: Study,
    name: str,
    field: SimulatedField,
    *,
    people: Sequence[str] = PEOPLE,
    wrong: float = 0.03,
    most: int = 10_000,
    seed: int = 0,
) -> None:
    """Let people answer the unambiguous cells; each errs now and then."""
    truth = field.cells.set_index("label")
    cells = study.recording(name).cells()
    clear = cells[~truth.loc[cells["label"], "ambiguous"].to_numpy()].head(most)
    rng = np.random.default_rng([seed, len(clear)])
    for who in people:
        lines = []
        for k, row in enumerate(clear.itertuples()):
            said = truth.loc[row.label, "class"]
            if rng.random() < wrong:
                said = str(rng.choice([one for one in CLASSES if one != said]))
            lines.append(
                Answer(
                    time=_START + timedelta(seconds=k), annotator=who, recording=name,
                    cell=int(row.cell), plane=int(row.plane), y=float(row.y),
                    x=float(row.x), answer=said,
                )
            )  # fmt: skip
        journal = Journal.open(study.annotations, who)
        journal.add_all(lines)
        journal.close()


def make_study(
    path: Path,
    configs: Sequence[SimulationConfig],
    *,
    most: int = 10_000,
    wrong: float = 0.03,
) -> Study:
    """A study with a recording a config, each of an animal of its own."""
    study = Study.create(path)
    for k, config in enumerate(configs):
        field = run_to_end(simulate(config))
        put(study, field, f"r{k}", f"m{k}")
        answer(study, f"r{k}", field, most=most, wrong=wrong, seed=k)
    return study


def small(seed: int, **other: object) -> SimulationConfig:
    """A quick field with some cells of each class."""
    given = {"height": 160, "width": 160, "n_planes": 1, "inhibitory_fraction": 0.3}
    return SimulationConfig(seed=seed, **{**given, **other})


def make_request(name: str = "one", **other: object) -> ClassifierRequest:
    """The last layer of the tiny model of the tests, for two epochs."""
    given = {"plan": "resnet18_69", "input_size": 32, "replay": 0, "epochs": 2}
    settings = ClassifierTrainingConfig(**{**given, "rate": 1e-3, **other})
    return ClassifierRequest(start="tiny", settings=settings, name=name)
