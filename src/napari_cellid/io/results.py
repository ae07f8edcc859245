"""The folder of one run: label image, cell table, overlay and record of the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from napari_cellid.files import atomic_write_folder
from napari_cellid.io.ome_tiff import write_labels, write_projection
from napari_cellid.io.tables import write_cells, write_table
from napari_cellid.io.traces import write_traces
from napari_cellid.recording.data import ASSUMED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.cells.traces import Traces
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.registration.register import Registration

#: files of a run
LABELS, CELLS, OVERLAY, RUN = "labels.tif", "cells.csv", "overlay.png", "run.json"
#: of a run that registered something: the picture, and the shifts of a movie's frames
REGISTRATION, MOVIE_SHIFTS = "registration.png", "movie_shifts.csv"
#: what each ROI of another program is, beside the files of a run
CELL_TYPES = "cell_types.csv"
RESULT_FILES = (LABELS, CELLS, OVERLAY, RUN)


class Result(Protocol):
    """What is written: `napari_cellid.identify.IdentifyResult` is one."""

    @property
    def planes(self) -> MeanPlanes:
        """Mean images."""

    @property
    def labels(self) -> NDArray[np.int32]:
        """Label image (plane, y, x)."""

    @property
    def cells(self) -> pd.DataFrame:
        """Cell table."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty where nothing was classified."""

    @property
    def run(self) -> dict[str, Any]:
        """What it takes to repeat the run, as JSON."""

    @property
    def registration(self) -> Registration | None:
        """What was aligned; None where nothing was."""

    @property
    def traces(self) -> Traces | None:
        """Fluorescence over time; None where there is none."""

    @property
    def projections(self) -> dict[str, NDArray[np.float32]]:
        """Images of a movie besides its mean, by name."""


def write_results(
    result: Result,
    folder: Path,
    *,
    colours: Mapping[str, str] | None = None,
    more: Callable[[Path], None] | None = None,
    dispose: Callable[[Path], None] | None = None,
) -> Path:
    """Write labels.tif, cells.csv, overlay.png and run.json, all or none.

    A run that registered something also has registration.png, and for a movie
    movie_shifts.csv. Traces are in traces.npy, neuropil.npy and times.npy, projections
    in max.tif and correlation.tif.

    Parameters
    ----------
    result
        Cells of one recording.
    folder
        A folder of the recording's name is made in it; files of an earlier run there
        are replaced.
    colours
        Colour (#rrggbb) of each of the result's classes, where they have their own.
    more
        Writes further files, all or none with these, into the folder it is given.
    dispose
        Takes the folder of an earlier run away; by default it is deleted.

    Returns
    -------
    The folder of the recording.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    from napari_cellid.io.overlay_png import save_overlay

    planes = result.planes
    target = folder / planes.name
    with atomic_write_folder(target, dispose) as temporary:
        write_labels(temporary / LABELS, result.labels, planes.pixel_size_um)
        cells = result.cells
        if planes.size_assumed:
            # beside the numbers, because tables are copied without their run.json
            cells = cells.assign(um_source=ASSUMED_SOURCE)
        write_cells(temporary / CELLS, cells)
        save_overlay(
            temporary / OVERLAY,
            planes,
            result.labels,
            result.cells,
            colours or result.classes,
        )
        text = json.dumps(result.run, indent=2, ensure_ascii=False)
        # a path that is not UTF-8 becomes an escape of JSON
        (temporary / RUN).write_text(text + "\n", "utf-8", "backslashreplace")
        if result.registration is not None:
            _write_registration(temporary, result.registration, planes)
        if result.traces is not None:
            numbers = cells["label"].to_numpy()
            write_traces(temporary, result.traces, numbers, result.labels)
        for name, image in result.projections.items():
            write_projection(temporary / f"{name}.tif", image, planes.pixel_size_um)
        if more is not None:
            more(temporary)
    return target


def write_cell_types(table: pd.DataFrame, folder: Path) -> None:
    """Write what each ROI of another program is, in the order of that program.

    Parameters
    ----------
    table
        One row an ROI, see `cells.rois.roi_table`.
    folder
        Gets the file.
    """
    write_cells(folder / CELL_TYPES, table)


def _write_registration(
    folder: Path, registration: Registration, planes: MeanPlanes
) -> None:
    from napari_cellid.io.registration_png import save_registration

    save_registration(folder / REGISTRATION, registration.before, planes)
    table = registration.table()
    if table is not None:
        write_table(folder / MOVIE_SHIFTS, table)
