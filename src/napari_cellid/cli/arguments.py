"""Checks of the arguments of a command, before anything slow starts."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError, file_reason
from napari_cellid.json_file import read_json
from napari_cellid.naming import check_folder_name, check_new_path

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from napari_cellid.models.card import Task
    from napari_cellid.recording import Recording

_ONE_CHANNEL = (
    "Only the {} channel was given, so the cells were outlined but not classified; "
    "classification needs both channels."
)


def open_requested_recording(arguments: Namespace) -> Recording:
    """Open the recording of the command line; only headers are read.

    Raises
    ------
    InputError
        If the files cannot be used, or there is neither a pixel size nor a diameter.
    """
    from napari_cellid.cli.recording_options import AUTO
    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.registry import read_recording

    _check_files(arguments)
    name = arguments.name
    if name is not None:
        name = check_folder_name(name, "recording")
    options = ReadOptions(
        axes=arguments.axes,
        red_channel=arguments.red_channel,
        green_channel=arguments.green_channel,
        channels=arguments.channels,
        channel_order=arguments.channel_order,
        planes=arguments.planes,
        image=arguments.image,
        pixel_size_um=arguments.pixel_size,
        # an estimate needs the pixels, and comes later
        diameter_px=None if arguments.diameter == AUTO else arguments.diameter,
        name=name,
    )
    recording = read_recording(arguments.red, arguments.green, arguments.file, options)
    if recording.pixel_size_um is None and arguments.diameter != AUTO:
        raise InputError(
            f"{recording.name}: the file does not contain the pixel size; give it "
            "with --pixel-size (µm per pixel), such as --pixel-size 1.17, or give the "
            "diameter of a soma with --diameter (px), or --diameter auto to estimate "
            "it from the image."
        )
    return recording


def note_one_channel(recording: Recording) -> Recording:
    """Add a note if a missing channel prevents the classification of the cells."""
    if recording.red is not None and recording.green is not None:
        return recording
    note = _ONE_CHANNEL.format("green" if recording.red is None else "red")
    return replace(recording, notes=(*recording.notes, note))


def require_both_channels(recording: Recording) -> None:
    """Check that a recording has two channels.

    Raises
    ------
    InputError
        If a channel is missing.
    """
    if recording.red is None or recording.green is None:
        given, lacking = ("green", "red") if recording.red is None else ("red", "green")
        raise InputError(
            f"{recording.name} has only the {given} channel, but classification "
            f"needs both; give the other one with --{lacking}."
        )


def check_models(models: dict[Task, str | None]) -> None:
    """Check the cards of models before torch is imported.

    Parameters
    ----------
    models
        Name or folder of the model for each task, None for the default.

    Raises
    ------
    InputError
        If there is no such model, or it has another task.
    """
    from napari_cellid.models.registry import find_model
    from napari_cellid.models.store import load_card

    for task, model in models.items():
        load_card(find_model(model, task), task)


def check_writable(folder: Path, option: str = "--out") -> None:
    """Check that a folder can be created and written, without leaving files.

    Parameters
    ----------
    folder
        Folder of the results.
    option
        Option that names the folder.

    Raises
    ------
    InputError
        If it is a file, its disk or permissions do not allow writing, or some computer
        cannot have a folder of this name.
    """
    check_new_path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"{folder} is a file, but the results need a folder; choose "
            f"another name with {option}."
        )
    # the folder itself is made later, in the nearest one that exists
    near = (folder, *folder.absolute().parents)
    there = next((path for path in near if path.exists()), None)
    if there is None:
        raise InputError(
            f"There is no drive or share {folder.absolute().anchor}; choose another "
            f"folder with {option}."
        )
    try:
        # only an attempt is reliable for root, network drives and full disks
        with tempfile.TemporaryDirectory(prefix=".napari-cellid-", dir=there):
            pass
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be written ({file_reason(error)}); choose "
            "another "
            f"one with {option}."
        ) from error


def check_replaced(
    folder: Path, recording: Recording, arguments: Namespace, option: str = "--out"
) -> None:
    """Check that no input file and no result of another recording is replaced.

    Parameters
    ----------
    folder
        Folder of the results.
    recording
        Recording of the results.
    arguments
        Arguments of the command line.
    option
        Option that names the folder.

    Raises
    ------
    InputError
        If input files lie in the folder, or it holds the results of other files and the
        user did not name the recording.
    """
    check_own_files(folder, recording, arguments, option)
    before = _sources_of(folder)
    if arguments.name is None and before and before != _absolute(recording.sources):
        raise InputError(
            f"{folder} holds the results of another recording ({before[0]}); give "
            f"this one another name with --name, or choose another {option}."
        )


def check_own_files(
    folder: Path, recording: Recording, arguments: Namespace, option: str
) -> None:
    """Check that no input file lies in the folder of the results.

    Parameters
    ----------
    folder, recording, arguments, option
        As for `check_replaced`.

    Raises
    ------
    InputError
        If one does.
    """
    labels = getattr(arguments, "labels", None)
    given = [*recording.sources, *([] if labels is None else [str(labels)])]
    own = [path for path in given if Path(path).absolute().parent == folder.absolute()]
    if own:
        raise InputError(
            f"The input file {own[0]} lies in {folder}, the folder of the results; "
            f"choose another folder with {option}."
        )


def _sources_of(folder: Path) -> list[Path]:
    """Return the source files of the results in a folder, if they are recorded."""
    try:
        run = read_json(folder / "run.json")
        return _absolute(str(source) for source in run["sources"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _absolute(paths: Iterable[str]) -> list[Path]:
    return [Path(path).absolute() for path in paths]


def _check_files(arguments: Namespace) -> None:
    both, red, green = arguments.file, arguments.red, arguments.green
    if both is None and red is None and green is None:
        raise InputError(
            "No recording was given; give one FILE with both channels, or --red and "
            "--green."
        )
    if both is not None and (red is not None or green is not None):
        raise InputError(
            f"{both} was given as the file with both channels, together with "
            "--red or --green; give either one file or two."
        )
    if red is not None and green is not None and red.absolute() == green.absolute():
        raise InputError(
            f"{red} was given as both --red and --green; give two files, or this one "
            "as FILE if it holds both channels."
        )
