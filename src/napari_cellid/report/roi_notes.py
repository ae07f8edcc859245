"""Which ROIs of another program have no class, or no place in the label image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.report.table import count_text

if TYPE_CHECKING:
    import pandas as pd


def roi_notes(table: pd.DataFrame) -> list[str]:
    """Say how many ROIs are not classified, and how many are not among the cells.

    Parameters
    ----------
    table
        One row an ROI, see `cells.rois.roi_table`.

    Returns
    -------
    A sentence each; none if all is as expected.
    """
    # with pandas and dask, for which the start of the program must not wait
    from napari_cellid.io.results import CELL_TYPES

    empty = int((table["npix"] == 0).sum())
    hidden = int(((table["npix"] > 0) & (table["label_npix"] == 0)).sum())
    notes = []
    if empty:
        notes.append(f"{count_text(empty, 'ROI')} without pixels: not classified.")
    if hidden:
        notes.append(
            f"{count_text(hidden, 'ROI')} not in labels.tif and cells.csv, because "
            f"other ROIs have all the pixels, too; {CELL_TYPES} has every ROI."
        )
    return notes
