"""The classes of ROIs as files and as lines in the terminal."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.identify import describe
from napari_cellid.cli.output import write_to_destination
from napari_cellid.config import NO_CLASS_TEXT
from napari_cellid.report.roi_notes import roi_notes
from napari_cellid.report.table import count_text, counts_text

if TYPE_CHECKING:
    from argparse import Namespace

    import pandas as pd

    from napari_cellid.cli.console import Console
    from napari_cellid.identify import RoiResult
    from napari_cellid.io.roi_file import RoiFile
    from napari_cellid.study.study import Study


def save_rois(
    found: RoiResult,
    roi_file: RoiFile,
    study: Study | None,
    arguments: Namespace,
    console: Console,
    started: float,
) -> None:
    """Write the results of ROIs and describe them.

    Parameters
    ----------
    found
        The classes of the ROIs.
    roi_file
        The ROIs.
    study
        The study of the results; None without one.
    arguments
        Arguments of the command line.
    console
        Receives the notes, the values and the lines.
    started
        `time.perf_counter()` at the start of the command.
    """
    from napari_cellid.io.results import CELL_TYPES, write_cell_types

    write_types = partial(write_cell_types, found.table)
    cells = found.without_rejected() if arguments.cells_only else found
    result = replace(cells.result, run=cells.result.run | roi_file.record())
    folder, more, notes = write_to_destination(result, study, arguments, write_types)
    written = arguments.out is not None
    if not written:
        notes = [*notes, f"A study has no {CELL_TYPES}; give --out to have it, too."]
    console.notes([*result.notes, *roi_notes(found.table), *notes])
    values, lines = describe(result, folder, started)
    more |= {"n_rois": len(found.table), "roi_counts": _counts(found.table)}
    each = []
    if written:
        place = arguments.out / result.planes.name / CELL_TYPES
        more["cell_types"] = str(place)
        each = [f"What each ROI is, in the order of {roi_file.program}: {place}"]
    # the first line counts the cells of the label image alone
    counts = _lines(found, roi_file.program)
    console.result(values | more, [*counts, *lines[1:-1], *each, lines[-1]])


def _lines(found: RoiResult, program: str) -> list[str]:
    """How many ROIs of each class there are, and how many of those that are cells."""
    table, classes = found.table, found.result.classes
    lines = [_line(f"Classified {count_text(len(table), 'ROI')}", table, classes)]
    cells = table[table["iscell"] == 1]
    if table["iscell"].notna().any():
        what = f"Cells of {program}, {count_text(len(cells), 'ROI')}"
        lines.append(_line(what, cells, classes))
    return lines


def _line(what: str, table: pd.DataFrame, classes: tuple[str, ...]) -> str:
    counts = _counts(table)
    ordered = {name: counts.get(name, 0) for name in classes}
    others = {
        NO_CLASS_TEXT if name == "none" else name: n
        for name, n in counts.items()
        if name not in ordered
    }
    return f"{what}: {counts_text(ordered | others)}."


def _counts(table: pd.DataFrame) -> dict[str, int]:
    counts: dict[Any, int] = table["predicted"].value_counts().to_dict()
    return {str(name) or "not classified": int(n) for name, n in counts.items()}
