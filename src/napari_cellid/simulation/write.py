"""Writing a simulated field and its movie into a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_cellid.files import atomic_write_folder
from napari_cellid.io.ome_tiff import (
    ImageMetadata,
    allocate_movie,
    plane_axes,
    stable_uuid,
    write_image,
)
from napari_cellid.io.tables import write_table
from napari_cellid.models.card import package_versions
from napari_cellid.progress import Progress
from napari_cellid.simulation.layout import MOVIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.progress import Step
    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.simulation.movie import Movie

_FIRST_COLUMNS = ["label", "plane", "y", "x", "class", "biological", "ambiguous"]
_CHANNELS = ("mCherry (simulated)", "GCaMP (simulated)")
_MOVIE_DESCRIPTION = "Simulated two-colour two-photon movie (napari-cellid simulate)."


@dataclass(frozen=True)
class Provenance:
    """Where a field comes from, as its files state it.

    Parameters
    ----------
    title, description
        Name and description of the images.
    green_channel, label_channel
        Names of these channels in the files.
    meta
        Entries of meta.json that are added to those of every field or replace them.
    key
        Identifies what the field was made from besides its settings; it goes into the
        UUIDs of the images.
    """

    title: str
    description: str
    green_channel: str
    label_channel: str
    meta: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


SIMULATED = Provenance(
    title="simulated",
    description="Simulated two-colour two-photon field (napari-cellid simulate), not a "
    "recording.",
    green_channel=_CHANNELS[1],
    label_channel="labels (simulated)",
)


def write_field(
    field: SimulatedField,
    folder: Path,
    *,
    movie: Movie | None = None,
    kind: str | None = None,
    provenance: Provenance = SIMULATED,
) -> Step[None]:
    """Write images, labels, cell table, settings and a movie: all files or none.

    The images are OME-TIFF files, which state their pixel size and that their
    dimensions are planes.

    Parameters
    ----------
    field
        The field.
    folder
        The folder that receives the files.
    movie
        The movie of the field; None writes none.
    kind
        The kind of recordings from which the settings were drawn.
    provenance
        Where the field comes from.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    images = (
        ("red.tif", field.red, _CHANNELS[0]),
        ("green.tif", field.green, provenance.green_channel),
        ("labels.tif", field.labels, provenance.label_channel),
    )
    others = [name for name in field.cells.columns if name not in _FIRST_COLUMNS]
    with atomic_write_folder(folder) as temporary:
        for name, image, channel in images:
            _write_planes(temporary / name, image, channel, field.config, provenance)
        write_table(temporary / "cells.csv", field.cells[_FIRST_COLUMNS + others])
        _write_json(temporary / "meta.json", _meta(field, kind, provenance))
        if movie is not None:
            yield from write_movie(movie, temporary)


def write_movie(movie: Movie, folder: Path) -> Step[None]:
    """Write both channels frame by frame, and the events and the motion, into a folder.

    The files are uncompressed OME-TIFF (time, plane, y, x): frames are mostly noise,
    which does not compress, and programs can read any frame without the others.

    Raises
    ------
    OSError
        If the disk is full.
    """
    n_frames, n_planes, height, width = movie.shape
    n_bytes = height * width * movie.dtype.itemsize
    paths = [folder / name for name in MOVIES]
    starts = [
        allocate_movie(path, movie.shape, movie.dtype, _movie_metadata(movie, channel))
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
                    file.seek(start + number * n_bytes)
                    file.write(image.tobytes())
    write_table(folder / "events.csv", movie.events)
    write_table(folder / "motion.csv", _motion_table(movie))
    _write_json(folder / "movie.json", _movie_meta(movie))
    yield Progress("Simulating frames", n_frames, n_frames)


def _meta(
    field: SimulatedField, kind: str | None, provenance: Provenance
) -> dict[str, Any]:
    config = field.config
    return {
        "simulated": True,
        "description": provenance.description,
        "pixel_size_um": config.pixel_size_um,
        "plane_spacing_um": config.plane_spacing_um,
        "kind": kind,
        "settings": config.model_dump(mode="json"),
        **provenance.meta,
        "versions": package_versions(),
    }


def _write_planes(
    path: Path,
    image: NDArray[np.generic],
    channel: str,
    config: SimulationConfig,
    provenance: Provenance,
) -> None:
    """Write an image (plane, y, x); a single plane is written as (y, x)."""
    planes = image if len(image) > 1 else image[0]
    # not a random UUID: the same settings give the same files
    content = f"{channel} {config.model_dump_json()}{provenance.key}"
    metadata = ImageMetadata(
        axes=plane_axes(planes),
        pixel_size_um=config.pixel_size_um,
        plane_spacing_um=config.plane_spacing_um,
        channels=(channel,),
        uuid=stable_uuid(content),
        name=provenance.title,
        description=provenance.description,
    )
    write_image(path, planes, metadata, compression="zlib")


def _movie_metadata(movie: Movie, channel: str) -> ImageMetadata:
    config = movie.config
    settings = config.model_dump_json() + movie.movie.model_dump_json()
    return ImageMetadata(
        axes="TZYX",
        pixel_size_um=config.pixel_size_um,
        plane_spacing_um=config.plane_spacing_um,
        frame_interval_s=1 / movie.movie.frame_rate_hz,
        channels=(channel,),
        uuid=stable_uuid(f"{channel} {settings}"),
        name="simulated",
        description=_MOVIE_DESCRIPTION,
    )


def _motion_table(movie: Movie) -> pd.DataFrame:
    rigid = movie.motion.rigid
    return pd.DataFrame(
        {
            "frame": range(len(rigid)),
            "time_s": [i / movie.movie.frame_rate_hz for i in range(len(rigid))],
            "y": rigid[:, 0],
            "x": rigid[:, 1],
        }
    )


def _movie_meta(movie: Movie) -> dict[str, Any]:
    return {
        "simulated": True,
        "description": _MOVIE_DESCRIPTION,
        "settings": movie.movie.model_dump(mode="json"),
        "counts": {
            name.partition("_")[0]: {
                "per_photon": counts.per_photon,
                "offset": counts.offset,
            }
            for name, counts in zip(MOVIES, movie.counts, strict=True)
        },
    }


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    text = json.dumps(values, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", "utf-8")
