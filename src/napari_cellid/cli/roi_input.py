"""ROIs of other programs on the command line, and the images that belong to them."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.cli.arguments import (
    open_requested_recording,
    require_both_channels,
)
from napari_cellid.cli.destination import check_destination, require_destination
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from napari_cellid.cli.console import Console
    from napari_cellid.io.roi_file import RoiFile
    from napari_cellid.recording import Recording

#: where the classes of ROIs are written if neither a folder nor a study is named
DEFAULT_OUT = Path("napari-cellid-results")


def rois_path(arguments: Namespace) -> Path:
    """The file or folder of the ROIs: --rois, else FILE.

    Raises
    ------
    InputError
        If there is none, or FILE is an image.
    """
    from napari_cellid.io.caiman.file import is_hdf5
    from napari_cellid.io.suite2p.folder import is_suite2p

    if arguments.rois is not None:
        rois: Path = arguments.rois
        return rois
    path: Path | None = arguments.file
    if path is not None and (is_suite2p(path) or is_hdf5(path) or path.is_dir()):
        return path
    raise InputError(
        "No outlines of cells were given; give a folder of suite2p as FILE, ROIs of "
        "suite2p, CaImAn or ImageJ with --rois, or your own masks with --labels."
    )


def open_rois(
    path: Path, arguments: Namespace, console: Console
) -> tuple[Recording, RoiFile]:
    """Open the images and read the ROIs, and check where the results go.

    Parameters
    ----------
    path
        The file or folder of the ROIs.
    arguments
        Arguments of the command line; the default folder of results is filled in.
    console
        Receives the notes.

    Raises
    ------
    InputError
        If the files cannot be used, a channel is missing, or the results would be
        written into the folder of suite2p.
    """
    from napari_cellid.io.rois import read_rois

    if arguments.out is None and arguments.study is None:
        arguments.out = DEFAULT_OUT
    require_destination(arguments)
    _check_outside(path, arguments)
    recording = _images(path, arguments)
    roi_file = read_rois(path, recording.shape)
    check_destination(arguments, recording)
    # before the work, because an assumption may be wrong
    console.notes([*recording.notes, *roi_file.notes])
    return recording, roi_file


def _check_outside(path: Path, arguments: Namespace) -> None:
    """Check that nothing is written into the folder of the ROIs."""
    from napari_cellid.io.suite2p.folder import check_outside

    for option in ("out", "study"):
        folder = getattr(arguments, option)
        if folder is not None:
            check_outside(folder, path, f" with --{option}")


def _images(path: Path, arguments: Namespace) -> Recording:
    """The images: those that were given, else those of suite2p, channel by channel."""
    from napari_cellid.io.imagej_outlines import hold_imagej_rois
    from napari_cellid.io.suite2p.folder import is_suite2p

    alone = Namespace(**vars(arguments))
    if arguments.file in (None, path):
        given = [arguments.red, arguments.green]
        if not any(given) and hold_imagej_rois(path):
            raise InputError(
                f"{path.name} holds ROIs of ImageJ, but no images; give the two "
                "channels with --red and --green."
            )
        # a folder of suite2p has images; of CaImAn, its reader says what is missing
        alone.file = None if any(given) else path
        if None in given and any(given) and is_suite2p(path):
            return _completed(open_requested_recording(alone), path, arguments)
    recording = open_requested_recording(alone)
    if alone.file == path and recording.red is None and is_suite2p(path):
        from napari_cellid.io.suite2p.reader import no_red_text

        raise InputError(no_red_text(path))
    require_both_channels(recording)
    return recording


def _completed(recording: Recording, path: Path, arguments: Namespace) -> Recording:
    """A recording of one channel with the other one from a folder of suite2p."""
    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.registry import read_recording

    options = ReadOptions(
        pixel_size_um=recording.pixel_size_um,
        name=arguments.name,
        red_channel=arguments.red_channel,
        green_channel=arguments.green_channel,
    )
    folder = read_recording(both=path, options=options)
    lacking = "red" if recording.red is None else "green"
    whole = replace(
        recording,
        name=folder.name,
        red=folder.red if recording.red is None else recording.red,
        green=folder.green if recording.green is None else recording.green,
        sources=(*recording.sources, *folder.sources),
        notes=(
            *recording.notes,
            f"The {lacking} channel is the mean image of suite2p; both must show the "
            "same field, pixel for pixel.",
        ),
    )
    require_both_channels(whole)
    return whole
