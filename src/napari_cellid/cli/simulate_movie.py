"""napari-cellid simulate --movie-frames: a movie besides the mean image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.cli.settings_options import add_settings, given_settings
from napari_cellid.config import SimulationConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.errors import InputError
from napari_cellid.report.table import count_text
from napari_cellid.simulation.layout import MOVIE_FILES, MOVIES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from napari_cellid.simulation.movie import Movie


def add_movie(parser: ArgumentParser) -> None:
    """Add the options of a movie."""
    add_settings(parser, "movie, made where --movie-frames is given", MovieConfig)


def read_movie(arguments: Namespace) -> MovieConfig | None:
    """Read the settings of the movie; None if no movie is requested.

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


def describe_movie(
    movie: Movie | None, folder: Path
) -> tuple[dict[str, Any], list[str]]:
    """Describe the files that were written: JSON values and lines for people."""
    if movie is None:
        return {}, []
    frames = movie.movie.movie_frames
    values = {
        **{name.partition(".")[0]: str(folder / name) for name in MOVIES},
        "movie_frames": frames,
    }
    rate = movie.movie.frame_rate_hz
    text = f"Movie: {count_text(frames, 'frame')} at {rate:g} Hz"
    return values, [f"{text} ({', '.join(MOVIE_FILES)})"]
