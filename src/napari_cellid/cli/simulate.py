"""napari-cellid simulate: a field of cells whose truth is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.inputs import check_writable
from napari_cellid.cli.options import (
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
from napari_cellid.config import SimulationConfig
from napari_cellid.errors import InputError
from napari_cellid.simulation.conditions import KINDS
from napari_cellid.steps import finish

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.cli.report import Report
    from napari_cellid.simulation.field import SimulatedField

_DESCRIPTION = (
    "Simulated two-colour two-photon field (napari-cellid simulate), not a recording."
)
_FIRST_COLUMNS = ["label", "plane", "y", "x", "class", "biological", "ambiguous"]
_FILES = ("red.tif", "green.tif", "labels.tif", "cells.csv", "meta.json")


def add_commands(commands: Any) -> None:
    """Add simulate to the subparsers."""
    what = "make a simulated recording whose cells are known"
    parser = commands.add_parser(
        "simulate", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run_simulate)
    add_out(parser, f"folder for {', '.join(_FILES)}")
    parser.add_argument(
        "--kind", choices=KINDS,
        help="draw the settings that are not given from this kind of recordings "
        "(default: the settings' defaults)",
    )  # fmt: skip
    add_output_style(parser)
    add_settings(parser, "settings of the simulation", SimulationConfig)
    add_movie(parser)
    add_animals(parser)


def run_simulate(arguments: Namespace, report: Report) -> None:
    """Simulate a field and write it with its truth."""
    movie = read_movie(arguments)
    check_writable(arguments.out)
    if read_animals(arguments) is not None:
        run_animals(arguments, movie, write_field, report)
        return
    _check_not_real(arguments.out)
    if movie is None:
        check_no_movie(arguments.out)
    step = make_field(_config(arguments), movie)
    field, made = finish(step, report.progress)
    write_field(field, arguments.out, arguments.kind, movie_writer(made, report))
    more, lines = describe_movie(made, arguments.out)
    counts = {k: int(n) for k, n in field.cells["class"].value_counts().items()}
    values = {
        "folder": str(arguments.out),
        **{name.partition(".")[0]: str(arguments.out / name) for name in _FILES},
        "n_cells": len(field.cells),
        "counts": counts,
        "simulated": True,
        **more,
    }
    said = ", ".join(f"{n} {name}" for name, n in counts.items())
    report.result(
        values,
        [
            f"Simulated {len(field.cells)} cells in {len(field.red)} planes: {said}.",
            f"Files: {arguments.out} ({', '.join(_FILES)})",
            *lines,
        ],
    )


def write_field(
    field: SimulatedField,
    folder: Path,
    kind: str | None = None,
    more: Callable[[Path], None] | None = None,
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

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    from napari_cellid.files import replacing_folder
    from napari_cellid.models import versions

    config = field.config
    meta = {
        "simulated": True,
        "description": _DESCRIPTION,
        "pixel_size_um": config.pixel_size_um,
        "plane_spacing_um": config.plane_spacing_um,
        "kind": kind,
        "settings": config.model_dump(mode="json"),
        "versions": versions(),
    }
    rest = [name for name in field.cells.columns if name not in _FIRST_COLUMNS]
    with replacing_folder(folder) as temporary:
        for name, image, channel in (
            ("red.tif", field.red, "mCherry (simulated)"),
            ("green.tif", field.green, "GCaMP (simulated)"),
            ("labels.tif", field.labels, "labels (simulated)"),
        ):
            _write_image(temporary / name, image, channel, config)
        field.cells[_FIRST_COLUMNS + rest].to_csv(
            temporary / "cells.csv",
            index=False,
            float_format="%.6g",
            lineterminator="\n",
        )
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
    path: Path, image: NDArray[np.generic], channel: str, config: SimulationConfig
) -> None:
    import uuid

    import tifffile

    planes = image if len(image) > 1 else image[0]
    # not a random one: the same settings give the same files
    own = uuid.uuid5(uuid.NAMESPACE_OID, f"{channel} {config.model_dump_json()}")
    tifffile.imwrite(
        path,
        planes,
        ome=True,
        # or three planes would be taken as red, green and blue
        photometric="minisblack",
        compression="zlib",
        metadata={
            "axes": "ZYX" if planes.ndim == 3 else "YX",
            "UUID": f"urn:uuid:{own}",
            "Name": "simulated",
            "Description": _DESCRIPTION,
            "PhysicalSizeX": config.pixel_size_um,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": config.pixel_size_um,
            "PhysicalSizeYUnit": "µm",
            "PhysicalSizeZ": config.plane_spacing_um,
            "PhysicalSizeZUnit": "µm",
            "Channel": {"Name": [channel]},
        },
    )
