"""napari-cellid simulate: a field of cells whose truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.cli.arguments import check_writable
from napari_cellid.cli.parser import add_out, add_output_style
from napari_cellid.cli.settings_options import (
    add_settings,
    given_settings,
    read_settings,
)
from napari_cellid.cli.simulate_animals import add_animals, read_animals, run_animals
from napari_cellid.cli.simulate_movie import (
    add_movie,
    check_no_movie,
    describe_movie,
    read_movie,
)
from napari_cellid.cli.simulate_semireal import (
    add_green,
    add_semireal,
    run_semireal,
    wants_semireal,
)
from napari_cellid.config import SimulationConfig
from napari_cellid.errors import InputError
from napari_cellid.json_file import read_json
from napari_cellid.progress import run_to_end
from napari_cellid.report.table import count_text, counts_text
from napari_cellid.simulation.conditions import KINDS
from napari_cellid.simulation.layout import FIELD_FILES, MOVIE_FILES

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from napari_cellid.cli.console import Console
    from napari_cellid.simulation.field import SimulatedField


def add_commands(commands: Any) -> None:
    """Add simulate to the subparsers."""
    what = (
        "simulate a two-channel recording with the true outline and class of each cell"
    )
    parser = commands.add_parser(
        "simulate", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.usage = (
        f"{parser.prog} --out DIR [--green G.tif --masks L.tif | --movie-frames N | "
        "--animals N] [--kind KIND] [settings]"
    )
    parser.set_defaults(run=run_simulate)
    add_out(parser, f"folder for {', '.join(FIELD_FILES)}")
    parser.add_argument(
        "--kind", choices=KINDS,
        help="kind of recording from whose range the settings that are not given are "
        "drawn at random (default: they have their defaults)",
    )  # fmt: skip
    add_output_style(parser)
    add_green(parser)
    add_settings(parser, "settings of the simulation", SimulationConfig)
    add_movie(parser)
    add_animals(parser)
    add_semireal(parser)


def run_simulate(arguments: Namespace, console: Console) -> None:
    """Simulate a field and write it with its truth."""
    semireal = wants_semireal(arguments)
    movie_config = read_movie(arguments)
    check_writable(arguments.out)
    if semireal:
        _run_semireal(arguments, console)
        return
    if read_animals(arguments) is not None:
        run_animals(arguments, movie_config, console)
        return
    _check_not_real(arguments.out)
    if movie_config is None:
        check_no_movie(arguments.out)
    from napari_cellid.simulation.movie import simulate_with_movie
    from napari_cellid.simulation.write import write_field

    step = simulate_with_movie(_config(arguments), movie_config)
    field, movie = run_to_end(step, console.progress)
    writing = write_field(field, arguments.out, movie=movie, kind=arguments.kind)
    run_to_end(writing, console.progress)
    values, lines = describe_movie(movie, arguments.out)
    cells = count_text(len(field.cells), "cell")
    summary = f"Simulated {cells} in {count_text(len(field.red), 'plane')}"
    _report(field, arguments, console, values, [summary, *lines])


def _run_semireal(arguments: Namespace, console: Console) -> None:
    from napari_cellid.simulation.write import write_field

    _check_not_real(arguments.out)
    check_no_movie(arguments.out)
    field, provenance = run_semireal(arguments, console)
    run_to_end(
        write_field(field, arguments.out, kind=arguments.kind, provenance=provenance)
    )
    n_marks = int((field.cells["source"] == "real mark").sum())
    n_glia = len(field.cells) - n_marks
    values = {"semireal": True, "marks": n_marks, "added_glia": n_glia}
    marks = count_text(n_marks, "marked cell")
    summary = f"Simulated red for {marks} and {n_glia} added glia"
    _report(field, arguments, console, values, [summary])


def _report(
    field: SimulatedField,
    arguments: Namespace,
    console: Console,
    extra: dict[str, Any],
    lines: list[str],
) -> None:
    """Print the result; the counts of classes are added to the first line."""
    counts = {str(k): int(n) for k, n in field.cells["class"].value_counts().items()}
    values = {
        "folder": str(arguments.out),
        **{name.partition(".")[0]: str(arguments.out / name) for name in FIELD_FILES},
        "n_cells": len(field.cells),
        "counts": counts,
        "simulated": True,
        **extra,
    }
    files = f"Files: {arguments.out} ({', '.join(FIELD_FILES)})"
    console.result(values, [f"{lines[0]}: {counts_text(counts)}.", files, *lines[1:]])


def _check_not_real(folder: Path) -> None:
    """Refuse to replace images that were not simulated."""
    present = [
        name for name in (*FIELD_FILES, *MOVIE_FILES) if (folder / name).exists()
    ]
    if not present:
        return
    try:
        meta = read_json(folder / "meta.json")
        simulated = meta.get("simulated") is True
    except (OSError, ValueError, AttributeError):
        simulated = False
    if not simulated:
        raise InputError(
            f"{folder} holds a {present[0]} that was not simulated and would be "
            "replaced; choose another folder with --out."
        )


def _config(arguments: Namespace) -> SimulationConfig:
    config = read_settings(arguments, SimulationConfig)
    if arguments.kind is None:
        return config
    # late, so that --help needs no numpy
    import numpy as np

    from napari_cellid.simulation.conditions import draw_config

    fixed = {**given_settings(arguments, SimulationConfig), "seed": config.seed}
    return draw_config(arguments.kind, np.random.default_rng(config.seed), **fixed)
