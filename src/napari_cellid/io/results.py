"""The folder of one run: label image, cell table, overlay and record of the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from napari_cellid.files import atomic_write_folder
from napari_cellid.io.ome_tiff import write_labels
from napari_cellid.io.tables import write_cells
from napari_cellid.recording.data import ASSUMED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: files of a run
LABELS, CELLS, OVERLAY, RUN = "labels.tif", "cells.csv", "overlay.png", "run.json"
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


def write_results(
    result: Result,
    folder: Path,
    *,
    colours: Mapping[str, str] | None = None,
    more: Callable[[Path], None] | None = None,
    dispose: Callable[[Path], None] | None = None,
) -> Path:
    """Write labels.tif, cells.csv, overlay.png and run.json, all or none.

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
        if more is not None:
            more(temporary)
    return target
