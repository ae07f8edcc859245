"""Import of published data sets: napari-cellid import ssc2."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_output_style
from napari_cellid.progress import run_to_end
from napari_cellid.report.table import count_text

if TYPE_CHECKING:
    from argparse import Namespace

    from napari_cellid.cli.console import Console


def add_commands(commands: Any) -> None:
    """Add import, with ssc2, to the subparsers."""
    what = "import a published data set into a study"
    parser = commands.add_parser(
        "import", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    kinds = parser.add_subparsers(title="data sets", metavar="DATA", required=True)
    what = "the recordings of Seong & Park: CRCNS ssc-2, MAT files or copies in NWB 1"
    ssc2 = kinds.add_parser("ssc2", help=what, description=f"Import {what}.")
    ssc2.add_argument(
        "folder", type=Path, metavar="FOLDER", help="folder with one folder a mouse"
    )
    ssc2.add_argument(
        "--study", type=Path, metavar="STUDY", required=True,
        help="folder of the study, which is made where there is none",
    )  # fmt: skip
    ssc2.add_argument(
        "--labels", type=Path, metavar="FILE.csv",
        help="what each ROI is: columns mouse, session, fov and roi_id, and label or "
        "rater1, rater2, ...",
    )  # fmt: skip
    ssc2.add_argument(
        "--all-sessions", action="store_true",
        help="import all sessions of a sub-volume, not only the one with most ROIs",
    )  # fmt: skip
    ssc2.add_argument(
        "--rule-labels", action="store_true",
        help="add an annotator 'rule', who divides the ROIs of each image by two "
        "thresholds, red and green: weak labels, for a first look without a table",
    )  # fmt: skip
    add_output_style(ssc2)
    ssc2.set_defaults(run=run_ssc2)


def run_ssc2(arguments: Namespace, console: Console) -> None:
    """Import a folder of ssc-2 into a study."""
    from napari_cellid.study.ssc2_import import import_ssc2
    from napari_cellid.study.study import Study

    study = Study.open_or_new(arguments.study)
    console.notes(study.problems)
    step = import_ssc2(
        study, arguments.folder, arguments.labels,
        all_sessions=arguments.all_sessions, rule=arguments.rule_labels,
    )  # fmt: skip
    done = run_to_end(step, console.progress)
    console.notes(done.notes)
    rois = count_text(done.n_cells, "ROI")
    answers = count_text(done.n_answers, "answer")
    lines = [
        f"Imported {count_text(len(done.recordings), 'recording')} with {rois} and "
        f"{answers}.",
        f"Study: {study.path}",
    ]
    values = {
        "study": str(study.path),
        "recordings": list(done.recordings),
        "n_cells": done.n_cells,
        "n_answers": done.n_answers,
    }
    console.result(values, lines)
