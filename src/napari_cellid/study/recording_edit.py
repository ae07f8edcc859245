"""The files of a recording of a study as they are now, changed under its lock."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.lock import locked
from napari_cellid.cells.none_of_these import NONE_RECORD, count_none
from napari_cellid.colours import class_colours
from napari_cellid.errors import InputError
from napari_cellid.files import copy_other_files
from napari_cellid.identify import IdentifyResult
from napari_cellid.io.results import CELLS, write_results
from napari_cellid.io.tables import read_added, read_cells, write_cells
from napari_cellid.io.traces import reorder_traces
from napari_cellid.leftovers import recover_folder
from napari_cellid.study.cells_index import check_same_cells
from napari_cellid.study.known_cells import check_can_add
from napari_cellid.study.recordings import RECORDINGS, RETIRED
from napari_cellid.study.replaced import keep_replaced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.identity import KnownCells
    from napari_cellid.study.study import Study


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


@dataclass(frozen=True, eq=False)
class CurrentRecording:
    """A recording as it is on the disk, read under its lock.

    Parameters
    ----------
    known
        Its cells and those that are gone.
    labels
        Its label image, int32 (plane, y, x).
    run
        Content of its `run.json`.
    people
        Who added which cell.
    """

    known: KnownCells
    labels: NDArray[np.int32]
    run: dict[str, Any]
    people: pd.DataFrame


@contextmanager
def lock_recording(recording: OpenRecording, annotator: str) -> Iterator[None]:
    """Lock a recording, after what a killed program left behind was put in order.

    Parameters
    ----------
    recording
        The recording.
    annotator
        Who changes it.

    Raises
    ------
    InputError
        If somebody else is writing it, or the study is gone.
    """
    recording.study.check_present()
    with locked(recording.folder, annotator) as holder:
        if holder is not None:
            # without the lock one of two new cells would be lost
            title = recording.study.title_of(recording.name)
            raise InputError(
                f"{title} is being written by {holder}, so no cell was changed; try "
                "again in a moment."
            )
        parent = recording.folder.parent
        recover_folder(recording.folder, keep_replaced(parent, recording.name))
        yield


def read_current(recording: OpenRecording) -> CurrentRecording:
    """Read a recording whose lock is held.

    Raises
    ------
    InputError
        If it was outlined again or replaced since the caller read it, or a file cannot
        be read.
    """
    study, name = recording.study, recording.name
    stored = study.recording(name)
    check_same_cells(study.title_of(name), stored.cells(), recording.cells)
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
    people = read_added(recording.folder / ADDED)
    return CurrentRecording(known, labels, stored.run(), people)


def _check_images(recording: OpenRecording) -> None:
    """Check that the images are those that were read, where no cells tell it."""
    planes = recording.study.recording(recording.name).planes()
    if not planes.has_images_of(recording.planes):
        raise InputError(
            f"The recording {recording.study.title_of(recording.name)!r} was replaced "
            "after it was opened; open the study again."
        )


def write_changed(
    recording: OpenRecording,
    now: CurrentRecording,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    retired: pd.DataFrame,
    people: pd.DataFrame,
) -> None:
    """Write the files of a recording that have changed, in one step.

    Parameters
    ----------
    recording
        The recording, whose lock is held.
    now
        What `read_current` read.
    labels, cells, retired, people
        What it is to have: label image, int32 (plane, y, x), cell table, cells that are
        gone, and who added which cell.

    Raises
    ------
    InputError
        If the files cannot be written; then nothing changes.
    """
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
