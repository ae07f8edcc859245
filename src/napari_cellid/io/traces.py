"""Traces of cells as files of numpy, in the order of the rows of cells.csv."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError, file_reason

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.cells.traces import Traces

#: (cell, frame) of the outlines and of their neuropil, and (frame,) times
TRACES, NEUROPIL, TIMES = "traces.npy", "neuropil.npy", "times.npy"


def write_traces(
    folder: Path, traces: Traces, labels: NDArray[Any], outlines: NDArray[np.int32]
) -> None:
    """Write traces.npy, neuropil.npy and times.npy.

    Parameters
    ----------
    folder
        A folder that becomes complete at once, see `files.atomic_write_folder`.
    traces
        The traces.
    labels
        (cell,) labels of the rows of cells.csv.
    outlines
        (plane, y, x): the label image that is saved. Cells that were outlined anew
        since the traces were taken have NaN.
    """
    fluorescence, neuropil = traces.of_cells(labels, outlines)
    for name, values in (
        (TRACES, fluorescence),
        (NEUROPIL, neuropil),
        (TIMES, traces.times),
    ):
        np.save(folder / name, values, allow_pickle=False)


def reorder_traces(
    source: Path, target: Path, before: pd.DataFrame, after: pd.DataFrame
) -> None:
    """Write the traces of a folder anew, in the order of a table with other rows.

    Parameters
    ----------
    source
        A folder, with or without traces.
    target
        The folder that takes its place.
    before, after
        Their cell tables: `cell` is read. Cells that are new have NaN.

    Raises
    ------
    InputError
        If the traces of the folder are broken.
    """
    if not (source / TRACES).exists():
        return
    row_of = {cell: row for row, cell in enumerate(before["cell"].tolist())}
    rows = np.array([row_of.get(cell, -1) for cell in after["cell"].tolist()], int)
    tables = read_traces(source)[:2]
    for name, values in zip((TRACES, NEUROPIL), tables, strict=True):
        table = np.full((len(rows), values.shape[1]), np.nan, values.dtype)
        known = (rows >= 0) & (rows < len(values))
        table[known] = values[rows[known]]
        # a copy may be a link to the file of the other folder
        (target / name).unlink(missing_ok=True)
        np.save(target / name, table, allow_pickle=False)


def read_traces(
    folder: Path,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
    """Read fluorescence and neuropil (cell, frame), and times (frame,).

    Raises
    ------
    InputError
        If a file is missing or broken, or they do not fit one another.
    """
    traces, neuropil, times = (
        _read(folder / name) for name in (TRACES, NEUROPIL, TIMES)
    )
    if (
        traces.ndim != 2
        or traces.shape != neuropil.shape
        or times.shape != traces.shape[1:]
    ):
        raise InputError(
            f"{folder}: traces {traces.shape}, neuropil {neuropil.shape} and times "
            f"{times.shape} do not fit one another; identify the recording again with "
            "--traces."
        )
    return traces, neuropil, times


def _read(path: Path) -> NDArray[Any]:
    try:
        # no pickles, which could run code
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        reason = file_reason(error) if isinstance(error, OSError) else "it is damaged"
        raise InputError(
            f"{path} could not be read: {reason}; identify the recording again with "
            "--traces."
        ) from error
