"""Writing the recordings of simulated animals with a table of them and the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_cellid.files import atomic_write_folder
from napari_cellid.io.tables import write_table
from napari_cellid.progress import subprogress
from napari_cellid.simulation.animals import VARIED, list_recordings
from napari_cellid.simulation.layout import ANIMALS_TABLE, ANSWERS_TABLE
from napari_cellid.simulation.movie import simulate_with_movie
from napari_cellid.simulation.write import write_field

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.config.movie import MovieConfig
    from napari_cellid.progress import Step
    from napari_cellid.simulation.animals import AnimalRecording, Cohort
    from napari_cellid.simulation.field import SimulatedField

#: the annotator to whom the true classes are ascribed
_ANNOTATOR = "simulated truth"


def write_animals(
    cohort: Cohort, movie: MovieConfig | None, folder: Path
) -> Step[pd.DataFrame]:
    """Simulate the recordings of a cohort and write them with two tables, or nothing.

    Each recording has a folder of its own, such as `animal_1/recording_2`.

    Parameters
    ----------
    cohort
        The animals.
    movie
        Settings of the movie of each recording; None for no movies.
    folder
        The folder that receives the animals.

    Returns
    -------
    The table of recordings, one row each, as written to animals.csv.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    recordings = list_recordings(cohort)
    rows, answers = [], []
    with atomic_write_folder(folder) as temporary:
        for i, recording in enumerate(recordings):
            step = simulate_with_movie(recording.config, movie)
            field, made = yield from subprogress(step, i, len(recordings))
            yield from write_field(
                field, temporary / recording.folder, movie=made, kind=cohort.kind
            )
            rows.append(_row(recording, field))
            answers.append(_true_answers(recording, field))
        table = pd.DataFrame(rows)
        write_table(temporary / ANIMALS_TABLE, table)
        write_table(temporary / ANSWERS_TABLE, pd.concat(answers))
    return table


def _row(recording: AnimalRecording, field: SimulatedField) -> dict[str, Any]:
    settings = field.config.model_dump()
    return {
        "animal": recording.animal,
        "recording": recording.name,
        "folder": recording.folder,
        "name_in_study": recording.name_in_study,
        "simulated": True,
        "seed": settings["seed"],
        "n_cells": len(field.cells),
        **{name: settings[name] for name in VARIED},
    }


def _true_answers(recording: AnimalRecording, field: SimulatedField) -> pd.DataFrame:
    """True classes of the cells that are not ambiguous, in the columns of answers."""
    clear = field.cells[~field.cells["ambiguous"]]
    table = clear[["plane", "y", "x"]].assign(answer=clear["class"])
    table.insert(0, "recording", recording.name_in_study)
    return table.assign(annotator=_ANNOTATOR)
