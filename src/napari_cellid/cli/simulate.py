"""napari-cellid simulate: a field of cells whose truth is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.arguments import check_writable
from napari_cellid.cli.parser import (
    add_out,
    add_output_style,
    add_settings,
    given_settings,
    read_settings,
)
from napari_cellid.cli.simulate_animals import add_animals, read_animals, run_animals
from napari_cellid.cli.simulate_movie import (
    MOVIE_FILES,
    add_movie,
    check_no_movie,
    describe_movie,
    make_field,
    movie_writer,
    read_movie,
)
from napari_cellid.cli.simulate_semireal import (
    Described,
    add_green,
    add_semireal,
    run_semireal,
    wants_semireal,
)
from napari_cellid.config import SimulationConfig
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.conditions import KINDS

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.cli.console import Console
    from napari_cellid.simulation.field import SimulatedField

_MADE_UP = Described(
    title="simulated",
    text="Simulated two-colour two-photon field (napari-cellid simulate), not a "
    "recording.",
    green="GCaMP (simulated)",
    labels="labels (simulated)",
)
_FIRST_COLUMNS = ["label", "plane", "y", "x", "class", "biological", "ambiguous"]
_FILES = ("red.tif", "green.tif", "labels.tif", "cells.csv", "meta.json")


def add_commands(commands: Any) -> None:
    """Add simulate to the subparsers."""
    what = "make a simulated recording whose cells are known"
    parser = commands.add_parser(
        "simulate", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.usage = (
        f"{parser.prog} --out DIR [--green G.tif --masks L.tif | --movie-frames N | "
        "--animals N] [--kind KIND] [settings]"
    )
    parser.set_defaults(run=run_simulate)
    add_out(parser, f"folder for {', '.join(_FILES)}")
    parser.add_argument(
        "--kind", choices=KINDS,
        help="draw the settings that are not given from this kind of recordings "
        "(default: the settings' defaults)",
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
    movie = read_movie(arguments)
    check_writable(arguments.out)
    if semireal:
        _run_semireal(arguments, console)
        return
    if read_animals(arguments) is not None:
        run_animals(arguments, movie, write_field, console)
        return
    _check_not_real(arguments.out)
    if movie is None:
        check_no_movie(arguments.out)
    step = make_field(_config(arguments), movie)
    field, made = run_to_end(step, console.progress)
    write_field(field, arguments.out, arguments.kind, movie_writer(made, console))
    more, lines = describe_movie(made, arguments.out)
    n_cells, n_planes = len(field.cells), len(field.red)
    said = f"Simulated {n_cells} cells in {n_planes} planes"
    _tell(field, arguments, console, more, [said, *lines])


def _run_semireal(arguments: Namespace, console: Console) -> None:
    _check_not_real(arguments.out)
    check_no_movie(arguments.out)
    field, described = run_semireal(arguments, console)
    write_field(field, arguments.out, arguments.kind, described=described)
    marked = int((field.cells["source"] == "real mark").sum())
    added = len(field.cells) - marked
    more = {"semireal": True, "marks": marked, "added_glia": added}
    said = f"Simulated red for {marked} marked cells and {added} added glia"
    _tell(field, arguments, console, more, [said])


def _tell(
    field: SimulatedField,
    arguments: Namespace,
    console: Console,
    more: dict[str, Any],
    lines: list[str],
) -> None:
    """Report what was made; the counts are added to the first line."""
    counts = {k: int(n) for k, n in field.cells["class"].value_counts().items()}
    values = {
        "folder": str(arguments.out),
        **{name.partition(".")[0]: str(arguments.out / name) for name in _FILES},
        "n_cells": len(field.cells),
        "counts": counts,
        "simulated": True,
        **more,
    }
    classes = ", ".join(f"{n} {name}" for name, n in counts.items())
    files = f"Files: {arguments.out} ({', '.join(_FILES)})"
    console.result(values, [f"{lines[0]}: {classes}.", files, *lines[1:]])


def write_field(
    field: SimulatedField,
    folder: Path,
    kind: str | None = None,
    more: Callable[[Path], None] | None = None,
    described: Described = _MADE_UP,
) -> None:
    """Write images, labels, cell table and settings, all or none.

    The images are OME-TIFF: they say their pixel size and that they are planes.

    Parameters
    ----------
    field
        The field.
    folder
        Where the files go.
    kind
        That its settings were drawn from.
    more
        Writes further files into a folder.
    described
        What the files say of where the field comes from.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    from napari_cellid.files import atomic_write_folder
    from napari_cellid.io.tables import write_table
    from napari_cellid.models.card import package_versions

    config = field.config
    meta = {
        "simulated": True,
        "description": described.text,
        "pixel_size_um": config.pixel_size_um,
        "plane_spacing_um": config.plane_spacing_um,
        "kind": kind,
        "settings": config.model_dump(mode="json"),
        **described.meta,
        "versions": package_versions(),
    }
    rest = [name for name in field.cells.columns if name not in _FIRST_COLUMNS]
    with atomic_write_folder(folder) as temporary:
        for name, image, channel in (
            ("red.tif", field.red, "mCherry (simulated)"),
            ("green.tif", field.green, described.green),
            ("labels.tif", field.labels, described.labels),
        ):
            _write_image(temporary / name, image, channel, config, described)
        write_table(temporary / "cells.csv", field.cells[_FIRST_COLUMNS + rest])
        text = json.dumps(meta, indent=2, ensure_ascii=False)
        (temporary / "meta.json").write_text(text + "\n", "utf-8")
        if more is not None:
            more(temporary)


def _check_not_real(folder: Path) -> None:
    """Refuse to replace images that no simulation made."""
    there = [name for name in (*_FILES, *MOVIE_FILES) if (folder / name).exists()]
    if not there:
        return
    try:
        meta = json.loads((folder / "meta.json").read_text("utf-8"))
        simulated = meta.get("simulated") is True
    except (OSError, ValueError, AttributeError):
        simulated = False
    if not simulated:
        raise InputError(
            f"{folder} holds a {there[0]} that was not simulated and would be "
            "replaced; choose another folder with --out."
        )


def _config(arguments: Namespace) -> SimulationConfig:
    config = read_settings(arguments, SimulationConfig)
    if arguments.kind is None:
        return config
    import numpy as np

    from napari_cellid.simulation.conditions import draw_config

    fixed = {**given_settings(arguments, SimulationConfig), "seed": config.seed}
    return draw_config(arguments.kind, np.random.default_rng(config.seed), **fixed)


def _write_image(
    path: Path,
    image: NDArray[np.generic],
    channel: str,
    config: SimulationConfig,
    described: Described,
) -> None:
    from napari_cellid.io.ome_tiff import (
        ImageMetadata,
        plane_axes,
        stable_uuid,
        write_image,
    )

    planes = image if len(image) > 1 else image[0]
    # not a random one: the same settings give the same files
    settings = f"{channel} {config.model_dump_json()}{described.key}"
    metadata = ImageMetadata(
        axes=plane_axes(planes),
        pixel_size_um=config.pixel_size_um,
        plane_spacing_um=config.plane_spacing_um,
        channels=(channel,),
        uuid=stable_uuid(settings),
        name=described.title,
        description=described.text,
    )
    write_image(path, planes, metadata, compression="zlib")
