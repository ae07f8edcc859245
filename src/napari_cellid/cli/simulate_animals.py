"""napari-cellid simulate --animals: recordings of several simulated animals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_settings, given_settings, read_settings
from napari_cellid.cli.simulate_movie import make_field, movie_writer
from napari_cellid.config import SimulationConfig
from napari_cellid.config.animals import AnimalsConfig
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end, subprogress

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable
    from pathlib import Path

    from napari_cellid.cli.console import Console
    from napari_cellid.config.movie import MovieConfig
    from napari_cellid.simulation.animals import Cohort
    from napari_cellid.simulation.field import SimulatedField

    #: writes a field into a folder, with what writes its movie
    WriteField = Callable[
        [SimulatedField, Path, str | None, Callable[[Path], None] | None], None
    ]

TABLE, ANSWERS = "animals.csv", "answers.csv"
#: who gives the true classes as answers
_ANNOTATOR = "simulated truth"


@dataclass(frozen=True)
class _Recording:
    """One recording to be made."""

    animal: str
    name: str
    config: SimulationConfig

    @property
    def in_study(self) -> str:
        return f"{self.animal}_{self.name}"


def add_animals(parser: ArgumentParser) -> None:
    """Add the options of animals."""
    add_settings(
        parser, "animals, made where --animals or --recordings is given", AnimalsConfig
    )


def read_animals(arguments: Namespace) -> AnimalsConfig | None:
    """Read how many animals are wanted and how they differ; None for one recording.

    Raises
    ------
    InputError
        If only their differences are given.
    """
    given = given_settings(arguments, AnimalsConfig)
    if not given:
        return None
    if not {"animals", "recordings"} & set(given):
        option = next(iter(given)).replace("_", "-")
        raise InputError(
            f"--{option} is about several animals, but none were asked for; give their "
            "number with --animals."
        )
    return AnimalsConfig(**given)


def run_animals(
    arguments: Namespace, movie: MovieConfig | None, write: WriteField, console: Console
) -> None:
    """Simulate the recordings of animals and write them with a table of all.

    Parameters
    ----------
    arguments
        The command line, which asks for animals.
    movie
        Settings of the movie of each recording, None for none.
    write
        Writes one field.
    console
        Takes what there is to say.
    """
    from napari_cellid.files import atomic_write_folder
    from napari_cellid.simulation.animals import Cohort

    spread = read_animals(arguments) or AnimalsConfig()
    cohort = Cohort(
        seed=read_settings(arguments, SimulationConfig).seed,
        spread=spread,
        kind=arguments.kind,
        fixed=given_settings(arguments, SimulationConfig),
    )
    recordings = _recordings(cohort)
    folder = arguments.out
    _check_own(folder)
    rows, answers = [], []
    with atomic_write_folder(folder) as temporary:
        for i, one in enumerate(recordings):
            step = subprogress(make_field(one.config, movie), i, len(recordings))
            field, made = run_to_end(step, console.progress)
            place = temporary / one.animal / one.name
            write(field, place, arguments.kind, movie_writer(made, console))
            rows.append(_row(one, field))
            answers.append(_answers(one, field))
        _write_tables(rows, answers, temporary)
    n_cells = sum(row["n_cells"] for row in rows)
    console.result(
        {
            "folder": str(folder),
            "animals": spread.animals,
            "recordings": len(rows),
            "n_cells": n_cells,
            "table": str(folder / TABLE),
            "answers": str(folder / ANSWERS),
            "simulated": True,
        },
        [
            f"Simulated {len(rows)} recordings of {spread.animals} animals: {n_cells} "
            "cells.",
            f"Files: {folder} ({TABLE}, {ANSWERS}, "
            f"{recordings[0].animal}/{recordings[0].name}/...)",
        ],
    )


def _recordings(cohort: Cohort) -> list[_Recording]:
    from napari_cellid.simulation.animals import draw_animal

    found = []
    for number in range(1, cohort.spread.animals + 1):
        animal = draw_animal(number, cohort)
        found += [
            _Recording(f"animal_{number}", f"recording_{i}", config)
            for i, config in enumerate(animal.recordings, 1)
        ]
    return found


def _check_own(folder: Path) -> None:
    """Refuse a folder with anything in it: recordings of two runs would be mixed."""
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            f"{folder} is not empty, and its files would be mixed with those of the "
            "animals; choose a new folder with --out."
        )


def _row(one: _Recording, field: SimulatedField) -> dict[str, Any]:
    from napari_cellid.simulation.animals import VARIED

    settings = field.config.model_dump()
    return {
        "animal": one.animal,
        "recording": one.name,
        "folder": f"{one.animal}/{one.name}",
        "name_in_study": one.in_study,
        "simulated": True,
        "seed": settings["seed"],
        "n_cells": len(field.cells),
        **{name: settings[name] for name in VARIED},
    }


def _answers(one: _Recording, field: SimulatedField) -> Any:
    """True classes of cells whose colours are clear, as a person would give them."""
    clear = field.cells[~field.cells["ambiguous"]]
    table = clear[["plane", "y", "x"]].assign(answer=clear["class"])
    table.insert(0, "recording", one.in_study)
    return table.assign(annotator=_ANNOTATOR)


def _write_tables(rows: list[dict[str, Any]], answers: list[Any], folder: Path) -> None:
    import pandas as pd

    from napari_cellid.io.tables import write_table

    write_table(folder / TABLE, pd.DataFrame(rows))
    write_table(folder / ANSWERS, pd.concat(answers))
