"""napari-cellid simulate --green --masks: simulated red for a real green image."""

from __future__ import annotations

import hashlib
from argparse import SUPPRESS
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.cli.settings_options import add_settings, given_settings
from napari_cellid.config import SemirealConfig, SimulationConfig
from napari_cellid.config.animals import AnimalsConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.config.semireal import SHARED
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.recording import Recording
    from napari_cellid.simulation.semireal.field import SemirealField
    from napari_cellid.simulation.write import Provenance

_DESCRIPTION = (
    "Semi-real field (napari-cellid simulate --green): real GCaMP image and marks, "
    "simulated mCherry, simulated classes."
)
#: settings that the user's files state; they may be given on the command line, too
_SCALE = ("pixel_size_um", "plane_spacing_um")


def add_green(parser: ArgumentParser) -> None:
    """Add the options that name the files of a semi-real field."""
    shared = ", ".join(_option(name) for name in (*_SCALE, *SHARED))
    group = parser.add_argument_group(
        "semi-real: a simulated red channel for your own green image",
        "The settings of semi-real fields, at the end, are for these alone. Of the "
        f"others these hold, too: {shared}.",
    )
    group.add_argument(
        "--green", type=Path, metavar="G.tif",
        help="real green (GCaMP) image, or a movie, which is averaged over time",
    )  # fmt: skip
    group.add_argument(
        "--masks", type=Path, metavar="L.tif",
        help="its cells: a label image, 0 where there is none",
    )  # fmt: skip
    group.add_argument(
        "--axes",
        help="what the dimensions of the green image are, such as TYX or ZYX "
        "(default: as the file says)",
    )
    group.add_argument(
        # the name that the messages of the readers use
        "--pixel-size", type=float, dest=f"{SimulationConfig.__name__}.pixel_size_um",
        default=SUPPRESS, help=SUPPRESS,
    )  # fmt: skip


def add_semireal(parser: ArgumentParser) -> None:
    """Add the settings of semi-real fields."""
    add_settings(parser, "settings of semi-real fields", SemirealConfig, without=SHARED)


def wants_semireal(arguments: Namespace) -> bool:
    """Return whether a semi-real field is requested.

    Raises
    ------
    InputError
        If the options contradict one another or one is missing.
    """
    green, masks = arguments.green, arguments.masks
    if green is None and masks is None:
        own = given_settings(arguments, SemirealConfig)
        stray = [*own, *(["axes"] if arguments.axes is not None else [])]
        if stray:
            raise InputError(
                f"{_option(stray[0])} is about a real green image, but none was given; "
                "give one with --green and its cells with --masks."
            )
        return False
    if masks is None or green is None:
        given, lacking = (
            ("--green", "--masks") if masks is None else ("--masks", "--green")
        )
        raise InputError(
            f"{given} was given without {lacking}, but red is simulated for a green "
            "image and the cells in it; give both."
        )
    _check_settings(arguments)
    return True


def run_semireal(
    arguments: Namespace, console: Console
) -> tuple[SemirealField, Provenance]:
    """Read green and masks, and simulate red.

    Raises
    ------
    InputError
        If the files cannot be read, do not fit one another or hold no cells, or the
        pixel size is not known.
    """
    from napari_cellid.io.labels import read_labels
    from napari_cellid.recording import mean_planes
    from napari_cellid.simulation.semireal.field import simulate_red
    from napari_cellid.simulation.semireal.green import MarkedGreen

    config = _config(arguments)
    recording = _open(arguments)
    labels, recording = read_labels(arguments.masks, recording)
    console.notes(recording.notes)
    means = run_to_end(mean_planes(recording), console.progress)
    console.notes(means.notes)
    if means.green is None:
        raise InputError(f"{recording.name} has no green channel; choose another file.")
    given = given_settings(arguments, SimulationConfig)
    marked = MarkedGreen(
        means.green,
        labels,
        means.pixel_size_um,
        given.get("plane_spacing_um", _spacing(recording)),
        recording.name,
    )
    semireal = run_to_end(simulate_red(marked, config), console.progress)
    return semireal, _provenance(arguments, semireal, means.notes)


def _config(arguments: Namespace) -> SemirealConfig:
    shared = given_settings(arguments, SimulationConfig)
    given = {name: value for name, value in shared.items() if name in SHARED}
    given |= given_settings(arguments, SemirealConfig)
    if arguments.kind is None:
        return SemirealConfig(**given)
    import numpy as np

    from napari_cellid.simulation.semireal.draw import draw_semireal

    seed = given.setdefault("seed", SemirealConfig().seed)
    return draw_semireal(np.random.default_rng(seed), **given)


def _open(arguments: Namespace) -> Recording:
    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.registry import read_recording

    folder = arguments.out.absolute()
    for path in (arguments.green, arguments.masks):
        if path.absolute().parent == folder:
            raise InputError(
                f"{path} was given and lies in {arguments.out}, where the field would "
                "go; choose another folder with --out."
            )
    pixel = given_settings(arguments, SimulationConfig).get("pixel_size_um")
    options = ReadOptions(axes=arguments.axes, pixel_size_um=pixel)
    recording = read_recording(None, arguments.green, None, options)
    if recording.pixel_size_um is None:
        raise InputError(
            f"{arguments.green.name} does not say how large a pixel is; give it with "
            "--pixel-size-um (µm per pixel), such as --pixel-size-um 1.17."
        )
    return recording


def _spacing(recording: Recording) -> float:
    depths = recording.plane_depths_um
    if depths is None or len(depths) < 2:
        default: float = SimulationConfig.model_fields["plane_spacing_um"].default
        return default
    return abs(depths[1] - depths[0])


def _check_settings(arguments: Namespace) -> None:
    """Refuse settings that do not apply to a real green image."""
    for config in (MovieConfig, AnimalsConfig):
        given = given_settings(arguments, config)
        if given:
            raise InputError(
                f"{_option(next(iter(given)))} was given besides --green, but movies "
                "and animals are made up as a whole; leave out one of the two."
            )
    allowed = (*SHARED, *_SCALE)
    other = [n for n in given_settings(arguments, SimulationConfig) if n not in allowed]
    if other:
        raise InputError(
            f"{_option(other[0])} is about tissue that is made up, but --green is a "
            "real image; leave it out."
        )
    if arguments.kind not in (None, "wide"):
        raise InputError(
            f"--kind {arguments.kind} is a kind of made-up fields; for a real green "
            "image there is --kind wide alone."
        )


def _provenance(
    arguments: Namespace, semireal: SemirealField, notes: tuple[str, ...]
) -> Provenance:
    from napari_cellid.simulation.write import Provenance

    settings = semireal.semireal.model_dump_json()
    pixels = semireal.green.tobytes() + semireal.labels.tobytes()
    return Provenance(
        title="semi-real",
        description=_DESCRIPTION,
        green_channel="GCaMP (real)",
        label_channel="labels (marks, simulated glia)",
        meta={
            "description": _DESCRIPTION,
            "red": "simulated",
            "green": "real",
            "green_file": str(arguments.green),
            "masks_file": str(arguments.masks),
            "notes": list(notes),
            "settings": semireal.semireal.model_dump(mode="json"),
        },
        key=f" {settings} {hashlib.sha256(pixels).hexdigest()}",
    )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
