"""The recordings of a study: napari-cellid recordings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_output_style
from napari_cellid.report.table import count_text

if TYPE_CHECKING:
    from argparse import Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.study.overview import RecordingOverview


def add_commands(commands: Any) -> None:
    """Add recordings to the subparsers."""
    what = "list the recordings of a study, or give one a title"
    parser = commands.add_parser(
        "recordings", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run_recordings)
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    parser.add_argument(
        "--rename", nargs=2, metavar=("NAME", "TITLE"),
        help="show the recording NAME as TITLE to everybody; its folder, the journals "
        'and the tables keep NAME. An empty TITLE ("") takes the title away',
    )  # fmt: skip
    add_output_style(parser)


def run_recordings(arguments: Namespace, console: Console) -> None:
    """List the recordings, or give one a title."""
    from napari_cellid.study.overview import list_recordings
    from napari_cellid.study.renaming import rename_recording
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study)
    console.notes(study.problems)
    if arguments.rename is not None:
        name, title = arguments.rename
        study = rename_recording(study, name, title)
        values = {"study": str(study.path), "recording": name}
        shown = study.title_of(name)
        console.result(values | {"title": shown}, [f"{name} is shown as {shown}."])
        return
    rows = list_recordings(study, study.cells())
    listed = ("name", "title", "animal", "n_cells", "model")
    console.result(
        {
            "study": str(study.path),
            "recordings": [{key: asdict(row)[key] for key in listed} for row in rows],
        },
        [_line(row) for row in rows] or ["The study has no recordings."],
    )


def _line(row: RecordingOverview) -> str:
    folder = "" if row.title == row.name else f"folder {row.name}"
    animal = f"animal {row.animal}" if row.animal else ""
    parts = (row.title, folder, animal, count_text(row.n_cells, "cell"), row.model)
    return " · ".join(part for part in parts if part)
