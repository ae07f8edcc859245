"""Cells that people add to a recording of a study, and take away again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.annotation.all_answers import current_answers, read_annotations
from napari_cellid.cells.measure import measure_labels
from napari_cellid.cells.plane_links import LINKED
from napari_cellid.errors import InputError
from napari_cellid.io.tables import ADDED_COLUMNS
from napari_cellid.progress import Progress
from napari_cellid.study.answer_matching import answers_of_recording
from napari_cellid.study.identity import number_added_cells, retire_cells
from napari_cellid.study.recording_edit import (
    OpenRecording,
    lock_recording,
    read_current,
    write_changed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.grow_cell import GrownCell

    #: predicts the classes of some rows of a cell table, given the labels
    Classify = Callable[
        [MeanPlanes, NDArray[np.int32], pd.DataFrame], Step[pd.DataFrame]
    ]


def add_cells(
    recording: OpenRecording,
    grown: Sequence[GrownCell],
    annotator: str,
    classify: Classify | None = None,
) -> Step[tuple[int, ...]]:
    """Add cells to a recording of a study, all or none.

    The files of the recording are replaced in one step, under its lock. Pixels that
    somebody else's new cell has taken meanwhile are left out.

    Parameters
    ----------
    recording
        The recording.
    grown
        Outlines of the new cells.
    annotator
        Who adds them; it is written to `added.csv`.
    classify
        Predicts their classes; None leaves them without a class.

    Returns
    -------
    Permanent number of each cell.

    Raises
    ------
    InputError
        If a middle lies in a cell by now, the recording was outlined again or is being
        written, or the files cannot be written.
    """
    yield Progress("Adding cells")
    with lock_recording(recording, annotator):
        now = read_current(recording)
        labels, added = _painted(now.labels, grown)
        rows = measure_labels(labels, recording.planes, added)
        if classify is not None:
            rows = yield from classify(recording.planes, labels, rows)
        numbered = number_added_cells(now.known, rows, recording.planes.pixel_size_um)
        rows = numbered.cells
        about = rows.reindex(columns=list(ADDED_COLUMNS[:5])).assign(
            added_by=annotator,
            added_at=datetime.now(UTC).isoformat(timespec="seconds"),
            added_as=[cell.source for cell in grown],
        )
        people = _joined(now.people[~now.people["cell"].isin(rows["cell"])], about)
        cells = _joined(now.known.cells, _with_columns(rows, now.known.cells))
        write_changed(recording, now, labels, cells, numbered.retired, people)
    return tuple(rows["cell"].tolist())


def remove_added_cell(
    recording: OpenRecording, cell: int, annotator: str
) -> Step[None]:
    """Remove a cell that the same person has added and nobody has answered.

    Its number is never given to a cell elsewhere.

    Parameters
    ----------
    recording
        The recording.
    cell
        Permanent number.
    annotator
        Who added it.

    Raises
    ------
    InputError
        If somebody else added it, or somebody has answered it.
    """
    yield Progress("Removing a cell")
    with lock_recording(recording, annotator):
        now = read_current(recording)
        mine = now.people["added_by"] == annotator
        if cell not in now.people.loc[mine, "cell"].tolist():
            raise InputError(
                f"Cell {cell} of {recording.name} was not added by {annotator}, so it "
                "stays; answer that it is not a cell."
            )
        _check_unanswered(recording, cell)
        of_cell = now.known.cells["cell"] == cell
        rows, cells = now.known.cells[of_cell], now.known.cells[~of_cell]
        labels = np.where(np.isin(now.labels, rows["label"]), 0, now.labels)
        retired = retire_cells(now.known, rows)
        people = now.people[now.people["cell"] != cell]
        write_changed(recording, now, labels, cells, retired, people)


def _painted(
    labels: NDArray[np.int32], grown: Sequence[GrownCell]
) -> tuple[NDArray[np.int32], list[int]]:
    """The labels with the new cells, and the labels of these."""
    labels, first = labels.copy(), int(labels.max(initial=0)) + 1
    for label, cell in enumerate(grown, first):
        at = cell.middle.plane, *cell.middle.pixel
        if labels[at]:
            raise InputError(
                f"Somebody has added a cell at {cell.middle} already, so none was "
                "added; look at the outlines that are there now."
            )
        labels[cell.without(labels).pixels] = label
    return labels, list(range(first, first + len(grown)))


def _check_unanswered(recording: OpenRecording, cell: int) -> None:
    answers = read_annotations(recording.study.annotations).all_answers
    answers = answers_of_recording(answers, recording.name)
    parts = [current_answers(answers, role) for role in ("annotator", "adjudicator")]
    if any((part["cell"] == cell).any() for part in parts):
        raise InputError(
            f"Cell {cell} of {recording.name} has an answer already, so it stays; "
            "answer that it is not a cell."
        )


def _with_columns(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of new cells with the columns of the table that they are added to."""
    rows = rows.reindex(columns=list(table.columns))
    if "predicted" in rows:
        rows["predicted"] = rows["predicted"].fillna("")
    if LINKED in rows:
        # nobody has linked it: it is a cell of its own
        rows[LINKED] = rows["cell"]
    return rows


def _joined(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    # an empty table has no types to agree with
    if not len(table):
        return rows.reset_index(drop=True)
    return pd.concat([table, rows], ignore_index=True)
