"""Whether outlines have sizes that somata can have: a wrong pixel size shows there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from napari_cellid.recording import MeanPlanes

#: medians (µm) that outlines of somata can have, as discs of the same area
SOMA_RANGE_UM = (8.0, 18.0)
#: the median of fewer cells tells nothing
_FEW_CELLS = 10


def median_diameter_px(cells: pd.DataFrame, planes: MeanPlanes) -> float | None:
    """Median diameter (px) of outlines, as discs of the same area; None of too few.

    Parameters
    ----------
    cells
        Cell table: `area_um2` is read.
    planes
        The images in which the cells were measured.
    """
    if len(cells) < _FEW_CELLS:
        return None
    area_um2 = float(cells["area_um2"].median())
    return float(np.sqrt(4 * area_um2 / np.pi)) / planes.pixel_size_um


def check_cell_sizes(cells: pd.DataFrame, planes: MeanPlanes) -> str | None:
    """A warning if the outlines do not fit the pixel size; None if they do.

    Networks find most of the cells that have about the size they know. With a pixel
    size that is far too small or too large the few that they find look too small or too
    large in µm, and nothing else tells it.

    Parameters
    ----------
    cells
        Cell table: `area_um2` is read.
    planes
        The images in which the cells were measured.
    """
    diameter = median_diameter_px(cells, planes)
    low, high = SOMA_RANGE_UM
    # assumed micrometres cannot contradict the diameter from which they come
    if diameter is None or planes.size_assumed:
        return None
    size_um = diameter * planes.pixel_size_um
    if low <= size_um <= high:
        return None
    what = "small" if size_um < low else "large"
    return (
        f"{planes.name}: the outlines have a median diameter of {size_um:.3g} µm "
        f"({diameter:.3g} px at {planes.pixel_size_um:g} µm), which is {what} for "
        f"somata ({low:g} to {high:g} µm), and cells may be missed; check the pixel "
        "size, or give the diameter of a usual soma in px."
    )
