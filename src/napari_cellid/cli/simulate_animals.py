"""napari-cellid simulate --animals: recordings of several simulated animals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.cli.settings_options import (
    add_settings,
    given_settings,
    read_settings,
)
from napari_cellid.config import SimulationConfig
from napari_cellid.config.animals import AnimalsConfig
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.report.table import count_text
from napari_cellid.simulation.layout import ANIMALS_TABLE, ANSWERS_TABLE

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from napari_cellid.cli.console import Console
    from napari_cellid.config.movie import MovieConfig


def add_animals(parser: ArgumentParser) -> None:
    """Add the options of animals."""
    add_settings(
        parser, "animals, made where --animals or --recordings is given", AnimalsConfig
    )


def read_animals(arguments: Namespace) -> AnimalsConfig | None:
    """Read how many animals are requested and how they differ; None for none.

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
    arguments: Namespace, movie: MovieConfig | None, console: Console
) -> None:
    """Simulate the recordings of animals and write them with a table of all.

    Parameters
    ----------
    arguments
        The command line, which requests animals.
    movie
        Settings of the movie of each recording; None for no movies.
    console
        Receives progress and results.
    """
    from napari_cellid.simulation.animals import Cohort
    from napari_cellid.simulation.write_animals import write_animals

    spread = read_animals(arguments) or AnimalsConfig()
    cohort = Cohort(
        seed=read_settings(arguments, SimulationConfig).seed,
        spread=spread,
        kind=arguments.kind,
        fixed=given_settings(arguments, SimulationConfig),
    )
    folder = arguments.out
    _check_empty(folder)
    table = run_to_end(write_animals(cohort, movie, folder), console.progress)
    n_cells = int(table["n_cells"].sum())
    console.result(
        {
            "folder": str(folder),
            "animals": spread.animals,
            "recordings": len(table),
            "n_cells": n_cells,
            "table": str(folder / ANIMALS_TABLE),
            "answers": str(folder / ANSWERS_TABLE),
            "simulated": True,
        },
        [
            f"Simulated {count_text(len(table), 'recording')} of "
            f"{count_text(spread.animals, 'animal')}: {count_text(n_cells, 'cell')}.",
            f"Files: {folder} ({ANIMALS_TABLE}, {ANSWERS_TABLE}, "
            f"{table['folder'].iloc[0]}/...)",
        ],
    )


def _check_empty(folder: Path) -> None:
    """Refuse a folder with anything in it: recordings of two runs would be mixed."""
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(
            f"{folder} is not empty, and its files would be mixed with those of the "
            "animals; choose a new folder with --out."
        )
