"""Recordings from folders of suite2p: the mean images of both channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dask.array as da
import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.base import Certainty
from napari_cellid.io.channel_names import pick_channels
from napari_cellid.io.stack import ImageStack, VoxelSize
from napari_cellid.io.suite2p.folder import (
    STAT,
    PlaneSettings,
    is_suite2p,
    plane_folders,
    session_name,
)
from napari_cellid.io.suite2p.rois import check_same_size, read_suite2p
from napari_cellid.naming import clean_name, utf8_name, utf8_text
from napari_cellid.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_cellid.io.base import ReadOptions

#: mean images of suite2p: of the functional channel, of the other one as recorded, and
#: of that without what suite2p takes for bleed-through
GREEN, RED, CORRECTED = "meanImg", "meanImg_chan2", "meanImg_chan2_corrected"


class Suite2pReader:
    """Reads the mean images of suite2p: a plane, or all planes."""

    name = "suite2p"
    formats = "suite2p (the folder suite2p or plane0)"

    def certainty(self, path: Path, head: bytes) -> Certainty:
        """Go by the files in the folder."""
        return Certainty.CERTAIN if is_suite2p(path) else Certainty.NO

    def read(
        self,
        red: Path | None,
        green: Path | None,
        both: Path | None,
        options: ReadOptions,
    ) -> Recording:
        """Read a recording; suite2p stores no pixel size.

        The functional channel is green and the second one red, unless the options name
        other images. Without a second channel there is no red.
        """
        path = both or green
        if path is None or red is not None:
            raise InputError(
                f"{red} is a folder of suite2p and was given as the red channel; give "
                "it as the one folder with both channels."
            )
        settings = [PlaneSettings(folder) for folder in plane_folders(path)]
        check_same_size(settings)
        names = [name for name in (GREEN, RED, CORRECTED) if _has(settings, name)]
        red_name, green_name = _pick(names, options, path, one=both is None)
        given = {"red_channel": red_name, "green_channel": green_name}
        return Recording(
            name=options.name or clean_name(utf8_name(session_name(path))),
            red=None if red_name is None else _images(settings, red_name),
            green=_images(settings, green_name),
            pixel_size_um=options.pixel_size_um,
            pixel_size_source="" if options.pixel_size_um is None else "given",
            frame_rate_hz=settings[0].number("fs"),
            sources=tuple(utf8_text(str(plane.path)) for plane in settings),
            notes=_notes(path, red_name) if both is not None else (),
            read_as={key: name for key, name in given.items() if name is not None},
        )

    def open_stack(self, path: Path, options: ReadOptions) -> ImageStack:
        """The mean images for napari, with the ROIs as labels if there are some."""
        folders = plane_folders(path)
        settings = [PlaneSettings(folder) for folder in folders]
        check_same_size(settings)
        names = [name for name in (GREEN, RED) if _has(settings, name)]
        _check_green(names, path)
        has_rois = all((folder.path / STAT).is_file() for folder in folders)
        return ImageStack(
            # its name becomes that of the layers
            path=folders[0].path.parent / session_name(path),
            channels=tuple(_images(settings, name) for name in names),
            names=tuple(names),
            colours=("green", "red")[: len(names)],
            colour_source="because suite2p puts the functional channel first",
            voxel=VoxelSize(x_um=options.pixel_size_um),
            notes=() if RED in names else (no_red_text(path),),
            rois=read_suite2p(path) if has_rois else None,
        )


def _has(settings: Sequence[PlaneSettings], name: str) -> bool:
    return all(plane.image(name) is not None for plane in settings)


def _pick(
    names: list[str], options: ReadOptions, path: Path, *, one: bool
) -> tuple[str | None, str]:
    """Names of the red and the green image; red is None where there is none."""
    _check_green(names, path)
    chosen = options.red_channel, options.green_channel
    if one or (len(names) == 1 and chosen == (None, None)):
        return None, GREEN
    other = _other(names, *chosen)
    wanted = [other if key is None else key for key in chosen]
    if chosen == (None, None):
        wanted = [other, GREEN]
    red, green = pick_channels(names, wanted[0], wanted[1], str(path))
    return names[red], names[green]


def _check_green(names: list[str], path: Path) -> None:
    if GREEN not in names:
        raise InputError(
            f"{path} has no mean image ({GREEN}) of every plane; run suite2p with "
            "registration, which computes it, or give the two channels as images with "
            "--red and --green."
        )


def _other(names: list[str], red: str | int | None, green: str | int | None) -> str:
    """The image of the channel that was not chosen; that of red if none was."""
    key = red if green is None else green
    is_green = str(key).lower() in (GREEN.lower(), str(names.index(GREEN)))
    if key is not None and not is_green:
        return GREEN
    return RED if RED in names else CORRECTED


def _images(settings: Sequence[PlaneSettings], name: str) -> da.Array:
    """An image of each plane as (time, plane, y, x), with one time point."""
    images = [plane.image(name) for plane in settings]
    return da.from_array(
        np.stack([image for image in images if image is not None])[None]
    )


def _notes(path: Path, red: str | None) -> tuple[str, ...]:
    if red is not None:
        return ()
    return (no_red_text(path),)


def no_red_text(path: Path) -> str:
    """What can and cannot be told from a folder without a second channel."""
    return utf8_text(
        f"{path} has no mean image of a second channel ({RED}): cells can be outlined "
        "in it, but not told apart, because nothing says which are red; give a red "
        "image of the same field with --red, or run suite2p on both channels."
    )
