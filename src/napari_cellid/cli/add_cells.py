"""Missed cells of a study: napari-cellid add-cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_output_style
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.report.added_cells import added_text

if TYPE_CHECKING:
    from argparse import Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.study.study import Study


def add_commands(commands: Any) -> None:
    """Add add-cells to the subparsers."""
    what = "add cells that were missed to a recording of a study, by their middles"
    parser = commands.add_parser(
        "add-cells", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run_add_cells)
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    parser.add_argument(
        "middles", type=Path, metavar="FILE.csv",
        help="middles of the cells: columns y, x and, for several planes, plane (from "
        "0), in pixels; also a points layer that napari saved",
    )  # fmt: skip
    parser.add_argument(
        "--recording", metavar="NAME",
        help="name of the recording (default: the only one of the study)",
    )  # fmt: skip
    parser.add_argument(
        "--annotator", metavar="NAME", required=True, help="who found the cells"
    )
    parser.add_argument(
        "--segmenter", metavar="MODEL",
        help="name or folder of a U-Net whose map shapes the outlines (default: the "
        "map that the study has; without one the model of the study)",
    )  # fmt: skip
    parser.add_argument(
        "--discs", action="store_true",
        help="make each cell a disc of the median size, without a U-Net",
    )  # fmt: skip
    add_output_style(parser)


def run_add_cells(arguments: Namespace, console: Console) -> None:
    """Add cells around the middles in a CSV file."""
    from napari_cellid.annotation.annotators import annotator_from_path, journal_path
    from napari_cellid.io.middles import read_middles
    from napari_cellid.study.add_middles import add_middles
    from napari_cellid.study.run_models import load_run_models
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study)
    console.notes(study.problems)
    name = _recording(study, arguments.recording)
    # also refuses a name that cannot be an annotator's
    person = annotator_from_path(journal_path(study.annotations, arguments.annotator))
    middles = read_middles(arguments.middles)
    run = study.recording(name).run()
    console.progress(Progress("Loading models"))
    models = load_run_models(study, run, _segmenter(arguments, study, name))
    models = replace(models, discs=arguments.discs)
    step = add_middles(study, name, middles, person, models)
    added = run_to_end(step, console.progress)
    console.notes([models.note] if models.note else [])
    values = {
        "study": str(study.path),
        "recording": name,
        "cells": list(added.numbers),
        "from_map": added.from_map,
    }
    text = added_text(len(added.numbers), added.from_map, name)
    console.result(values, [text])


def _segmenter(arguments: Namespace, study: Study, name: str) -> str | Path | None:
    """The U-Net of which a map is needed; None if the study has the map, or for discs.

    Raises
    ------
    InputError
        If the model of the study is missing.
    """
    from napari_cellid.models.registry import find_model
    from napari_cellid.retrain.active_model import resolve_model
    from napari_cellid.study.probability_map import read_probability

    stored = study.recording(name)
    if arguments.discs:
        return None
    stored_map = read_probability(stored.folder, stored.planes())
    if arguments.segmenter is None and stored_map is not None:
        return None
    return find_model(resolve_model(study, arguments.segmenter, "segment"), "segment")


def _recording(study: Study, name: str | None) -> str:
    """Name of the recording.

    Raises
    ------
    InputError
        If there is no such recording, or none is named and there are several.
    """
    if name is not None:
        return study.recording(name).name
    if len(study.recordings) == 1:
        return study.recordings[0]
    names = ", ".join(study.recordings[:8]) or "none"
    raise InputError(
        f"{study.path} has {len(study.recordings)} recordings ({names}); name one with "
        "--recording."
    )
