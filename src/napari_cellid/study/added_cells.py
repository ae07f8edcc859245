"""Cells that people add to a recording of a study, and take away again."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.annotation.all_answers import current_answers, read_annotations
from napari_cellid.annotation.lock import locked
from napari_cellid.cells.measure import measure_labels
from napari_cellid.cells.none_of_these import NONE_RECORD, count_none
from napari_cellid.cells.plane_links import LINKED
from napari_cellid.colours import class_colours
from napari_cellid.errors import InputError
from napari_cellid.files import copy_other_files
from napari_cellid.identify import IdentifyResult
from napari_cellid.io.results import CELLS, write_results
from napari_cellid.io.tables import ADDED_COLUMNS, read_added, read_cells, write_cells
from napari_cellid.io.traces import reorder_traces
from napari_cellid.leftovers import recover_folder
from napari_cellid.progress import Progress
from napari_cellid.study.answer_matching import answers_of_recording
from napari_cellid.study.cells_index import check_same_cells
from napari_cellid.study.identity import number_added_cells, retire_cells
from napari_cellid.study.known_cells import check_can_add
from napari_cellid.study.recordings import RECORDINGS, RETIRED
from napari_cellid.study.replaced import keep_replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.annotation.lock import Holder
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.grow_cell import GrownCell
    from napari_cellid.study.identity import KnownCells
    from napari_cellid.study.study import Study

    #: predicts the classes of some rows of a cell table, given the labels
    Classify = Callable[
        [MeanPlanes, NDArray[np.int32], pd.DataFrame], Step[pd.DataFrame]
    ]

#: who added which cell; beside the other files of a recording, and apart from its cell
#: table, which blind annotators may open
ADDED = "added.csv"


@dataclass(frozen=True, eq=False)
class OpenRecording:
    """A recording as the caller has read it, to which cells are added.

    Parameters
    ----------
    study
        The study.
    name
        Name of the recording.
    planes
        Its mean images.
    cells
        Its cell table as it was read; other people may have added cells since.
    """

    study: Study
    name: str
    planes: MeanPlanes
    cells: pd.DataFrame

    @property
    def folder(self) -> Path:
        """Folder of the files of the recording."""
        return self.study.path / RECORDINGS / self.name


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
    with _locked(recording, annotator):
        now = _read(recording)
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
        _write(recording, now, labels, cells, numbered.retired, people)
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
    with _locked(recording, annotator):
        now = _read(recording)
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
        _write(recording, now, labels, cells, retired, people)


@dataclass(frozen=True, eq=False)
class _Now:
    """A recording as it is on the disk, read under its lock."""

    known: KnownCells
    labels: NDArray[np.int32]
    run: dict[str, Any]
    people: pd.DataFrame


@contextmanager
def _locked(recording: OpenRecording, annotator: str) -> Iterator[Holder | None]:
    recording.study.check_present()
    with locked(recording.folder, annotator) as holder:
        if holder is not None:
            # without the lock one of two new cells would be lost
            raise InputError(
                f"{recording.name} is being written by {holder}, so no cell was "
                "changed; try again in a moment."
            )
        parent = recording.folder.parent
        recover_folder(recording.folder, keep_replaced(parent, recording.name))
        yield holder


def _read(recording: OpenRecording) -> _Now:
    study, name = recording.study, recording.name
    stored = study.recording(name)
    check_same_cells(name, stored.cells(), recording.cells)
    known = check_can_add(study, name)
    labels = None if known is None else known.labels
    if known is None or labels is None:
        # raises with the reason, if the file cannot be read
        stored.labels()
        raise InputError(f"{recording.folder} has no cells; identify it again.")
    if labels.shape != recording.planes.shape or not len(known.cells):
        _check_images(recording)
    # classes as the model named them: `stored.cells` has those of the study
    known = replace(known, cells=read_cells(recording.folder / CELLS))
    return _Now(known, labels, stored.run(), read_added(recording.folder / ADDED))


def _check_images(recording: OpenRecording) -> None:
    """Check that the images are those that were read, where no cells tell it."""
    planes = recording.study.recording(recording.name).planes()
    if not planes.has_images_of(recording.planes):
        raise InputError(
            f"The recording {recording.name!r} was replaced after it was opened; open "
            "the study again."
        )


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


def _write(
    recording: OpenRecording,
    now: _Now,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    retired: pd.DataFrame,
    people: pd.DataFrame,
) -> None:
    """Write the files of the recording that have changed, in one step."""
    names = [str(name) for name in cells if str(name).startswith("p_")]
    classes = tuple(name.removeprefix("p_") for name in names)
    by_hand = now.run.get("changed_by_hand") or {}
    run = now.run | {
        "cells": len(cells),
        "changed_by_hand": {**by_hand, "cells_added": len(people)},
    }
    if isinstance(limits := now.run.get(NONE_RECORD), dict):
        run |= {NONE_RECORD: {**limits, "cells": count_none(cells)}}

    def write_more(temporary: Path) -> None:
        write_cells(temporary / RETIRED, retired)
        write_cells(temporary / ADDED, people)
        # they are there when the folder takes its place, for a window that reads then
        copy_other_files(recording.folder, temporary)
        reorder_traces(recording.folder, temporary, now.known.cells, cells)

    write_results(
        IdentifyResult(recording.planes, labels, cells, classes, None, run),
        recording.folder.parent,
        more=write_more,
        colours=class_colours(classes, recording.study.config),
        # deleted, not kept: the new outlines contain all that it has
        dispose=None,
    )
