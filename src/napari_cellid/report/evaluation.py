"""The report of a cross-validation: tables, figures and one page that holds all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.io.tables import write_table
from napari_cellid.report.evaluation_figures import accuracy_by_epoch
from napari_cellid.report.evaluation_outlines import (
    end_to_end_table,
    outline_caveats,
    outline_metrics,
    outlines_table,
)
from napari_cellid.report.evaluation_page import render_page
from napari_cellid.report.evaluation_tables import table_1, tables_2
from napari_cellid.report.evaluation_text import caveats

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from napari_cellid.crossvalidation.experiment import Experiment

PAGE, SUMMARY = "report.html", "summary.json"


def write_report(
    experiment: Experiment,
    summary: Mapping[str, Any],
    *,
    title: str,
    simulated: bool,
    quick: bool = False,
) -> Path:
    """Write the tables, the figures and the page into the folder of an experiment.

    Parameters
    ----------
    experiment
        What was run.
    summary
        Result of `crossvalidation.summary.summarise`.
    title
        Title of the page.
    simulated
        Whether the study is simulated.
    quick
        Whether the run was made small.

    Returns
    -------
    Path of the page, which needs no other file.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    folder = experiment.folder
    notes = caveats(experiment, summary, simulated=simulated, quick=quick)
    outlines = outline_metrics(experiment)
    if outlines:
        notes = [*outline_caveats(outlines, simulated=simulated), *notes]
    page = render_page(experiment, summary, outlines, title, notes, simulated=simulated)
    try:
        for name, table in _tables(experiment, summary, outlines).items():
            with atomic_write(folder / name) as temporary:
                write_table(temporary, table)
        _save_figure_4(folder, summary)
        values = json.dumps({**summary, "outlines": outlines}, indent=1)
        for name, text in ((SUMMARY, values), (PAGE, page)):
            with atomic_write(folder / name) as temporary:
                temporary.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {folder} ({file_reason(error)}); make "
            "room, close programs that have its files open, and give the command again."
        ) from error
    return folder / PAGE


def _tables(
    experiment: Experiment, summary: Mapping[str, Any], outlines: Mapping[str, Any]
) -> dict[str, pd.DataFrame]:
    """Tables by the name of their file."""
    tables = {
        "table1.csv": table_1(summary),
        "table2.csv": tables_2(summary, experiment.cells.classes),
    }
    if outlines:
        tables["outlines.csv"] = outlines_table(outlines)
        tables["end_to_end.csv"] = end_to_end_table(summary)
    return tables


def _save_figure_4(folder: Path, summary: Mapping[str, Any]) -> None:
    first = next(iter(summary.values()))
    figure = accuracy_by_epoch(first["methods"])
    if figure is None:
        return
    for kind in ("pdf", "png"):
        with atomic_write(folder / f"figure4.{kind}") as temporary:
            figure.savefig(temporary, format=kind, dpi=200)
