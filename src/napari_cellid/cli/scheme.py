"""What red marks in a study: napari-cellid scheme."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.model_options import add_scheme
from napari_cellid.cli.parser import add_output_style

if TYPE_CHECKING:
    from argparse import Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.config import StudyConfig


def add_commands(commands: Any) -> None:
    """Add scheme to the subparsers."""
    what = "show or set what red marks in a study"
    parser = commands.add_parser(
        "scheme", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run_scheme)
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    add_scheme(parser, "the scheme is only shown")
    add_output_style(parser)


def run_scheme(arguments: Namespace, console: Console) -> None:
    """Show the labelling scheme of a study, after setting it if one is given."""
    from napari_cellid.study.scheme import save_scheme
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study)
    console.notes(study.problems)
    if arguments.scheme is not None:
        study = save_scheme(study, arguments.scheme)
    config = study.config
    values = {
        "study": str(study.path),
        "scheme": config.scheme,
        "classes": {one.name: one.markers for one in config.classes},
    }
    console.result(values, _lines(config))


def _lines(config: StudyConfig) -> list[str]:
    from napari_cellid.study.scheme import scheme_text

    if config.scheme is None:
        return ["The study does not say what red marks; set it with --scheme."]
    lines = [f"Scheme {config.scheme}: red marks {scheme_text(config)}."]
    return lines + [
        f"  {one.markers or 'no markers'}: {one.name}" for one in config.classes
    ]
