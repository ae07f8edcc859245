"""Options that say where results go, and their checks before anything slow starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.cli.arguments import (
    check_own_files,
    check_replaced,
    check_writable,
)
from napari_cellid.errors import InputError
from napari_cellid.naming import check_folder_name, check_name

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from napari_cellid.recording import Recording


def add_destination(parser: ArgumentParser) -> None:
    """Add the options --out, --study, --animal and --subvolume."""
    group = parser.add_argument_group("where results go")
    group.add_argument(
        "--out", type=Path, metavar="DIR",
        help="write the results to DIR/NAME; earlier results there are replaced",
    )  # fmt: skip
    group.add_argument(
        "--study", type=Path, metavar="STUDY",
        help="add the results to this study, which is created if needed; known cells "
        "keep their numbers and their answers",
    )  # fmt: skip
    group.add_argument(
        "--replace", action="store_true",
        help="in a study: replace a recording of the same name although its images are "
        "others, or most of its cells are not found again; what is replaced is kept "
        "(see napari-cellid replaced)",
    )  # fmt: skip
    group.add_argument("--animal", help="name of the animal, kept in the study")
    group.add_argument(
        "--subvolume", metavar="PART",
        help="part of the animal's brain, kept in the study",
    )  # fmt: skip


def require_destination(arguments: Namespace) -> None:
    """Check that the command line names a destination.

    Raises
    ------
    InputError
        If there is neither a folder nor a study, or an option needs a study.
    """
    out, study = arguments.out, arguments.study
    if out is None and study is None:
        raise InputError(
            "No destination was given; give a folder with --out, or a study "
            "with --study."
        )
    if study is None and (arguments.animal or arguments.subvolume):
        raise InputError(
            "--animal and --subvolume are kept in a study; give one with --study."
        )
    if study is None and arguments.replace:
        raise InputError(
            "--replace is for a study; name one with --study, or leave it out."
        )


def check_destination(arguments: Namespace, recording: Recording) -> None:
    """Check the destination before anything slow starts.

    Raises
    ------
    InputError
        If it cannot be written, is no study, or holds another recording.
    """
    out, study = arguments.out, arguments.study
    for option in ("animal", "subvolume"):
        check_name(vars(arguments)[option] or "", option)
    if out is not None:
        # a folder that exists may have any name
        if not (out / recording.name).exists():
            remedy = "give it another name with --name"
            check_folder_name(recording.name, "recording", remedy)
        check_writable(out)
        check_writable(out / recording.name)
        check_replaced(out / recording.name, recording, arguments)
    if study is not None:
        _check_study(arguments, recording)


def _check_study(arguments: Namespace, recording: Recording) -> None:
    from napari_cellid.study.known_cells import check_can_add
    from napari_cellid.study.recordings import RECORDINGS
    from napari_cellid.study.study import Study

    study = Study.open_or_new(arguments.study)
    arguments.began_in_study = not study.is_new
    check_can_add(
        study,
        recording.name,
        recording.shape,
        animal=arguments.animal or "",
        replace=arguments.replace,
    )
    folder = study.path / RECORDINGS / recording.name
    check_writable(folder, "--study")
    # whether it is the same recording is decided by its images, not by its paths
    check_own_files(folder, recording, arguments, "--study")
