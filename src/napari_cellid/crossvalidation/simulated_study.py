"""A study of simulated animals, answered by three simulated annotators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure
from napari_cellid.config import UNSURE, RecordingInfo
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, subprogress
from napari_cellid.simulation.animals import list_recordings
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.raters import rate_cells
from napari_cellid.simulation.tissue import CLASSES
from napari_cellid.study.outlined import add_outlined_recording
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from napari_cellid.progress import Step
    from napari_cellid.simulation.animals import AnimalRecording, Cohort
    from napari_cellid.simulation.field import SimulatedField

#: time of the first answer
_START = datetime(2026, 1, 5, 9, tzinfo=UTC)
#: what the record of a simulated recording has as its source
SIMULATED = "simulated"


def make_simulated_study(path: Path, cohort: Cohort) -> Step[Study]:
    """Make a study of simulated recordings with their true outlines and answers.

    Recordings that the study has are kept, so that the same call goes on after a kill.

    Parameters
    ----------
    path
        Folder of the study; it is made.
    cohort
        The animals.

    Raises
    ------
    InputError
        If the folder cannot be written, or holds something else, such as animals that
        were simulated with other settings.
    """
    study = Study.open_or_create(path)
    recordings = list_recordings(cohort)
    _check_kept(study, recordings)
    for k, one in enumerate(recordings):
        if one.name_in_study in study.recordings:
            continue
        step = simulate(one.config)
        field = yield from subprogress(
            step, k, len(recordings), stage="Simulating recordings"
        )
        # answers first: a recording without them would be kept after a kill
        planes = field.mean_planes(one.name_in_study)
        cells = measure(field.labels, planes)
        _answer(study, one, field, cells)
        info = RecordingInfo(
            animal=one.animal,
            subvolume=one.name,
            pixel_size_um=field.config.pixel_size_um,
            sources=(SIMULATED,),
        )
        add_outlined_recording(study, planes, field.labels, info, cells)
    yield Progress("Simulating recordings", len(recordings), len(recordings))
    return Study.open(path)


def _check_kept(study: Study, recordings: list[AnimalRecording]) -> None:
    """Refuse recordings of other animals, or of another size."""
    shapes = {
        one.name_in_study: (one.config.n_planes, one.config.height, one.config.width)
        for one in recordings
    }
    for name in study.recordings:
        if name not in shapes or study.recording(name).labels().shape != shapes[name]:
            raise InputError(
                f"{study.path} holds {name}, which was simulated with other settings; "
                "choose another folder with --out, or the settings with which it was "
                "begun."
            )


def is_simulated(study: Study) -> bool:
    """Whether all recordings of a study are simulated."""
    infos = study.recording_infos().values()
    return bool(infos) and all(SIMULATED in one.sources for one in infos)


def _answer(
    study: Study, one: AnimalRecording, field: SimulatedField, cells: pd.DataFrame
) -> None:
    truth = field.cells.set_index("label").loc[cells["label"]]
    names = [c.name for c in study.config.visible_classes]
    # the classes of a new study are those of the simulation
    classes = [name for name in CLASSES if name in names]
    for who, given in rate_cells(truth, classes, UNSURE, one.config.seed).items():
        rows: list[Any] = list(cells.itertuples())
        lines = [
            Answer(
                time=_START + timedelta(seconds=k), annotator=who,
                recording=one.name_in_study, cell=int(row.cell), plane=int(row.plane),
                y=float(row.y), x=float(row.x), answer=str(answer),
            )
            for k, (row, answer) in enumerate(zip(rows, given, strict=True))
        ]  # fmt: skip
        journal = Journal.open(study.annotations, who)
        try:
            journal.add_all(lines)
        finally:
            journal.close()
