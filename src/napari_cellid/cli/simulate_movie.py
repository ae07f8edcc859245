"""napari-cellid simulate --movie-frames: a movie besides the mean image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_settings, given_settings
from napari_cellid.config import SimulationConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, run_to_end

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable
    from pathlib import Path

    from napari_cellid.cli.console import Console
    from napari_cellid.progress import Step
    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.simulation.movie import Movie

MOVIES = ("red_movie.tif", "green_movie.tif")
MOVIE_FILES = (*MOVIES, "events.csv", "motion.csv", "movie.json")
_CHANNELS = ("mCherry (simulated)", "GCaMP (simulated)")
_DESCRIPTION = "Simulated two-colour two-photon movie (napari-cellid simulate)."


def add_movie(parser: ArgumentParser) -> None:
    """Add the options of a movie."""
    add_settings(parser, "movie, made where --movie-frames is given", MovieConfig)


def read_movie(arguments: Namespace) -> MovieConfig | None:
    """Read the settings of the movie; None where none is wanted.

    Raises
    ------
    InputError
        If settings of a movie are given without its length, or `--n-frames` besides.
    """
    given = given_settings(arguments, MovieConfig)
    if not given:
        return None
    if "movie_frames" not in given:
        option = next(iter(given)).replace("_", "-")
        raise InputError(
            f"--{option} is about a movie, but none was asked for; give its length "
            "with --movie-frames."
        )
    n_frames = given_settings(arguments, SimulationConfig).get("n_frames")
    if n_frames not in (None, given["movie_frames"]):
        raise InputError(
            f"--n-frames {n_frames} was given for the mean image and --movie-frames "
            f"{given['movie_frames']} for the movie, but the image is the mean of as "
            "many frames; leave out --n-frames."
        )
    return MovieConfig(**given)


def check_no_movie(folder: Path) -> None:
    """Refuse to leave the movie of an earlier field beside a new one.

    Raises
    ------
    InputError
        If the folder holds a movie.
    """
    for name in MOVIES:
        if (folder / name).exists():
            raise InputError(
                f"{folder} holds {name}, the movie of another field, which would no "
                "longer fit; choose another folder with --out."
            )


def make_field(
    config: SimulationConfig, movie: MovieConfig | None
) -> Step[tuple[SimulatedField, Movie | None]]:
    """Simulate a field, and what its movie is made of where one is wanted."""
    if movie is None:
        from napari_cellid.simulation.field import simulate

        return (yield from simulate(config)), None
    from napari_cellid.simulation.movie import simulate_movie

    return (yield from simulate_movie(config, movie))


def movie_writer(
    movie: Movie | None, console: Console
) -> Callable[[Path], None] | None:
    """Give what writes the movie into a folder, showing how far it is."""
    if movie is None:
        return None
    return lambda folder: run_to_end(write_movie(movie, folder), console.progress)


def describe_movie(
    movie: Movie | None, folder: Path
) -> tuple[dict[str, Any], list[str]]:
    """Say what was written: values for programs, lines for people."""
    if movie is None:
        return {}, []
    frames = movie.movie.movie_frames
    values = {
        **{name.partition(".")[0]: str(folder / name) for name in MOVIES},
        "movie_frames": frames,
    }
    rate = movie.movie.frame_rate_hz
    return values, [f"Movie: {frames} frames at {rate:g} Hz ({', '.join(MOVIE_FILES)})"]


def write_movie(movie: Movie, folder: Path) -> Step[None]:
    """Write both channels frame by frame, and what is true of them, into a folder.

    The files are OME-TIFF (time, plane, y, x), not compressed: the frames are noise for
    the most part, and programs read any of them without the others.

    Raises
    ------
    OSError
        If the disk is full.
    """
    n_frames, n_planes, height, width = movie.shape
    size = height * width * movie.dtype.itemsize
    paths = [folder / name for name in MOVIES]
    starts = [
        _start(path, movie, channel)
        for path, channel in zip(paths, _CHANNELS, strict=True)
    ]
    with paths[0].open("r+b") as red, paths[1].open("r+b") as green:
        for time in range(n_frames):
            yield Progress("Simulating frames", time, n_frames)
            for plane in range(n_planes):
                number = time * n_planes + plane
                for file, start, image in zip(
                    (red, green), starts, movie.frame(plane, time), strict=True
                ):
                    file.seek(start + number * size)
                    file.write(image.tobytes())
    _write_truth(movie, folder)
    yield Progress("Simulating frames", n_frames, n_frames)


def _start(path: Path, movie: Movie, channel: str) -> int:
    """Write a TIFF with room for the frames; returns where the first one begins."""
    from napari_cellid.io.ome_tiff import ImageMetadata, allocate_movie, stable_uuid

    config = movie.config
    settings = config.model_dump_json() + movie.movie.model_dump_json()
    metadata = ImageMetadata(
        axes="TZYX",
        pixel_size_um=config.pixel_size_um,
        plane_spacing_um=config.plane_spacing_um,
        frame_interval_s=1 / movie.movie.frame_rate_hz,
        channels=(channel,),
        uuid=stable_uuid(f"{channel} {settings}"),
        name="simulated",
        description=_DESCRIPTION,
    )
    return allocate_movie(path, movie.shape, movie.dtype, metadata)


def _write_truth(movie: Movie, folder: Path) -> None:
    import pandas as pd

    from napari_cellid.io.tables import write_table

    write_table(folder / "events.csv", movie.events)
    rigid = movie.motion.rigid
    motion = pd.DataFrame(
        {
            "frame": range(len(rigid)),
            "time_s": [i / movie.movie.frame_rate_hz for i in range(len(rigid))],
            "y": rigid[:, 0],
            "x": rigid[:, 1],
        }
    )
    write_table(folder / "motion.csv", motion)
    meta = {
        "simulated": True,
        "description": _DESCRIPTION,
        "settings": movie.movie.model_dump(mode="json"),
        "counts": {
            name.partition("_")[0]: {
                "per_photon": counts.per_photon,
                "offset": counts.offset,
            }
            for name, counts in zip(MOVIES, movie.counts, strict=True)
        },
    }
    text = json.dumps(meta, indent=2, ensure_ascii=False)
    (folder / "movie.json").write_text(text + "\n", "utf-8")
